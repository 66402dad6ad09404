"""An import as the page shows it: plain strings and numbers, ready for the browser."""

from dataclasses import dataclass, field

from sender_app.domain.audience import AudienceRow, BadRow
from sender_app.domain.columns import KNOWN, key_of
from sender_app.domain.contact_import import ContactImport
from sender_app.domain.phone import pretty
from sender_app.text import translate


@dataclass(frozen=True)
class ColumnView:
    """One column of the file: its name, what it holds, and the first of its cells."""

    n: int
    name: str
    meaning: str  # a known column, a name of its own, or "" when it is left out
    own: str  # the name of its own that it has, or would have
    examples: str


@dataclass(frozen=True)
class BadView:
    """One row that cannot be used."""

    row: str
    value: str
    reason: str


@dataclass(frozen=True)
class ImportView:
    """An import with its figures."""

    id: str = ""
    filename: str = ""
    country: str = ""
    status: str = ""
    percent: int = 0
    width: str = "0%"
    good: int = 0
    bad: int = 0
    repeated: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    error: str = ""
    own_names: list[str] = field(default_factory=list)


def import_view(found: ContactImport, lang: str) -> ImportView:
    """An import for the browser, its error in the reader's language."""
    counts = found.counts
    error = ""
    if found.error_code:
        error = translate(lang, f"error.{found.error_code}", **found.error_params)
    return ImportView(
        id=str(found.id),
        filename=found.filename,
        country=found.country,
        status=found.status.value,
        percent=found.progress,
        width=f"{found.progress}%",
        good=counts.good,
        bad=counts.bad,
        repeated=counts.repeated,
        created=counts.created,
        updated=counts.updated,
        unchanged=counts.unchanged,
        error=error,
        own_names=[name for name in found.columns if name and name not in KNOWN],
    )


def column_views(found: ContactImport) -> list[ColumnView]:
    """The file's columns for the browser."""
    layout = found.layout
    return [
        ColumnView(
            n,
            layout.header[n] if n < len(layout.header) else "",
            meaning,
            _own_name(found, n),
            " · ".join(row[n] for row in layout.sample[:3] if n < len(row) and row[n])[:80],
        )
        for n, meaning in enumerate(found.columns)
    ]


def _own_name(found: ContactImport, n: int) -> str:
    """The name that column `n` has or would have, unlike that of any other."""
    if found.columns[n] and found.columns[n] not in KNOWN:
        return found.columns[n]
    name = key_of(found.layout.header[n]) if n < len(found.layout.header) else ""
    others = {*KNOWN, *(found.columns[:n] + found.columns[n + 1 :])}
    return f"{name or 'columna'}_{n + 1}" if not name or name in others else name


def good_views(rows: tuple[AudienceRow, ...]) -> list[dict[str, str]]:
    """Good rows for the browser: values by placeholder."""
    return [row.fields | {"row": str(row.row), "telefono": pretty(row.phone)} for row in rows]


def bad_views(rows: tuple[BadRow, ...], lang: str) -> list[BadView]:
    """Bad rows for the browser, their reasons in the reader's language."""
    return [
        BadView(str(row.row), row.value or "—", translate(lang, f"error.{row.code}", **row.params))
        for row in rows
    ]
