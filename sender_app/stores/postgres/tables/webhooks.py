"""Endpoints of webhooks, and what is on its way to them."""

# pyright: reportAssignmentType=false
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import (
    NOW,
    ZERO,
    blank_text,
    counter,
    json_object,
    primary_key,
    reference,
    stamp,
)


class WebhookRow(SQLModel, table=True):
    """An endpoint that is told what happens in a workspace. Its secrets are sealed."""

    __tablename__ = "webhooks"
    __table_args__ = (Index("webhooks_workspace", "workspace_id"),)

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    user_id: str
    url: str
    events: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    secret: str
    old_secret: str | None = None
    old_secret_until: datetime | None = stamp()
    disabled: str | None = None  # why it is, see domain.webhook.Disabled
    disabled_at: datetime | None = stamp()
    last_at: datetime | None = stamp()
    last_status: int | None = None
    last_error: str | None = None
    arrived_at: datetime | None = stamp()  # when it last took an event
    created_at: datetime = stamp(now=True)


class WebhookEventRow(SQLModel, table=True):
    """What endpoints are told, written in the transaction of what it tells of, and only where an
    enabled endpoint of the workspace wants it. A trigger makes the deliveries."""

    __tablename__ = "webhook_events"

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    type: str
    data: dict[str, Any] = json_object()
    created_at: datetime = stamp(now=True)


class WebhookDeliveryRow(SQLModel, table=True):
    """One event on its way to one endpoint."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(
            "webhook_deliveries_open",
            "webhook_id",
            "status",
            "next_at",
            postgresql_where=text("status <> 'delivered'"),
        ),
        Index("webhook_deliveries_newest", "webhook_id", "id"),
        Index("webhook_deliveries_event", "event_id"),
    )

    id: UUID = primary_key()
    webhook_id: UUID = reference("webhooks.id", "CASCADE")
    event_id: UUID = reference("webhook_events.id", "CASCADE")
    status: str = Field(default="pending", sa_column_kwargs={"server_default": "pending"})
    attempts: int = Field(
        default=0, sa_column=Column(SmallInteger, nullable=False, server_default=ZERO)
    )
    next_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=NOW)
    )
    answered_at: datetime | None = stamp()
    response_status: int | None = None
    error: str | None = None
    excerpt: str = blank_text()
    took_ms: int = counter()
    created_at: datetime = stamp(now=True)
