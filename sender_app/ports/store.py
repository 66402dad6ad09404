"""The store: every durable fact. Each method is atomic: it happens as a whole or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from sender_app.domain.account import Account, AccountStatus
from sender_app.domain.actor import Actor, Role
from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason
from sender_app.domain.delivery import Claim, Lease, Orphan, Outcome, RecipientStatus, Settlement
from sender_app.domain.identity import Identity
from sender_app.domain.member import Member
from sender_app.domain.pacing import History
from sender_app.domain.workspace import Workspace
from sender_app.ports.whatsapp import Incoming, Receipt

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list; `next` is the cursor of the page after it, None on the last."""

    rows: list[Row]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """One person of the address book."""

    id: UUID
    phone: str
    nombre: str
    sustantivo: str
    grupo: str
    source: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One recipient of a campaign as tables show it."""

    id: UUID
    phone: str
    nombre: str
    status: RecipientStatus
    error_code: str | None
    error_message: str | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    replied_at: datetime | None
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody ordered. `outcome` is blank when the process died before it was known."""

    id: UUID
    user_id: str
    name: str
    action: str
    subject: str
    outcome: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """A campaign to be created with its audience."""

    account_id: UUID
    name: str
    message_template: str
    status: CampaignStatus
    pacing: Mapping[str, object]
    scheduled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of messages. `key` names what is counted: a day, a group, a contact's id."""

    key: str
    sent: int
    errors: int
    label: str = ""


class WorkspaceStore(Protocol):
    """Workspaces."""

    def ensure(self, key: str, name: str, defaults: Mapping[str, str]) -> Workspace:
        """The workspace called `key`, made with `defaults` (country, zone, language) if absent."""
        ...

    def ensure_member(self, workspace_id: UUID, user_id: str, name: str, role: Role) -> Role:
        """The member's role; a person not yet a member joins with `role`."""
        ...

    def get(self, workspace_id: UUID) -> Workspace:
        """Raises NotFound."""
        ...

    def update(self, workspace_id: UUID, values: Mapping[str, object]) -> Workspace:
        """Change preferences (fields of Workspace but id and key). Raises NotFound."""
        ...


class MemberStore(Protocol):
    """People in workspaces."""

    def admit(
        self,
        person: Identity,
        workspaces: Mapping[str, str],
        default: Role | None,
        defaults: Mapping[str, str],
    ) -> Sequence[Member]:
        """Let a person into the `workspaces` (names by key) that the provider names, and no others.

        Workspaces that are absent are made with `defaults`; see `standing_at_sign_in` for the role.
        Returns where the person is in, the one they were in last first.
        """
        ...

    def find(self, workspace_id: UUID, user_id: str) -> Member | None:
        """The member, unless removed."""
        ...

    def list(self, workspace_id: UUID) -> Sequence[Member]:
        """By name, those removed last."""
        ...

    def change(self, workspace_id: UUID, user_id: str, role: Role | None) -> bool:
        """Give a role, or with None remove; False when no admin would be left.

        Raises NotFound.
        """
        ...

    def touch(self, workspace_id: UUID, user_id: str) -> None:
        """The person acts in this workspace now."""
        ...


class AuditStore(Protocol):
    """Who did what; nothing is ever taken out."""

    def append(self, actor: Actor, action: str, subject: str, outcome: str = "") -> UUID:
        """A new entry's id."""
        ...

    def settle(self, entry_id: UUID, outcome: str) -> None:
        """What came of it."""
        ...

    def page(self, workspace_id: UUID, cursor: str | None, limit: int) -> Page[AuditEntry]:
        """Newest first."""
        ...


class AccountStore(Protocol):
    """WhatsApp accounts."""

    def list(self, workspace_id: UUID) -> list[Account]:
        """Oldest first."""
        ...

    def create(self, workspace_id: UUID, user_id: str, label: str) -> Account:
        """A new account without a device."""
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
        """What the account is doing now."""
        ...

    def linked(self, account_id: UUID, phone: str, session_id: str) -> None:
        """A device was linked: remember its session and forget the wish to pair."""
        ...

    def unlinked(self, account_id: UUID, status: AccountStatus, reason: str | None) -> None:
        """The device is gone: forget the session."""
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


class ContactStore(Protocol):
    """The address book."""

    def page(
        self, workspace_id: UUID, search: str, cursor: str | None, limit: int
    ) -> Page[Contact]:
        """By name, then phone."""
        ...

    def count(self, workspace_id: UUID) -> int:
        """How many contacts the workspace has."""
        ...


class CampaignStore(Protocol):
    """Campaigns and their recipients, as people see and steer them."""

    def create(
        self, workspace_id: UUID, user_id: str, new: NewCampaign, rows: Sequence[AudienceRow]
    ) -> Campaign:
        """Upsert contacts, create the campaign and one recipient per phone, in the rows' order.

        A phone that comes twice counts once. Blank cells keep what the contact had.
        """
        ...

    def get(self, workspace_id: UUID, campaign_id: UUID) -> Campaign:
        """Raises NotFound."""
        ...

    def list(self, workspace_id: UUID, cursor: str | None, limit: int) -> Page[Campaign]:
        """Newest first."""
        ...

    def move(
        self,
        campaign_id: UUID,
        sources: frozenset[CampaignStatus],
        target: CampaignStatus,
        reason: PauseReason | None = None,
        scheduled_at: datetime | None = None,
    ) -> bool:
        """Change the status if it is one of `sources`; False when it was not (somebody was faster).

        Cancelling skips what is queued, running wakes the account, in the same transaction.
        """
        ...

    def recipients(
        self, campaign_id: UUID, status: RecipientStatus | None, cursor: str | None, limit: int
    ) -> Page[RecipientRow]:
        """In sending order."""
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


class Journal(Protocol):
    """One stream of recorded outcomes under a lease; several may be open side by side.

    Counters and rollups follow when it is folded, in the same transaction, and no later than the
    next lease's recovery. Not thread-safe.
    """

    def settle(self, outcomes: Sequence[Outcome], *, fold: bool) -> int:
        """Record outcomes with their events, whole or not at all; returns how many were still the
        lease's. Raises LeaseLost when a later lease has ended the journal."""
        ...

    def close(self) -> None:
        """Fold what is left, and end the journal."""
        ...


class DeliveryStore(Protocol):
    """The delivery ledger; only the holder of an account's lease writes to it."""

    def running(self, account_id: UUID) -> Sequence[Campaign]:
        """The account's running campaigns, oldest first."""
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
        """Pause the account's running campaigns; returns them."""
        ...


class ReceiptStore(Protocol):
    """What comes back from people."""

    def receipts(self, account_id: UUID, receipts: Sequence[Receipt]) -> Sequence[UUID]:
        """Record receipts, settling unconfirmed recipients; returns the campaigns concerned."""
        ...

    def reply(self, account_id: UUID, message: Incoming, opt_out: bool) -> UUID | None:
        """Record a reply once, and its opt-out; returns the campaign that it answers, if any."""
        ...


class MetricsStore(Protocol):
    """Dashboard reads, from rollups only."""

    def timeline(self, workspace_id: UUID, start: date, end: date) -> Sequence[Tally]:
        """Days (ISO) from `start` to `end`, both included, without the empty ones."""
        ...

    def by_group(self, workspace_id: UUID, start: date, end: date) -> Sequence[Tally]:
        """Groups with the most messages first."""
        ...

    def by_contact(
        self, workspace_id: UUID, first_month: str, last_month: str, limit: int
    ) -> Sequence[Tally]:
        """Contacts with the most messages first; months as `2026-11`."""
        ...

    def month(self, workspace_id: UUID, month: str) -> Tally:
        """One month's totals."""
        ...


class Store(Protocol):
    """All of it."""

    @property
    def workspaces(self) -> WorkspaceStore: ...

    @property
    def members(self) -> MemberStore: ...

    @property
    def audit(self) -> AuditStore: ...

    @property
    def accounts(self) -> AccountStore: ...

    @property
    def leases(self) -> LeaseStore: ...

    @property
    def contacts(self) -> ContactStore: ...

    @property
    def campaigns(self) -> CampaignStore: ...

    @property
    def deliveries(self) -> DeliveryStore: ...

    @property
    def receipts(self) -> ReceiptStore: ...

    @property
    def metrics(self) -> MetricsStore: ...
