"""SQLModel tables. The first six are the system's original ones, with their columns and names."""

# pyright: reportAssignmentType=false
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlmodel import Field, SQLModel

Bytes = bytes  # a table below has a column of that name
_NOW = text("now()")
_ZERO = text("0")


def _key() -> Any:
    """A primary key that grows with time (uuid v7), made by the server."""
    return Field(
        default=None, primary_key=True, sa_column_kwargs={"server_default": text("uuidv7()")}
    )


def _stamp(*, now: bool = False) -> Any:
    """An aware time; with `now`, the server's at insertion."""
    if now:
        return Field(
            default=None,
            sa_type=DateTime(timezone=True),  # type: ignore[call-overload]
            sa_column_kwargs={"server_default": _NOW, "nullable": False},
        )
    return Field(default=None, sa_type=DateTime(timezone=True), nullable=True)  # type: ignore[call-overload]


def _count() -> Any:
    return Field(default=0, sa_column_kwargs={"server_default": _ZERO})


def _json() -> Any:
    return Field(
        default_factory=dict,
        sa_type=JSONB,
        sa_column_kwargs={"server_default": text("'{}'::jsonb"), "nullable": False},
    )


def _list() -> Any:
    return Field(
        default_factory=list,
        sa_type=JSONB,
        sa_column_kwargs={"server_default": text("'[]'::jsonb"), "nullable": False},
    )


def _reference(target: str, ondelete: str, *, nullable: bool = False) -> Any:
    return Field(foreign_key=target, ondelete=ondelete, nullable=nullable)  # type: ignore[call-overload]


def _key_text(default: str | None = None) -> Any:
    """Text compared byte by byte, whatever the database's own order of letters."""
    return Field(sa_column=Column(String(collation="C"), nullable=False, server_default=default))


def _blank() -> Any:
    return Field(default="", sa_column_kwargs={"server_default": ""})


class ContactRow(SQLModel, table=True):
    """A person of the address book; unique by phone (E.164) within a workspace.

    The workspace has no foreign key, as in CampaignRecipientRow.
    """

    __tablename__ = "contacts"
    __table_args__ = (UniqueConstraint("workspace_id", "phone"),)

    id: UUID = _key()
    workspace_id: UUID
    user_id: str
    phone: str
    nombre: str = _blank()
    sustantivo: str = _blank()
    grupo: str = _blank()
    fields: dict[str, Any] = _json()  # the further columns of imported files, as text
    source: str = _blank()
    whatsapp_status: str = Field(default="unknown", sa_column_kwargs={"server_default": "unknown"})
    whatsapp_checked_at: datetime | None = _stamp()
    created_at: datetime = _stamp(now=True)
    updated_at: datetime = _stamp(now=True)


class GroupRow(SQLModel, table=True):
    """A group of contacts; its name is unique within the workspace."""

    __tablename__ = "groups"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    name: str
    created_at: datetime = _stamp(now=True)


class ContactGroupRow(SQLModel, table=True):
    """A contact's membership. The one that `is_first` follows `contacts.grupo`."""

    __tablename__ = "contact_groups"
    __table_args__ = (
        Index("contact_groups_contact", "contact_id"),
        Index("contact_groups_name", "group_id", "sort_key", "contact_id"),
    )

    group_id: UUID = Field(primary_key=True, foreign_key="groups.id", ondelete="CASCADE")
    contact_id: UUID = Field(primary_key=True, foreign_key="contacts.id", ondelete="CASCADE")
    is_first: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    sort_key: str = _key_text("")


class ContactIndexRow(SQLModel, table=True):
    """How the book finds and sorts a contact; written by contact_index.py, and by nothing else."""

    __tablename__ = "contact_index"
    __table_args__ = (
        Index("contact_index_name", "workspace_id", "sort_key", "contact_id"),
        Index("contact_index_newest", "workspace_id", "contact_id"),
        Index("contact_index_phone", "workspace_id", "phone", "contact_id"),
        Index("contact_index_group", "workspace_id", "grupo", "contact_id"),
        Index(
            "contact_index_words",
            "words",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 1024},
        ),
    )

    contact_id: UUID = Field(primary_key=True, foreign_key="contacts.id", ondelete="CASCADE")
    workspace_id: UUID
    sort_key: str = _key_text()
    phone: str = _key_text()
    grupo: str = _key_text()
    opted_out: bool
    whatsapp_status: str
    words: str = Field(sa_column=Column(TSVECTOR, nullable=False))


# Contacts that the index has not caught up with; triggers of the tables write it.
contact_changes = Table(
    "contact_changes",
    SQLModel.metadata,
    Column("workspace_id", Uuid, nullable=False),
    Column("contact_id", Uuid, nullable=False),
    Index("contact_changes_workspace", "workspace_id"),
)


class CampaignRow(SQLModel, table=True):
    """A campaign; its counters are written in the transactions that change its recipients."""

    __tablename__ = "campaigns"
    __table_args__ = (
        Index("campaigns_newest", "workspace_id", "id"),
        Index("campaigns_active", "account_id", postgresql_where=text("status = 'running'")),
        Index("campaigns_scheduled", "scheduled_at", postgresql_where=text("status = 'scheduled'")),
        Index("campaigns_shared", "workspace_id", postgresql_where=text("more_accounts <> '{}'")),
        Index("campaigns_awaiting", "workspace_id", postgresql_where=text("status = 'awaiting'")),
    )

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    account_id: UUID = _reference("accounts.id", "CASCADE")
    more_accounts: list[UUID] = Field(  # further ones that send it
        default_factory=list,
        sa_column=Column(ARRAY(Uuid), nullable=False, server_default=text("'{}'::uuid[]")),
    )
    user_id: str
    name: str
    status: str
    message_template: str
    variants: list[str] = _list()
    audience: dict[str, Any] = _json()
    is_test: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    media_config: dict[str, Any] = _json()
    pacing: dict[str, Any] = _json()
    total_recipients: int = _count()
    sent_count: int = _count()
    error_count: int = _count()
    skipped_count: int = _count()
    unconfirmed_count: int = _count()
    delivered_count: int = _count()
    read_count: int = _count()
    replied_count: int = _count()
    pause_reason: str | None = None
    approved_by: str | None = None  # a user's id
    review_note: str = _blank()  # why it was sent back to be written anew
    scheduled_at: datetime | None = _stamp()
    started_at: datetime | None = _stamp()
    finished_at: datetime | None = _stamp()
    deleted_at: datetime | None = _stamp()
    created_at: datetime = _stamp(now=True)


class TemplateRow(SQLModel, table=True):
    """A message of the library."""

    __tablename__ = "templates"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    user_id: str
    name: str
    texts: list[str] = _list()
    created_at: datetime = _stamp(now=True)
    updated_at: datetime = _stamp(now=True)


class CampaignRecipientRow(SQLModel, table=True):
    """One person of one campaign: a row of the delivery ledger. Ids follow the sending order.

    Its references have no foreign keys, whose check of every single row is half of what a large
    campaign costs to create; triggers on the tables referred to do what the keys would on deletion
    (see docs/adr/0007-keys-that-earn-their-place.md).
    """

    __tablename__ = "campaign_recipients"
    __table_args__ = (
        Index("campaign_recipients_contact", "contact_id"),
        # No index holds what a send changes, so its two updates of the row stay on the row's page.
        {"postgresql_with": {"fillfactor": 80}},
    )

    campaign_id: UUID = Field(primary_key=True)
    id: UUID = _key()
    contact_id: UUID | None = None
    phone: str
    status: str = Field(default="queued", sa_column_kwargs={"server_default": "queued"})
    error_code: str | None = None
    error_message: str | None = None
    attempts: int = Field(
        default=0, sa_column=Column(SmallInteger, nullable=False, server_default=_ZERO)
    )
    lease_epoch: int | None = Field(default=None, sa_column=Column(BigInteger))
    account_id: UUID | None = None  # whose lease; blank: the campaign's own account
    claimed_at: datetime | None = _stamp()
    not_before: datetime | None = _stamp()
    message_id: str | None = None
    parts_sent: int = Field(
        default=0, sa_column=Column(SmallInteger, nullable=False, server_default=_ZERO)
    )
    sent_at: datetime | None = _stamp()
    delivered_at: datetime | None = _stamp()
    read_at: datetime | None = _stamp()
    replied_at: datetime | None = _stamp()
    created_at: datetime = _stamp(now=True)


class ImportRow(SQLModel, table=True):
    """A file of contacts on its way into the address book; see domain.contact_import."""

    __tablename__ = "imports"
    __table_args__ = (
        Index("imports_newest", "workspace_id", "user_id", "created_at"),
        Index(
            "imports_active",
            "queued_at",
            postgresql_where=text("status IN ('checking', 'importing')"),
        ),
    )

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    user_id: str
    filename: str
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    country: str
    layout: dict[str, Any] = _json()
    columns: dict[str, Any] = _json()  # a list of texts
    status: str
    queued_at: datetime | None = _stamp()
    beat_at: datetime | None = _stamp()  # the last sign of life of the job
    attempt: int = _count()  # of jobs that began; fences the ones before
    tries: int = _count()  # jobs that began since the last order
    progress: int = _count()  # percent
    good: int = _count()
    bad: int = _count()
    repeated: int = _count()
    created: int = _count()
    updated: int = _count()
    unchanged: int = _count()
    sample: dict[str, Any] = _json()  # the first good and bad rows
    error_code: str | None = None
    error_params: dict[str, Any] = _json()
    dismissed: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    created_at: datetime = _stamp(now=True)
    finished_at: datetime | None = _stamp()


class RecipientMessageRow(SQLModel, table=True):
    """A message that left for a recipient who gets several; see docs/adr on parts.

    `in_doubt`: it left, but only a receipt can tell whether WhatsApp took it.
    """

    __tablename__ = "recipient_messages"
    __table_args__ = (
        Index("recipient_messages_message", "message_id"),
        ForeignKeyConstraint(
            ["campaign_id", "recipient_id"],
            ["campaign_recipients.campaign_id", "campaign_recipients.id"],
            name="recipient_messages_recipient_fkey",
            ondelete="CASCADE",
        ),
    )

    recipient_id: UUID = Field(primary_key=True)
    campaign_id: UUID
    part: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    message_id: str
    in_doubt: bool
    sent_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class MetricEventRow(SQLModel, table=True):
    """What happened, appended only. No foreign keys: history outlives what it tells of.

    `recipient_id` and `message_id` find the recipient of a receipt. `journal_id` and `entry` say
    by which record a lease's holder wrote it, so that rollups take in each event once.
    """

    __tablename__ = "metric_events"
    __table_args__ = (
        Index(
            "metric_events_message",
            "message_id",
            postgresql_where=text("message_id IS NOT NULL"),
        ),
    )

    id: UUID = _key()
    workspace_id: UUID
    user_id: str
    campaign_id: UUID | None = None
    contact_id: UUID | None = None
    event_type: str
    # `metadata` is SQLAlchemy's own name on a model class, so only the column is called that.
    details: dict[str, Any] | None = Field(default=None, sa_column=Column("metadata", JSONB))
    recipient_id: UUID | None = None
    message_id: str | None = None
    journal_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    entry: int | None = None
    created_at: datetime = _stamp(now=True)


class MonthlyStatRow(SQLModel, table=True):
    """Messages of a month (`2026-11`) by the person whose campaign it was."""

    __tablename__ = "monthly_stats"
    __table_args__ = (UniqueConstraint("workspace_id", "user_id", "month"),)

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    user_id: str
    month: str
    sent: int = _count()
    errors: int = _count()
    updated_at: datetime = _stamp(now=True)


class ContactStatRow(SQLModel, table=True):
    """Messages of a month by contact. Whoever deletes contacts deletes these: a foreign key would
    cost every first message of a month a look into `contacts`."""

    __tablename__ = "contact_stats"
    __table_args__ = (
        Index("contact_stats_most", "workspace_id", "month", text("sent DESC"), "contact_id"),
    )

    id: UUID = Field(default=None, sa_column_kwargs={"server_default": text("uuidv7()")})
    workspace_id: UUID
    contact_id: UUID = Field(primary_key=True)
    month: str = Field(primary_key=True)
    sent: int = _count()
    errors: int = _count()
    updated_at: datetime = _stamp(now=True)


class ContactTopRow(SQLModel, table=True):
    """Messages to a contact in a `period`, a month (`2026-11`) or a year (`2026`), by one account,
    or by all (`EVERY_ACCOUNT`). A month by all accounts is in `contact_stats`."""

    __tablename__ = "contact_tops"
    __table_args__ = (
        Index(
            "contact_tops_most",
            "workspace_id",
            "period",
            "account_id",
            text("sent DESC"),
            "contact_id",
        ),
    )

    workspace_id: UUID
    contact_id: UUID = Field(primary_key=True)
    period: str = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True)
    sent: int = _count()
    errors: int = _count()


class HourlyStatRow(SQLModel, table=True):
    """Messages of an hour on the clocks of the workspace's time zone, by account and group."""

    __tablename__ = "hourly_stats"

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    hour: datetime = Field(primary_key=True, sa_type=DateTime(timezone=False))  # type: ignore[call-overload]
    account_id: UUID = Field(primary_key=True)
    grupo: str = Field(primary_key=True)
    sent: int = _count()
    errors: int = _count()


class GroupStatRow(SQLModel, table=True):
    """Messages of a month (`2026-11`) by account and group: the sums of `daily_stats`."""

    __tablename__ = "group_stats"

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    month: str = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True)
    grupo: str = Field(primary_key=True)
    sent: int = _count()
    errors: int = _count()


class DailyStatRow(SQLModel, table=True):
    """Messages of a day, in the workspace's time zone, by account and group."""

    __tablename__ = "daily_stats"

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    day: date = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True)
    grupo: str = Field(primary_key=True)
    sent: int = _count()
    errors: int = _count()


class WorkspaceRow(SQLModel, table=True):
    """A team, or one person."""

    __tablename__ = "workspaces"

    id: UUID = _key()
    key: str = Field(unique=True)
    name: str
    default_country: str
    time_zone: str
    language: str
    pacing: dict[str, Any] = _json()
    opt_out_words: list[str] | None = Field(default=None, sa_column=Column(JSONB))
    opt_out_reply: str | None = None
    rest_days: int = _count()
    needs_approval: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    created_at: datetime = _stamp(now=True)


class MemberRow(SQLModel, table=True):
    """A person's role in a workspace, and who gave it."""

    __tablename__ = "members"
    __table_args__ = (Index("members_user", "user_id"),)

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    user_id: str = Field(primary_key=True)
    name: str = _blank()
    login: str = _blank()
    role: str
    source: str = Field(default="local", sa_column_kwargs={"server_default": "local"})
    seen_at: datetime | None = _stamp()
    removed_at: datetime | None = _stamp()
    created_at: datetime = _stamp(now=True)


class ApiKeyRow(SQLModel, table=True):
    """A key of a program."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index("api_keys_newest", "workspace_id", "id"),
    )

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    user_id: str
    name: str
    role: str
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hint: str
    expires_at: datetime | None = _stamp()
    used_at: datetime | None = _stamp()
    revoked_at: datetime | None = _stamp()
    created_at: datetime = _stamp(now=True)


class ApiAnswerRow(SQLModel, table=True):
    """An answer to a request with an idempotency key; no status while it is under way."""

    __tablename__ = "api_answers"
    __table_args__ = (Index("api_answers_oldest", "started_at"),)

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    key: str = Field(primary_key=True)
    fingerprint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    started_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    status: int | None = Field(default=None, sa_type=SmallInteger, nullable=True)
    headers: dict[str, str] = _json()
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class AuditRow(SQLModel, table=True):
    """Who did what, appended only. No foreign keys: it outlives what it tells of."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("audit_log_newest", "workspace_id", "id"),)

    id: UUID = _key()
    workspace_id: UUID
    user_id: str
    name: str = _blank()
    action: str
    subject: str = _blank()
    outcome: str = _blank()
    created_at: datetime = _stamp(now=True)


class AccountRow(SQLModel, table=True):
    """A WhatsApp account of a workspace."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index("accounts_workspace", "workspace_id"),
        Index("accounts_due", "wake_at", postgresql_where=text("wake_at IS NOT NULL")),
    )

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    user_id: str
    label: str
    phone: str | None = None
    status: str = Field(default="unlinked", sa_column_kwargs={"server_default": "unlinked"})
    status_reason: str | None = None
    status_until: datetime | None = _stamp()
    session_id: str | None = None
    pairing_until: datetime | None = _stamp()
    pairing_phone: str | None = None
    unlink_wished: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    wake_at: datetime | None = _stamp()
    cold_locked_until: datetime | None = _stamp()
    linked_at: datetime | None = _stamp()
    replaced_at: datetime | None = _stamp()
    last_online_at: datetime | None = _stamp()
    pacing: dict[str, Any] = _json()
    created_at: datetime = _stamp(now=True)


class LeaseRow(SQLModel, table=True):
    """Who serves an account now."""

    __tablename__ = "leases"

    account_id: UUID = Field(primary_key=True, foreign_key="accounts.id", ondelete="CASCADE")
    epoch: int = Field(sa_column=Column(BigInteger, nullable=False))
    owner: str
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class LeaseKeyRow(SQLModel, table=True):
    """The key from which an epoch's attempt secrets derive, kept while an attempt may be open."""

    __tablename__ = "lease_keys"

    account_id: UUID = Field(
        sa_column=Column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    )
    epoch: int = Field(sa_column=Column(BigInteger, primary_key=True))
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    taken_at: datetime = _stamp(now=True)


class GoneSecretRow(SQLModel, table=True):
    """A message's secret that went with its linked device; see adapters/linked_devices.py."""

    __tablename__ = "gone_secrets"

    key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    message_id: str
    gone_at: datetime = _stamp(now=True)


class DeliveryJournalRow(SQLModel, table=True):
    """A stream of records by one lease's holder, while it writes. Entries up to `folded_entry` are
    in the rollups; those after it were written since `folded_at`."""

    __tablename__ = "delivery_journals"
    __table_args__ = (Index("delivery_journals_account", "account_id"),)

    id: int = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    account_id: UUID = _reference("accounts.id", "CASCADE")
    epoch: int = Field(sa_column=Column(BigInteger, nullable=False))
    folded_entry: int = _count()
    folded_at: datetime = _stamp(now=True)


class ReplyRow(SQLModel, table=True):
    """A message from a person to an account."""

    __tablename__ = "replies"
    __table_args__ = (
        UniqueConstraint("account_id", "message_id"),
        Index("replies_phone", "account_id", "phone"),
        Index(
            "replies_campaign",
            "campaign_id",
            "id",
            postgresql_where=text("campaign_id IS NOT NULL"),
        ),
    )

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    account_id: UUID = _reference("accounts.id", "CASCADE")
    campaign_id: UUID | None = _reference("campaigns.id", "SET NULL", nullable=True)
    contact_id: UUID | None = _reference("contacts.id", "SET NULL", nullable=True)
    phone: str
    name: str = _blank()
    kind: str = Field(default="text", sa_column_kwargs={"server_default": "text"})
    text: str = _blank()
    message_id: str
    quoted_id: str | None = None
    received_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ConversationRow(SQLModel, table=True):
    """An account and a person who wrote to it, with the latest message of either."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("account_id", "phone"),
        Index("conversations_newest", "workspace_id", "last_at", "id"),
        Index("conversations_unread", "workspace_id", postgresql_where=text("unread > 0")),
    )

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    account_id: UUID = _reference("accounts.id", "CASCADE")
    phone: str
    name: str = _blank()
    unread: int = _count()
    last_text: str = _blank()
    last_kind: str = Field(default="text", sa_column_kwargs={"server_default": "text"})
    last_is_ours: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    last_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class AnswerRow(SQLModel, table=True):
    """What somebody of the team answers to a person; `request_id` makes two presses one answer."""

    __tablename__ = "answers"
    __table_args__ = (
        UniqueConstraint("conversation_id", "request_id"),
        Index("answers_conversation", "conversation_id", "id"),
        Index(
            "answers_open",
            "account_id",
            "id",
            postgresql_where=text("status IN ('waiting', 'sending')"),
        ),
        Index("answers_message", "message_id", postgresql_where=text("message_id IS NOT NULL")),
    )

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    account_id: UUID = _reference("accounts.id", "CASCADE")
    conversation_id: UUID = _reference("conversations.id", "CASCADE")
    request_id: UUID
    user_id: str
    phone: str
    text: str
    status: str = Field(default="waiting", sa_column_kwargs={"server_default": "waiting"})
    attempts: int = _count()
    lease_epoch: int | None = Field(default=None, sa_column=Column(BigInteger))
    secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    claimed_at: datetime | None = _stamp()
    not_before: datetime | None = _stamp()
    message_id: str | None = None
    error_code: str | None = None
    sent_at: datetime | None = _stamp()
    delivered_at: datetime | None = _stamp()
    read_at: datetime | None = _stamp()
    created_at: datetime = _stamp(now=True)


class OptOutRow(SQLModel, table=True):
    """A number that asked never to be written to; it outlives the contact."""

    __tablename__ = "opt_outs"
    __table_args__ = (
        Index("opt_outs_newest", "workspace_id", "created_at", "phone"),
        Index("opt_outs_answer", "answer_due", postgresql_where=text("answer_due IS NOT NULL")),
    )

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    phone: str = Field(primary_key=True)
    source: str  # reply, person or import
    text: str = _blank()
    answer_due: UUID | None = None  # the account that owes the person a confirmation
    created_at: datetime = _stamp(now=True)


class WhatsappCheckRow(SQLModel, table=True):
    """A number that an account was asked to look up on WhatsApp."""

    __tablename__ = "whatsapp_checks"

    account_id: UUID = Field(primary_key=True, foreign_key="accounts.id", ondelete="CASCADE")
    phone: str = Field(primary_key=True)


class MediaRow(SQLModel, table=True):
    """A file that campaigns send; its bytes are in the media store. `bytes` is their number."""

    __tablename__ = "media"
    __table_args__ = (Index("media_unused", "used_at"),)

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    user_id: str
    kind: str
    mime: str
    bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str
    filename: str
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    waveform: Bytes = Field(
        default=b"", sa_column=Column(LargeBinary, nullable=False, server_default="")
    )
    storage_key: str
    has_thumbnail: bool = Field(default=False)
    used_at: datetime = _stamp(now=True)
    expired_at: datetime | None = _stamp()
    created_at: datetime = _stamp(now=True)


class MediaUploadRow(SQLModel, table=True):
    """Where WhatsApp keeps a file that an account uploaded, with the keys to it."""

    __tablename__ = "media_uploads"

    account_id: UUID = Field(primary_key=True, foreign_key="accounts.id", ondelete="CASCADE")
    media_id: UUID = Field(primary_key=True, foreign_key="media.id", ondelete="CASCADE")
    url: str
    direct_path: str
    media_key: Bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: Bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    enc_sha256: Bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    length: int = Field(sa_column=Column(BigInteger, nullable=False))
    uploaded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class WebhookRow(SQLModel, table=True):
    """An endpoint that is told what happens in a workspace. Its secrets are sealed."""

    __tablename__ = "webhooks"
    __table_args__ = (Index("webhooks_workspace", "workspace_id"),)

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    user_id: str
    url: str
    events: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    secret: str
    old_secret: str | None = None
    old_secret_until: datetime | None = _stamp()
    disabled: str | None = None  # why it is, see domain.webhook.Disabled
    disabled_at: datetime | None = _stamp()
    last_at: datetime | None = _stamp()
    last_status: int | None = None
    last_error: str | None = None
    arrived_at: datetime | None = _stamp()  # when it last took an event
    created_at: datetime = _stamp(now=True)


class WebhookEventRow(SQLModel, table=True):
    """What endpoints are told, written in the transaction of what it tells of, and only where an
    enabled endpoint of the workspace wants it. A trigger makes the deliveries."""

    __tablename__ = "webhook_events"

    id: UUID = _key()
    workspace_id: UUID = _reference("workspaces.id", "CASCADE")
    type: str
    data: dict[str, Any] = _json()
    created_at: datetime = _stamp(now=True)


class WebhookDeliveryRow(SQLModel, table=True):
    """One event on its way to one endpoint."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(
            "webhook_deliveries_open",
            "webhook_id",
            "status",
            "next_at",
            postgresql_where=text("status <> 'delivered'"),
        ),
        Index("webhook_deliveries_newest", "webhook_id", "id"),
        Index("webhook_deliveries_event", "event_id"),
    )

    id: UUID = _key()
    webhook_id: UUID = _reference("webhooks.id", "CASCADE")
    event_id: UUID = _reference("webhook_events.id", "CASCADE")
    status: str = Field(default="pending", sa_column_kwargs={"server_default": "pending"})
    attempts: int = Field(
        default=0, sa_column=Column(SmallInteger, nullable=False, server_default=_ZERO)
    )
    next_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=_NOW)
    )
    answered_at: datetime | None = _stamp()
    response_status: int | None = None
    error: str | None = None
    excerpt: str = _blank()
    took_ms: int = _count()
    created_at: datetime = _stamp(now=True)
