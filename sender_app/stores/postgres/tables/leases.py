"""Who serves an account, and what the secrets of its messages are known by."""

# pyright: reportAssignmentType=false
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, LargeBinary
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import stamp


class LeaseRow(SQLModel, table=True):
    """Who serves an account now."""

    __tablename__ = "leases"

    account_id: UUID = Field(primary_key=True, foreign_key="accounts.id", ondelete="CASCADE")
    epoch: int = Field(sa_column=Column(BigInteger, nullable=False))
    owner: str
    expires_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class LeaseKeyRow(SQLModel, table=True):
    """The key from which an epoch's attempt secrets derive, kept while an attempt may be open."""

    __tablename__ = "lease_keys"

    account_id: UUID = Field(
        sa_column=Column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    )
    epoch: int = Field(sa_column=Column(BigInteger, primary_key=True))
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    taken_at: datetime = stamp(now=True)


class GoneSecretRow(SQLModel, table=True):
    """A message's secret that went with its linked device; see adapters/linked_devices.py."""

    __tablename__ = "gone_secrets"

    key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    message_id: str
    gone_at: datetime = stamp(now=True)
