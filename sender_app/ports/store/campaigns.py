"""Campaigns and their recipients, as people see and steer them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason
from sender_app.domain.delivery import RecipientStatus
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.pages import Page
from sender_app.ports.store.audiences import AudienceSpec
from sender_app.ports.store.removed import Removed


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """A campaign to be created with its audience."""

    account_id: UUID
    name: str
    message_template: str
    status: CampaignStatus
    pacing: Mapping[str, object]
    scheduled_at: datetime | None = None
    variants: Sequence[str] = ()
    audience: Mapping[str, object] = field(default_factory=dict)
    more_accounts: Sequence[UUID] = ()  # further ones that send it
    media_config: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CampaignFilter:
    """Which campaigns to list: of these statuses (none: all), with `search` in their name, made
    since then, `unreached` only if they did not reach everybody."""

    statuses: frozenset[CampaignStatus] = frozenset()
    search: str = ""
    since: datetime | None = None
    unreached: bool = False


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One recipient of a campaign as tables show it."""

    id: UUID
    phone: str
    nombre: str
    grupo: str
    status: RecipientStatus
    error_code: str | None
    error_message: str | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    replied_at: datetime | None
    not_before: datetime | None
    claimed_at: datetime | None  # when its turn last came
    parts_sent: int = 0  # of a campaign with several messages for each


class CampaignStore(Protocol):
    """Campaigns and their recipients, as people see and steer them."""

    def create(
        self,
        workspace_id: UUID,
        user_id: str,
        new: NewCampaign,
        audience: Iterable[ContactBatch],
        needed: Sequence[str] = (),
        written_since: datetime | None = None,
    ) -> Campaign:
        """Upsert contacts, create the campaign and one recipient per phone, in the rows' order.
        A draft is created without any of them. Whoever was written to since `written_since` is
        skipped.

        A phone that comes twice counts once, its later cells winning. Blank cells keep what the
        contact had. Raises RuleViolation, and then nothing has happened: `audience_empty`, and
        `placeholder_blank_rows` when somebody has no value for one of the `needed` placeholders.
        """
        ...

    def get(self, workspace_id: UUID, campaign_id: UUID) -> Campaign:
        """Raises NotFound."""
        ...

    def list(
        self,
        workspace_id: UUID,
        cursor: str | None,
        limit: int,
        wanted: CampaignFilter = CampaignFilter(),
    ) -> Page[Campaign]:
        """Newest first, without tests and what was deleted."""
        ...

    def save_draft(self, workspace_id: UUID, campaign_id: UUID, new: NewCampaign) -> bool:
        """Write a draft anew; False when it is none (any more)."""
        ...

    def launch(
        self,
        workspace_id: UUID,
        user_id: str,
        campaign_id: UUID,
        audience: AudienceSpec,
        status: CampaignStatus,
        scheduled_at: datetime | None = None,
        confirmed: int | None = None,
    ) -> bool:
        """Upsert the file's people, freeze the audience as the draft's recipients, and have it run,
        wait for its time, or for approval, as `status` says.

        Of the file the rows come first, in their order. Whoever rests becomes a skipped recipient;
        whoever opted out is skipped by the sending, which looks again. False when it is no draft
        (any more): somebody was faster. Raises RuleViolation, and then nothing has happened:
        `audience_empty`, `audience_left_out` when nobody is left to be written to,
        `audience_changed` when others than `confirmed` people would be, and `book_behind` while
        the book still takes in an import that groups and searches would miss.
        """
        ...

    def approve(self, campaign_id: UUID, user_id: str, now: datetime) -> bool:
        """Run a campaign that waits for approval, or have it wait for its time.

        False when it waits no more, or was launched by the same `user_id`.
        """
        ...

    def send_back(self, campaign_id: UUID, note: str) -> bool:
        """Make a draft, without recipients, of a campaign that waits for approval; False when it
        waits no more."""
        ...

    def awaiting(self, workspace_id: UUID, user_id: str) -> int:
        """How many campaigns wait for approval that others than `user_id` launched."""
        ...

    def create_test(
        self, workspace_id: UUID, user_id: str, new: NewCampaign, phone: str
    ) -> Campaign:
        """A running campaign of one recipient who is in no address book; it goes before others."""
        ...

    def delete(
        self, workspace_id: UUID, campaign_id: UUID, sources: frozenset[CampaignStatus]
    ) -> Removed:
        """Show the campaign no more; nothing happens when its status is none of `sources`.

        The ledger stays: pacing, receipts and "talked with" go on knowing what was sent.
        """
        ...

    def restore(self, workspace_id: UUID, record: bytes) -> bool:
        """Show a deleted campaign again as it was; False when it is there already."""
        ...

    def with_book(self, workspace_id: UUID, rows: Sequence[AudienceRow]) -> Sequence[AudienceRow]:
        """`rows` with their blank cells filled from the address book, as `launch` would do it."""
        ...

    def move(
        self,
        campaign_id: UUID,
        sources: frozenset[CampaignStatus],
        target: CampaignStatus,
        reason: PauseReason | None = None,
    ) -> bool:
        """Change the status if it is one of `sources`; False when it was not (somebody was faster).

        Cancelling skips what is queued, running wakes the account, in the same transaction.
        """
        ...

    def recipients(
        self,
        campaign_id: UUID,
        status: RecipientStatus | None,
        cursor: str | None,
        limit: int,
        *,
        reached: str = "",
        search: str = "",
    ) -> Page[RecipientRow]:
        """In sending order: those of `status`, whose message got as far as `reached` (delivered,
        read or replied), with `search` in their name or phone."""
        ...

    def resolve_unconfirmed(
        self, campaign_id: UUID, recipient_ids: Sequence[UUID], sent: bool, before: datetime
    ) -> int:
        """A person's word on recipients unconfirmed since `before`: sent, or to be sent again.

        Returns how many were still unconfirmed (a receipt may have been faster).
        """
        ...

    def requeue_failed(self, campaign_id: UUID) -> int:
        """Queue every recipient in `error` again and run the campaign; returns how many."""
        ...

    def start_due(self, now: datetime) -> Sequence[UUID]:
        """Start scheduled campaigns whose time has come; returns their accounts."""
        ...
