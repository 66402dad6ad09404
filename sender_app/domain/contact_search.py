"""What a person types to find contacts: text folded into words and digits, one way everywhere."""

import re
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import normalize
from uuid import UUID

import phonenumbers

from sender_app.domain.errors import RuleViolation

LONGEST_SEARCH = 100  # characters
_MARKS = dict.fromkeys(range(768, 880))
# As in the database's function `contact_words`.
_BETWEEN_WORDS = dict.fromkeys(map(ord, ".,;:-_/\\|()[]{}<>\"'`´&+*#@!?¡¿=~^%$\t\n\r"), " ")
_DIALLED = re.compile(r"^[\d\s()+./-]*\d[\d\s()+./-]*$")


class ContactSort(StrEnum):
    """Orders of the book. Whoever has no name, or no group, comes last by it."""

    NAME = "name"
    NEWEST = "newest"  # the latest to join the book first
    PHONE = "phone"
    GROUP = "group"  # by the first group's name


class OnWhatsapp(StrEnum):
    """What the last look said about a number."""

    UNKNOWN = "unknown"  # nobody looked yet
    PRESENT = "present"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class ContactQuery:
    """Which contacts, in which order. A search sorts by likeness: names that begin with it first,
    then whatever else has it, each by name; `sort` and `backwards` are for lists without one."""

    search: str = ""
    group_id: UUID | None = None
    opted_out: bool | None = None
    whatsapp: OnWhatsapp | None = None
    sort: ContactSort = ContactSort.NAME
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """A search taken apart. `phones` are beginnings of E.164 numbers, when it reads as one."""

    key: str  # the whole text, folded: names may begin with it
    words: tuple[str, ...]  # each begins a word of the name or a group, or a phone's last digits
    phones: tuple[str, ...] = ()


def query_of(search: str, group: str, standing: str, sort: str, backwards: bool) -> ContactQuery:
    """The query of what was chosen on the page, all as text; `standing` is in, out or what WhatsApp
    said. Raises ValueError for what cannot be chosen."""
    opted_out = {"out": True, "in": False}.get(standing)
    said = standing if standing and opted_out is None else ""
    return ContactQuery(
        search,
        UUID(group) if group else None,
        opted_out,
        OnWhatsapp(said) if said else None,
        ContactSort(sort or ContactSort.NAME),
        backwards,
    )


def fold(text: str) -> str:
    """Lower case, without accents: the database's function `contact_key`, in Python."""
    if text.isascii():
        return text.lower()
    return normalize("NFKD", text.lower()).translate(_MARKS)


def words_of(key: str) -> list[str]:
    """The words of a folded text: the database's function `contact_words`, in Python."""
    return [word for word in key.translate(_BETWEEN_WORDS).split(" ") if word]


def take_apart(text: str, country: str) -> Search:
    """The search in `text`; phones without a country code are read as dialled in `country`.

    Raises RuleViolation("search_too_long").
    """
    if len(text) > LONGEST_SEARCH:
        raise RuleViolation("search_too_long", limit=LONGEST_SEARCH)
    typed = text.replace("\x00", "").strip()
    key = fold(typed)
    if _DIALLED.match(typed):
        digits = re.sub(r"\D", "", typed)
        return Search(key, (digits,), _phones(typed, digits, country))
    return Search(key, tuple(dict.fromkeys(words_of(key))))


def _phones(typed: str, digits: str, country: str) -> tuple[str, ...]:
    if typed.startswith("+"):
        return (f"+{digits}",)
    if digits.startswith("00"):
        return (f"+{digits[2:]}",)
    code = phonenumbers.country_code_for_region(country)
    national = f"+{code}{digits.lstrip('0')}"
    return (national,) if digits.startswith("0") else (national, f"+{digits}")
