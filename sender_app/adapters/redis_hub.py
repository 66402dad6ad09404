"""One Redis subscription per web process, fanned out to the pages that look at something."""

import asyncio
import contextlib
from collections import defaultdict
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from sender_app.adapters.redis_events import CHANGES, parse_change
from sender_app.ports.events import Changed

_log = structlog.get_logger()
_AGAIN = 1.0  # seconds before a lost subscription is taken up again


class Hub:
    """Wakes waiters at each change of the thing that they look at. Runs on the event loop."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._waiters: dict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def looking_at(self, key: UUID):
        """An event that is set at each change of `key`; clear it before you look.

        It is set at first: nobody tells what changed between an earlier look and this call.
        """
        self._start()
        changed = asyncio.Event()
        changed.set()
        self._waiters[key].add(changed)
        try:
            yield changed
        finally:
            self._waiters[key].discard(changed)
            if not self._waiters[key]:
                del self._waiters[key]

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            try:
                async with Redis.from_url(self._url) as redis, redis.pubsub() as pubsub:
                    await pubsub.subscribe(CHANGES)
                    self._wake_all()  # what happened in between is looked at now
                    async for message in pubsub.listen():
                        if message["type"] == "message":
                            self._wake(parse_change(message["data"]))
            except (RedisError, OSError) as error:
                _log.warning("live view interrupted", error=str(error))
            await asyncio.sleep(_AGAIN)

    def _wake(self, change: Changed) -> None:
        for waiter in self._waiters.get(change.key, ()):
            waiter.set()

    def _wake_all(self) -> None:
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.set()
