"""Who did what."""

# pyright: reportAssignmentType=false
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import SQLModel

from sender_app.stores.postgres.tables.columns import blank_text, primary_key, stamp


class AuditRow(SQLModel, table=True):
    """Who did what, appended only. No foreign keys: it outlives what it tells of."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("audit_log_newest", "workspace_id", "id"),)

    id: UUID = primary_key()
    workspace_id: UUID
    user_id: str
    name: str = blank_text()
    action: str
    subject: str = blank_text()
    outcome: str = blank_text()
    created_at: datetime = stamp(now=True)
