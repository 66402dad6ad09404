"""The store: every durable fact. Each method is atomic: it happens as a whole or not at all."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from sender_app.domain.account import Account, AccountStatus
from sender_app.domain.actor import Actor, Role
from sender_app.domain.api_key import ApiKey
from sender_app.domain.audience import AudienceRow, BadRow
from sender_app.domain.audience_choice import AudienceChoice, Source
from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason
from sender_app.domain.contact_import import ContactImport, Counts, ImportStatus, Layout
from sender_app.domain.contact_search import ContactQuery, OnWhatsapp
from sender_app.domain.conversation import REPLY_WINDOW
from sender_app.domain.delivery import Claim, Lease, Orphan, Outcome, RecipientStatus, Settlement
from sender_app.domain.identity import Identity
from sender_app.domain.media import Media, Prepared, Upload
from sender_app.domain.member import Member
from sender_app.domain.pacing import History
from sender_app.domain.reporting import EVERYTHING, Only, Span
from sender_app.domain.workspace import Workspace
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.conversations import AnsweringStore, ConversationStore
from sender_app.ports.pages import Page
from sender_app.ports.webhooks import WebhookStore
from sender_app.ports.whatsapp import Incoming, Receipt


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
    more_groups: tuple[str, ...] = ()  # beside `grupo`, the first one
    opted_out: bool = False
    whatsapp: OnWhatsapp = OnWhatsapp.UNKNOWN
    whatsapp_checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """What a person may write into a contact. `phone` is E.164."""

    phone: str
    nombre: str = ""
    sustantivo: str = ""
    grupo: str = ""  # the first group
    more_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A group of contacts."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class OptOut:
    """A number on the list, with the contact's name while there is one."""

    phone: str
    source: str  # reply, person or import
    text: str  # what the person wrote
    created_at: datetime
    nombre: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a contact's history: a campaign's message, or a reply."""

    at: datetime
    kind: str  # a recipient's status, or "reply"
    campaign_id: UUID | None
    campaign: str
    text: str  # the reply, or the error's code
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    replied_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many; not `exact`: at least, or about, so many."""

    n: int
    exact: bool = True


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
    parts_sent: int = 0  # of a campaign with several messages for each


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
class AudienceSpec:
    """Whom a campaign is for: the rows of a file, and what was chosen of the book."""

    choice: AudienceChoice = field(default_factory=AudienceChoice)
    rows: Iterable[ContactBatch] = ()
    written_since: datetime | None = None  # leave out whoever was written to since


@dataclass(frozen=True, slots=True)
class AudienceCounts:
    """How many people an audience has, each counted once."""

    people: int
    reached: int  # who will be written to
    opted_out: int  # skipped: they asked never to be written to
    resting: int  # skipped: they were written to lately
    sources: Mapping[Source, int]  # who comes from it, perhaps from others too


@dataclass(frozen=True, slots=True)
class Likes:
    """People who are alike in the fields of a message: `values` of one of them stand for all."""

    values: Mapping[str, str]  # of some fields only whether there is one: "+" or blank
    count: int


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """A message of the workspace's library: one to five texts under a name."""

    id: UUID
    name: str
    texts: tuple[str, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewImport:
    """A file of contacts that was kept, and what it looks like."""

    id: UUID
    filename: str
    size: int  # bytes
    country: str  # whose way of dialling its phones are read by
    layout: Layout


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as it is kept."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What is known of an idempotency key that was used. Without an `answer`, the request that
    began at `started_at` is under way, or its process died."""

    fingerprint: bytes  # of the request
    started_at: datetime
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of messages. `key` names what is counted: a day, a group, a contact's phone."""

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

    def of_person(self, user_id: str) -> Sequence[Member]:
        """Where the person is in, unless removed; the one they were in last first."""
        ...


class ApiKeyStore(Protocol):
    """Keys of programs; of each secret only a hash and its first letters are kept."""

    def create(
        self,
        workspace_id: UUID,
        user_id: str,
        name: str,
        role: Role,
        secret: str,
        expires_at: datetime | None,
    ) -> ApiKey:
        """A new key."""
        ...

    def list(self, workspace_id: UUID) -> Sequence[ApiKey]:
        """Newest first, those revoked and expired too, with their owners' names."""
        ...

    def find(self, secret: str, now: datetime) -> ApiKey | None:
        """The key of `secret`, if it was neither revoked nor expired at `now`."""
        ...

    def touch(self, key_id: UUID, at: datetime) -> None:
        """The key was used."""
        ...

    def revoke(self, workspace_id: UUID, key_id: UUID, at: datetime) -> None:
        """Raises NotFound; a key revoked before stays as it was."""
        ...


class AnswerStore(Protocol):
    """Answers to requests that bear an idempotency key, by workspace and key."""

    def begin(
        self, workspace_id: UUID, key: str, fingerprint: bytes, now: datetime, since: datetime
    ) -> KeptAnswer | None:
        """Take the key for a request; None: it was free, or last taken before `since`.

        Else what is kept. Of several that ask at once, one gets None.
        """
        ...

    def keep(self, workspace_id: UUID, key: str, answer: Answer) -> None:
        """The request was answered."""
        ...

    def release(self, workspace_id: UUID, key: str) -> None:
        """The request did nothing: the key is free again."""
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
    """The address book. What was just changed is found at once; a large import, seconds later."""

    def page(
        self, workspace_id: UUID, query: ContactQuery, cursor: str | None, limit: int
    ) -> Page[Contact]:
        """Contacts of the query, in its order. Raises RuleViolation for an unreadable cursor or a
        search that is too long."""
        ...

    def count(self, workspace_id: UUID, query: ContactQuery) -> Count:
        """How many the query has: exactly when they are few."""
        ...

    def follow(self, limit: int) -> int:
        """Bring the book up to date with up to `limit` changes of any workspace; how many it were.

        0 when nothing waits.
        """
        ...

    def get(self, workspace_id: UUID, contact_id: UUID) -> Contact:
        """Raises NotFound."""
        ...

    def find(self, workspace_id: UUID, ids: Sequence[UUID]) -> list[Contact]:
        """Those of `ids` that are there, in that order."""
        ...

    def create(self, workspace_id: UUID, user_id: str, draft: ContactDraft) -> Contact:
        """Raises RuleViolation("contact_exists") when the number is in the book already."""
        ...

    def update(self, workspace_id: UUID, contact_id: UUID, draft: ContactDraft) -> Contact:
        """Raises NotFound, RuleViolation("contact_exists")."""
        ...

    def delete(self, workspace_id: UUID, ids: Sequence[UUID]) -> int:
        """Forget contacts; what was sent to them stays in the campaigns. Returns how many."""
        ...

    def history(self, workspace_id: UUID, contact_id: UUID, limit: int) -> Sequence[Happening]:
        """What was sent to the contact and what came back, the latest first. Raises NotFound."""
        ...

    def duplicates(self, workspace_id: UUID, limit: int) -> Sequence[Sequence[Contact]]:
        """Contacts with the same name, but for case and accents; oldest first in each set."""
        ...

    def merge(self, workspace_id: UUID, kept_id: UUID, other_ids: Sequence[UUID]) -> Contact:
        """Give the history, the groups and what `kept_id` lacks of `other_ids` to it; delete them.

        Whoever opted out with one of the numbers is opted out with the one that stays. Raises
        NotFound unless all are there.
        """
        ...

    def export(
        self, workspace_id: UUID, query: ContactQuery, size: int
    ) -> Iterator[Sequence[Contact]]:
        """Every contact of the query, `size` at a time, in the query's order."""
        ...

    def ask_check(self, workspace_id: UUID, account_id: UUID, ids: Sequence[UUID]) -> int:
        """Have the account look whether these numbers are on WhatsApp; returns how many."""
        ...

    def to_check(self, account_id: UUID, limit: int) -> Sequence[str]:
        """Numbers that the account was asked to look up."""
        ...

    def record_check(
        self, account_id: UUID, asked: Sequence[str], found: Mapping[str, bool], at: datetime
    ) -> None:
        """What WhatsApp said of the numbers `asked`; those it said nothing of stay as they were."""
        ...


class GroupStore(Protocol):
    """Groups of contacts: many a contact."""

    def list(self, workspace_id: UUID) -> Sequence[Group]:
        """By name."""
        ...

    def ensure(self, workspace_id: UUID, name: str) -> Group:
        """The group called `name`, made if there is none."""
        ...

    def rename(self, workspace_id: UUID, group_id: UUID, name: str) -> None:
        """Raises NotFound, RuleViolation("group_exists")."""
        ...

    def delete(self, workspace_id: UUID, group_id: UUID) -> None:
        """The group goes, its contacts stay. Raises NotFound."""
        ...

    def add(self, workspace_id: UUID, group_id: UUID, ids: Sequence[UUID]) -> int:
        """Contacts join the group, as their first one if they have none; how many are new in it.

        Raises NotFound.
        """
        ...

    def remove(self, workspace_id: UUID, group_id: UUID, ids: Sequence[UUID]) -> int:
        """Contacts leave the group; the next one by name becomes their first. Raises NotFound."""
        ...


class OptOutStore(Protocol):
    """Numbers that are never written to, whatever becomes of their contacts."""

    def page(self, workspace_id: UUID, search: str, cursor: str | None, limit: int) -> Page[OptOut]:
        """The latest first; of `search`, a number's beginning in E.164 or its end."""
        ...

    def count(self, workspace_id: UUID) -> int:
        """How many numbers."""
        ...

    def add(self, workspace_id: UUID, phones: Sequence[str], source: str, text: str) -> int:
        """How many of them were not on the list yet."""
        ...

    def remove(self, workspace_id: UUID, phones: Sequence[str]) -> int:
        """How many of them were on the list."""
        ...

    def answers_due(self, account_id: UUID, limit: int) -> Sequence[str]:
        """Numbers that opted out by a reply to the account and wait for its one confirmation."""
        ...

    def answered(self, account_id: UUID, phone: str) -> bool:
        """Cross the confirmation off, before it is sent: it is sent at most once. False: it was."""
        ...


class ImportStore(Protocol):
    """Files of contacts on their way into the address book.

    What a job writes is fenced by the attempt that it began: once a person cancelled, or another
    job took over, it writes nothing any more and hears False.
    """

    def create(self, workspace_id: UUID, user_id: str, new: NewImport) -> ContactImport:
        """A file that was kept, READY."""
        ...

    def get(self, workspace_id: UUID, import_id: UUID) -> ContactImport:
        """Raises NotFound."""
        ...

    def find_latest(self, workspace_id: UUID, user_id: str) -> ContactImport | None:
        """The person's newest import that was neither cancelled nor dismissed."""
        ...

    def dismiss(self, import_id: UUID) -> None:
        """The person has seen how it ended."""
        ...

    def move(
        self,
        import_id: UUID,
        sources: frozenset[ImportStatus],
        target: ImportStatus,
        columns: Sequence[str] | None = None,
    ) -> ContactImport | None:
        """Change the status if it is one of `sources`; None when it was not."""
        ...

    def begin(self, import_id: UUID) -> ContactImport | None:
        """A job takes the import up; None when there is nothing to do or another job is at it."""
        ...

    def beat(self, work: ContactImport, progress: int) -> bool:
        """A sign of life of the job, with the percent of its work that is done."""
        ...

    def checked(
        self,
        work: ContactImport,
        counts: Counts,
        good: Sequence[AudienceRow],
        bad: Sequence[BadRow],
    ) -> bool:
        """The file was read through; `good` and `bad` are the first of its rows."""
        ...

    def fail(self, work: ContactImport, code: str, params: dict[str, object]) -> bool:
        """It cannot be done; `code` and `params` as in RuleViolation."""
        ...

    def compare(self, workspace_id: UUID, batches: Iterable[ContactBatch]) -> Counts:
        """What the rows would do to the address book; changes nothing."""
        ...

    def commit(
        self,
        work: ContactImport,
        batches: Iterable[ContactBatch],
        on_step: Callable[[float], None],
    ) -> bool:
        """Bring the rows into the address book and call the import DONE, as one.

        `on_step` hears which part is written (0 to 1); what it or `batches` raises, or a False,
        leaves everything as it was.
        """
        ...

    def release(self, import_id: UUID) -> None:
        """Its job is known to be dead: another may begin."""
        ...

    def unattended(
        self, now: datetime, silent: timedelta, waiting: timedelta
    ) -> Sequence[ContactImport]:
        """Imports whose job gave no sign of life for `silent`, or did not begin for `waiting`.

        They are released; each is returned once in `waiting`.
        """
        ...


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
    ) -> bool:
        """Show the campaign no more; False when its status is none of `sources`.

        The ledger stays: pacing, receipts and "talked with" go on knowing what was sent.
        """
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
        scheduled_at: datetime | None = None,
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


class GatheredAudience(Protocol):
    """An audience as it is at one moment. Methods that give rows look at who will be written to,
    and fill a file's blank cells from the address book."""

    def counts(self) -> AudienceCounts:
        """How many there are, from where, and how many are left out."""
        ...

    def known(self, accounts: Sequence[UUID]) -> int:
        """How many of those reached each of the accounts has talked with, as the cold-contact lock
        sees it."""
        ...

    def likes(self, names: Sequence[str], whole: frozenset[str]) -> Sequence[Likes]:
        """Everybody, put together by which of the fields `names` they have a value of; of those in
        `whole`, by the value."""
        ...

    def of_likes(
        self, names: Sequence[str], whole: frozenset[str], wanted: Sequence[Likes], limit: int
    ) -> Sequence[AudienceRow]:
        """The first people of the `wanted` among the likes of the same names."""
        ...

    def find(self, search: str, limit: int) -> Sequence[AudienceRow]:
        """The first with `search` in their name or phone. Who is in no file has row 0."""
        ...


class AudienceStore(Protocol):
    """Whom a campaign would be for, whatever their number."""

    def gather(
        self, workspace_id: UUID, spec: AudienceSpec
    ) -> AbstractContextManager[GatheredAudience]:
        """Everybody of the file and the choice, once. Changes nothing.

        What is not the workspace's counts for nothing. Raises RuleViolation for a choice that
        cannot be read.
        """
        ...


class TemplateStore(Protocol):
    """The library of messages."""

    def list(self, workspace_id: UUID) -> list[MessageTemplate]:
        """By name."""
        ...

    def get(self, workspace_id: UUID, template_id: UUID) -> MessageTemplate:
        """Raises NotFound."""
        ...

    def save(
        self,
        workspace_id: UUID,
        user_id: str,
        template_id: UUID | None,
        name: str,
        texts: Sequence[str],
    ) -> MessageTemplate | None:
        """Create (without an id) or change; None when another has that name. Raises NotFound."""
        ...

    def delete(self, workspace_id: UUID, template_id: UUID) -> None:
        """Nothing happens when it is not there."""
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


class ReceiptStore(Protocol):
    """What comes back from people."""

    def receipts(self, account_id: UUID, receipts: Sequence[Receipt]) -> Sequence[UUID]:
        """Record receipts, settling unconfirmed recipients; returns the campaigns concerned."""
        ...

    def reply(
        self,
        account_id: UUID,
        message: Incoming,
        opt_out: bool,
        window: timedelta = REPLY_WINDOW,
    ) -> UUID | None:
        """Record a reply once, in its conversation, and its opt-out.

        Returns the campaign that it answers, if any: that of the message it quotes, else the last
        one that wrote to the person within the `window` before it.
        """
        ...


class MediaRecords(Protocol):
    """What is known of uploaded files; their bytes are in the media store."""

    def add(
        self, workspace_id: UUID, user_id: str, file: Prepared, sha256: str, storage_key: str
    ) -> Media:
        """Record a file whose bytes are stored already."""
        ...

    def get(self, workspace_id: UUID, media_id: UUID) -> Media:
        """Raises NotFound."""
        ...

    def find(self, workspace_id: UUID, media_ids: Sequence[UUID]) -> Mapping[UUID, Media]:
        """Those of the files that are still there and the workspace's."""
        ...

    def find_upload(self, account_id: UUID, media_id: UUID, since: datetime) -> Upload | None:
        """What the account uploaded to WhatsApp after `since`, to be sent again."""
        ...

    def note_upload(self, account_id: UUID, media_id: UUID, upload: Upload) -> None:
        """The account uploaded the file, again or for the first time."""
        ...

    def expire(self, before: datetime, limit: int) -> Sequence[Media]:
        """Files that nobody will send any more: not used after `before`, nor by a campaign that is
        a draft, scheduled, running or paused, or that ended after `before`.

        From now on `get` and `find` know nothing of them. The same files come again until
        `forget`, so that a deletion that failed is repeated.
        """
        ...

    def forget(self, media_ids: Sequence[UUID]) -> None:
        """Their bytes are deleted."""
        ...


class MetricsStore(Protocol):
    """Dashboard reads, from rollups only. Days are those of the workspace's time zone."""

    def timeline(self, workspace_id: UUID, span: Span, only: Only = EVERYTHING) -> Sequence[Tally]:
        """The span by its step, without the empty ones."""
        ...

    def total(self, workspace_id: UUID, span: Span, only: Only = EVERYTHING) -> Tally:
        """All of the span's days."""
        ...

    def by_group(self, workspace_id: UUID, span: Span, only: Only = EVERYTHING) -> Sequence[Tally]:
        """Groups with the most messages first; each message counts for the group of then.

        A span by the month counts whole months.
        """
        ...

    def by_contact(
        self, workspace_id: UUID, period: str, limit: int, only: Only = EVERYTHING
    ) -> Sequence[Tally]:
        """Contacts with the most messages of a month (`2026-11`) or year (`2026`) first; a group's
        contacts are those that are in it now."""
        ...

    def by_account(self, workspace_id: UUID, day: date) -> Mapping[UUID, tuple[int, date]]:
        """Of each account that ever sent: how much on `day`, and the first day of all."""
        ...

    def month(self, workspace_id: UUID, month: str) -> Tally:
        """One month's totals."""
        ...


class UpkeepStore(Protocol):
    """What keeps the store from growing for ever."""

    def forget_events(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` of the events that were recorded before and that the rollups have
        taken in; returns how many. Receipts of their messages find nobody any more."""
        ...

    def forget_answers(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` of the answers that were kept since before; returns how many."""
        ...

    def forget_replies(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` of the replies that were recorded before, and of the answers;
        returns how many. Conversations that are empty then go too.

        Opt-outs stay. Who wrote before that and never got a message counts as never talked with.
        """
        ...

    def forget_webhook_events(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` of the events for webhooks that were recorded before, with their
        deliveries; returns how many. What is still on its way stays."""
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
    def api_keys(self) -> ApiKeyStore: ...

    @property
    def answers(self) -> AnswerStore: ...

    @property
    def accounts(self) -> AccountStore: ...

    @property
    def leases(self) -> LeaseStore: ...

    @property
    def contacts(self) -> ContactStore: ...

    @property
    def imports(self) -> ImportStore: ...

    @property
    def groups(self) -> GroupStore: ...

    @property
    def opt_outs(self) -> OptOutStore: ...

    @property
    def campaigns(self) -> CampaignStore: ...

    @property
    def audiences(self) -> AudienceStore: ...

    @property
    def templates(self) -> TemplateStore: ...

    @property
    def deliveries(self) -> DeliveryStore: ...

    @property
    def receipts(self) -> ReceiptStore: ...

    @property
    def conversations(self) -> ConversationStore: ...

    @property
    def answering(self) -> AnsweringStore: ...

    @property
    def media(self) -> MediaRecords: ...

    @property
    def metrics(self) -> MetricsStore: ...

    @property
    def webhooks(self) -> WebhookStore: ...

    @property
    def upkeep(self) -> UpkeepStore: ...
