"""Files of contacts on their way into the address book."""

# pyright: reportAssignmentType=false
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, text
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import (
    counter,
    flag,
    json_object,
    primary_key,
    reference,
    stamp,
)


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

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    user_id: str
    filename: str
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    country: str
    layout: dict[str, Any] = json_object()
    columns: dict[str, Any] = json_object()  # a list of texts
    status: str
    queued_at: datetime | None = stamp()
    beat_at: datetime | None = stamp()  # the last sign of life of the job
    attempt: int = counter()  # of jobs that began; fences the ones before
    tries: int = counter()  # jobs that began since the last order
    progress: int = counter()  # percent
    good: int = counter()
    bad: int = counter()
    repeated: int = counter()
    created: int = counter()
    updated: int = counter()
    unchanged: int = counter()
    sample: dict[str, Any] = json_object()  # the first good and bad rows
    error_code: str | None = None
    error_params: dict[str, Any] = json_object()
    dismissed: bool = flag()
    created_at: datetime = stamp(now=True)
    finished_at: datetime | None = stamp()
