"""Pages that look again at every change of something, for as long as they are open."""

import asyncio
from typing import Any
from uuid import UUID

import reflex as rx

from sender_app import bootstrap
from sender_app.states.access import explain

_CALM = 0.25  # seconds at least between two looks
_STILL_HERE = 40.0  # seconds without a sign of the page until the watch ends
_watched: dict[str, float] = {}  # watch id → loop time of the page's last sign, in this process


async def follow(state: rx.State, key: str) -> Any:
    """Have `state` look again (its `_look`) whenever `key` changes, in a background handler.

    Ends when the page gives no sign any more, the state's `_watch` is another one, or its person
    may not look; at once where nothing is in view, since anybody may name the handler.
    """
    watch = state._watch
    if not (watch and key):
        return None
    loop = asyncio.get_running_loop()
    _watched[watch] = loop.time()
    try:
        with bootstrap.hub().looking_at(UUID(key)) as changed:
            while loop.time() - _watched[watch] < _STILL_HERE:
                try:
                    await asyncio.wait_for(changed.wait(), 5)
                except TimeoutError:
                    continue
                changed.clear()
                async with state:
                    if state._watch != watch:
                        return None
                    try:
                        await state._look()
                    except Exception as error:  # noqa: BLE001 - the boundary to the browser
                        return explain(state, error)
                await asyncio.sleep(_CALM)
        return None
    finally:
        del _watched[watch]


def still_watched(watch: str) -> bool:
    """Note a sign of the page; False where its watch has ended, or was another process's."""
    if watch not in _watched:
        return False
    _watched[watch] = asyncio.get_running_loop().time()
    return True
