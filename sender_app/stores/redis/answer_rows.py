"""Rows of the answers to people, and how they are found: by account and status, and by message."""

from uuid import UUID

from sender_app.domain.conversation import SENDER, AnswerStatus
from sender_app.stores.redis.conversation_rows import answers_of, put_conversation
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.finding import rows_by
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.rows import Row, at, compact, new_key
from sender_app.stores.redis.view import View

ANSWERS = "answers"  # index of the installation: "answer:workspace"
OPEN = (AnswerStatus.WAITING, AnswerStatus.SENDING)


def answers(workspace: UUID | str) -> str:
    """The table of answers."""
    return of(workspace, "conversations", "answers")


def requests(workspace: UUID | str) -> str:
    """The table that finds an answer by "conversation:request": {"id": …}."""
    return of(workspace, "conversations", "requests")


def write_answer(
    tx: Transaction,
    workspace: UUID | str,
    conversation: Row,
    request_id: UUID,
    user_id: str,
    text: str,
) -> None:
    """A new answer, which waits; a person's means that the conversation was read."""
    now = tx.now()
    row = {
        "id": str(new_key()),
        "account_id": conversation["account_id"],
        "conversation_id": conversation["id"],
        "request_id": str(request_id),
        "user_id": user_id,
        "phone": conversation["phone"],
        "text": text,
        "status": AnswerStatus.WAITING,
        "attempts": 0,
        "lease_epoch": None,
        "secret": None,
        "claimed_at": None,
        "not_before": None,
        "message_id": None,
        "error_code": None,
        "sent_at": None,
        "delivered_at": None,
        "read_at": None,
        "created_at": now.isoformat(),
    }
    put_answer(tx, workspace, row)
    values = {
        "unread": conversation["unread"] if user_id == SENDER else 0,
        "last_text": text,
        "last_kind": "text",
        "last_is_ours": True,
        "last_at": max(at(conversation["last_at"]), now).isoformat(),
    }
    put_conversation(tx, workspace, conversation | values, conversation)


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
    rows = rows_by(view, _by_message(workspace), answers(workspace), names)
    return {key: row for key, row in zip(message_ids, rows, strict=True) if row is not None}


def _open(workspace: UUID | str, account_id: UUID | str, status: str) -> str:
    return of(workspace, "conversations", "accounts", account_id, status)


def _by_message(workspace: UUID | str) -> str:
    return of(workspace, "conversations", "answered")
