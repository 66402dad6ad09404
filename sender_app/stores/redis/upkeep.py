"""Forgetting what is old. Keys grow with time (uuid v7), so what is old is at their beginning."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sender_app.stores.keys import first_key
from sender_app.stores.redis.answer_rows import ANSWERS, OPEN, answers, drop_answer
from sender_app.stores.redis.answers import ANSWERS as API_ANSWERS
from sender_app.stores.redis.answers import drop_old_answers
from sender_app.stores.redis.conversation_rows import (
    answers_of,
    conversations,
    drop_conversation,
    newest,
    place_of,
    replies_of,
)
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import WORKSPACES
from sender_app.stores.redis.replies import REPLIES, drop_reply, replies
from sender_app.stores.redis.rollups import EVENTS as METRIC_EVENTS
from sender_app.stores.redis.rollups import drop_events as drop_metric_events
from sender_app.stores.redis.rows import at, compact
from sender_app.stores.redis.webhook_rows import EVENTS, drop_events

_STEP = 200  # rows of one transaction

Drop = Callable[[Transaction, str, list[str], int], int]


class RedisUpkeep:
    """See ports.store.upkeep.UpkeepStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def forget_events(self, before: datetime, limit: int) -> int:
        return self._forget(METRIC_EVENTS, before, limit, drop_metric_events)

    def forget_answers(self, before: datetime, limit: int) -> int:
        found = self._database.view().ranked(API_ANSWERS, high=before.timestamp(), limit=limit)
        names, done = [name for name, _ in found], 0
        for start in range(0, len(names), _STEP):
            part = names[start : start + _STEP]
            done += self._database.transact(
                lambda tx, part=part: drop_old_answers(tx, part, before)
            )
        return done

    def forget_replies(self, before: datetime, limit: int) -> int:
        done = self._forget(REPLIES, before, limit, _drop_replies)
        done += self._forget(ANSWERS, before, limit, _drop_answers)
        self._forget_empty(before)
        return done

    def forget_webhook_events(self, before: datetime, limit: int) -> int:
        return self._forget(EVENTS, before, limit, drop_events)

    def forget_loose_recipients(self, before: datetime, limit: int) -> int:
        return 0  # a campaign and its recipients are one transaction

    def _forget(self, index: str, before: datetime, limit: int, drop: Drop) -> int:
        """Delete up to `limit` of what an index of the installation names: "key:workspace"."""
        view, done, after = self._database.view(), 0, None
        end = str(first_key(before))
        while done < limit:
            names = view.names(index, after=after, before=end, limit=_STEP)
            for workspace, keys in _by_workspace(names).items():
                done += self._database.transact(
                    lambda tx, w=workspace, keys=keys, most=limit - done: drop(tx, w, keys, most)
                )
            if len(names) < _STEP:
                break
            after = names[-1]
        return done

    def _forget_empty(self, before: datetime) -> None:
        """Conversations without a message that is kept."""
        view = self._database.view()
        for workspace in view.keys(WORKSPACES):
            names = view.names(newest(workspace), before=place_of(before, ""))
            for key in (name.split(":")[1] for name in names):
                if not view.size(replies_of(workspace, key)):
                    self._database.transact(
                        lambda tx, w=workspace, key=key: _drop_empty(tx, w, key, before)
                    )


def _by_workspace(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        key, _, workspace = name.rpartition(":")
        found.setdefault(workspace, []).append(key)
    return found


def _drop_replies(tx: Transaction, workspace: str, keys: list[str], most: int) -> int:
    rows = compact(tx.rows(replies(workspace), keys[:most]))
    for row in rows:
        drop_reply(tx, workspace, row)
    return len(rows)


def _drop_answers(tx: Transaction, workspace: str, keys: list[str], most: int) -> int:
    rows = compact(tx.rows(answers(workspace), keys))
    settled = [row for row in rows if row["status"] not in OPEN][:most]
    for row in settled:
        drop_answer(tx, workspace, row)
    return len(settled)


def _drop_empty(tx: Transaction, workspace: str, key: str, before: datetime) -> None:
    row = tx.row(conversations(workspace), key)
    if row is None or at(row["last_at"]) >= before:
        return
    if not tx.size(replies_of(workspace, key)) and not tx.size(answers_of(workspace, key)):
        drop_conversation(tx, workspace, row)
