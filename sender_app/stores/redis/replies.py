"""What people wrote to accounts: rows of replies, and how they are found."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sender_app.stores.keys import made_at
from sender_app.stores.redis.conversation_rows import (
    find_conversation,
    put_conversation,
    replies_of,
)
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.finding import known_to
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.outbox import tell_reply
from sender_app.stores.redis.rows import Row, at, compact, dict_of, new_key
from sender_app.stores.redis.view import View

REPLIES = "replies"  # index of the installation: "reply:workspace"


def replies(workspace: UUID | str) -> str:
    """The table of replies."""
    return of(workspace, "conversations", "replies")


def wrote(workspace: UUID | str) -> str:
    """The index of who wrote to which account, see `known_to`."""
    return of(workspace, "conversations", "wrote")


def to_campaign(workspace: UUID | str, campaign_id: UUID | str) -> str:
    """The index of replies to a campaign."""
    return of(workspace, "conversations", "campaigns", campaign_id)


def note_reply(tx: Transaction, workspace: UUID | str, values: Mapping[str, Any]) -> Row | None:
    """Record a reply (the columns of a reply but its id) with its conversation, and tell endpoints
    of it; None when the account had heard this message before."""
    heard = f"{values['account_id']}:{values['message_id']}"
    if tx.row(_by_message(workspace), heard):
        return None
    row = dict_of({**values, "id": new_key()})
    key, person = row["id"], known_to(row["account_id"], row["phone"])
    tx.put(replies(workspace), key, row)
    tx.put(_by_message(workspace), heard, {"id": key})
    tx.add(wrote(workspace), person)
    tx.add(REPLIES, f"{key}:{workspace}")
    if row["contact_id"]:
        tx.add(_by_contact(workspace), f"{row['contact_id']}:{key}")
    if row["campaign_id"]:
        tx.add(to_campaign(workspace, row["campaign_id"]), key)
    conversation = _heard(tx, workspace, row)
    tx.add(replies_of(workspace, conversation), key, score=written_at(row).timestamp())
    tell_reply(tx, workspace, row)
    return row


def written_at(reply: Row) -> datetime:
    """When a person wrote a reply. WhatsApp cuts the time to the second, so that it would stand
    before what it answers; it was written within that second, and before it was recorded."""
    late = at(reply["received_at"]) + timedelta(milliseconds=999)
    return min(late, made_at(reply["id"]))


def replies_by(
    view: View, workspace: UUID | str, accounts: Iterable[object], phone: str, contact_id: object
) -> list[Row]:
    """Every reply of a person to these accounts: from the number, or by the contact."""
    keys = replies_of_contact(view, workspace, contact_id)
    for account in accounts:
        conversation = find_conversation(view, workspace, account, phone)
        if conversation:
            found = view.ranked(replies_of(workspace, conversation["id"]))
            keys += [name for name, _ in found]
    return compact(view.rows(replies(workspace), dict.fromkeys(keys)))


def replies_of_contact(view: View, workspace: UUID | str, contact_id: object) -> list[str]:
    """Keys of the replies that are a contact's."""
    names = view.names(_by_contact(workspace), prefix=f"{contact_id}:")
    return [name.split(":")[1] for name in names]


def hand_replies(
    tx: Transaction, workspace: UUID | str, contact_ids: Iterable[object], kept: object | None
) -> None:
    """Contacts are gone; their replies are those of the contact that was `kept`, or nobody's."""
    for contact_id in contact_ids:
        keys = replies_of_contact(tx, workspace, contact_id)
        for row in compact(tx.rows(replies(workspace), keys)):
            tx.put(replies(workspace), row["id"], row | {"contact_id": kept})
        tx.take_out(_by_contact(workspace), *(f"{contact_id}:{key}" for key in keys))
        if kept is not None:
            tx.add(_by_contact(workspace), *(f"{kept}:{key}" for key in keys))


def adopt_replies(
    tx: Transaction, workspace: UUID | str, rows: Iterable[Row], contact_id: str
) -> None:
    """Replies from a number are those of a contact, although it was not in the book then."""
    for row in rows:
        tx.put(replies(workspace), row["id"], row | {"contact_id": contact_id})
        tx.add(_by_contact(workspace), f"{contact_id}:{row['id']}")


def drop_reply(tx: Transaction, workspace: UUID | str, row: Row) -> None:
    """A reply is forgotten, and with a person's last one that they ever wrote."""
    key, person = row["id"], known_to(row["account_id"], row["phone"])
    tx.remove(replies(workspace), key)
    tx.remove(_by_message(workspace), f"{row['account_id']}:{row['message_id']}")
    tx.take_out(REPLIES, f"{key}:{workspace}")
    tx.take_out(_by_contact(workspace), f"{row['contact_id']}:{key}")
    if row["campaign_id"]:
        tx.take_out(to_campaign(workspace, row["campaign_id"]), key)
    conversation = find_conversation(tx, workspace, row["account_id"], row["phone"])
    if conversation:
        tx.take_out(replies_of(workspace, conversation["id"]), key)
    if conversation is None or not tx.size(replies_of(workspace, conversation["id"])):
        tx.take_out(wrote(workspace), person)


def _heard(tx: Transaction, workspace: UUID | str, reply: Row) -> str:
    """The conversation of a reply, which is its latest message unless it comes late."""
    before = find_conversation(tx, workspace, reply["account_id"], reply["phone"])
    row: Row = before or {
        "id": str(new_key()),
        "account_id": reply["account_id"],
        "phone": reply["phone"],
        "name": "",
        "unread": 0,
    }
    now = row | {"unread": row["unread"] + 1, "name": reply["name"] or row["name"]}
    if before is None or at(reply["received_at"]) >= at(before["last_at"]):
        now |= {
            "last_text": reply["text"],
            "last_kind": reply["kind"],
            "last_is_ours": False,
            "last_at": reply["received_at"],
        }
    put_conversation(tx, workspace, now, before)
    return now["id"]


def _by_message(workspace: UUID | str) -> str:
    return of(workspace, "conversations", "by_message")


def _by_contact(workspace: UUID | str) -> str:
    """The index of replies by contact: "contact:reply"."""
    return of(workspace, "conversations", "by_contact")
