"""Counters and histograms of all processes, added up in one Redis hash.

A process that serves an account may live for seconds and listens on no port, so it cannot be
scraped; nor can the several processes behind one web port be told apart. Each adds what it counted
to the hash every few seconds, and any web process shows the sums. Losing Redis sets them back to
nought, as the restart of an ordinary process does.
"""

import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
import structlog
from redis import Redis
from redis.exceptions import RedisError

KEY = "metrics"
_EVERY = 2.0  # seconds between two hand-overs
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)  # seconds
BOUNDS = (*(str(bound) for bound in BUCKETS), "+Inf")
Field = tuple[str, tuple[tuple[str, str], ...], str]
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sum:
    """One field of the hash. `part` is "" for a counter, else "sum" or a bucket's upper bound."""

    name: str
    labels: tuple[tuple[str, str], ...]
    part: str
    value: float


class RedisMeter:
    """See ports.telemetry.Meter. Made at first use; belongs to one process."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: defaultdict[Field, float] = defaultdict(float)
        self._flushed = time.monotonic()

    def count(self, name: str, number: int, **labels: str) -> None:
        self._waiting[name, _sorted(labels), ""] += number

    def time(self, name: str, seconds: Sequence[float], **labels: str) -> None:
        key = _sorted(labels)
        for bucket, number in Counter(bisect_left(BUCKETS, one) for one in seconds).items():
            self._waiting[name, key, BOUNDS[bucket]] += number
        self._waiting[name, key, "sum"] += sum(seconds)

    def flush(self) -> None:
        self.hand_over(self.take())

    def is_due(self) -> bool:
        """Whether the last hand-over was a while ago."""
        return time.monotonic() - self._flushed >= _EVERY

    def take(self) -> Mapping[Field, float]:
        """What was counted since the last time, to be handed over, perhaps by another thread."""
        self._flushed = time.monotonic()
        sums, self._waiting = self._waiting, defaultdict(float)
        return sums

    def hand_over(self, sums: Mapping[Field, float]) -> None:
        """Add `sums` to those of all processes."""
        if not sums:
            return
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for field, value in sums.items():
                    pipe.hincrbyfloat(KEY, orjson.dumps(field), value)  # type: ignore[arg-type]
                pipe.execute()
        except RedisError as error:  # figures only: no work may wait or fail for them
            _log.warning("figures not handed over", error=str(error))

    def sums(self) -> Iterator[Sum]:
        """What all processes have handed over. Raises RedisError."""
        for field, value in self._redis.hgetall(KEY).items():  # type: ignore[union-attr]
            name, labels, part = orjson.loads(field)
            yield Sum(name, tuple((of, said) for of, said in labels), part, float(value))


def _sorted(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items())) if len(labels) > 1 else tuple(labels.items())
