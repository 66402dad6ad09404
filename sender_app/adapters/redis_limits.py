"""Limits on attempts, counted in Redis with the library `limits`."""

import hashlib
import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis

from sender_app.ports.limits import Allowance


class RedisLimits:
    """See ports.limits.Limits."""

    def __init__(self, redis: Redis) -> None:
        storage = RedisStorage("redis://", connection_pool=redis.connection_pool)
        self._limiter = MovingWindowRateLimiter(storage)

    def allow(self, what: str, who: str, per_minute: int) -> bool:
        return self._limiter.hit(RateLimitItemPerMinute(per_minute), what, _name(who))

    def spend(self, what: str, who: str, per_minute: int) -> Allowance:
        allowed = self.allow(what, who, per_minute)
        item = RateLimitItemPerMinute(per_minute)
        left = self._limiter.get_window_stats(item, what, _name(who))
        resets_in = min(60, max(1, math.ceil(left.reset_time - time.time())))
        return Allowance(allowed, per_minute, max(0, left.remaining), resets_in)


def _name(who: str) -> str:
    """Addresses of people are not kept in plain."""
    return hashlib.sha256(who.encode()).hexdigest()[:32]
