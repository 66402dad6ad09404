"""WhatsApp accounts."""

# pyright: reportAssignmentType=false
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import (
    flag,
    json_object,
    primary_key,
    reference,
    stamp,
)


class AccountRow(SQLModel, table=True):
    """A WhatsApp account of a workspace."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index("accounts_workspace", "workspace_id"),
        Index("accounts_due", "wake_at", postgresql_where=text("wake_at IS NOT NULL")),
    )

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    user_id: str
    label: str
    phone: str | None = None
    status: str = Field(default="unlinked", sa_column_kwargs={"server_default": "unlinked"})
    status_reason: str | None = None
    status_until: datetime | None = stamp()
    session_id: str | None = None
    pairing_until: datetime | None = stamp()
    pairing_phone: str | None = None
    unlink_wished: bool = flag()
    wake_at: datetime | None = stamp()
    cold_locked_until: datetime | None = stamp()
    linked_at: datetime | None = stamp()
    replaced_at: datetime | None = stamp()
    last_online_at: datetime | None = stamp()
    last_problem: str | None = None
    last_problem_at: datetime | None = stamp()
    pacing: dict[str, Any] = json_object()
    created_at: datetime = stamp(now=True)
