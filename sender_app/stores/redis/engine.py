"""Redis as the only store: rows as JSON in hashes, changed by optimistic transactions.

A table is a hash of rows by key; an index is a sorted set of names; a tally is a hash of numbers.
Every Redis key that a transaction looks at is watched, its changes are collected, and MULTI … EXEC
makes them all at once, or none and the work is done anew when a watched key had changed meanwhile.
A process that dies in between has changed nothing, and holds nothing that others wait for.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, overload
from uuid import UUID, uuid4

import orjson
from pydantic import TypeAdapter
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import WatchError
from uuid_utils.compat import uuid7

from sender_app.domain.errors import StoreBusy

Row = dict[str, Any]
Found = TypeVar("Found")

_LONGEST = 30.0  # seconds that a transaction is tried anew before it is given up
_FEWEST = 3  # times, however long one takes
_PAUSE = 0.002  # seconds after the first conflict; each later pause may be twice as long
_LONGEST_PAUSE = 0.25  # seconds
_RECEIPT = 60  # seconds that a transaction's receipt is kept
_END = "\U0010ffff"  # sorts behind every name
_ASKED = 5_000  # rows of one question
_WIDEST = 4_000  # fields, names and values of one command, about
_TOGETHER = frozenset({"HSET", "HDEL", "ZADD", "ZREM"})  # may be one command for several


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def read(kind: type[Found], row: Mapping[str, Any]) -> Found:
    """A dataclass of the ports or the domain from the row that `dict_of` made of it."""
    return _adapter(kind).validate_python(row)


def dict_of(value: object) -> Row:
    """A row of a dataclass: keys, times and choices as text."""
    return orjson.loads(orjson.dumps(value))


def packed(row: object) -> bytes:
    """A row as it is kept. Copied, as what orjson gives holds on to four kilobytes."""
    return bytes(memoryview(orjson.dumps(row)))


def new_key() -> UUID:
    """A UUID of version 7: keys made later sort later."""
    return uuid7()


@overload
def at(text: str) -> datetime: ...
@overload
def at(text: None) -> None: ...
def at(text: str | None) -> datetime | None:
    """A row's time."""
    return datetime.fromisoformat(text) if text else None


class View:
    """What the store holds, seen without a transaction."""

    def __init__(self, redis: "Redis | Pipeline", clock: Redis) -> None:
        self._redis: Any = redis
        self._clock: Any = clock
        self._rows: dict[str, dict[str, bytes | None]] = {}
        self._dropped: set[str] = set()
        self._scores: dict[str, dict[str, float | None]] = {}
        self._bumps: dict[str, dict[str, int]] = {}

    def _look(self, *keys: str) -> None:
        """The keys are about to be read."""

    def about(self, *keys: str) -> None:
        """These will be looked at: said of several at once, it spares a question for each."""
        self._look(*keys)

    # Tables

    def row(self, table: str, key: object) -> Row | None:
        """One row, or None."""
        return self.rows(table, [key])[0]

    def rows(self, table: str, keys: Iterable[object]) -> list[Row | None]:
        """The rows of `keys`, in their order; None for each that is not there."""
        return [None if raw is None else orjson.loads(raw) for raw in self.raw(table, keys)]

    def raw(self, table: str, keys: Iterable[object]) -> list[bytes | None]:
        """As `rows`, in the bytes that are kept: equal when nobody changed them."""
        names = [str(key) for key in keys]
        own = self._rows.get(table, {})
        asked = [name for name in dict.fromkeys(names) if name not in own]
        found: dict[str, bytes | None] = {}
        if asked and table not in self._dropped:
            self._look(table)
            for start in range(0, len(asked), _ASKED):
                part = asked[start : start + _ASKED]
                found |= zip(part, self._redis.hmget(table, part), strict=True)
        return [own[name] if name in own else found.get(name) for name in names]

    def keys(self, table: str) -> set[str]:
        """The keys of every row."""
        found: set[str] = set()
        if table not in self._dropped:
            self._look(table)
            found = {name.decode() for name in self._redis.hkeys(table)}
        for name, raw in self._rows.get(table, {}).items():
            (found.discard if raw is None else found.add)(name)
        return found

    def all(self, table: str) -> dict[str, Row]:
        """Every row by its key, in the order of the keys. Only for tables that stay small."""
        found: dict[str, bytes | None] = {}
        if table not in self._dropped:
            self._look(table)
            found = {name.decode(): raw for name, raw in self._redis.hgetall(table).items()}
        found |= self._rows.get(table, {})
        return {name: orjson.loads(raw) for name, raw in sorted(found.items()) if raw is not None}

    def count(self, table: str) -> int:
        """How many rows a table has."""
        if table in self._rows or table in self._dropped:
            return len(self.keys(table))
        self._look(table)
        return int(self._redis.hlen(table))

    # Indexes

    def names(
        self,
        index: str,
        *,
        after: str | None = None,
        before: str | None = None,
        prefix: str = "",
        limit: int | None = None,
        descending: bool = False,
    ) -> list[str]:
        """Names of an index whose scores are all 0, by the alphabet of their bytes.

        `after` and `before` are left out themselves; `prefix` is what they begin with.
        """
        low = "-" if after is None and not prefix else f"[{prefix}"
        if after is not None and after >= prefix:
            low = f"({after}"
        high = "+" if before is None and not prefix else f"({prefix}{_END}"
        if before is not None and (not prefix or before < prefix + _END):
            high = f"({before}"
        own = self._scores.get(index, {})
        more = None if limit is None else limit + sum(score is None for score in own.values())
        self._look(index)
        part = {} if more is None else {"start": 0, "num": more}
        if descending:
            raw = self._redis.zrevrangebylex(index, high, low, **part)
        else:
            raw = self._redis.zrangebylex(index, low, high, **part)
        found = {one.decode() for one in raw}
        for name, score in own.items():
            if score is None:
                found.discard(name)
            elif (
                name.startswith(prefix)
                and (after is None or name > after)
                and (before is None or name < before)
            ):
                found.add(name)
        return sorted(found, key=str.encode, reverse=descending)[:limit]

    def each(self, index: str, prefixes: Sequence[str]) -> list[list[str]]:
        """`names` of every one of the prefixes, asked in one go."""
        self._look(index)
        found: list[list[str]] = []
        for start in range(0, len(prefixes), _ASKED):
            asking = self._clock.pipeline(transaction=False)
            for prefix in prefixes[start : start + _ASKED]:
                asking.zrangebylex(index, f"[{prefix}", f"({prefix}{_END}")
            found += [[one.decode() for one in names] for names in asking.execute()]
        if not (own := self._scores.get(index)):
            return found
        return [
            sorted(
                {one for one in names if own.get(one, 0) is not None}
                | {one for one, n in own.items() if n is not None and one.startswith(prefix)},
                key=str.encode,
            )
            for names, prefix in zip(found, prefixes, strict=True)
        ]

    def ranked(
        self,
        index: str,
        low: float = float("-inf"),
        high: float = float("inf"),
        *,
        limit: int | None = None,
        descending: bool = False,
    ) -> list[tuple[str, float]]:
        """Names with their scores from `low` to `high`, both included, by score."""
        own = self._scores.get(index, {})
        more = None if limit is None else limit + len(own)
        part = {} if more is None else {"start": 0, "num": more}
        self._look(index)
        if descending:
            raw = self._redis.zrevrangebyscore(index, high, low, withscores=True, **part)
        else:
            raw = self._redis.zrangebyscore(index, low, high, withscores=True, **part)
        found = {name.decode(): score for name, score in raw}
        for name, score in own.items():
            found.pop(name, None)
            if score is not None and low <= score <= high:
                found[name] = score
        ordered = sorted(found.items(), key=lambda one: (one[1], one[0]), reverse=descending)
        return ordered[:limit]

    def slice(self, index: str, start: int, count: int) -> list[tuple[str, float]]:
        """Some names with their scores, by score; without own changes."""
        self._look(index)
        raw = self._redis.zrange(index, start, start + count - 1, withscores=True)
        return [(name.decode(), score) for name, score in raw]

    def score(self, index: str, name: object) -> float | None:
        """The score of a name; None when it is not in the index."""
        own = self._scores.get(index, {})
        if str(name) in own:
            return own[str(name)]
        self._look(index)
        return self._redis.zscore(index, str(name))

    def scores(self, index: str, names: Sequence[object]) -> list[float | None]:
        """The scores of names, in their order; None for each that is not in the index."""
        asked, own = list(map(str, names)), self._scores.get(index, {})
        found: list[float | None] = []
        if asked:
            self._look(index)
        for start in range(0, len(asked), _ASKED):
            found += self._redis.zmscore(index, asked[start : start + _ASKED])
        return [own.get(name, score) for name, score in zip(asked, found, strict=True)]

    def size(self, index: str) -> int:
        """How many names an index has."""
        own = self._scores.get(index)
        if own:
            return len(self.ranked(index))
        self._look(index)
        return int(self._redis.zcard(index))

    # Tallies

    def numbers(self, tally: str) -> dict[str, int]:
        """Every number of a tally by its field."""
        found: dict[str, int] = {}
        if tally not in self._dropped:
            self._look(tally)
            found = {name.decode(): int(n) for name, n in self._redis.hgetall(tally).items()}
        for name, by in self._bumps.get(tally, {}).items():
            found[name] = found.get(name, 0) + by
        return found

    def number(self, tally: str, field: object) -> int:
        """One number of a tally; 0 when it was never raised."""
        kept = 0
        if tally not in self._dropped:
            self._look(tally)
            kept = int(self._redis.hget(tally, str(field)) or 0)
        return kept + self._bumps.get(tally, {}).get(str(field), 0)

    def numbers_of(self, tallies: Sequence[str]) -> list[dict[str, int]]:
        """`numbers` of several tallies, asked in one go; without own changes."""
        self._look(*tallies)
        asking = self._clock.pipeline(transaction=False)
        for tally in tallies:
            asking.hgetall(tally)
        return [{name.decode(): int(n) for name, n in one.items()} for one in asking.execute()]

    def some(self, tally: str, fields: Sequence[str]) -> list[int]:
        """Some numbers of a tally, in the order of the fields; 0 for what was never raised."""
        kept: list[bytes | None] = [None] * len(fields)
        if fields and tally not in self._dropped:
            self._look(tally)
            kept = self._redis.hmget(tally, list(fields))
        own = self._bumps.get(tally, {})
        return [int(n or 0) + own.get(field, 0) for field, n in zip(fields, kept, strict=True)]

    def now(self) -> datetime:
        """The time by Redis' clock, which all processes share."""
        seconds, micros = self._clock.time()
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


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


def compact(rows: Sequence[Row | None]) -> list[Row]:
    """The rows that are there."""
    return [row for row in rows if row is not None]
