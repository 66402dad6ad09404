"""WhatsApp accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.domain.account import Account, AccountStatus


class AccountStore(Protocol):
    """WhatsApp accounts."""

    def list(self, workspace_id: UUID) -> list[Account]:
        """Oldest first."""
        ...

    def create(self, workspace_id: UUID, user_id: str, label: str) -> Account:
        """A new account without a device."""
        ...

    def rename(self, account_id: UUID, label: str) -> None:
        """What people call it."""
        ...

    def get(self, account_id: UUID, workspace_id: UUID | None = None) -> Account:
        """Raises NotFound, also when the account is another workspace's."""
        ...

    def set_status(
        self,
        account_id: UUID,
        status: AccountStatus,
        reason: str | None = None,
        until: datetime | None = None,
    ) -> None:
        """What the account is doing now; one of TROUBLES is remembered as its last problem."""
        ...

    def linked(self, account_id: UUID, phone: str, session_id: str) -> None:
        """A device was linked: remember its session and forget the wish to pair."""
        ...

    def unlinked(self, account_id: UUID, status: AccountStatus, reason: str | None) -> None:
        """The device is gone: forget the session, and unless that is one of TROUBLES also the
        last problem."""
        ...

    def wish_pairing(self, account_id: UUID, until: datetime | None, phone: str | None) -> None:
        """Somebody looks at the pairing page until `until`; None when nobody does any more."""
        ...

    def wish_unlinking(self, account_id: UUID) -> None:
        """Somebody wants the device unlinked; the account's process does it and clears the wish."""
        ...

    def lock_cold(self, account_id: UUID, until: datetime | None) -> None:
        """Hold back people never talked with until `until`."""
        ...

    def note_replaced(self, account_id: UUID, at: datetime) -> None:
        """Another connection of the same device took over at `at`."""
        ...

    def wake(self, account_id: UUID) -> None:
        """There is something to do for the account now."""
        ...

    def rest(self, account_id: UUID, seen: datetime | None, until: datetime | None) -> bool:
        """Nothing to do before `until`; False when somebody woke the account after `seen`.

        `seen` is the account's `wake_at` as read before the last look for work.
        """
        ...

    def to_serve(self, now: datetime) -> Sequence[UUID]:
        """Accounts with something to do at `now` and no live lease."""
        ...
