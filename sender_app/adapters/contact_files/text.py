"""The bytes of a text table to pieces of whole lines, then to records.

Nothing here grows with the file: a line has a longest length, and so has a record whose quotation
mark is never closed.
"""

import codecs
import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PIECE = 512 * 1024  # bytes read at once: the store takes one in while the next is read
FIRST_PIECE = 64 * 1024  # bytes read at first, then twice as many: so the store begins soon
LONGEST_LINE = 1024 * 1024  # characters
_LONGEST_RECORD = 200  # lines that a quoted cell may go over
csv.field_size_limit(LONGEST_LINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole lines; `too_long` holds the beginning of one line that was cut off instead."""

    text: str  # ends with a line break, but for the last piece
    read: int  # bytes of the file read so far
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that could not be read as one; `code` says why."""

    text: str
    code: str


def pieces(path: Path, encoding: str, size: int = FIRST_PIECE) -> Iterator[Piece]:
    """The file's text, line breaks as `\\n`, without a byte order mark.

    `size` is how many bytes are read at first; each piece is of twice as many, up to PIECE.
    """
    with path.open("rb") as file:
        yield from _cut(file, encoding, size)


def _cut(file: BinaryIO, encoding: str, size: int) -> Iterator[Piece]:
    decode = _decoder(encoding)
    rest, skipping = "", False
    while True:
        block = file.read(size)
        size = min(2 * size, max(size, PIECE))
        text = rest + decode(block, not block)
        if skipping:
            end = _first_break(text)
            text, skipping = (text[end:], False) if end else ("", True)
        cut = _last_break(text, final=not block)
        if cut:
            yield Piece(_unified(text[:cut]), file.tell())
        rest = text[cut:]
        if len(rest) > LONGEST_LINE:
            yield Piece(rest[:200], file.tell(), too_long=True)
            rest, skipping = "", True
        if not block:
            return


def _first_break(text: str) -> int:
    """The position behind the first line break, 0 when there is none."""
    ends = [end for end in (text.find("\n"), text.find("\r")) if end >= 0]
    return min(ends) + 1 if ends else 0


def _last_break(text: str, *, final: bool) -> int:
    """The position behind the last line break that surely is whole."""
    if final:
        return len(text)
    last = max(text.rfind("\n"), text.rfind("\r"))
    if last == len(text) - 1 and text.endswith("\r"):  # its \n may come with the next block
        last = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1))
    return last + 1


def _unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _decoder(encoding: str):
    """A function of bytes and finality to text."""
    if encoding.startswith("utf-16"):
        wide = codecs.getincrementaldecoder(encoding)("replace")
        return lambda block, final: wide.decode(block, final).removeprefix("\ufeff")
    return _Lines(encoding).decode


class _Lines:
    """Decodes 8-bit text: UTF-8 where a line is UTF-8, Windows-1252 or Latin-1 where it is not.

    So a file that somebody put together from two loses nothing, whatever its beginning looks like.
    """

    def __init__(self, encoding: str) -> None:
        self._order = ("utf-8",) if encoding == "utf-8" else ("utf-8", encoding)
        self._held = b""
        self._begun = False

    def decode(self, block: bytes, final: bool) -> str:
        block = self._held + block
        if not self._begun and block:
            block, self._begun = block.removeprefix(codecs.BOM_UTF8), True
        # Whole lines only; a line beyond all bounds is cut wherever it is.
        cut = len(block) if final else max(block.rfind(b"\n"), block.rfind(b"\r")) + 1
        if not cut and len(block) > LONGEST_LINE:
            cut = len(block)
        self._held = block[cut:]
        try:
            return block[:cut].decode()
        except UnicodeDecodeError:
            return "".join(map(self._line, block[:cut].splitlines(keepends=True)))

    def _line(self, line: bytes) -> str:
        for encoding in (*self._order, "cp1252"):
            try:
                return line.decode(encoding)
            except UnicodeDecodeError:
                continue
        return line.decode("latin-1")


def records(text: str, delimiter: str, more: Iterator[Piece]) -> Iterator[list[str] | Broken]:
    """The records of a piece, quotation marks minded; a quoted cell may reach into `more`.

    A quotation mark that is never closed spoils its own line, not the rest of the file.
    """
    source = _Source(text, more)
    while True:
        reader = csv.reader(source, delimiter=delimiter)
        try:
            yield from _until_broken(source, reader)
            yield from source.too_long()
            return
        except (_Open, csv.Error) as error:
            code = "row_too_long" if isinstance(error, csv.Error) else "quote_open"
            yield Broken(source.give_back(), code)


def _until_broken(source: "_Source", reader: Iterator[list[str]]) -> Iterator[list[str]]:
    while source.has_lines():
        source.begin()
        record = next(reader)
        if source.ended and len(source.taken) > 1:
            raise _Open
        yield record


class _Open(Exception):
    """A quotation mark opens and never closes."""


class _Source:
    """Lines for a csv.reader, remembering those of the record under way."""

    def __init__(self, text: str, more: Iterator[Piece]) -> None:
        self._lines = deque(_split(text))
        self._more = more
        self._too_long: list[str] = []
        self.taken: list[str] = []
        self.ended = False

    def __iter__(self) -> "_Source":
        return self

    def has_lines(self) -> bool:
        return bool(self._lines)

    def begin(self) -> None:
        self.taken = []

    def too_long(self) -> Iterator[Broken]:
        """Lines that were cut off while a cell reached into them."""
        for text in self._too_long:
            yield Broken(text, "row_too_long")

    def give_back(self) -> str:
        """Put all but the first line of the record back; returns that line."""
        first, *others = self.taken
        self._lines.extendleft(reversed(others))
        self.taken, self.ended = [], False
        return first

    def __next__(self) -> str:
        if len(self.taken) >= _LONGEST_RECORD:
            raise _Open
        if not self._lines:
            piece = next(self._more, None)
            if piece is None:
                self.ended = True
                raise StopIteration
            if piece.too_long:
                self._too_long.append(piece.text)
                raise _Open
            self._lines.extend(_split(piece.text))
        line = self._lines.popleft()
        self.taken.append(line)
        return line + "\n"


def _split(text: str) -> list[str]:
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines
