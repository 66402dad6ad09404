"""Whom a campaign is for, as somebody chose it from the book: several sources, each person once."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sender_app.domain.contact_search import ContactQuery, query_of
from sender_app.domain.errors import RuleViolation

MOST_CHOSEN = 1_000  # contacts picked one by one, and groups
LONGEST_REST = 365  # days


class Source(StrEnum):
    """Where people of an audience come from."""

    FILE = "file"  # a file uploaded for this campaign
    GROUPS = "groups"  # whoever is in one of some groups
    CONTACTS = "contacts"  # picked one by one
    FILTER = "filter"  # whoever a search of the book finds
    EARLIER = "earlier"  # whom an earlier campaign did not reach


@dataclass(frozen=True, slots=True)
class BookFilter:
    """A search of the book, as the contacts page has it; nothing chosen means everybody."""

    search: str = ""
    group: str = ""  # an id
    standing: str = ""  # in, out, or what WhatsApp said

    @property
    def query(self) -> ContactQuery:
        """The same as a query. Raises RuleViolation("filter_unreadable")."""
        try:
            return query_of(self.search, self.group, self.standing, "", False)
        except ValueError as error:
            raise RuleViolation("filter_unreadable") from error


@dataclass(frozen=True, slots=True)
class AudienceChoice:
    """People of the book, from any sources together, and how long they shall have had their rest.

    `rest_days` leaves out whoever was written to in so many days before the start: 0 nobody, None
    as the workspace has it.
    """

    groups: tuple[UUID, ...] = ()
    contacts: tuple[UUID, ...] = ()
    filter: BookFilter | None = None
    earlier: UUID | None = None  # a campaign
    rest_days: int | None = None

    def checked(self) -> "AudienceChoice":
        """Itself; raises RuleViolation for what cannot be chosen."""
        if max(len(self.groups), len(self.contacts)) > MOST_CHOSEN:
            raise RuleViolation("too_many_at_once", limit=MOST_CHOSEN)
        if self.rest_days is not None:
            checked_rest(self.rest_days)
        if self.filter is not None:
            _ = self.filter.query
        return self

    def to_config(self) -> dict[str, Any]:
        """As `campaigns.audience` keeps it, beside the file; nothing of what was not chosen."""
        config = {
            "groups": [str(one) for one in self.groups],
            "contacts": [str(one) for one in self.contacts],
            "earlier": str(self.earlier) if self.earlier else "",
        }
        kept: dict[str, Any] = {name: value for name, value in config.items() if value}
        if self.filter is not None:
            kept["filter"] = {
                "search": self.filter.search,
                "group": self.filter.group,
                "standing": self.filter.standing,
            }
        if self.rest_days is not None:
            kept["rest_days"] = self.rest_days
        return kept


def choice_from(config: Mapping[str, Any]) -> AudienceChoice:
    """The choice of a stored campaign."""
    found, earlier = config.get("filter"), config.get("earlier")
    return AudienceChoice(
        tuple(UUID(one) for one in config.get("groups", ())),
        tuple(UUID(one) for one in config.get("contacts", ())),
        None if found is None else BookFilter(**found),
        UUID(earlier) if earlier else None,
        config.get("rest_days"),
    )


def checked_rest(days: int) -> int:
    """A number of days; raises RuleViolation("rest_invalid")."""
    if not 0 <= days <= LONGEST_REST:
        raise RuleViolation("rest_invalid", limit=LONGEST_REST)
    return days
