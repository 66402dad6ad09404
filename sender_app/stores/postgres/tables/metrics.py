"""Rollups, from which dashboards are read."""

# pyright: reportAssignmentType=false
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import counter, primary_key, reference, stamp


def _most(table: str, period: str) -> Index:
    """From the contact with the most messages of a period and account to the one with the least."""
    columns = ("workspace_id", period, "account_id", text("sent DESC"), "contact_id")
    return Index(f"{table}_most", *columns)


class MonthlyStatRow(SQLModel, table=True):
    """Messages of a month (`2026-11`) by the person whose campaign it was."""

    __tablename__ = "monthly_stats"
    __table_args__ = (UniqueConstraint("workspace_id", "user_id", "month"),)

    id: UUID = primary_key()
    workspace_id: UUID = reference("workspaces.id", "CASCADE")
    user_id: str
    month: str
    sent: int = counter()
    errors: int = counter()
    updated_at: datetime = stamp(now=True)


def _of_account() -> Any:
    """The account that alone counted the row, or `EVERY_ACCOUNT`, when several did or nobody knows
    which: the version before tells it by `contact_tops` (revision 0020)."""
    return Field(default=None, sa_column_kwargs={"server_default": text(f"'{UUID(int=0)}'::uuid")})


class ContactStatRow(SQLModel, table=True):
    """Messages of a month by contact. Whoever deletes contacts deletes these: a foreign key would
    cost every first message of a month a look into `contacts`."""

    __tablename__ = "contact_stats"
    __table_args__ = (_most("contact_stats", "month"),)

    id: UUID = Field(default=None, sa_column_kwargs={"server_default": text("uuidv7()")})
    workspace_id: UUID
    contact_id: UUID = Field(primary_key=True)
    month: str = Field(primary_key=True)
    sent: int = counter()
    errors: int = counter()
    updated_at: datetime = stamp(now=True)
    account_id: UUID = _of_account()


class ContactYearRow(SQLModel, table=True):
    """Messages of a year (`2026`) by contact, as in `contact_stats`."""

    __tablename__ = "contact_years"
    __table_args__ = (_most("contact_years", "year"),)

    workspace_id: UUID
    contact_id: UUID = Field(primary_key=True)
    year: str = Field(primary_key=True)
    account_id: UUID
    sent: int = counter()
    errors: int = counter()


class ContactShareRow(SQLModel, table=True):
    """What an account counted of a contact in a `period`, a month (`2026-11`) or a year (`2026`),
    whose row says `EVERY_ACCOUNT`."""

    __tablename__ = "contact_shares"
    __table_args__ = (_most("contact_shares", "period"),)

    workspace_id: UUID
    contact_id: UUID = Field(primary_key=True)
    period: str = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True)
    sent: int = counter()
    errors: int = counter()


class HourlyStatRow(SQLModel, table=True):
    """Messages of an hour on the clocks of the workspace's time zone, by account and group."""

    __tablename__ = "hourly_stats"

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    hour: datetime = Field(primary_key=True, sa_type=DateTime(timezone=False))  # type: ignore[call-overload]
    account_id: UUID = Field(primary_key=True)
    grupo: str = Field(primary_key=True)
    sent: int = counter()
    errors: int = counter()


class GroupStatRow(SQLModel, table=True):
    """Messages of a month (`2026-11`) by account and group: the sums of `daily_stats`."""

    __tablename__ = "group_stats"

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    month: str = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True)
    grupo: str = Field(primary_key=True)
    sent: int = counter()
    errors: int = counter()


class DailyStatRow(SQLModel, table=True):
    """Messages of a day, in the workspace's time zone, by account and group."""

    __tablename__ = "daily_stats"

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    day: date = Field(primary_key=True)
    account_id: UUID = Field(primary_key=True)
    grupo: str = Field(primary_key=True)
    sent: int = counter()
    errors: int = counter()
