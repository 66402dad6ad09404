"""People in workspaces."""

# pyright: reportAssignmentType=false
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import blank_text, stamp


class MemberRow(SQLModel, table=True):
    """A person's role in a workspace, and who gave it."""

    __tablename__ = "members"
    __table_args__ = (Index("members_user", "user_id"),)

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    user_id: str = Field(primary_key=True)
    name: str = blank_text()
    login: str = blank_text()
    role: str
    source: str = Field(default="local", sa_column_kwargs={"server_default": "local"})
    seen_at: datetime | None = stamp()
    removed_at: datetime | None = stamp()
    created_at: datetime = stamp(now=True)
