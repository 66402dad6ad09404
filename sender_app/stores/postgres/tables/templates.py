"""The library of messages."""

# pyright: reportAssignmentType=false
from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from sender_app.stores.postgres.tables.columns import json_list, primary_key, reference, stamp


class TemplateRow(SQLModel, table=True):
    """A message of the library."""

    __tablename__ = "templates"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    user_id: str
    name: str
    texts: list[str] = json_list()
    created_at: datetime = stamp(now=True)
    updated_at: datetime = stamp(now=True)
