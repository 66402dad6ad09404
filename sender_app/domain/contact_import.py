"""A file of contacts on its way into the address book: its states, and what is known of it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sender_app.domain.audience import AudienceRow, BadRow
from sender_app.domain.errors import RuleViolation


class ImportStatus(StrEnum):
    """States of an import."""

    READY = "ready"  # kept; waits for a person to say what its columns hold
    CHECKING = "checking"  # a job reads it through, changing nothing
    CHECKED = "checked"  # waits for a person to go on
    IMPORTING = "importing"  # a job brings it into the address book, as a whole or not at all
    DONE = "done"
    FAILED = "failed"  # for `error_code`; nothing was imported
    CANCELLED = "cancelled"  # nothing was imported


BUSY = frozenset({ImportStatus.CHECKING, ImportStatus.IMPORTING})
_MOVES = {
    "check": (
        {ImportStatus.READY, ImportStatus.CHECKED, ImportStatus.FAILED},
        ImportStatus.CHECKING,
    ),
    "start": ({ImportStatus.CHECKED}, ImportStatus.IMPORTING),
    "cancel": (
        {ImportStatus.READY, ImportStatus.CHECKED, ImportStatus.FAILED, *BUSY},
        ImportStatus.CANCELLED,
    ),
}
MOST_TRIES = 3  # jobs that may die over one order before a person is told


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written."""

    kind: str  # "text" or "sheet"
    encoding: str  # of a text: utf-8, utf-16-le, utf-16-be, cp1252 or latin-1
    delimiter: str  # of a text
    header: tuple[str, ...]  # names of the columns as written; empty when there is no header
    width: int  # columns
    first: int  # number of the first row of data, from 1
    columns: tuple[str, ...]  # what each column seems to hold; see domain.columns
    sample: tuple[tuple[str, ...], ...]  # the first rows of data


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a file, and what they are to the address book."""

    good: int = 0
    bad: int = 0
    repeated: int = 0  # good rows whose phone came before in the file
    created: int = 0  # contacts that are new
    updated: int = 0  # contacts that get another value
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class ContactImport:
    """One file, and how far it got. Counts of contacts are what is expected until it is DONE."""

    id: UUID
    workspace_id: UUID
    user_id: str
    filename: str
    size: int  # bytes
    country: str  # whose way of dialling the phones are read by
    layout: Layout
    columns: tuple[str, ...]  # what each column holds; see domain.columns
    status: ImportStatus
    attempt: int
    tries: int
    progress: int  # percent of the present step
    counts: Counts
    created_at: datetime
    good_rows: tuple[AudienceRow, ...] = ()  # the first of them
    bad_rows: tuple[BadRow, ...] = ()  # the first of them
    error_code: str | None = None
    error_params: dict[str, object] = field(default_factory=dict)
    finished_at: datetime | None = None


def after(move: str, status: ImportStatus) -> ImportStatus:
    """The state that `move` leads to; raises RuleViolation where it does not lead on."""
    allowed, target = _MOVES[move]
    if status not in allowed:
        raise RuleViolation("import_move_refused")
    return target


def sources(move: str) -> frozenset[ImportStatus]:
    """The states that `move` leads on from."""
    return frozenset(_MOVES[move][0])
