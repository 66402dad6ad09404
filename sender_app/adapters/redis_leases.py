"""Leases with a lock in Redis before the one in the store: `lock:{account}` and `owner:{account}`.

The lock tells takers apart without a write to the store, and shows who serves what. The epoch in
the store is what fences: a lock lost with Redis lets nobody in while the store's lease lives.
"""

from datetime import timedelta
from uuid import UUID

import structlog
from redis import Redis
from redis.exceptions import RedisError

from sender_app.domain.delivery import Lease
from sender_app.ports.store.leases import LeaseStore

_log = structlog.get_logger()
_DROP = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1], KEYS[2]) end
return 0
"""


class LockedLeases:
    """See ports.store.leases.LeaseStore. Where Redis cannot be reached, the store alone decides."""

    def __init__(self, leases: LeaseStore, redis: Redis) -> None:
        self._leases = leases
        self._redis = redis

    def take(self, account_id: UUID, owner: str, ttl: timedelta) -> Lease | None:
        try:
            if not self._redis.set(f"lock:{account_id}", owner, nx=True, px=ttl):
                return None
            self._redis.set(f"owner:{account_id}", owner, px=ttl)
        except RedisError as error:
            _log.warning("lock not taken in Redis", error=str(error))
        lease = self._leases.take(account_id, owner, ttl)
        if lease is None:
            self._drop(account_id, owner)
        return lease

    def renew(self, lease: Lease, ttl: timedelta) -> bool:
        kept = self._leases.renew(lease, ttl)
        if kept:
            try:
                for name in ("lock", "owner"):
                    self._redis.set(f"{name}:{lease.account_id}", lease.owner, px=ttl)
            except RedisError as error:
                _log.warning("lock not renewed in Redis", error=str(error))
        return kept

    def release(self, lease: Lease) -> None:
        try:
            self._leases.release(lease)
        finally:
            self._drop(lease.account_id, lease.owner)

    def release_of(self, account_id: UUID, owner: str) -> None:
        try:
            self._leases.release_of(account_id, owner)
        finally:
            self._drop(account_id, owner)

    def _drop(self, account_id: UUID, owner: str) -> None:
        keys = (f"lock:{account_id}", f"owner:{account_id}")
        try:
            self._redis.eval(_DROP, 2, *keys, owner)
        except RedisError as error:
            _log.warning("lock not dropped in Redis", error=str(error))
