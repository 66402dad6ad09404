"""The codes shown while an account is being linked, kept for as long as they are good."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PairingCodes:
    """What a person may scan or type now."""

    qr: str | None = None
    qr_expires_at: datetime | None = None
    code: str | None = None


class PairingBoard(Protocol):
    """Where the account's process puts its codes and the page reads them (`qr:{account}`)."""

    def show(self, account_id: UUID, codes: PairingCodes) -> None:
        """Show `codes` until they expire."""
        ...

    def clear(self, account_id: UUID) -> None:
        """Take the codes away."""
        ...

    def read(self, account_id: UUID) -> PairingCodes:
        """The codes now shown; empty when there are none."""
        ...
