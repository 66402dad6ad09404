"""Streams of records by an account's process, and the events that they record."""

# pyright: reportAssignmentType=false
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import counter, primary_key, reference, stamp


class DeliveryJournalRow(SQLModel, table=True):
    """A stream of records by one lease's holder, while it writes. Entries up to `folded_entry` are
    in the rollups; those after it were written since `folded_at`."""

    __tablename__ = "delivery_journals"
    __table_args__ = (Index("delivery_journals_account", "account_id"),)

    id: int = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    account_id: UUID = reference("accounts.id", "CASCADE")
    epoch: int = Field(sa_column=Column(BigInteger, nullable=False))
    folded_entry: int = counter()
    folded_at: datetime = stamp(now=True)


class DeliveryRecordRow(SQLModel, table=True):
    """Messages of one campaign that were sent under a lease, noted by one commit: they are not yet
    in their recipients, the events and the rollups. The arrays go together; `sent_ats` are seconds
    since 1970."""

    __tablename__ = "delivery_records"
    # Compressing what is gone in a tenth of a second is dearer than writing it down as it is.
    __table_args__ = ({"postgresql_with": {"toast_tuple_target": 8160}},)

    journal_id: int = Field(
        sa_column=Column(
            BigInteger,
            ForeignKey("delivery_journals.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        )
    )
    entry: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    campaign_id: UUID
    recipient_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    contact_ids: list[UUID | None] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    message_ids: list[str | None] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    sent_ats: list[float] = Field(sa_column=Column(ARRAY(Double), nullable=False))
    # The contacts' first groups; null where the version before noted the messages.
    grupos: list[str] | None = Field(default=None, sa_column=Column(ARRAY(Text)))


class MetricEventRow(SQLModel, table=True):
    """What happened, appended only. No foreign keys: history outlives what it tells of.

    `recipient_id` and `message_id` find the recipient of a receipt. `journal_id` and `entry` say
    by which record a lease's holder wrote it before the rollups took it in, so that they do so
    once.
    """

    __tablename__ = "metric_events"
    __table_args__ = (
        Index(
            "metric_events_message",
            "message_id",
            postgresql_where=text("message_id IS NOT NULL"),
        ),
    )

    id: UUID = primary_key()
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
    created_at: datetime = stamp(now=True)
