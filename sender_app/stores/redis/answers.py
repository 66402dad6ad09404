"""Answers to requests with an idempotency key, in Redis."""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sender_app.ports.store.answers import Answer, KeptAnswer
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.rows import Row, at

ANSWERS = "api_answers"  # index of the installation: "workspace:key", by when it began
_ROW = "answer"


class RedisAnswers:
    """See ports.store.answers.AnswerStore. Each key has a table of its own, with one row: requests
    with different keys are not in each other's way."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def begin(
        self, workspace_id: UUID, key: str, fingerprint: bytes, now: datetime, since: datetime
    ) -> KeptAnswer | None:
        row = {
            "fingerprint": fingerprint.hex(),
            "started_at": now,
            "status": None,
            "headers": {},
            "body": None,
        }

        def work(tx: Transaction) -> KeptAnswer | None:
            kept = tx.row(answer_of(workspace_id, key), _ROW)
            if kept and at(kept["started_at"]) >= since:
                return _kept(kept)
            tx.put(answer_of(workspace_id, key), _ROW, row)
            tx.add(ANSWERS, f"{workspace_id}:{key}", score=now.timestamp())
            return None

        return self._database.transact(work)

    def keep(self, workspace_id: UUID, key: str, answer: Answer) -> None:
        values = {
            "status": answer.status,
            "headers": dict(answer.headers),
            "body": b64encode(answer.body).decode(),
        }

        def work(tx: Transaction) -> None:
            if kept := tx.row(answer_of(workspace_id, key), _ROW):
                tx.put(answer_of(workspace_id, key), _ROW, kept | values)

        self._database.transact(work)

    def release(self, workspace_id: UUID, key: str) -> None:
        self._database.transact(lambda tx: _drop(tx, workspace_id, key))


def answer_of(workspace: UUID | str, key: str) -> str:
    """The table of one idempotency key."""
    return of(workspace, "team", "api_answers", key)


def drop_old_answers(tx: Transaction, names: Iterable[str], before: datetime) -> int:
    """Delete those of the answers that began before; returns how many."""
    dropped = 0
    for name in names:
        workspace, key = name.split(":", 1)
        kept = tx.row(answer_of(workspace, key), _ROW)
        if kept and at(kept["started_at"]) < before:
            _drop(tx, workspace, key)
            dropped += 1
    return dropped


def _drop(tx: Transaction, workspace: UUID | str, key: str) -> None:
    tx.remove(answer_of(workspace, key), _ROW)
    tx.take_out(ANSWERS, f"{workspace}:{key}")


def _kept(row: Row) -> KeptAnswer:
    answer = None
    if row["status"]:
        answer = Answer(row["status"], row["headers"], b64decode(row["body"]))
    return KeptAnswer(bytes.fromhex(row["fingerprint"]), at(row["started_at"]), answer)
