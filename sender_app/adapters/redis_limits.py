"""Limits on attempts, counted in Redis with the library `limits`."""

import hashlib

from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis


class RedisLimits:
    """See ports.limits.Limits."""

    def __init__(self, redis: Redis) -> None:
        storage = RedisStorage("redis://", connection_pool=redis.connection_pool)
        self._limiter = MovingWindowRateLimiter(storage)

    def allow(self, what: str, who: str, per_minute: int) -> bool:
        # Addresses of people are not kept in plain.
        name = hashlib.sha256(who.encode()).hexdigest()[:32]
        return self._limiter.hit(RateLimitItemPerMinute(per_minute), what, name)
