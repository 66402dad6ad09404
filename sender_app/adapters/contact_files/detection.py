"""What a file of contacts looks like, from its beginning."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from sender_app.adapters.contact_files import sheet
from sender_app.adapters.contact_files.text import Broken, pieces, records
from sender_app.domain import columns as rules
from sender_app.domain.contact_import import Layout
from sender_app.domain.errors import RuleViolation

_SAMPLE = 128 * 1024  # bytes
_ROWS = 100  # records looked at
_SHOWN = 5
_FEW = 16  # control characters that a short text may have
_TITLE_ROWS = 10  # above a header there may be a title
_DELIMITERS = (";", "\t", "|", ",")  # the first of equals wins
_BINARY = (b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")
_HINT = re.compile(r"^sep=(.)\n")
_PHONE = re.compile(r"""^["'=+(]*[\d][\d\s().+\-/\u00a0]{5,}["]?$|^\d[.,]\d+[eE]\+?\d+$""")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def detect(path: Path) -> Layout:
    """See ports.contact_reader.ContactReader."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    if not head:
        raise RuleViolation("file_empty")
    if head.startswith(b"PK\x03\x04"):
        return _layout("sheet", "", "", _first_of_sheet(path))
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise RuleViolation("sheet_old")
    if head.startswith(_BINARY):
        raise RuleViolation("file_binary")
    return _of_text(path, head)


def _first_of_sheet(path: Path) -> list[list[str]]:
    found: list[list[str]] = []
    for cells, _done in sheet.rows(path, rules.MOST):
        found.append(cells)
        if len(found) >= _ROWS:
            break
    return found


def _of_text(path: Path, head: bytes) -> Layout:
    encoding = encoding_of(head)
    first = next(pieces(path, encoding, _SAMPLE), None)
    if first is None:
        raise RuleViolation("file_empty")
    if first.too_long:
        raise RuleViolation("file_line_too_long")
    text = first.text[:_SAMPLE]
    if len(_CONTROL.findall(text)) > max(_FEW, len(text) // 20):
        raise RuleViolation("file_binary")
    hint = _HINT.match(text)
    delimiter = hint[1] if hint else delimiter_of(text)
    sample: list[list[str]] = []
    for record in records(text, delimiter, iter(())):
        sample.append([] if isinstance(record, Broken) or (hint and not sample) else record)
        if len(sample) >= _ROWS:
            break
    return _layout("text", encoding, delimiter, sample)


def encoding_of(head: bytes) -> str:
    """The encoding that the beginning of a text shows."""
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) // 5:  # Latin letters in 16 bits: every other byte is nought
        return "utf-16-be" if even > odd else "utf-16-le"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
        return "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        head.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def delimiter_of(text: str) -> str:
    """The mark that divides the lines into the same number of cells most often.

    Where several do, the one whose first line has names of columns that are known.
    """
    lines = [line for line in text.split("\n")[:_ROWS] if line.strip()]

    def score(mark: str) -> tuple[int, float, int]:
        table = _parsed(lines, mark)
        widths = [len(record) for record in table] or [1]
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        named = sum(bool(rules.meaning_of(cell)) for cell in table[0]) if widths[0] > 1 else 0
        return named, widths.count(usual) / len(widths) if usual > 1 else 0, usual

    scores = {mark: score(mark) for mark in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda mark: scores[mark])
    return best if scores[best][:2] > (0, 0) else ","


def _parsed(lines: Iterable[str], mark: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO("\n".join(lines), newline=""), delimiter=mark))
    except csv.Error:
        return [line.split(mark) for line in lines]


def _layout(kind: str, encoding: str, delimiter: str, sample: Sequence[list[str]]) -> Layout:
    rows = [[cell.strip() for cell in row] for row in sample]
    filled = [n for n, row in enumerate(rows) if any(row)]
    if not filled:
        raise RuleViolation("file_empty")
    header = _header_at(rows, filled)
    first = filled[0] if header is None else header + 1
    data = [row for row in rows[first:] if any(row)]
    names = rows[header] if header is not None else []
    width = max([len(names), *(len(row) for row in data)], default=0) if not names else len(names)
    while names and width > 1 and not names[-1] and not any(row[width - 1 : width] for row in data):
        names, width = names[:-1], width - 1
    if width > rules.MOST:
        raise RuleViolation("file_too_many_columns", limit=rules.MOST)
    shares = [_phone_share(row[n] if n < len(row) else "" for row in data) for n in range(width)]
    columns = rules.suggested(names, shares) if names else rules.suggested_without_header(shares)
    shown_rows = tuple(
        tuple((row + [""] * width)[n][:200] for n in range(width)) for row in data[:_SHOWN]
    )
    return Layout(kind, encoding, delimiter, tuple(names), width, first + 1, columns, shown_rows)


def _header_at(rows: Sequence[list[str]], filled: Sequence[int]) -> int | None:
    """The index of the row with names, None where there is none."""
    for n in filled[:_TITLE_ROWS]:
        if "numero" in map(rules.meaning_of, rows[n]):
            return n
    first = filled[0]
    if any(map(rules.meaning_of, rows[first])):
        return first
    has_phone = [any(_PHONE.match(cell) for cell in rows[n]) for n in filled]
    return first if not has_phone[0] and any(has_phone[1:]) else None


def _phone_share(cells: Iterable[str]) -> float:
    filled = [cell for cell in cells if cell]
    return sum(bool(_PHONE.match(cell)) for cell in filled) / len(filled) if filled else 0.0
