"""Streams of recorded outcomes under a lease."""

from collections.abc import Sequence
from typing import Protocol

from sender_app.domain.delivery import Outcome


class Journal(Protocol):
    """One stream of recorded outcomes under a lease; several may be open side by side.

    Counters and rollups follow when it is folded, in the same transaction, and no later than the
    next lease's recovery. Not thread-safe.
    """

    def settle(self, outcomes: Sequence[Outcome], *, fold: bool) -> None:
        """Record outcomes, whole or not at all; what the lease no longer has counts nowhere. Raises
        LeaseLost when a later lease has ended the journal.

        Recipients and events of messages that were sent may follow later too, with the counters.
        """
        ...

    def begin(self, outcomes: Sequence[Outcome]) -> None:
        """Begin to record outcomes as `settle` does, where possible without waiting for the store.
        `finish` comes next, before anything else."""
        ...

    def finish(self) -> None:
        """Wait until what was begun is recorded. Raises as `settle` does."""
        ...

    def close(self) -> None:
        """Fold what is left, and end the journal."""
        ...
