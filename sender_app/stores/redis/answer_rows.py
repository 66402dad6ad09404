"""Rows of the answers to people, and how they are found: by account and status, and by message."""

from uuid import UUID

from sender_app.domain.conversation import AnswerStatus
from sender_app.stores.redis.conversation_rows import answers_of
from sender_app.stores.redis.engine import Row, Transaction, View, at, compact
from sender_app.stores.redis.keys import of

ANSWERS = "answers"  # index of the installation: "answer:workspace"
OPEN = (AnswerStatus.WAITING, AnswerStatus.SENDING)


def answers(workspace: UUID | str) -> str:
    """The table of answers."""
    return of(workspace, "conversations", "answers")


def requests(workspace: UUID | str) -> str:
    """The table that finds an answer by "conversation:request": {"id": …}."""
    return of(workspace, "conversations", "requests")


def put_answer(tx: Transaction, workspace: UUID | str, row: Row, before: Row | None = None) -> None:
    """Insert an answer, or change what it was `before`."""
    key, account = row["id"], row["account_id"]
    tx.put(answers(workspace), key, row)
    if before is None:
        tx.put(requests(workspace), f"{row['conversation_id']}:{row['request_id']}", {"id": key})
        written = at(row["created_at"]).timestamp()
        tx.add(answers_of(workspace, row["conversation_id"]), key, score=written)
        tx.add(ANSWERS, f"{key}:{workspace}")
    elif before["status"] in OPEN and before["status"] != row["status"]:
        tx.take_out(_open(workspace, account, before["status"]), key)
    if row["status"] in OPEN:
        tx.add(_open(workspace, account, row["status"]), key)
    if before and before["message_id"] and before["message_id"] != row["message_id"]:
        tx.remove(_by_message(workspace), f"{account}:{before['message_id']}")
    if row["message_id"]:
        tx.put(_by_message(workspace), f"{account}:{row['message_id']}", {"id": key})


def drop_answer(tx: Transaction, workspace: UUID | str, row: Row) -> None:
    """An answer that is not open is forgotten."""
    key = row["id"]
    tx.remove(answers(workspace), key)
    tx.remove(requests(workspace), f"{row['conversation_id']}:{row['request_id']}")
    tx.remove(_by_message(workspace), f"{row['account_id']}:{row['message_id']}")
    tx.take_out(answers_of(workspace, row["conversation_id"]), key)
    tx.take_out(ANSWERS, f"{key}:{workspace}")


def open_answers(
    view: View, workspace: UUID | str, account_id: UUID | str, status: AnswerStatus
) -> list[Row]:
    """An account's answers that wait, or that are being sent, the oldest first."""
    keys = view.names(_open(workspace, account_id, status))
    return compact(view.rows(answers(workspace), keys)) if keys else []


def answers_with(
    view: View, workspace: UUID | str, account_id: UUID | str, message_ids: list[str]
) -> dict[str, Row]:
    """An account's answers by the ids of their messages."""
    names = [f"{account_id}:{message_id}" for message_id in message_ids]
    found = [
        (message_id, one["id"])
        for message_id, one in zip(
            message_ids, view.rows(_by_message(workspace), names), strict=True
        )
        if one
    ]
    rows = view.rows(answers(workspace), [key for _, key in found])
    return {
        message_id: row for (message_id, _), row in zip(found, rows, strict=True) if row is not None
    }


def _open(workspace: UUID | str, account_id: UUID | str, status: str) -> str:
    return of(workspace, "conversations", "accounts", account_id, status)


def _by_message(workspace: UUID | str) -> str:
    return of(workspace, "conversations", "answered")
