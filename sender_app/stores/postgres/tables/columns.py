"""Kinds of columns that several tables have."""

from typing import Any

from sqlalchemy import Column, DateTime, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

NOW = text("now()")
ZERO = text("0")


def primary_key() -> Any:
    """A primary key that grows with time (uuid v7), made by the server."""
    return Field(
        default=None, primary_key=True, sa_column_kwargs={"server_default": text("uuidv7()")}
    )


def stamp(*, now: bool = False) -> Any:
    """An aware time; with `now`, the server's at insertion."""
    if now:
        return Field(
            default=None,
            sa_type=DateTime(timezone=True),  # type: ignore[call-overload]
            sa_column_kwargs={"server_default": NOW, "nullable": False},
        )
    return Field(default=None, sa_type=DateTime(timezone=True), nullable=True)  # type: ignore[call-overload]


def counter() -> Any:
    """A number that counts from 0."""
    return Field(default=0, sa_column_kwargs={"server_default": ZERO})


def flag() -> Any:
    """A truth that is false unless said."""
    return Field(default=False, sa_column_kwargs={"server_default": text("false")})


def json_object() -> Any:
    """An object of JSON, empty unless said."""
    return Field(
        default_factory=dict,
        sa_type=JSONB,
        sa_column_kwargs={"server_default": text("'{}'::jsonb"), "nullable": False},
    )


def json_list() -> Any:
    """A list of JSON, empty unless said."""
    return Field(
        default_factory=list,
        sa_type=JSONB,
        sa_column_kwargs={"server_default": text("'[]'::jsonb"), "nullable": False},
    )


def reference(target: str, ondelete: str, *, nullable: bool = False) -> Any:
    """The id of a row of another table (`accounts.id`), and what its deletion does to this one."""
    return Field(foreign_key=target, ondelete=ondelete, nullable=nullable)  # type: ignore[call-overload]


def key_text(default: str | None = None) -> Any:
    """Text compared byte by byte, whatever the database's own order of letters."""
    return Field(sa_column=Column(String(collation="C"), nullable=False, server_default=default))


def blank_text() -> Any:
    """Text that is blank unless said."""
    return Field(default="", sa_column_kwargs={"server_default": ""})
