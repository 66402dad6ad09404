"""Keeping the book's index up with what changed: the worker's part, after a large import."""

import time
from dataclasses import dataclass

from sender_app.ports.store import Store

BATCH = 5_000  # contacts indexed in one transaction


@dataclass(frozen=True, slots=True)
class BookUpkeep:
    """Runs every few seconds; does the same however often it runs."""

    store: Store

    def run(self, seconds: float) -> int:
        """Take in what waits, for about so many seconds; returns how many contacts it were."""
        until = time.monotonic() + seconds
        done = 0
        while time.monotonic() < until:
            count = self.store.contacts.follow(BATCH)
            done += count
            if count == 0:
                break
        return done
