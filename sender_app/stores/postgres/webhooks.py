"""Webhooks in Postgres: endpoints, and the deliveries that the outbox's trigger makes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sender_app.domain.errors import NotFound
from sender_app.domain.webhook import TEST, DeliveryStatus, Disabled, EventType, Result
from sender_app.ports.store.webhooks import Delivery, Destination, Parcel, SealedSecrets, Webhook
from sender_app.stores.cursors import key_at
from sender_app.stores.postgres.engine import Cursor, Database, only

_LIST = """
SELECT w.*,
  (SELECT count(*)::int FROM webhook_deliveries d
    WHERE d.webhook_id = w.id AND d.status = 'pending') AS waiting,
  (SELECT count(*)::int FROM webhook_deliveries d
    WHERE d.webhook_id = w.id AND d.status = 'failed') AS failed
FROM webhooks w WHERE w.workspace_id = %(workspace)s
  AND (%(webhook)s::uuid IS NULL OR w.id = %(webhook)s) ORDER BY w.created_at, w.id
"""
# The workspace's row is held, so that two people together do not make more than `most`.
_CREATE = """
WITH here AS MATERIALIZED (
  SELECT id FROM workspaces WHERE id = %(workspace)s FOR NO KEY UPDATE)
INSERT INTO webhooks (id, workspace_id, user_id, url, events, secret)
SELECT %(webhook)s, id, %(user)s, %(url)s, %(events)s, %(sealed)s FROM here
WHERE (SELECT count(*) FROM webhooks w WHERE w.workspace_id = here.id) < %(most)s
"""
_ROTATE = """
UPDATE webhooks SET old_secret = secret, old_secret_until = %(until)s, secret = %(sealed)s
WHERE id = %(webhook)s AND workspace_id = %(workspace)s
"""
# What waits has its full patience again when an endpoint is switched on.
_FRESH = """
UPDATE webhook_deliveries SET attempts = 0, next_at = now()
WHERE webhook_id = %s AND status = 'pending'
"""
_ADD_TEST = """
WITH event AS (
  INSERT INTO webhook_events (workspace_id, type, data)
  SELECT workspace_id, %(type)s, %(data)s FROM webhooks
  WHERE id = %(webhook)s AND workspace_id = %(workspace)s RETURNING id)
INSERT INTO webhook_deliveries (webhook_id, event_id)
SELECT %(webhook)s, id FROM event RETURNING id
"""
_DELIVERIES = """
SELECT d.*, e.type FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id
WHERE d.webhook_id = %(webhook)s AND (%(before)s::uuid IS NULL OR d.id < %(before)s)
  AND (%(status)s::text IS NULL OR d.status = %(status)s)
  AND (%(type)s::text IS NULL OR e.type = %(type)s)
ORDER BY d.id DESC LIMIT %(limit)s
"""
_DELIVERY = """
SELECT d.*, e.type FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event_id
WHERE d.webhook_id = %(webhook)s AND d.id = %(delivery)s
"""
# An attempt under way keeps its number, so that it can still be settled.
_AGAIN = """
UPDATE webhook_deliveries SET status = 'pending', next_at = now(),
  attempts = CASE WHEN status = 'pending' THEN attempts ELSE 0 END
WHERE webhook_id = %(webhook)s
  AND (id = %(delivery)s OR (%(delivery)s::uuid IS NULL AND status = 'failed'))
"""
_DUE = """
SELECT w.id, w.url, w.secret, w.old_secret, w.old_secret_until
FROM webhooks w CROSS JOIN LATERAL (
  SELECT d.next_at FROM webhook_deliveries d
  WHERE d.webhook_id = w.id AND d.status = 'pending' AND d.next_at <= %(now)s
  ORDER BY d.next_at LIMIT 1) AS first
WHERE w.disabled IS NULL ORDER BY first.next_at LIMIT %(limit)s
"""
_TAKE = """
UPDATE webhook_deliveries d SET attempts = d.attempts + 1, next_at = %(again)s
FROM webhook_events e
WHERE e.id = d.event_id AND d.id = (
  SELECT x.id FROM webhook_deliveries x JOIN webhooks w ON w.id = x.webhook_id
  WHERE x.webhook_id = %(webhook)s AND w.disabled IS NULL
    AND x.status = 'pending' AND x.next_at <= %(now)s
  ORDER BY x.next_at, x.id LIMIT 1 FOR UPDATE OF x SKIP LOCKED)
RETURNING d.id, d.attempts, e.id AS event_id, e.type, e.created_at, e.data
"""
_SETTLE = """
WITH settled AS (
  UPDATE webhook_deliveries SET status = %(status)s, next_at = %(next_at)s, answered_at = %(now)s,
    response_status = %(code)s, error = %(error)s, excerpt = %(excerpt)s, took_ms = %(took)s
  WHERE id = %(delivery)s AND status = 'pending' AND attempts = %(attempt)s
  RETURNING webhook_id)
UPDATE webhooks w SET last_at = %(now)s, last_status = %(code)s, last_error = %(error)s,
  arrived_at = CASE WHEN %(arrived)s THEN %(now)s ELSE w.arrived_at END
FROM settled WHERE w.id = settled.webhook_id
"""


class PostgresWebhooks:
    """See ports.store.webhooks.WebhookStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, workspace_id: UUID) -> Sequence[Webhook]:
        with self._database.transaction() as cursor:
            cursor.execute(_LIST, {"workspace": workspace_id, "webhook": None})
            return [_webhook(row) for row in cursor]

    def get(self, workspace_id: UUID, webhook_id: UUID) -> Webhook:
        with self._database.transaction() as cursor:
            cursor.execute(_LIST, {"workspace": workspace_id, "webhook": webhook_id})
            row = cursor.fetchone()
        if row is None:
            raise NotFound("webhook", webhook_id)
        return _webhook(row)

    def create(
        self,
        workspace_id: UUID,
        user_id: str,
        webhook_id: UUID,
        url: str,
        events: Sequence[EventType],
        sealed: str,
        most: int,
    ) -> bool:
        values = {
            "workspace": workspace_id,
            "webhook": webhook_id,
            "user": user_id,
            "url": url,
            "events": [event.value for event in events],
            "sealed": sealed,
            "most": most,
        }
        with self._database.transaction() as cursor:
            return cursor.execute(_CREATE, values).rowcount == 1

    def change(
        self, workspace_id: UUID, webhook_id: UUID, url: str, events: Sequence[EventType]
    ) -> None:
        names = [event.value for event in events]
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE webhooks SET url = %s, events = %s WHERE id = %s AND workspace_id = %s",
                (url, names, webhook_id, workspace_id),
            )
            _found(cursor, webhook_id)

    def enable(self, workspace_id: UUID, webhook_id: UUID, disabled: Disabled | None) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(
                "UPDATE webhooks SET disabled = %(why)s::text,"
                " disabled_at = CASE WHEN %(why)s::text IS NOT NULL THEN now() END"
                " WHERE id = %(webhook)s AND workspace_id = %(workspace)s",
                {
                    "why": disabled and disabled.value,
                    "webhook": webhook_id,
                    "workspace": workspace_id,
                },
            )
            _found(cursor, webhook_id)
            if disabled is None:
                cursor.execute(_FRESH, (webhook_id,))

    def rotate(self, workspace_id: UUID, webhook_id: UUID, sealed: str, until: datetime) -> None:
        values = {"until": until, "sealed": sealed}
        with self._database.transaction() as cursor:
            cursor.execute(_ROTATE, values | {"webhook": webhook_id, "workspace": workspace_id})
            _found(cursor, webhook_id)

    def delete(self, workspace_id: UUID, webhook_id: UUID) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(
                "DELETE FROM webhooks WHERE id = %s AND workspace_id = %s",
                (webhook_id, workspace_id),
            )
            _found(cursor, webhook_id)

    def add_test(self, workspace_id: UUID, webhook_id: UUID) -> UUID:
        values = {"workspace": workspace_id, "webhook": webhook_id}
        data = Jsonb({"webhook_id": str(webhook_id)})
        with self._database.transaction() as cursor:
            row = cursor.execute(_ADD_TEST, values | {"type": TEST, "data": data}).fetchone()
        if row is None:
            raise NotFound("webhook", webhook_id)
        return row.id

    def count_failing(self, workspace_id: UUID) -> int:
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT count(*)::int AS n FROM webhooks WHERE workspace_id = %s"
                " AND disabled IN ('failing', 'gone')",
                (workspace_id,),
            )
            return only(cursor).n

    def deliveries(
        self,
        workspace_id: UUID,
        webhook_id: UUID,
        status: DeliveryStatus | None,
        cursor: str | None,
        limit: int,
        event_type: str | None = None,
    ) -> tuple[Sequence[Delivery], str | None]:
        with self._database.transaction() as reader:
            _own(reader, workspace_id, webhook_id)
            reader.execute(
                _DELIVERIES,
                {
                    "webhook": webhook_id,
                    "before": key_at(cursor),
                    "status": status and status.value,
                    "type": event_type,
                    "limit": limit + 1,
                },
            )
            rows = [_delivery(row) for row in reader]
        return rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else None

    def delivery(self, workspace_id: UUID, webhook_id: UUID, delivery_id: UUID) -> Delivery:
        with self._database.transaction() as cursor:
            _own(cursor, workspace_id, webhook_id)
            cursor.execute(_DELIVERY, {"webhook": webhook_id, "delivery": delivery_id})
            row = cursor.fetchone()
        if row is None:
            raise NotFound("delivery", delivery_id)
        return _delivery(row)

    def send_again(self, workspace_id: UUID, webhook_id: UUID, delivery_id: UUID | None) -> int:
        with self._database.transaction() as cursor:
            _own(cursor, workspace_id, webhook_id)
            values = {"webhook": webhook_id, "delivery": delivery_id}
            return cursor.execute(_AGAIN, values).rowcount

    def is_due(self, now: datetime) -> bool:
        return bool(self._due(now, 1))

    def due(self, now: datetime) -> Sequence[Destination]:
        return [
            Destination(
                row.id, row.url, SealedSecrets(row.secret, row.old_secret, row.old_secret_until)
            )
            for row in self._due(now, 1000)
        ]

    def _due(self, now: datetime, limit: int) -> Sequence[Any]:
        with self._database.transaction() as cursor:
            return cursor.execute(_DUE, {"now": now, "limit": limit}).fetchall()

    def take(self, webhook_id: UUID, now: datetime, within: timedelta) -> Parcel | None:
        with self._database.transaction() as cursor:
            cursor.execute(_TAKE, {"webhook": webhook_id, "now": now, "again": now + within})
            row = cursor.fetchone()
        if row is None:
            return None
        return Parcel(
            delivery_id=row.id,
            webhook_id=webhook_id,
            attempt=row.attempts,
            event_id=row.event_id,
            event_type=row.type,
            event_at=row.created_at,
            data=row.data,
        )

    def settle(
        self, parcel: Parcel, result: Result, next_at: datetime | None, now: datetime
    ) -> None:
        given_up = DeliveryStatus.FAILED if next_at is None else DeliveryStatus.PENDING
        with self._database.transaction() as cursor:
            cursor.execute(
                _SETTLE,
                {
                    "delivery": parcel.delivery_id,
                    "attempt": parcel.attempt,
                    "status": (DeliveryStatus.DELIVERED if result.arrived else given_up).value,
                    "next_at": next_at,
                    "now": now,
                    "code": result.status,
                    "error": result.error,
                    "excerpt": result.excerpt,
                    "took": round(result.took.total_seconds() * 1000),
                    "arrived": result.arrived,
                },
            )

    def disable(self, webhook_id: UUID, why: Disabled, unless_arrived_after: datetime) -> bool:
        with self._database.transaction() as cursor:
            return (
                cursor.execute(
                    "UPDATE webhooks SET disabled = %s, disabled_at = now()"
                    " WHERE id = %s AND disabled IS NULL"
                    " AND (arrived_at IS NULL OR arrived_at <= %s)",
                    (why.value, webhook_id, unless_arrived_after),
                ).rowcount
                == 1
            )


def _own(cursor: Cursor, workspace_id: UUID, webhook_id: UUID) -> None:
    cursor.execute(
        "SELECT 1 FROM webhooks WHERE id = %s AND workspace_id = %s", (webhook_id, workspace_id)
    )
    _found(cursor, webhook_id)


def _found(cursor: Cursor, webhook_id: UUID) -> None:
    if cursor.rowcount == 0:
        raise NotFound("webhook", webhook_id)


def _webhook(row: Any) -> Webhook:
    return Webhook(
        id=row.id,
        workspace_id=row.workspace_id,
        url=row.url,
        events=tuple(EventType(name) for name in row.events),
        disabled=Disabled(row.disabled) if row.disabled else None,
        disabled_at=row.disabled_at,
        last_at=row.last_at,
        last_status=row.last_status,
        last_error=row.last_error,
        created_at=row.created_at,
        waiting=row.waiting,
        failed=row.failed,
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(
        id=row.id,
        event_id=row.event_id,
        event_type=row.type,
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        next_at=row.next_at,
        answered_at=row.answered_at,
        result=Result(
            row.response_status, row.error, row.excerpt, timedelta(milliseconds=row.took_ms)
        ),
        created_at=row.created_at,
    )
