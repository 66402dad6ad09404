"""A cache of reads: never the truth, always allowed to be empty."""

from collections.abc import Callable
from typing import Protocol


class Cache(Protocol):
    """Values of one person under `user:{userId}:cache:…` keys; what else is there is no cache."""

    def remember(self, user_id: str, key: str, compute: Callable[[], object]) -> object:
        """The cached JSON value of `key`, or `compute()`'s, which is then kept for a while.

        A cache that cannot be reached is an empty one.
        """
        ...

    def clear(self, user_id: str) -> int:
        """Forget everything of that person; returns how many keys were deleted."""
        ...
