"""What all resources of the API have in common: how fields are named, and pages of lists."""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from sender_app.domain.errors import RuleViolation
from sender_app.ports.pages import Page

Item = TypeVar("Item")
Row = TypeVar("Row")
NO_NUL = r"^[^\x00]*$"  # Postgres keeps no text with it

Name = Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)]
Text = Annotated[str, StringConstraints(max_length=4096, pattern=NO_NUL)]
Typed = Annotated[
    str,
    StringConstraints(min_length=1, max_length=60, pattern=NO_NUL),
    Field(
        description="A phone as people type it; without a country code it is of the workspace's."
    ),
]
E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]


class Shown(BaseModel):
    """Base of what is answered."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class Asked(BaseModel):
    """Base of what is sent: a field that nobody knows is an error."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class PageOf(Shown, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next: str | None = Field(
        description="The `cursor` of the next page; null on the last one. What is added or taken "
        "away meanwhile neither repeats nor hides anything else."
    )


Cursor = Annotated[
    str | None,
    Query(max_length=1000, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of the page before."),
]
Limit = Annotated[int, Query(ge=1, le=200, description="The most items of a page.")]


def page_of(page: Page[Row], view: Callable[[Row], Any] = lambda row: row) -> dict[str, Any]:
    """A page as it is answered, its cursor in letters that need no escape in an address."""
    after = (
        base64.urlsafe_b64encode(page.next.encode()).rstrip(b"=").decode() if page.next else None
    )
    return {"items": [view(row) for row in page.rows], "next": after}


def whole(rows: Any) -> dict[str, Any]:
    """A list that is short enough for one page."""
    return {"items": list(rows), "next": None}


def start_of(cursor: str | None) -> str | None:
    """The store's own cursor. Raises RuleViolation("cursor_unreadable")."""
    if cursor is None:
        return None
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RuleViolation("cursor_unreadable") from error
