"""The delivery ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.domain.campaign import Campaign, PauseReason
from sender_app.domain.delivery import Claim, Lease, Orphan, Settlement
from sender_app.domain.pacing import History
from sender_app.ports.store.journals import Journal


class DeliveryStore(Protocol):
    """The delivery ledger; only the holder of an account's lease writes to it."""

    def running(self, account_id: UUID) -> Sequence[Campaign]:
        """Running campaigns that the account sends, alone or with others: tests to oneself, then
        the oldest first."""
        ...

    def next_due(self, account_id: UUID) -> datetime | None:
        """When the earliest held-back recipient of the running campaigns may be tried again."""
        ...

    def claim(
        self, lease: Lease, campaign_id: UUID, after: UUID | None, limit: int, only_known: bool
    ) -> Sequence[Claim]:
        """Move up to `limit` due recipients behind `after` from `queued` to `sending`.

        In sending order. Nothing is claimed unless the campaign is running. With `only_known`,
        people that the account never talked with stay queued. Raises LeaseLost.
        """
        ...

    def open_journal(self, lease: Lease) -> Journal:
        """A journal for the outcomes of claims. Raises LeaseLost."""
        ...

    def opted_out(self, workspace_id: UUID, phones: Sequence[str]) -> frozenset[str]:
        """Those of `phones` that asked never to be written to."""
        ...

    def orphans(self, lease: Lease) -> Sequence[Orphan]:
        """Recipients of the account left in `sending` by earlier leases, whose journals end here:
        what they recorded is taken into counters and rollups, and nothing more can be."""
        ...

    def recover(self, lease: Lease, settlements: Sequence[Settlement]) -> None:
        """Orphans with a message id become `unconfirmed`, the others `queued` again."""
        ...

    def finish(self, campaign_id: UUID, now: datetime) -> bool:
        """Finish the campaign if no recipient is queued or sending."""
        ...

    def history(self, account_id: UUID, now: datetime) -> History:
        """What the account sent lately, for pacing."""
        ...

    def pause_all(self, account_id: UUID, reason: PauseReason) -> Sequence[UUID]:
        """Pause the account's running campaigns, but those that another of their accounts can go
        on with, which is woken; returns the paused ones."""
        ...

    def wake_partners(self, account_id: UUID) -> None:
        """Wake the other accounts of the running campaigns that this one sends with others: it
        cannot take what is queued there for a while."""
        ...
