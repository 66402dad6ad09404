"""Rows: JSON as Redis keeps it, and what it stands for."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, overload
from uuid import UUID

import orjson
from pydantic import TypeAdapter
from uuid_utils.compat import uuid7

Row = dict[str, Any]
Found = TypeVar("Found")


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def read(kind: type[Found], row: Mapping[str, Any]) -> Found:
    """A dataclass of the ports or the domain from the row that `dict_of` made of it."""
    return _adapter(kind).validate_python(row)


def dict_of(value: object) -> Row:
    """A row of a dataclass: keys, times and choices as text."""
    return orjson.loads(orjson.dumps(value))


def packed(row: object) -> bytes:
    """A row as it is kept. Copied, as what orjson gives holds on to four kilobytes."""
    return bytes(memoryview(orjson.dumps(row)))


def new_key() -> UUID:
    """A UUID of version 7: keys made later sort later."""
    return uuid7()


@overload
def at(text: str) -> datetime: ...
@overload
def at(text: None) -> None: ...
def at(text: str | None) -> datetime | None:
    """A row's time."""
    return datetime.fromisoformat(text) if text else None


def compact(rows: Sequence[Row | None]) -> list[Row]:
    """The rows that are there."""
    return [row for row in rows if row is not None]
