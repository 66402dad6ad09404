"""Files of contacts for tests, and what a reader finds in them."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl import Workbook

from sender_app.adapters.contact_files.reader import PolarsContactReader
from sender_app.domain.audience import AudienceRow, BadRow
from sender_app.domain.columns import checked
from sender_app.domain.contact_import import Layout


@dataclass
class Found:
    layout: Layout
    good: list[AudienceRow]
    bad: list[BadRow]
    repeated: int


def read(path: Path, content: bytes | None = None, country: str = "PY") -> Found:
    """Everything in a file; with `content`, of a file that holds it."""
    if content is not None:
        path.write_bytes(content)
    reader = PolarsContactReader()
    layout = reader.detect(path)
    found = Found(layout, [], [], 0)
    for rows in reader.read(path, layout, checked(layout.columns), country):
        found.good += rows.good.rows()
        found.bad += rows.bad
        found.repeated += rows.good.repeated
    return found


def workbook(rows: Iterable[Sequence[object]], title: str = "Hoja1") -> bytes:
    """An XLSX file with one sheet."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
