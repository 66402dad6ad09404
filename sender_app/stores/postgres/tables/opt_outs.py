"""Numbers that are never written to."""

# pyright: reportAssignmentType=false
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import blank_text, stamp


class OptOutRow(SQLModel, table=True):
    """A number that asked never to be written to; it outlives the contact."""

    __tablename__ = "opt_outs"
    __table_args__ = (
        Index("opt_outs_newest", "workspace_id", "created_at", "phone"),
        Index("opt_outs_answer", "answer_due", postgresql_where=text("answer_due IS NOT NULL")),
    )

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    phone: str = Field(primary_key=True)
    source: str  # reply, person or import
    text: str = blank_text()
    answer_due: UUID | None = None  # the account that owes the person a confirmation
    created_at: datetime = stamp(now=True)
