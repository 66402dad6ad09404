"""Rejected rows as lines of a file that a person can mend and import again."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from sender_app.domain.audience import BadRow
from sender_app.domain.columns import OURS
from sender_app.domain.contact_import import Layout

BOM = "\ufeff"  # so that spreadsheets read it as UTF-8
_DELIMITER = ";"  # what they divide by where a comma stands in numbers, and Sender finds by itself


def first_line(layout: Layout) -> str:
    """The names of the columns, those of Sender first."""
    names = list(layout.header) or ["" for _ in range(layout.width)]
    return BOM + _line([f"{OURS}fila", f"{OURS}motivo", *names])


def lines(rows: Iterable[BadRow], reason: Callable[[BadRow], str]) -> str:
    """Each row as it was, behind its number and what is wrong with it."""
    return "".join(_line([str(row.row), reason(row), *row.cells]) for row in rows)


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=_DELIMITER, lineterminator="\r\n").writerow(map(_harmless, cells))
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A spreadsheet takes some texts for formulas; a mark in front keeps it from that."""
    cell = cell.replace("\x00", "\ufffd")
    looks_like_a_number = cell[:1] in "+-" and cell[1:].replace(" ", "").replace("-", "").isdigit()
    if cell[:1] in "=@+-\t\r" and cell and not looks_like_a_number:
        return f"'{cell}"
    return cell
