"""Files of contacts with Polars: every row checked and made uniform, a batch at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from sender_app.adapters.contact_files import sheet
from sender_app.adapters.contact_files.detection import detect
from sender_app.adapters.contact_files.phones import normalised
from sender_app.adapters.contact_files.text import Broken, Piece, pieces, records
from sender_app.domain import columns as rules
from sender_app.domain.audience import BadRow
from sender_app.domain.contact_import import Layout
from sender_app.ports.contact_reader import TEXTS, ContactBatch, Rows

LONGEST_CELL = 1_000  # characters; longer cells are not names of people or groups
_SHEET_BATCH = 20_000  # rows
_SPACED = r"\s\s|[^\S ]"  # a line break or a second blank, which would stand in every message


@dataclass(frozen=True, slots=True)
class _Table:
    """Records as columns `n` (row number) and c0, c1 … (text), and those that are none."""

    frame: pl.DataFrame
    broken: list[tuple[int, Broken]]
    done: float


class PolarsContactReader:
    """See ports.contact_reader.ContactReader."""

    def detect(self, path: Path) -> Layout:
        return detect(path)

    def read(
        self, path: Path, layout: Layout, columns: Sequence[str], country: str
    ) -> Iterator[Rows]:
        batches = _Batches(tuple(columns), country)
        tables = _of_sheet(path, layout) if layout.kind == "sheet" else _of_text(path, layout)
        for table in tables:
            yield batches.rows(table, layout.first)


class _Batches:
    """Tables to checked rows, remembering the phones that came before."""

    def __init__(self, columns: tuple[str, ...], country: str) -> None:
        self._country = country
        self._at = {name: f"c{n}" for n, name in enumerate(columns) if name}
        self._own = [name for name in self._at if name not in rules.KNOWN]
        self._seen = pl.Series("phone", [], dtype=pl.Int64)

    def rows(self, table: _Table, first: int) -> Rows:
        cells = [name for name in table.frame.columns if name != "n"]
        frame = table.frame.filter(
            (pl.col("n") >= first) & pl.any_horizontal(pl.col(cells).str.strip_chars() != "")
        )
        used = self._tidied(frame)
        answers = normalised(used["numero"], self._country)
        code = self._problems(used, answers["code"])
        bad = self._bad(frame, used, code, table.broken, first)
        good = self._good(used.with_columns(phone=answers["phone"]).filter(code.is_null()))
        return Rows(good, bad, table.done)

    def _tidied(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Row numbers and the columns in use, by their meaning: trimmed, names in one line."""
        used = frame.select(
            "n", *(pl.col(at).str.strip_chars().alias(n) for n, at in self._at.items())
        )
        marked = [n for n in self._at if n != "numero" and used[n].str.starts_with("'").any()]
        # The mark that keeps a spreadsheet from taking a text for a formula.
        used = used.with_columns(pl.col(n).str.replace(r"^'([=+\-@])", "$1") for n in marked)
        spaced = [n for n in TEXTS if n in self._at and used[n].str.contains(_SPACED).any()]
        return used.with_columns(pl.col(n).str.replace_all(r"\s+", " ") for n in spaced)

    def _problems(self, used: pl.DataFrame, code: pl.Series) -> pl.Series:
        problem = pl.lit(None, dtype=pl.String)
        for name in self._at:
            if (used[name].str.len_bytes() > LONGEST_CELL).any():
                too_long = pl.col(name).str.len_chars() > LONGEST_CELL
                problem = pl.coalesce(
                    problem, pl.when(too_long).then(pl.lit(f"cell_too_long {name}"))
                )
            if used[name].str.contains("\x00", literal=True).any():
                nul = pl.col(name).str.contains("\x00", literal=True)
                problem = pl.coalesce(problem, pl.when(nul).then(pl.lit(f"cell_unreadable {name}")))
        return used.select(pl.coalesce(problem, pl.lit(code))).to_series()

    def _good(self, used: pl.DataFrame) -> ContactBatch:
        number = used["phone"].str.slice(1).cast(pl.Int64)
        again = ~number.is_first_distinct()
        if not (self._seen.is_empty() or (number > self._seen.max()).all()):  # a file in order
            again |= number.is_in(self._seen.implode())
        self._seen = pl.concat([self._seen, number.filter(~again)])
        text = [pl.col(n) if n in self._at else pl.lit("").alias(n) for n in TEXTS]
        own = pl.lit(None, dtype=pl.String)
        if self._own:
            filled = [pl.when(pl.col(n) != "").then(pl.col(n)).alias(n) for n in self._own]
            own = pl.struct(filled).struct.json_encode()
        rows = used.select("n", "phone", *text, own.alias("own"))
        return ContactBatch(
            rows.write_csv(include_header=False).encode(),
            rows.height,
            int(again.sum()),
            last=rows["n"].max() or 0,
            lowest=rows["phone"].min() or "",
            highest=rows["phone"].max() or "",
            full=frozenset(name for name in TEXTS if (rows[name] != "").all()),
            ordered=rows["phone"].is_sorted() and not again.any(),
        )

    def _bad(
        self,
        frame: pl.DataFrame,
        used: pl.DataFrame,
        code: pl.Series,
        broken: Sequence[tuple[int, Broken]],
        first: int,
    ) -> list[BadRow]:
        wrong = code.is_not_null()
        lines = frame.filter(wrong).drop("n").rows()
        found = [
            self._bad_row(n, phone, problem, cells)
            for n, phone, problem, cells in zip(
                used["n"].filter(wrong),
                used["numero"].filter(wrong),
                code.filter(wrong),
                lines,
                strict=True,
            )
        ]
        found += [
            BadRow(n, one.text.strip()[:80], one.code, cells=(one.text.strip(),))
            for n, one in broken
            if n >= first
        ]
        return sorted(found, key=lambda row: row.row) if broken else found

    def _bad_row(self, n: int, phone: str, problem: str, cells: tuple[str, ...]) -> BadRow:
        code, _, column = problem.partition(" ")
        params: dict[str, object] = {"value": phone[:80]}
        if column:
            params = {"column": column, "limit": LONGEST_CELL}
        return BadRow(n, phone[:80].replace("\x00", "\ufffd"), code, params, cells)


def _of_text(path: Path, layout: Layout) -> Iterator[_Table]:
    size = path.stat().st_size or 1
    source = pieces(path, layout.encoding)
    n = 1
    for piece in source:
        if piece.too_long:
            table = _Table(
                _framed([], [], layout.width), [(n, Broken(piece.text, "row_too_long"))], 0
            )
        elif '"' in piece.text:
            table = _quoted(piece, source, layout, n)
        else:
            table = _split(piece.text, layout, n)
        n += table.frame.height + len(table.broken)
        yield _Table(table.frame, table.broken, min(piece.read / size, 1.0))


def _split(text: str, layout: Layout, n: int) -> _Table:
    """Lines without quotation marks, where every delimiter divides cells."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    column = pl.Series("line", lines, dtype=pl.String)
    numbers = pl.int_range(n, n + len(lines), dtype=pl.UInt32, eager=True).alias("n")
    names = [f"c{i}" for i in range(layout.width)]
    cells = column.str.split_exact(layout.delimiter, layout.width - 1).struct.rename_fields(names)
    frame = cells.struct.unnest().with_columns(pl.all().fill_null("")).insert_column(0, numbers)
    wide = column.str.count_matches(layout.delimiter, literal=True) >= layout.width
    if not wide.any():
        return _Table(frame, [], 0)
    at = [
        i
        for i in wide.arg_true()
        if any(map(str.strip, lines[i].split(layout.delimiter)[layout.width :]))
    ]
    broken = [(n + i, Broken(lines[i], "row_too_wide")) for i in at]
    return _Table(frame.filter(~pl.col("n").is_in([number for number, _ in broken])), broken, 0)


def _quoted(piece: Piece, more: Iterator[Piece], layout: Layout, n: int) -> _Table:
    return _table(records(piece.text, layout.delimiter, more), layout, n, 0)


def _of_sheet(path: Path, layout: Layout) -> Iterator[_Table]:
    n = 1
    source = sheet.rows(path, rules.MOST)
    while batch := list(islice(source, _SHEET_BATCH)):
        table = _table((cells for cells, _done in batch), layout, n, batch[-1][1])
        n += len(batch)
        yield table


def _table(found: Iterator[list[str] | Broken], layout: Layout, n: int, done: float) -> _Table:
    width = layout.width
    numbers: list[int] = []
    rows: list[list[str]] = []
    broken: list[tuple[int, Broken]] = []
    for number, record in enumerate(found, start=n):
        if isinstance(record, Broken):
            broken.append((number, record))
        elif len(record) > width and any(map(str.strip, record[width:])):
            broken.append((number, Broken(layout.delimiter.join(record), "row_too_wide")))
        else:
            numbers.append(number)
            rows.append(
                record[:width] if len(record) >= width else record + [""] * (width - len(record))
            )
    return _Table(_framed(numbers, rows, width), broken, done)


def _framed(numbers: list[int], rows: list[list[str]], width: int) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in range(width))
    cells = [pl.Series(f"c{i}", list(one), dtype=pl.String) for i, one in enumerate(columns)]
    return pl.DataFrame([pl.Series("n", numbers, dtype=pl.UInt32), *cells])
