"""Contacts as files for spreadsheets: CSV piece by piece, XLSX through a temporary file."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

import xlsxwriter

from sender_app.domain.spreadsheet import guarded, written_phone
from sender_app.ports.store.contacts import Contact

# As the import reads them, with the contacts' further fields between the two; the latter it leaves
# out for the name that they begin with.
_READ = ("numero", "sustantivo", "nombre", "grupo")
_LEFT_OUT = ("sender_otros_grupos", "sender_baja", "sender_whatsapp")
_ROWS = 1_048_575  # of a sheet, beside its heading


def csv_pieces(pages: Iterable[Sequence[Contact]], fields: Sequence[str]) -> Iterator[bytes]:
    """UTF-8 with a byte order mark, for spreadsheets take it for something else without. `fields`
    names the contacts' further fields; each is a column."""
    yield b"\xef\xbb\xbf" + _lines([(*_READ, *fields, *_LEFT_OUT)])
    for page in pages:
        yield _lines(
            [(written_phone(one.phone), *map(guarded, _cells(one, fields))) for one in page]
        )


def write_xlsx(pages: Iterable[Sequence[Contact]], fields: Sequence[str], file: IO[bytes]) -> None:
    """Write a workbook, with another sheet when one is full; its cells are text, never formulas.
    `fields` as of csv_pieces."""
    columns = (*_READ, *fields, *_LEFT_OUT)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        heading = book.add_format({"bold": True})
        rows = (one for page in pages for one in page)
        full = True
        while full:
            sheet = book.add_worksheet()
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(columns) - 1, 20)
            sheet.write_row(0, 0, columns, heading)
            at = 0
            for at, one in zip(range(1, _ROWS + 1), rows, strict=False):
                for column, text in enumerate((one.phone, *_cells(one, fields))):
                    sheet.write_string(at, column, text)
            full = at == _ROWS


def _cells(one: Contact, fields: Sequence[str]) -> tuple[str, ...]:
    """Everything but the phone."""
    return (
        one.sustantivo,
        one.nombre,
        one.grupo,
        *(one.fields.get(name, "") for name in fields),
        "; ".join(one.more_groups),
        "x" if one.opted_out else "",
        one.whatsapp.value,
    )


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
