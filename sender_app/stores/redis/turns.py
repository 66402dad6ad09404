"""Room for an import among people and programs that keep changing the same book.

Its transaction takes seconds, theirs milliseconds, so that it might be tried anew for ever. When it
was in vain once, it asks the others to wait. They do for a while, and no more than that: what keeps
the book whole are the transactions, and an import whose process died is not waited for.
"""

import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import of

Found = TypeVar("Found")

_LONGEST = 10.0  # seconds that others wait
_LOOK = 0.05  # seconds between two looks


def change_book(
    database: RedisDatabase, workspace: UUID | str, work: Callable[[Transaction], Found]
) -> Found:
    """A short transaction, behind an import that asked for room."""
    deadline = time.monotonic() + _LONGEST
    while database.redis.exists(_key(workspace)) and time.monotonic() < deadline:
        time.sleep(_LOOK)
    return database.transact(work)


def change_much(
    database: RedisDatabase, workspace: UUID | str, work: Callable[[Transaction], Found]
) -> Found:
    """A long transaction, which asks for room when it is tried anew."""
    tries = 0

    def insist(tx: Transaction) -> Found:
        nonlocal tries
        tries += 1
        if tries > 1:
            database.redis.set(_key(workspace), tries, px=int(_LONGEST * 1000))
        return work(tx)

    try:
        return database.transact(insist)
    finally:
        if tries > 1:
            database.redis.delete(_key(workspace))


def _key(workspace: UUID | str) -> str:
    return of(workspace, "contacts", "turn")
