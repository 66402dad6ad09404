"""How often somebody may try something."""

from typing import Protocol


class Limits(Protocol):
    """Counts attempts, for all web processes together."""

    def allow(self, what: str, who: str, per_minute: int) -> bool:
        """Count one attempt of `who` at `what`; False when it is one too many."""
        ...
