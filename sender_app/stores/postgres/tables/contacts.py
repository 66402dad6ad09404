"""The address book, and how it is searched."""

# pyright: reportAssignmentType=false
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Table, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import (
    blank_text,
    json_object,
    key_text,
    primary_key,
    stamp,
)


class ContactRow(SQLModel, table=True):
    """A person of the address book; unique by phone (E.164) within a workspace.

    The workspace has no foreign key, as in CampaignRecipientRow.
    """

    __tablename__ = "contacts"
    __table_args__ = (UniqueConstraint("workspace_id", "phone"),)

    id: UUID = primary_key()
    workspace_id: UUID
    user_id: str
    phone: str
    nombre: str = blank_text()
    sustantivo: str = blank_text()
    grupo: str = blank_text()
    fields: dict[str, Any] = json_object()  # the further columns of imported files, as text
    source: str = blank_text()
    whatsapp_status: str = Field(default="unknown", sa_column_kwargs={"server_default": "unknown"})
    whatsapp_checked_at: datetime | None = stamp()
    created_at: datetime = stamp(now=True)
    updated_at: datetime = stamp(now=True)


class ContactIndexRow(SQLModel, table=True):
    """How the book finds and sorts a contact; written by contact_index.py, and by nothing else."""

    __tablename__ = "contact_index"
    __table_args__ = (
        Index("contact_index_name", "workspace_id", "sort_key", "contact_id"),
        Index("contact_index_newest", "workspace_id", "contact_id"),
        Index("contact_index_phone", "workspace_id", "phone", "contact_id"),
        Index("contact_index_group", "workspace_id", "grupo", "contact_id"),
        Index(
            "contact_index_words",
            "words",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 1024},
        ),
    )

    contact_id: UUID = Field(primary_key=True)  # a trigger follows the contact's deletion
    workspace_id: UUID
    sort_key: str = key_text()
    phone: str = key_text()
    grupo: str = key_text()
    opted_out: bool
    whatsapp_status: str
    words: str = Field(sa_column=Column(TSVECTOR, nullable=False))


# Contacts that the index has not caught up with; triggers of the tables write it.
changed_contacts = Table(
    "changed_contacts",
    SQLModel.metadata,
    Column("workspace_id", Uuid, nullable=False),
    Column("contact_ids", ARRAY(Uuid), nullable=False),
    Index("changed_contacts_workspace", "workspace_id"),
)
# What processes of before revision 0017 write; a trigger passes it on.
contact_changes = Table(
    "contact_changes",
    SQLModel.metadata,
    Column("workspace_id", Uuid, nullable=False),
    Column("contact_id", Uuid, nullable=False),
    Index("contact_changes_workspace", "workspace_id"),
)


class WhatsappCheckRow(SQLModel, table=True):
    """A number that an account was asked to look up on WhatsApp."""

    __tablename__ = "whatsapp_checks"

    account_id: UUID = Field(primary_key=True, foreign_key="accounts.id", ondelete="CASCADE")
    phone: str = Field(primary_key=True)
