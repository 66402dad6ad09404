"""Answers to requests that bear an idempotency key."""

# pyright: reportAssignmentType=false
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, LargeBinary, SmallInteger
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import json_object


class ApiAnswerRow(SQLModel, table=True):
    """An answer to a request with an idempotency key; no status while it is under way."""

    __tablename__ = "api_answers"
    __table_args__ = (Index("api_answers_oldest", "started_at"),)

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    key: str = Field(primary_key=True)
    fingerprint: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    started_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    status: int | None = Field(default=None, sa_type=SmallInteger, nullable=True)
    headers: dict[str, str] = json_object()
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
