"""Campaigns."""

# pyright: reportAssignmentType=false
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import (
    blank_text,
    counter,
    flag,
    json_list,
    json_object,
    primary_key,
    reference,
    stamp,
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

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    account_id: UUID = reference("accounts.id", "CASCADE")
    more_accounts: list[UUID] = Field(  # further ones that send it
        default_factory=list,
        sa_column=Column(ARRAY(Uuid), nullable=False, server_default=text("'{}'::uuid[]")),
    )
    user_id: str
    name: str
    status: str
    message_template: str
    variants: list[str] = json_list()
    audience: dict[str, Any] = json_object()
    is_test: bool = flag()
    media_config: dict[str, Any] = json_object()
    pacing: dict[str, Any] = json_object()
    total_recipients: int = counter()
    sent_count: int = counter()
    error_count: int = counter()
    skipped_count: int = counter()
    unconfirmed_count: int = counter()
    delivered_count: int = counter()
    read_count: int = counter()
    replied_count: int = counter()
    pause_reason: str | None = None
    approved_by: str | None = None  # a user's id
    review_note: str = blank_text()  # why it was sent back to be written anew
    scheduled_at: datetime | None = stamp()
    started_at: datetime | None = stamp()
    finished_at: datetime | None = stamp()
    deleted_at: datetime | None = stamp()
    created_at: datetime = stamp(now=True)
