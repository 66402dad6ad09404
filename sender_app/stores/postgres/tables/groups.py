"""Groups of contacts."""

# pyright: reportAssignmentType=false
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import flag, key_text, primary_key, reference, stamp


class GroupRow(SQLModel, table=True):
    """A group of contacts; its name is unique within the workspace."""

    __tablename__ = "groups"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    name: str
    created_at: datetime = stamp(now=True)


class ContactGroupRow(SQLModel, table=True):
    """A contact's membership. The one that `is_first` follows `contacts.grupo`."""

    __tablename__ = "contact_groups"
    __table_args__ = (
        Index("contact_groups_contact", "contact_id"),
        Index("contact_groups_name", "group_id", "sort_key", "contact_id"),
    )

    group_id: UUID = Field(primary_key=True, foreign_key="groups.id", ondelete="CASCADE")
    contact_id: UUID = Field(primary_key=True, foreign_key="contacts.id", ondelete="CASCADE")
    is_first: bool = flag()
    sort_key: str = key_text("")
