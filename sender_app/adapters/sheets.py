"""CSV and XLSX files; whatever people typed stays text, and is never run as a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

import xlsxwriter

from sender_app.ports.sheets import Cell

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PHONE = re.compile(r"\+\d+")
_ROWS = 1_048_576  # of a sheet


class CsvWriter:
    """See ports.sheets.SheetWriter; UTF-8 with a mark, which Excel wants."""

    media_type = "text/csv; charset=utf-8"

    def write(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows([_plain(cell) for cell in row] for row in rows)
        return text.getvalue().encode("utf-8-sig")


class XlsxWriter:
    """See ports.sheets.SheetWriter."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def write(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"constant_memory": True}) as book:
            heading = book.add_format({"bold": True})
            moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
            sheet = None
            for n, row in enumerate(rows):
                place = n % _ROWS
                if sheet is None or place == 0:
                    sheet = book.add_worksheet()
                    sheet.set_column(0, len(row), 18)
                for column, cell in enumerate(row):
                    if isinstance(cell, datetime):
                        sheet.write_datetime(place, column, cell, moment)
                    elif isinstance(cell, int):
                        sheet.write_number(place, column, cell)
                    elif cell:
                        sheet.write_string(place, column, cell, heading if n == 0 else None)
        return target.getvalue()


def _plain(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    text = "" if cell is None else str(cell)
    is_formula = text.startswith(_FORMULA) and not _PHONE.fullmatch(text)
    return f"'{text}" if is_formula else text
