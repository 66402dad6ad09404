"""Rows of conversations, and how they are found: by person, by the latest message, unread."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.finding import known_to, rows_by
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.rows import Row, at
from sender_app.stores.redis.view import View

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def conversations(workspace: UUID | str) -> str:
    """The table of conversations."""
    return of(workspace, "conversations")


def newest(workspace: UUID | str) -> str:
    """The index of conversations by their latest message, see `place_of`."""
    return of(workspace, "conversations", "newest")


def unread(workspace: UUID | str) -> str:
    """The index of conversations with something that nobody has looked at."""
    return of(workspace, "conversations", "unread")


def replies_of(workspace: UUID | str, conversation_id: UUID | str) -> str:
    """The index of a conversation's replies, by time."""
    return of(workspace, "conversations", conversation_id, "replies")


def answers_of(workspace: UUID | str, conversation_id: UUID | str) -> str:
    """The index of a conversation's answers, by time."""
    return of(workspace, "conversations", conversation_id, "answers")


def place_of(last_at: datetime, conversation_id: UUID | str) -> str:
    """The name of a conversation in the index `newest`."""
    return f"{(last_at - _BEGINNING) // timedelta(microseconds=1):017d}:{conversation_id}"


def find_conversation(view: View, workspace: UUID | str, account: object, phone: str) -> Row | None:
    """The conversation of an account and a person."""
    return find_conversations(view, workspace, [known_to(account, phone)])[0]


def find_conversations(
    view: View, workspace: UUID | str, persons: Iterable[str]
) -> list[Row | None]:
    """The conversations of people as `known_to` an account, in their order; None for each that is
    not there."""
    return rows_by(view, _by_person(workspace), conversations(workspace), persons)


def put_conversation(
    tx: Transaction, workspace: UUID | str, row: Row, before: Row | None = None
) -> None:
    """Insert a conversation, or change what it was `before`."""
    tx.put(conversations(workspace), row["id"], row)
    place = _place(row)
    if before is None:
        tx.put(_by_person(workspace), known_to(row["account_id"], row["phone"]), {"id": row["id"]})
    elif (old := _place(before)) != place:
        tx.take_out(newest(workspace), old)
    tx.add(newest(workspace), place)
    if row["unread"]:
        tx.add(unread(workspace), row["id"])
    else:
        tx.take_out(unread(workspace), row["id"])


def drop_conversation(tx: Transaction, workspace: UUID | str, row: Row) -> None:
    """A conversation without replies and answers goes."""
    tx.remove(conversations(workspace), row["id"])
    tx.remove(_by_person(workspace), known_to(row["account_id"], row["phone"]))
    tx.take_out(newest(workspace), _place(row))
    tx.take_out(unread(workspace), row["id"])


def _by_person(workspace: UUID | str) -> str:
    return of(workspace, "conversations", "by_person")


def _place(row: Row) -> str:
    return place_of(at(row["last_at"]), row["id"])
