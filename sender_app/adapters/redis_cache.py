"""A read cache in Redis, under `user:{userId}:cache:…`, with a short life."""

from collections.abc import Callable

import orjson
import structlog
from redis import Redis
from redis.exceptions import RedisError

_LIVES = 5  # seconds; a campaign in progress shall be seen to move

_log = structlog.get_logger()


class RedisCache:
    """See ports.cache.Cache."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def remember(self, user_id: str, key: str, compute: Callable[[], object]) -> object:
        name = f"user:{user_id}:cache:{key}"
        try:
            cached = self._redis.get(name)
        except RedisError as error:
            _log.warning("cache not reached", error=str(error))
            return compute()
        if cached is not None:
            return orjson.loads(cached)  # type: ignore[arg-type]
        raw = orjson.dumps(compute())
        try:
            self._redis.set(name, raw, ex=_LIVES)
        except RedisError as error:
            _log.warning("cache not written", error=str(error))
        return orjson.loads(raw)

    def clear(self, user_id: str) -> int:
        deleted = 0
        batch: list[bytes] = []
        for key in self._redis.scan_iter(match=f"user:{_escaped(user_id)}:cache:*", count=500):
            batch.append(key)
            if len(batch) == 500:
                deleted += int(self._redis.unlink(*batch))  # type: ignore[arg-type]
                batch.clear()
        if batch:
            deleted += int(self._redis.unlink(*batch))  # type: ignore[arg-type]
        return deleted


def _escaped(text: str) -> str:
    """Glob characters of a user id taken literally."""
    return "".join(f"\\{mark}" if mark in "*?[]\\^" else mark for mark in text)
