"""Live events and nudges over Redis publish/subscribe: quick, and harmless when lost."""

from collections.abc import Callable
from uuid import UUID

import orjson
import structlog
from redis import Redis
from redis.exceptions import RedisError

from sender_app.ports.events import Changed

CHANGES = "changes"  # every change of every workspace; each web process filters for its viewers

_log = structlog.get_logger()


class RedisEvents:
    """See ports.events.Events. A message on `changes` is JSON: workspace_id, topic, key."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def publish(self, change: Changed) -> None:
        message = {
            "workspace_id": str(change.workspace_id),
            "topic": change.topic,
            "key": str(change.key),
        }
        try:
            self._redis.publish(CHANGES, orjson.dumps(message))
        except RedisError as error:
            _log.warning("change not announced", topic=change.topic, error=str(error))


def parse_change(message: bytes) -> Changed:
    """The change in a message of the `changes` channel."""
    value = orjson.loads(message)
    return Changed(UUID(value["workspace_id"]), value["topic"], UUID(value["key"]))


class RedisControl:
    """See ports.events.Control; one channel per account, `control:{account}`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def nudge(self, account_id: UUID) -> None:
        try:
            self._redis.publish(f"control:{account_id}", b"")
        except RedisError as error:
            _log.warning("account not nudged", account_id=str(account_id), error=str(error))

    def listen(self, account_id: UUID, on_nudge: Callable[[], None]) -> Callable[[], None]:
        pubsub = self._redis.pubsub(ignore_subscribe_messages=True)

        def lost(error: BaseException, *_: object) -> None:
            # The thread goes on; redis-py connects and subscribes anew at its next turn.
            _log.warning("nudges interrupted", account_id=str(account_id), error=str(error))

        pubsub.subscribe(**{f"control:{account_id}": lambda _message: on_nudge()})
        thread = pubsub.run_in_thread(sleep_time=1.0, daemon=True, exception_handler=lost)
        return thread.stop
