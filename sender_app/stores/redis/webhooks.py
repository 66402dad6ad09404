"""Webhooks in Redis: endpoints, and the deliveries that the outbox makes."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sender_app.domain.errors import NotFound
from sender_app.domain.webhook import TEST, DeliveryStatus, Disabled, EventType, Result
from sender_app.ports.store.webhooks import Delivery, Destination, Parcel, SealedSecrets, Webhook
from sender_app.stores.cursors import key_at
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import place
from sender_app.stores.redis.outbox import deliver
from sender_app.stores.redis.rows import Row, at, compact, read
from sender_app.stores.redis.view import View
from sender_app.stores.redis.webhook_rows import (
    DUE,
    events_of,
    in_state,
    log,
    look_when_due,
    move_delivery,
    put_webhook,
    wanted,
    webhooks,
)

_FAILING = frozenset({Disabled.FAILING, Disabled.GONE})
_MOST_DUE = 1000  # endpoints of one run of the courier
_LOOKED_THROUGH = 500  # deliveries read at once where only those of one event are wanted


class RedisWebhooks:
    """See ports.store.webhooks.WebhookStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def list(self, workspace_id: UUID) -> Sequence[Webhook]:
        view = self._database.view()
        rows = view.all(webhooks(workspace_id)).values()
        ordered = sorted(rows, key=lambda row: (at(row["created_at"]), row["id"]))
        return [_webhook(view, workspace_id, row) for row in ordered]

    def get(self, workspace_id: UUID, webhook_id: UUID) -> Webhook:
        view = self._database.view()
        return _webhook(view, workspace_id, _found(view, workspace_id, webhook_id))

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
        def work(tx: Transaction) -> bool:
            if tx.count(webhooks(workspace_id)) >= most:
                return False
            row = {
                "id": str(webhook_id),
                "user_id": user_id,
                "url": url,
                "events": list(events),
                "secret": sealed,
                "old_secret": None,
                "old_secret_until": None,
                "disabled": None,
                "disabled_at": None,
                "last_at": None,
                "last_status": None,
                "last_error": None,
                "arrived_at": None,
                "created_at": tx.now(),
            }
            tx.put(place("webhooks"), webhook_id, {"workspace": workspace_id})
            put_webhook(tx, workspace_id, row)
            return True

        return self._database.transact(work)

    def change(
        self, workspace_id: UUID, webhook_id: UUID, url: str, events: Sequence[EventType]
    ) -> None:
        def work(tx: Transaction) -> None:
            row = _found(tx, workspace_id, webhook_id)
            put_webhook(tx, workspace_id, row | {"url": url, "events": list(events)})

        self._database.transact(work)

    def enable(self, workspace_id: UUID, webhook_id: UUID, disabled: Disabled | None) -> None:
        def work(tx: Transaction) -> None:
            now = tx.now()
            row = _found(tx, workspace_id, webhook_id)
            put_webhook(
                tx, workspace_id, row | {"disabled": disabled, "disabled_at": disabled and now}
            )
            if disabled is None:
                # What waits has its full patience again.
                waiting = tx.names(in_state(workspace_id, webhook_id, DeliveryStatus.PENDING))
                for one in compact(tx.rows(log(workspace_id, webhook_id), waiting)):
                    move_delivery(
                        tx, workspace_id, webhook_id, one, {"attempts": 0, "next_at": now}
                    )
                look_when_due(tx, workspace_id, webhook_id)

        self._database.transact(work)

    def rotate(self, workspace_id: UUID, webhook_id: UUID, sealed: str, until: datetime) -> None:
        def work(tx: Transaction) -> None:
            row = _found(tx, workspace_id, webhook_id)
            old = {"old_secret": row["secret"], "old_secret_until": until}
            put_webhook(tx, workspace_id, row | {"secret": sealed} | old)

        self._database.transact(work)

    def delete(self, workspace_id: UUID, webhook_id: UUID) -> None:
        def work(tx: Transaction) -> None:
            _found(tx, workspace_id, webhook_id)
            tx.remove(webhooks(workspace_id), webhook_id)
            tx.remove(wanted(workspace_id), webhook_id)
            tx.remove(place("webhooks"), webhook_id)
            tx.take_out(DUE, f"{workspace_id}:{webhook_id}")
            tx.drop(
                *(in_state(workspace_id, webhook_id, status) for status in DeliveryStatus),
                in_state(workspace_id, webhook_id, "due"),
                log(workspace_id, webhook_id),
            )

        self._database.transact(work)

    def add_test(self, workspace_id: UUID, webhook_id: UUID) -> UUID:
        def work(tx: Transaction) -> UUID:
            _found(tx, workspace_id, webhook_id)
            data = {"webhook_id": str(webhook_id)}
            [delivery_id] = deliver(tx, workspace_id, TEST, data, [str(webhook_id)]).values()
            return UUID(delivery_id)

        return self._database.transact(work)

    def count_failing(self, workspace_id: UUID) -> int:
        rows = self._database.view().all(webhooks(workspace_id)).values()
        return sum(row["disabled"] in _FAILING for row in rows)

    def deliveries(
        self,
        workspace_id: UUID,
        webhook_id: UUID,
        status: DeliveryStatus | None,
        cursor: str | None,
        limit: int,
        event_type: str | None = None,
    ) -> tuple[Sequence[Delivery], str | None]:
        view, place = self._database.view(), key_at(cursor)
        _found(view, workspace_id, webhook_id)
        at_once = limit + 1 if event_type is None else max(limit + 1, _LOOKED_THROUGH)
        before, rows = place and str(place), list[Row]()
        while len(rows) <= limit:
            keys = _latest(view, workspace_id, webhook_id, status, before, at_once)
            found = compact(view.rows(log(workspace_id, webhook_id), keys))
            rows += [row for row in found if event_type in (None, row["event_type"])]
            if len(keys) < at_once:
                break
            before = keys[-1]
        more = rows[limit - 1]["id"] if len(rows) > limit else None
        return [_delivery(row) for row in rows[:limit]], more

    def delivery(self, workspace_id: UUID, webhook_id: UUID, delivery_id: UUID) -> Delivery:
        view = self._database.view()
        _found(view, workspace_id, webhook_id)
        row = view.row(log(workspace_id, webhook_id), delivery_id)
        if row is None:
            raise NotFound("delivery", delivery_id)
        return _delivery(row)

    def send_again(self, workspace_id: UUID, webhook_id: UUID, delivery_id: UUID | None) -> int:
        def work(tx: Transaction) -> int:
            now = tx.now()
            _found(tx, workspace_id, webhook_id)
            keys: Sequence[object] = [delivery_id]
            if delivery_id is None:
                keys = tx.names(in_state(workspace_id, webhook_id, DeliveryStatus.FAILED))
            rows = compact(tx.rows(log(workspace_id, webhook_id), keys))
            for row in rows:
                # An attempt under way keeps its number, so that it can still be settled.
                under_way = row["status"] == DeliveryStatus.PENDING
                values = {
                    "status": DeliveryStatus.PENDING,
                    "next_at": now,
                    "attempts": row["attempts"] if under_way else 0,
                }
                move_delivery(tx, workspace_id, webhook_id, row, values)
            if rows:
                look_when_due(tx, workspace_id, webhook_id)
            return len(rows)

        return self._database.transact(work)

    def is_due(self, now: datetime) -> bool:
        return bool(_due(self._database.view(), now, 1))

    def due(self, now: datetime) -> Sequence[Destination]:
        return [
            Destination(
                UUID(row["id"]),
                row["url"],
                SealedSecrets(row["secret"], row["old_secret"], at(row["old_secret_until"])),
            )
            for row in _due(self._database.view(), now, _MOST_DUE)
        ]

    def take(self, webhook_id: UUID, now: datetime, within: timedelta) -> Parcel | None:
        def work(tx: Transaction) -> Parcel | None:
            workspace = _workspace(tx, webhook_id)
            endpoint = tx.row(webhooks(workspace), webhook_id) if workspace else None
            if workspace is None or endpoint is None or endpoint["disabled"]:
                return None
            due = tx.ranked(in_state(workspace, webhook_id, "due"), high=now.timestamp(), limit=1)
            if not due:
                return None
            row = tx.row(log(workspace, webhook_id), due[0][0])
            event = row and tx.aside().row(events_of(workspace), row["event_id"])
            if row is None or event is None:
                return None
            values = {"attempts": row["attempts"] + 1, "next_at": now + within}
            row = move_delivery(tx, workspace, webhook_id, row, values)
            look_when_due(tx, workspace, webhook_id)
            return Parcel(
                delivery_id=UUID(row["id"]),
                webhook_id=webhook_id,
                attempt=row["attempts"],
                event_id=UUID(row["event_id"]),
                event_type=event["type"],
                event_at=at(event["created_at"]),
                data=event["data"],
            )

        return self._database.transact(work)

    def settle(
        self, parcel: Parcel, result: Result, next_at: datetime | None, now: datetime
    ) -> None:
        given_up = DeliveryStatus.FAILED if next_at is None else DeliveryStatus.PENDING
        values = {
            "status": DeliveryStatus.DELIVERED if result.arrived else given_up,
            "next_at": next_at,
            "answered_at": now,
            "response_status": result.status,
            "error": result.error,
            "excerpt": result.excerpt,
            "took_ms": round(result.took.total_seconds() * 1000),
        }
        last = {"last_at": now, "last_status": result.status, "last_error": result.error}
        if result.arrived:
            last["arrived_at"] = now

        def work(tx: Transaction) -> None:
            workspace = _workspace(tx, parcel.webhook_id)
            if workspace is None:
                return
            row = tx.row(log(workspace, parcel.webhook_id), parcel.delivery_id)
            endpoint = tx.row(webhooks(workspace), parcel.webhook_id)
            if row is None or endpoint is None:
                return
            if row["status"] != DeliveryStatus.PENDING or row["attempts"] != parcel.attempt:
                return
            move_delivery(tx, workspace, parcel.webhook_id, row, values)
            look_when_due(tx, workspace, parcel.webhook_id)
            tx.put(webhooks(workspace), parcel.webhook_id, endpoint | last)

        self._database.transact(work)

    def disable(self, webhook_id: UUID, why: Disabled, unless_arrived_after: datetime) -> bool:
        def work(tx: Transaction) -> bool:
            workspace = _workspace(tx, webhook_id)
            row = tx.row(webhooks(workspace), webhook_id) if workspace else None
            if workspace is None or row is None or row["disabled"]:
                return False
            if row["arrived_at"] and at(row["arrived_at"]) > unless_arrived_after:
                return False
            put_webhook(tx, workspace, row | {"disabled": why, "disabled_at": tx.now()})
            return True

        return self._database.transact(work)


def _latest(
    view: View,
    workspace: UUID,
    webhook_id: UUID,
    status: DeliveryStatus | None,
    before: str | None,
    most: int,
) -> list[str]:
    """Keys of an endpoint's deliveries of a status, or of any, the latest first."""
    keys = set[str]()
    for one in DeliveryStatus if status is None else (status,):
        index = in_state(workspace, webhook_id, one)
        keys |= set(view.names(index, before=before, limit=most, descending=True))
    return sorted(keys, reverse=True)[:most]


def _due(view: View, now: datetime, limit: int) -> list[Row]:
    """Enabled endpoints with something due, the longest waiting first."""
    found: list[tuple[float, Row]] = []
    for name, _ in view.ranked(DUE, high=now.timestamp()):
        workspace, webhook_id = name.split(":")
        row = view.row(webhooks(workspace), webhook_id)
        first = view.ranked(in_state(workspace, webhook_id, "due"), high=now.timestamp(), limit=1)
        if row and not row["disabled"] and first:
            found.append((first[0][1], row))
        if limit == 1 and found:
            break
    return [row for _, row in sorted(found, key=lambda one: one[0])[:limit]]


def _workspace(tx: Transaction, webhook_id: UUID) -> str | None:
    where = tx.aside().row(place("webhooks"), webhook_id)
    return where["workspace"] if where else None


def _found(view: View, workspace_id: UUID, webhook_id: UUID) -> Row:
    row = view.row(webhooks(workspace_id), webhook_id)
    if row is None:
        raise NotFound("webhook", webhook_id)
    return row


def _webhook(view: View, workspace_id: UUID, row: Row) -> Webhook:
    counts: Iterable[tuple[str, DeliveryStatus]] = (
        ("waiting", DeliveryStatus.PENDING),
        ("failed", DeliveryStatus.FAILED),
    )
    sizes = {name: view.size(in_state(workspace_id, row["id"], status)) for name, status in counts}
    return read(Webhook, row | sizes | {"workspace_id": workspace_id})


def _delivery(row: Row) -> Delivery:
    return Delivery(
        id=UUID(row["id"]),
        event_id=UUID(row["event_id"]),
        event_type=row["event_type"],
        status=DeliveryStatus(row["status"]),
        attempts=row["attempts"],
        next_at=at(row["next_at"]),
        answered_at=at(row["answered_at"]),
        result=Result(
            row["response_status"],
            row["error"],
            row["excerpt"],
            timedelta(milliseconds=row["took_ms"]),
        ),
        created_at=at(row["created_at"]),
    )
