"""Cursors of lists: behind what the next page goes on, as text that people's browsers keep."""

import json
from datetime import datetime
from uuid import UUID

from sender_app.domain.errors import RuleViolation


def key_at(cursor: str | None) -> UUID | None:
    """The key that a page begins behind. Raises RuleViolation("cursor_unreadable")."""
    try:
        return UUID(cursor) if cursor else None
    except ValueError as error:
        raise RuleViolation("cursor_unreadable") from error


def book_cursor(part: int, key: str | None, contact_id: UUID | str) -> str:
    """Behind a contact, sorted by `key` in a part of a search's order."""
    return json.dumps([part, key, str(contact_id)])


def book_place(cursor: str | None) -> tuple[int, str, UUID | None]:
    """What `book_cursor` was made of; no contact at the beginning. Raises RuleViolation."""
    if not cursor:
        return 0, "", None
    try:
        part, key, after = json.loads(cursor)
        return int(part), str(key).replace("\x00", ""), UUID(after)
    except (ValueError, TypeError, AttributeError) as error:
        raise RuleViolation("cursor_unreadable") from error


def time_cursor(at: datetime, key: str) -> str:
    """Behind what happened at a time, to something called `key`."""
    return json.dumps([at.isoformat(), key])


def time_place(cursor: str | None) -> tuple[datetime | None, str]:
    """What `time_cursor` was made of; no time at the beginning. Raises RuleViolation."""
    if not cursor:
        return None, ""
    try:
        at, key = json.loads(cursor)
        return datetime.fromisoformat(at), str(key).replace("\x00", "")
    except (ValueError, TypeError) as error:
        raise RuleViolation("cursor_unreadable") from error
