"""What is read of the store: rows of tables, names of indexes, numbers of tallies."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from redis import Redis
from redis.client import Pipeline

from sender_app.stores.redis.rows import Row

_END = "\U0010ffff"  # sorts behind every name
_ASKED = 5_000  # rows of one question


class View:
    """What the store holds, seen without a transaction."""

    def __init__(self, redis: Redis | Pipeline, clock: Redis) -> None:
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
