"""How often somebody may try something."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to somebody."""

    allowed: bool
    limit: int  # a minute
    remaining: int
    resets_in: int  # seconds until more is left than now


class Limits(Protocol):
    """Counts attempts, for all web processes together."""

    def allow(self, what: str, who: str, per_minute: int) -> bool:
        """Count one attempt of `who` at `what`; False when it is one too many."""
        ...

    def spend(self, what: str, who: str, per_minute: int) -> Allowance:
        """Count one attempt, and say what is left."""
        ...
