"""Reading files of contacts: what a file looks like, and its rows in batches of bounded size."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sender_app.domain.audience import AudienceRow, BadRow
from sender_app.domain.contact_import import Layout

TEXTS = ("nombre", "sustantivo", "grupo")  # what every row has beside its phone


@dataclass(frozen=True, slots=True)
class ContactBatch:
    """Good rows, as CSV that a database can copy: one pass from the file to the store."""

    csv: (
        bytes  # UTF-8, RFC 4180, no header: row, phone, nombre, sustantivo, grupo, own (JSON or "")
    )
    count: int
    repeated: int  # rows whose phone came before, here or in an earlier batch of the same file
    last: int  # the greatest row number, 0 without rows
    lowest: str  # the first and the last of the phones, by their characters
    highest: str
    full: frozenset[str]  # of TEXTS those that no row lacks
    ordered: bool  # whether each phone is greater than the one before

    @classmethod
    def of(cls, rows: Iterable[AudienceRow]) -> "ContactBatch":
        """A batch of rows that are at hand, with all of their phones' repetitions among them."""
        text, phones, count, last = io.StringIO(), set[str](), 0, 0
        full, ordered, before = set(TEXTS), True, ""
        writer = csv.writer(text, lineterminator="\n")
        for row in rows:
            filled = {name: value for name, value in row.own.items() if value}
            own = json.dumps(filled, ensure_ascii=False) if filled else ""
            writer.writerow((row.row, row.phone, row.nombre, row.sustantivo, row.grupo, own))
            phones.add(row.phone)
            ordered, before = ordered and row.phone > before, row.phone
            full -= {name for name in TEXTS if not getattr(row, name).strip()}
            count, last = count + 1, max(last, row.row)
        ends = min(phones, default=""), max(phones, default="")
        repeated = count - len(phones)
        content = text.getvalue().encode()
        return cls(content, count, repeated, last, *ends, frozenset(full), ordered)

    def rows(self) -> Iterator[AudienceRow]:
        """The rows, read back."""
        for row, phone, nombre, sustantivo, grupo, own in csv.reader(
            io.StringIO(self.csv.decode(), newline="")
        ):
            values = {key: value for key, value in json.loads(own or "{}").items() if value}
            yield AudienceRow(int(row), phone, nombre, sustantivo, grupo, values)


@dataclass(frozen=True, slots=True)
class Rows:
    """One batch of a file's rows; blank ones are left out."""

    good: ContactBatch
    bad: Sequence[BadRow]
    done: float  # how much of the file has been read, 0 to 1


class ContactReader(Protocol):
    """Reads files that anybody made; memory stays bounded whatever they hold."""

    def detect(self, path: Path) -> Layout:
        """What the file looks like, from its beginning.

        Raises RuleViolation when there is no table in it: `file_empty`, `file_binary`,
        `file_too_many_columns`, `file_line_too_long`, and for sheets `sheet_old`, `sheet_damaged`,
        `sheet_too_large`. Which column holds the phone may stay open.
        """
        ...

    def read(
        self, path: Path, layout: Layout, columns: Sequence[str], country: str
    ) -> Iterator[Rows]:
        """Every row, good or bad; phones are read as dialled in `country` (ISO 3166 alpha-2).

        `columns` says what each column holds. Good and bad rows together are all the rows that
        are not blank. Raises RuleViolation as `detect` does.
        """
        ...
