"""Conversations: what people write, and what the team answers."""

# pyright: reportAssignmentType=false
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import (
    blank_text,
    counter,
    flag,
    primary_key,
    reference,
    stamp,
)


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

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    account_id: UUID = reference("accounts.id", "CASCADE")
    campaign_id: UUID | None = reference("campaigns.id", "SET NULL", nullable=True)
    contact_id: UUID | None = reference("contacts.id", "SET NULL", nullable=True)
    phone: str
    name: str = blank_text()
    kind: str = Field(default="text", sa_column_kwargs={"server_default": "text"})
    text: str = blank_text()
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

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    account_id: UUID = reference("accounts.id", "CASCADE")
    phone: str
    name: str = blank_text()
    unread: int = counter()
    last_text: str = blank_text()
    last_kind: str = Field(default="text", sa_column_kwargs={"server_default": "text"})
    last_is_ours: bool = flag()
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

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    account_id: UUID = reference("accounts.id", "CASCADE")
    conversation_id: UUID = reference("conversations.id", "CASCADE")
    request_id: UUID
    user_id: str
    phone: str
    text: str
    status: str = Field(default="waiting", sa_column_kwargs={"server_default": "waiting"})
    attempts: int = counter()
    lease_epoch: int | None = Field(default=None, sa_column=Column(BigInteger))
    secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    claimed_at: datetime | None = stamp()
    not_before: datetime | None = stamp()
    message_id: str | None = None
    error_code: str | None = None
    sent_at: datetime | None = stamp()
    delivered_at: datetime | None = stamp()
    read_at: datetime | None = stamp()
    created_at: datetime = stamp(now=True)
