"""Contacts as files for spreadsheets: CSV piece by piece, XLSX through a temporary file."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

import xlsxwriter

from sender_app.domain.spreadsheet import guarded, written_phone
from sender_app.ports.store import Contact

# As the import reads them, and after them what it leaves out for the name that they begin with.
COLUMNS = (
    *("numero", "sustantivo", "nombre", "grupo"),
    *("sender_otros_grupos", "sender_baja", "sender_whatsapp"),
)
_ROWS = 1_048_575  # of a sheet, beside its heading


def csv_pieces(pages: Iterable[Sequence[Contact]]) -> Iterator[bytes]:
    """UTF-8 with a byte order mark, for spreadsheets take it for something else without."""
    yield b"\xef\xbb\xbf" + _lines([COLUMNS])
    for page in pages:
        yield _lines([(written_phone(one.phone), *map(guarded, _cells(one))) for one in page])


def write_xlsx(pages: Iterable[Sequence[Contact]], file: IO[bytes]) -> None:
    """Write a workbook, with another sheet when one is full; its cells are text, never formulas."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        heading = book.add_format({"bold": True})
        rows = (one for page in pages for one in page)
        full = True
        while full:
            sheet = book.add_worksheet()
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(COLUMNS) - 1, 20)
            sheet.write_row(0, 0, COLUMNS, heading)
            at = 0
            for at, one in zip(range(1, _ROWS + 1), rows, strict=False):
                for column, text in enumerate((one.phone, *_cells(one))):
                    sheet.write_string(at, column, text)
            full = at == _ROWS


def _cells(one: Contact) -> tuple[str, ...]:
    """Everything but the phone."""
    return (
        one.sustantivo,
        one.nombre,
        one.grupo,
        "; ".join(one.more_groups),
        "x" if one.opted_out else "",
        one.whatsapp.value,
    )


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
