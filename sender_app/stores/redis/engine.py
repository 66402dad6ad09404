"""Redis as the only store: rows as JSON in hashes, changed by optimistic transactions.

A table is a hash of rows by key; an index is a sorted set of names; a tally is a hash of numbers.
Every Redis key that a transaction looks at is watched, its changes are collected, and MULTI … EXEC
makes them all at once, or none and the work is done anew when a watched key had changed meanwhile.
A process that dies in between has changed nothing, and holds nothing that others wait for.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import WatchError

from sender_app.domain.errors import StoreBusy
from sender_app.stores.redis.rows import Found, packed
from sender_app.stores.redis.view import View

_LONGEST = 30.0  # seconds that a transaction is tried anew before it is given up
_FEWEST = 3  # times, however long one takes
_PAUSE = 0.002  # seconds after the first conflict; each later pause may be twice as long
_LONGEST_PAUSE = 0.25  # seconds
_RECEIPT = 60  # seconds that a transaction's receipt is kept
_WIDEST = 4_000  # fields, names and values of one command, about
_TOGETHER = frozenset({"HSET", "HDEL", "ZADD", "ZREM"})  # may be one command for several


class Transaction(View):
    """A view that sees its own changes, which are made together at the end or not at all."""

    def __init__(self, pipeline: Pipeline, clock: Redis) -> None:
        super().__init__(pipeline, clock)
        self._pipeline = pipeline
        self._receipt = f"receipts:{uuid4()}"  # there when the changes were made
        self._watched: set[str] = set()
        self._changes: list[tuple[object, ...]] = []
        self._began: datetime | None = None

    def now(self) -> datetime:
        """The time by Redis' clock, as it was when it was first asked for."""
        self._began = self._began or super().now()
        return self._began

    def _look(self, *keys: str) -> None:
        new = [key for key in (self._receipt, *keys) if key not in self._watched]
        if new:
            self._pipeline.watch(*new)
            self._watched.update(new)

    def aside(self) -> View:
        """What others have made, seen from beside the transaction: they may change it meanwhile
        without being in its way. Its own changes are not seen."""
        return View(self._clock, self._clock)

    def put(self, table: str, key: object, row: object) -> None:
        """Insert or replace a row: a mapping or a dataclass, without bytes; or what `packed` made
        of one."""
        raw = row if isinstance(row, bytes) else packed(row)
        self._rows.setdefault(table, {})[str(key)] = raw
        self._changes.append(("HSET", table, str(key), raw))

    def remove(self, table: str, *keys: object) -> None:
        """Rows that are not there any more."""
        for key in keys:
            self._rows.setdefault(table, {})[str(key)] = None
        if keys:
            self._changes.append(("HDEL", table, *(str(key) for key in keys)))

    def drop(self, *keys: str) -> None:
        """Whole tables, indexes or tallies that are not there any more."""
        for key in keys:
            self._look(key)
            if key in self._scores or self._redis.type(key) == b"zset":
                for name, _ in self.ranked(key):
                    self._scores.setdefault(key, {})[name] = None
            self._rows.pop(key, None)
            self._bumps.pop(key, None)
            self._dropped.add(key)
        if keys:
            self._changes.append(("DEL", *keys))

    def add(self, index: str, *names: object, score: float = 0) -> None:
        """Names into an index; whoever is in it gets the new score."""
        for name in names:
            self._scores.setdefault(index, {})[str(name)] = score
        if names:
            flat = [part for name in names for part in (score, str(name))]
            self._changes.append(("ZADD", index, *flat))

    def take_out(self, index: str, *names: object) -> None:
        """Names that are not in an index any more."""
        for name in names:
            self._scores.setdefault(index, {})[str(name)] = None
        if names:
            self._changes.append(("ZREM", index, *(str(name) for name in names)))

    def bump(self, tally: str, field: object, by: int = 1) -> None:
        """Raise a number; nobody else's raise is in the way."""
        if by:
            own = self._bumps.setdefault(tally, {})
            own[str(field)] = own.get(str(field), 0) + by
            self._changes.append(("HINCRBY", tally, str(field), by))

    def about_now(self, tally: str, fields: Sequence[str]) -> list[int]:
        """`some` with own raises, without a look: others may raise the numbers meanwhile."""
        own = self._bumps.get(tally, {})
        found = zip(fields, self.aside().some(tally, fields), strict=True)
        return [n + own.get(field, 0) for field, n in found]

    def climb(self, index: str, name: object, by: float = 1) -> None:
        """Raise a name's score, from 0 where it is not in the index, without a look; the
        transaction does not see it."""
        self._changes.append(("ZINCRBY", index, by, str(name)))

    def trim(self, index: str, below: float) -> None:
        """Take out what has a lower score, without a look; the transaction does not see it."""
        self._changes.append(("ZREMRANGEBYSCORE", index, "-inf", f"({below!r}"))

    def was_made(self) -> bool:
        """Whether the changes were made, after a WatchError: the line may have gone with the
        answer. Where they were not, they will not be: a late EXEC finds its receipt touched."""
        return not self._clock.set(self._receipt, 0, nx=True, ex=_RECEIPT)

    def commit(self) -> None:
        """Make the changes. Raises redis' WatchError when something looked at has changed, or the
        connection went meanwhile."""
        if not self._changes:
            return
        self._look()
        self._pipeline.multi()
        self._pipeline.set(self._receipt, 1, ex=_RECEIPT)
        for change in _joined(self._changes):
            self._pipeline.execute_command(*change)
        self._pipeline.execute()


class RedisDatabase:
    """The client that the parts of the store share."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    def view(self) -> View:
        """For one look, or several that need not agree to the last change."""
        return View(self.redis, self.redis)

    def size(self) -> int:
        """How much memory the data take."""
        memory: Any = self.redis.info("memory")
        return int(memory["used_memory"])

    def transact(self, work: Callable[[Transaction], Found]) -> Found:
        """Do `work` and make its changes as a whole; it may run several times, so it must have no
        effects beside the transaction. What it raises changes nothing.

        Raises StoreBusy when others were in the way for half a minute, and several times.
        """
        deadline, pause, tries = time.monotonic() + _LONGEST, _PAUSE, 0
        while True:
            tries += 1
            with self.redis.pipeline() as pipeline:
                transaction, done = Transaction(pipeline, self.redis), list[Found]()
                try:
                    done.append(work(transaction))
                    transaction.commit()
                    return done[0]
                except WatchError:
                    if done and transaction.was_made():
                        return done[0]
                    if time.monotonic() > deadline and tries >= _FEWEST:
                        raise StoreBusy("others changed the same rows all the time") from None
            time.sleep(random.uniform(0, pause))  # noqa: S311 - so that rivals do not meet again
            pause = min(2 * pause, _LONGEST_PAUSE)

    def close(self) -> None:
        """Close every connection."""
        self.redis.close()


def _joined(changes: Iterable[tuple[object, ...]]) -> list[list[object]]:
    """The same changes in fewer commands: those of one key stay in their order."""
    joined: list[list[object]] = []
    last: dict[object, list[object]] = {}
    for change in changes:
        command, key, *rest = change
        before = last.get(key)
        if before and command in _TOGETHER and before[0] == command and len(before) < _WIDEST:
            before.extend(rest)
            continue
        joined.append(list(change))
        for one in change[1:] if command == "DEL" else (key,):
            last[one] = joined[-1]
    return joined
