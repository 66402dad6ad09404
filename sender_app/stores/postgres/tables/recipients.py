"""The delivery ledger."""

# pyright: reportAssignmentType=false
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, ForeignKeyConstraint, Index, SmallInteger
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import ZERO, primary_key, stamp


class CampaignRecipientRow(SQLModel, table=True):
    """One person of one campaign: a row of the delivery ledger. Ids follow the sending order.

    Its references have no foreign keys, whose check of every single row is half of what a large
    campaign costs to create; triggers on the tables referred to do what the keys would on deletion
    (see docs/adr/0007-keys-that-earn-their-place.md).
    """

    __tablename__ = "campaign_recipients"
    __table_args__ = (
        Index("campaign_recipients_contact", "contact_id"),
        # No index holds what a send changes, and a page has room for the two versions that it
        # writes, the first one being cleared away for the last: both stay on it.
        {"postgresql_with": {"fillfactor": 36}},
    )

    campaign_id: UUID = Field(primary_key=True)
    id: UUID = primary_key()
    contact_id: UUID | None = None
    phone: str
    status: str = Field(default="queued", sa_column_kwargs={"server_default": "queued"})
    error_code: str | None = None
    error_message: str | None = None
    attempts: int = Field(
        default=0, sa_column=Column(SmallInteger, nullable=False, server_default=ZERO)
    )
    lease_epoch: int | None = Field(default=None, sa_column=Column(BigInteger))
    account_id: UUID | None = None  # whose lease; blank: the campaign's own account
    claimed_at: datetime | None = stamp()
    not_before: datetime | None = stamp()
    message_id: str | None = None
    parts_sent: int = Field(
        default=0, sa_column=Column(SmallInteger, nullable=False, server_default=ZERO)
    )
    sent_at: datetime | None = stamp()
    delivered_at: datetime | None = stamp()
    read_at: datetime | None = stamp()
    replied_at: datetime | None = stamp()
    created_at: datetime = stamp(now=True)


class LooseRecipientsRow(SQLModel, table=True):
    """A campaign whose recipients are committed and which is not, yet; see beside.py."""

    __tablename__ = "loose_recipients"

    campaign_id: UUID = Field(primary_key=True)
    created_at: datetime = stamp(now=True)


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
