"""The whole store on Redis."""

from redis import Redis

from sender_app.stores.redis.engine import RedisDatabase


class RedisStore:
    """See ports.store.Store."""

    def __init__(self, redis: Redis) -> None:
        self.database = RedisDatabase(redis)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()
