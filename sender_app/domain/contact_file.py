"""A file of contacts: bytes to rows, good and bad, without ever giving up on the good ones."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from unicodedata import combining, normalize

from sender_app.domain import phone as phones
from sender_app.domain.audience import AudienceRow, BadRow
from sender_app.domain.errors import RuleViolation

COLUMNS = ("numero", "sustantivo", "nombre", "grupo")  # the order of a file without a header
_NAMES = {
    "numero": "numero number phone telefono tel celular cel whatsapp movil mobile fone telefone",
    "sustantivo": "sustantivo tratamiento titulo title treatment tratamento",
    "nombre": "nombre name cliente customer nome",
    "grupo": "grupo group segmento segment categoria category",
}
_COLUMN_OF = {name: column for column, names in _NAMES.items() for name in names.split()}
_LONGEST_CELL = 1_000  # characters; longer cells are not names of people or groups


@dataclass(frozen=True, slots=True)
class ContactFile:
    """What a file holds: `good` has each phone once, the last of its rows winning."""

    good: list[AudienceRow]
    bad: list[BadRow]
    duplicates: int  # good rows merged into another of the same phone
    columns: tuple[str, ...]  # known columns found, in the file's order


def read(content: bytes, country: str) -> ContactFile:
    """Read `content`; phones without a country code are read as dialled in `country`.

    Raises RuleViolation when there is no table in it: `file_empty`, `file_binary`,
    `file_no_phone_column`.
    """
    records = list(_records(_text(content)))
    if not any(any(cell.strip() for cell in record) for record in records):
        raise RuleViolation("file_empty")
    columns, first = _header(records)
    if "numero" not in columns:
        raise RuleViolation("file_no_phone_column", columns=", ".join(records[0]))
    good: dict[str, AudienceRow] = {}
    bad: list[BadRow] = []
    read_rows = 0
    for number, record in enumerate(records[first:], start=first + 1):
        cells = dict(zip(columns, (cell.strip() for cell in record), strict=False))
        if not any(cells.values()):
            continue
        try:
            row = _row(number, cells, country)
        except RuleViolation as problem:
            bad.append(BadRow(number, cells.get("numero", ""), problem.code, problem.params))
            continue
        read_rows += 1
        good[row.phone] = _merged(good.get(row.phone), row)
    found = tuple(column for column in columns if column)
    return ContactFile(list(good.values()), bad, read_rows - len(good), found)


def _merged(before: AudienceRow | None, row: AudienceRow) -> AudienceRow:
    """The later row, with blanks filled from the earlier one and in the earlier one's place."""
    if before is None:
        return row
    return AudienceRow(
        before.row,
        row.phone,
        row.nombre or before.nombre,
        row.sustantivo or before.sustantivo,
        row.grupo or before.grupo,
    )


def _row(number: int, cells: dict[str, str], country: str) -> AudienceRow:
    for column, cell in cells.items():
        if len(cell) > _LONGEST_CELL:
            raise RuleViolation("cell_too_long", column=column, limit=_LONGEST_CELL)
        if "\x00" in cell:
            raise RuleViolation("cell_unreadable", column=column)
    phone = phones.normalise(cells.get("numero", ""), country)
    return AudienceRow(
        number,
        phone,
        nombre=cells.get("nombre", ""),
        sustantivo=cells.get("sustantivo", ""),
        grupo=cells.get("grupo", ""),
    )


def _text(content: bytes) -> str:
    if content[:4] == b"PK\x03\x04" or content[:4] == b"\xd0\xcf\x11\xe0":
        raise RuleViolation("file_is_spreadsheet")
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RuleViolation("file_binary")


def _records(text: str) -> Iterator[Sequence[str]]:
    sample = text[:16_384]
    delimiter = max(",;\t|", key=lambda mark: (sample.count(mark), mark == ","))
    csv.field_size_limit(10_000_000)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise RuleViolation("file_binary") from error


def _header(records: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], int]:
    """The columns ("" for unknown ones), and the index of the first data record."""
    names = [_COLUMN_OF.get(_plain(cell), "") for cell in records[0]]
    if any(names):
        seen: set[str] = set()
        columns = tuple("" if name in seen or seen.add(name) else name for name in names)
        return columns, 1
    return COLUMNS, 0


def _plain(text: str) -> str:
    """Lower case, without accents, spaces around or a byte order mark."""
    letters = normalize("NFKD", text.strip().strip("\ufeff").lower())
    return "".join(letter for letter in letters if not combining(letter))
