"""Streams of records by an account's process, and the events that they record."""

# pyright: reportAssignmentType=false
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
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
