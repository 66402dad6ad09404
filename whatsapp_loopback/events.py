"""What happens, announced to whoever watches (the page's event stream)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_BACKLOG = 10_000


class EventBus:
    """Fan-out to any number of watchers; one too slow loses events, nobody waits for it."""

    def __init__(self) -> None:
        self._watchers: set[asyncio.Queue[dict[str, Any]]] = set()

    def publish(self, kind: str, **fields: Any) -> None:
        """Announce an event to all watchers."""
        for queue in self._watchers:
            if not queue.full():
                queue.put_nowait({"event": kind, **fields})

    @contextmanager
    def watch(self) -> Iterator[asyncio.Queue[dict[str, Any]]]:
        """A queue of the events from now on."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_BACKLOG)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)
