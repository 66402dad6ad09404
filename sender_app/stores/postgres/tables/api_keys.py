"""Keys of programs."""

# pyright: reportAssignmentType=false
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import primary_key, reference, stamp


class ApiKeyRow(SQLModel, table=True):
    """A key of a program."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index("api_keys_newest", "workspace_id", "id"),
    )

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    user_id: str
    name: str
    role: str
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hint: str
    expires_at: datetime | None = stamp()
    used_at: datetime | None = stamp()
    revoked_at: datetime | None = stamp()
    created_at: datetime = stamp(now=True)
