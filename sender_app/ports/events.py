"""Live events: what changed, told at once to whoever is looking or waiting."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Changed:
    """Something of a workspace changed; viewers read the truth from the store.

    `topic` is `campaign`, `account`, `contacts` or `inbox`; `key` is that thing's id, of the inbox
    the workspace's.
    """

    workspace_id: UUID
    topic: str
    key: UUID


class Events(Protocol):
    """Tells viewers about changes. Losing one is harmless: pages also look by themselves."""

    def publish(self, change: Changed) -> None:
        """Tell every viewer; never raises, since no work may fail for want of an onlooker."""
        ...


class Control(Protocol):
    """Tells the process that serves an account to look at its orders again at once."""

    def nudge(self, account_id: UUID) -> None:
        """Wake the account's process within a second, if it lives; never raises."""
        ...

    def listen(self, account_id: UUID, on_nudge: Callable[[], None]) -> Callable[[], None]:
        """Call `on_nudge` (from another thread) at each nudge; returns a function that stops it."""
        ...
