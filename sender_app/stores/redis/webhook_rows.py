"""Rows of webhooks, and how they are found: what is due, what is told, and what is kept of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sender_app.domain.webhook import DeliveryStatus
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.rows import Row, compact

DUE = "webhooks:due"  # index of the installation: "workspace:webhook", by when to look at it
EVENTS = "webhooks:events"  # index of the installation: "event:workspace"


def webhooks(workspace: UUID | str) -> str:
    """The table of endpoints."""
    return of(workspace, "webhooks")


def wanted(workspace: UUID | str) -> str:
    """The table of enabled endpoints: {"events": […]}. It changes only when a person, or a failing
    endpoint, changes what is wanted, so that those who tell are seldom in conflict."""
    return of(workspace, "webhooks", "wanted")


def events_of(workspace: UUID | str) -> str:
    """The table of events. Their rows say to whom they go: {"deliveries": {webhook: delivery}}."""
    return of(workspace, "webhooks", "events")


def log(workspace: UUID | str, webhook_id: UUID | str) -> str:
    """The table of an endpoint's deliveries."""
    return of(workspace, "webhooks", webhook_id, "deliveries")


def in_state(workspace: UUID | str, webhook_id: UUID | str, index: str) -> str:
    """The indexes of an endpoint's deliveries: of each status, and "due" by their next time."""
    return of(workspace, "webhooks", webhook_id, index)


def put_webhook(tx: Transaction, workspace: UUID | str, row: Row) -> None:
    """An endpoint, as those who tell and the courier see it."""
    tx.put(webhooks(workspace), row["id"], row)
    if row["disabled"]:
        tx.remove(wanted(workspace), row["id"])
        tx.take_out(DUE, f"{workspace}:{row['id']}")
    else:
        tx.put(wanted(workspace), row["id"], {"events": row["events"]})


def move_delivery(
    tx: Transaction,
    workspace: UUID | str,
    webhook_id: UUID,
    row: Row,
    values: dict[str, Any],
) -> Row:
    """Change a delivery, and its places in the indexes."""
    now = row | values
    tx.put(log(workspace, webhook_id), row["id"], now)
    if row["status"] != now["status"]:
        tx.take_out(in_state(workspace, webhook_id, row["status"]), row["id"])
        tx.add(in_state(workspace, webhook_id, now["status"]), row["id"])
    if now["status"] == DeliveryStatus.PENDING:
        tx.add(in_state(workspace, webhook_id, "due"), row["id"], score=now["next_at"].timestamp())
    else:
        tx.take_out(in_state(workspace, webhook_id, "due"), row["id"])
    return now


def look_when_due(tx: Transaction, workspace: UUID | str, webhook_id: UUID) -> None:
    """The courier looks at an endpoint when its first delivery is due."""
    first = tx.ranked(in_state(workspace, webhook_id, "due"), limit=1)
    name = f"{workspace}:{webhook_id}"
    if first:
        tx.add(DUE, name, score=first[0][1])
    else:
        tx.take_out(DUE, name)


def drop_events(tx: Transaction, workspace: str, keys: Sequence[str], most: int) -> int:
    """Delete events with their deliveries, but for those on their way; returns how many.

    A disabled endpoint's events wait for nothing: they go like the others.
    """
    events = compact(tx.aside().rows(events_of(workspace), keys))
    endpoints, logs = tx.all(webhooks(workspace)), dict[str, dict[str, Row]]()
    for webhook_id in endpoints:
        asked = [ids[webhook_id] for event in events if webhook_id in (ids := event["deliveries"])]
        found = compact(tx.rows(log(workspace, webhook_id), asked)) if asked else []
        logs[webhook_id] = {row["id"]: row for row in found}
    dropped = 0
    for event in events:
        deliveries = [
            (webhook_id, logs[webhook_id][key])
            for webhook_id, key in event["deliveries"].items()
            if key in logs.get(webhook_id, {})
        ]
        if dropped == most:
            break
        if any(
            row["status"] == DeliveryStatus.PENDING and not endpoints[webhook_id]["disabled"]
            for webhook_id, row in deliveries
        ):
            continue
        tx.remove(events_of(workspace), event["id"])
        tx.take_out(EVENTS, f"{event['id']}:{workspace}")
        for webhook_id, row in deliveries:
            tx.remove(log(workspace, webhook_id), row["id"])
            tx.take_out(in_state(workspace, webhook_id, row["status"]), row["id"])
            tx.take_out(in_state(workspace, webhook_id, "due"), row["id"])
        dropped += 1
    return dropped
