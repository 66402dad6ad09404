"""Workspaces."""

# pyright: reportAssignmentType=false
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import counter, flag, json_object, primary_key, stamp


class WorkspaceRow(SQLModel, table=True):
    """A team, or one person."""

    __tablename__ = "workspaces"

    id: UUID = primary_key()
    key: str = Field(unique=True)
    name: str
    default_country: str
    time_zone: str
    language: str
    pacing: dict[str, Any] = json_object()
    opt_out_words: list[str] | None = Field(default=None, sa_column=Column(JSONB))
    opt_out_reply: str | None = None
    rest_days: int = counter()
    needs_approval: bool = flag()
    created_at: datetime = stamp(now=True)
