"""The first filled sheet of an XLSX workbook, row by row, as text.

Rows are streamed (openpyxl), never laid out as a grid: a sheet of two cells in opposite corners
has 17 thousand million places between them, which ends a process that makes room for them.
"""

import errno
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from sender_app.domain.errors import RuleViolation

MOST = 256 * 1024 * 1024  # bytes of all parts unpacked
_MOST_STRINGS = 96 * 1024 * 1024  # bytes of the table of texts, which is kept in memory
_MOST_PARTS = 2_000
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what spreadsheets use
_READ = 1024 * 1024
_OF_ARCHIVES = (None, errno.EINVAL)  # places before the file's beginning
_DAMAGED = (  # what the two libraries raise over archives and sheets that contradict themselves
    *(zipfile.BadZipFile, zlib.error, InvalidFileException, ParseError, KeyError, ValueError),
    *(TypeError, AttributeError, IndexError, EOFError, NotImplementedError),
    RuntimeError,  # of zipfile: a part is encrypted
)


def rows(path: Path, most_columns: int) -> Iterator[tuple[list[str], float]]:
    """Each row from row 1 on, blank ones included, and which part of the sheet it ends.

    Of a row with more than `most_columns` cells the last comes behind the first of them. Raises
    RuleViolation: `sheet_too_large` before anything is unpacked into memory, `sheet_damaged`,
    `file_empty`.
    """
    for row, part in _cells(path):
        yield _cut(_texts(row), most_columns), part


def _cells(path: Path) -> Iterator[tuple[Sequence[object], float]]:
    """What the libraries read, so that only theirs counts as damage."""
    with _damage_told(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles and extensions, which are not read
        _guard(path)
        with _opened(path) as workbook:
            for sheet in workbook.worksheets:
                last = sheet.max_row or 0
                sheet.reset_dimensions()  # they may say anything
                empty = True
                cells = sheet.iter_rows(values_only=True)
                for number, row in enumerate(cells, start=1):
                    empty = empty and not any(cell is not None for cell in row)
                    yield row, min(number / last, 1.0) if last else 0.0
                if not empty:
                    return
    raise RuleViolation("file_empty")


@contextmanager
def _opened(path: Path):
    with path.open("rb") as file:  # a path would be judged by the end of its name
        workbook = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            yield workbook
        finally:
            workbook.close()


@contextmanager
def _damage_told():
    try:
        yield
    except _DAMAGED as error:
        raise RuleViolation("sheet_damaged") from error
    except OSError as error:
        if error.errno not in _OF_ARCHIVES:  # else the disk's fault, not the file's
            raise
        raise RuleViolation("sheet_damaged") from error


def _texts(row: Sequence[object]) -> list[str]:
    texts = [_text(cell) for cell in row]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _cut(texts: list[str], most: int) -> list[str]:
    return texts if len(texts) <= most else [*texts[:most], texts[-1]]


def _text(cell: object) -> str:
    match cell:
        case None:
            return ""
        case str():
            return cell
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 1e16 else repr(cell)
        case datetime():
            return str(cell.date() if cell.time() == time() else cell)
        case bool() | int() | date() | time() | timedelta():
            return str(cell)
    return ""


def _guard(path: Path) -> None:
    """Unpack everything once without keeping it: what the archive says of sizes may be a lie."""
    total = 0
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if "xl/workbook.xml" not in archive.namelist():
            raise RuleViolation("sheet_damaged")
        if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST:
            raise _too_large()
        if any(part.compress_type not in _PACKINGS for part in parts):
            raise RuleViolation("sheet_damaged")
        for part in parts:
            limit = _MOST_STRINGS if part.filename.lower().endswith("strings.xml") else MOST
            part.file_size = MOST + 1  # so that reading goes to the true end
            size = 0
            with archive.open(part) as unpacked:
                while block := unpacked.read(_READ):
                    size, total = size + len(block), total + len(block)
                    if size > limit or total > MOST:
                        raise _too_large()


def _too_large() -> RuleViolation:
    return RuleViolation("sheet_too_large", limit_mb=MOST // 1024 // 1024)
