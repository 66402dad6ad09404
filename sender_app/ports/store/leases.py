"""Who serves an account."""

from datetime import timedelta
from typing import Protocol
from uuid import UUID

from sender_app.domain.delivery import Lease


class LeaseStore(Protocol):
    """Who serves an account. Epochs grow by one at each take-over and never repeat."""

    def take(self, account_id: UUID, owner: str, ttl: timedelta) -> Lease | None:
        """The lease, with its key committed; None while another owner's is live.

        Its `previous` names an owner that let it run out, and may still be there.
        """
        ...

    def renew(self, lease: Lease, ttl: timedelta) -> bool:
        """Prolong; False when the lease is no longer this epoch's (stop at once)."""
        ...

    def release(self, lease: Lease) -> None:
        """Give the lease back, so that others need not wait for its end."""
        ...

    def release_of(self, account_id: UUID, owner: str) -> None:
        """Give back the lease of an owner that is known to be dead."""
        ...
