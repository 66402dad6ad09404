"""Rows of the delivery ledger, and how they are found: who waits, who is being sent to, and whose
a message is.

A row has the columns of its table, and `parts` beside: the messages that left for a recipient who
gets several, by their place, each {"message_id", "in_doubt", "sent_at"}.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sender_app.domain.delivery import RecipientStatus, SentPart
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.finding import known_to
from sender_app.stores.redis.history import by_contact
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.replies import wrote
from sender_app.stores.redis.rows import Row, at, new_key
from sender_app.stores.redis.view import View

RECENT = timedelta(hours=2)  # what was sent lately is known so long


def recipients(workspace: UUID | str, campaign_id: UUID | str) -> str:
    """The table of a campaign's recipients; their ids follow the sending order."""
    return of(workspace, "campaigns", campaign_id, "recipients")


def order(workspace: UUID | str, campaign_id: UUID | str) -> str:
    """The index of all of a campaign's recipients, in sending order."""
    return of(workspace, "campaigns", campaign_id, "order")


def unreached(workspace: UUID | str, campaign_id: UUID | str, status: str) -> str:
    """The index of the recipients in `error`, `skipped` or `unconfirmed`, in sending order."""
    return of(workspace, "campaigns", campaign_id, status)


def queued(workspace: UUID | str, campaign_id: UUID | str) -> str:
    """The index of the queued recipients that nothing holds back, in sending order."""
    return of(workspace, "campaigns", campaign_id, "queued")


def held(workspace: UUID | str, campaign_id: UUID | str) -> str:
    """The index of the queued recipients that are held back, by their time."""
    return of(workspace, "campaigns", campaign_id, "held")


def sending(workspace: UUID | str, account_id: UUID | str) -> str:
    """The index of the recipients claimed by an account, "recipient:campaign", by the epoch."""
    return of(workspace, "campaigns", "sending", account_id)


def sent_lately(workspace: UUID | str, account_id: UUID | str) -> str:
    """The index of what an account sent in the last hours, "recipient:campaign", by the time."""
    return of(workspace, "campaigns", "sent_lately", account_id)


def acquainted(workspace: UUID | str) -> str:
    """The index of contacts whom a message reached, "contact:account"."""
    return of(workspace, "campaigns", "acquainted")


def messages(workspace: UUID | str) -> str:
    """The table that finds a message's recipient: {"campaign", "recipient", "part"}."""
    return of(workspace, "campaigns", "messages")


def new_recipient(campaign_id: UUID | str, phone: str, now: object, **values: Any) -> Row:
    """The row of a recipient who joins a campaign, after those who did before."""
    return {
        "id": str(new_key()),
        "campaign_id": str(campaign_id),
        "contact_id": None,
        "phone": phone,
        "status": RecipientStatus.QUEUED.value,
        "error_code": None,
        "error_message": None,
        "attempts": 0,
        "lease_epoch": None,
        "account_id": None,
        "claimed_at": None,
        "not_before": None,
        "message_id": None,
        "parts_sent": 0,
        "sent_at": None,
        "delivered_at": None,
        "read_at": None,
        "replied_at": None,
        "created_at": now,
    } | values


def put_recipient(
    tx: Transaction, workspace: UUID | str, row: Row, before: Row | None = None
) -> None:
    """Insert a recipient, or change what they were `before`. Times are text, as in rows."""
    tx.put(recipients(workspace, row["campaign_id"]), row["id"], row)
    if before is None:
        tx.add(order(workspace, row["campaign_id"]), row["id"])
    if before is None and row["contact_id"]:
        name = f"{row['contact_id']}:{row['id']}:{row['campaign_id']}"
        tx.add(by_contact(workspace), name)
    if before and before["sent_at"] and not row["sent_at"]:
        lately = sent_lately(workspace, before["account_id"])
        tx.take_out(lately, f"{row['id']}:{row['campaign_id']}")
    old, new = _place(workspace, before) if before else None, _place(workspace, row)
    if old and (new is None or new[:2] != old[:2]):
        tx.take_out(*old[:2])
    if new and new != old:
        index, name, score = new
        tx.add(index, name, score=score)


def drop_recipients(tx: Transaction, workspace: UUID | str, rows: Iterable[Row]) -> None:
    """Recipients of a campaign that never was sent are no more."""
    for row in rows:
        tx.remove(recipients(workspace, row["campaign_id"]), row["id"])
        tx.take_out(order(workspace, row["campaign_id"]), row["id"])
        tx.take_out(by_contact(workspace), f"{row['contact_id']}:{row['id']}:{row['campaign_id']}")
        if place := _place(workspace, row):
            tx.take_out(*place[:2])


def note_messages(
    tx: Transaction, workspace: UUID | str, row: Row, parts: Iterable[SentPart]
) -> None:
    """Messages to a recipient left; receipts and replies find it by their ids."""
    whose = {"campaign": row["campaign_id"], "recipient": row["id"]}
    if row["message_id"] is not None:
        tx.put(messages(workspace), row["message_id"], whose | {"part": None})
    for part in parts:
        tx.put(messages(workspace), part.message_id, whose | {"part": part.part})


def noted_parts(row: Row, parts: Iterable[SentPart]) -> Row:
    """A recipient's row after these messages left; those that are known stay as they are."""
    left = {
        str(part.part): {
            "message_id": part.message_id,
            "in_doubt": part.in_doubt,
            "sent_at": part.at.isoformat(),
        }
        for part in parts
    }
    known = left | row.get("parts", {})
    return row | {"parts": known, "parts_sent": len(known)} if left else row


def note_sent(tx: Transaction, workspace: UUID | str, account_id: UUID | str, row: Row) -> None:
    """An account sent to a recipient at the row's `sent_at`, which pacing looks back on."""
    name, score = f"{row['id']}:{row['campaign_id']}", at(row["sent_at"]).timestamp()
    tx.add(sent_lately(workspace, account_id), name, score=score)


def talked_with(
    view: View,
    workspace: UUID | str,
    account_id: UUID | str,
    people: Sequence[tuple[str | None, str]],
) -> list[bool]:
    """Whether the account has talked with each of the people (contact and phone): they wrote to
    it, or an earlier message reached them."""
    who = view.scores(wrote(workspace), [known_to(account_id, phone) for _, phone in people])
    names = [f"{contact_id}:{account_id}" for contact_id, _ in people]
    whom = view.scores(acquainted(workspace), names)
    return [any(score is not None for score in pair) for pair in zip(who, whom, strict=True)]


def hand_acquainted(
    tx: Transaction, workspace: UUID | str, contact_ids: Iterable[object], kept: object | None
) -> None:
    """Contacts are gone; whoever reached them has reached the contact that was `kept`."""
    found = tx.each(acquainted(workspace), [f"{contact_id}:" for contact_id in contact_ids])
    names = [name for some in found for name in some]
    tx.take_out(acquainted(workspace), *names)
    if kept is not None:
        tx.add(acquainted(workspace), *(f"{kept}:{name.partition(':')[2]}" for name in names))


def settled_parts(row: Row, *, sent: bool) -> Row:
    """A recipient's row after a person's word on the messages in doubt: they left, or never did."""
    parts: dict[str, Row] = row.get("parts", {})
    if not parts:
        return row
    if sent:
        kept = {place: part | {"in_doubt": False} for place, part in parts.items()}
    else:
        kept = {place: part for place, part in parts.items() if not part["in_doubt"]}
    return row | {"parts": kept, "parts_sent": len(kept)}


def in_doubt(row: Row) -> bool:
    """Whether a message of a recipient who gets several may not have been taken."""
    return any(part["in_doubt"] for part in row.get("parts", {}).values())


def _place(workspace: UUID | str, row: Row) -> tuple[str, str, float] | None:
    """The index that tells what waits for a recipient, their name in it, and its score."""
    campaign = row["campaign_id"]
    match row["status"]:
        case RecipientStatus.QUEUED if row["not_before"]:
            return held(workspace, campaign), row["id"], at(row["not_before"]).timestamp()
        case RecipientStatus.QUEUED:
            return queued(workspace, campaign), row["id"], 0
        case RecipientStatus.SENDING:
            name = f"{row['id']}:{campaign}"
            return sending(workspace, row["account_id"]), name, row["lease_epoch"]
        case RecipientStatus.ERROR | RecipientStatus.SKIPPED | RecipientStatus.UNCONFIRMED:
            return unreached(workspace, campaign, row["status"]), row["id"], 0
    return None
