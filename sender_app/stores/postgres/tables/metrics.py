"""Rollups, from which dashboards are read."""

# pyright: reportAssignmentType=false
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from sender_app.stores.postgres.tables.columns import counter, primary_key, reference, stamp


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


class ContactStatRow(SQLModel, table=True):
    """Messages of a month by contact. Whoever deletes contacts deletes these: a foreign key would
    cost every first message of a month a look into `contacts`."""

    __tablename__ = "contact_stats"
    __table_args__ = (
        Index("contact_stats_most", "workspace_id", "month", text("sent DESC"), "contact_id"),
    )

    id: UUID = Field(default=None, sa_column_kwargs={"server_default": text("uuidv7()")})
    workspace_id: UUID
    contact_id: UUID = Field(primary_key=True)
    month: str = Field(primary_key=True)
    sent: int = counter()
    errors: int = counter()
    updated_at: datetime = stamp(now=True)


class ContactTopRow(SQLModel, table=True):
    """Messages to a contact in a `period`, a month (`2026-11`) or a year (`2026`), by one account,
    or by all (`EVERY_ACCOUNT`). A month by all accounts is in `contact_stats`."""

    __tablename__ = "contact_tops"
    __table_args__ = (
        Index(
            "contact_tops_most",
            "workspace_id",
            "period",
            "account_id",
            text("sent DESC"),
            "contact_id",
        ),
    )

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
