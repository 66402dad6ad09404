"""The dictionaries of WhatsApp's binary XML, read from neonize's own library at run time."""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from whatsapp_loopback.elf import SharedLibrary

SINGLE_BYTE_COUNT = 236
DOUBLE_BYTE_DICTIONARIES = 4
DOUBLE_BYTE_COUNT = 256
_WORD = 8
_STRING_HEADER = 2 * _WORD  # pointer, length
_SLICE_HEADER = 3 * _WORD  # pointer, length, capacity


@dataclass(frozen=True)
class Tokens:
    """Both directions of the token tables."""

    single: list[str]
    double: list[list[str]]

    def encodings(self) -> dict[str, bytes]:
        """Map each token to its one- or two-byte encoding; single-byte tokens win."""
        table = {
            word: bytes([236 + dictionary, index])
            for dictionary, words in enumerate(self.double)
            for index, word in enumerate(words)
        }
        table.update({word: bytes([i]) for i, word in enumerate(self.single) if word})
        return table


def neonize_folder() -> Path:
    """Find the installed neonize package without importing it (importing it loads Go)."""
    spec = importlib.util.find_spec("neonize")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("neonize is not installed")
    return Path(spec.submodule_search_locations[0])


def library_path() -> Path:
    """The Go library of the installed neonize wheel."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return neonize_folder() / f"neonize-linux-{machine}.so"


@cache
def load_tokens() -> Tokens:
    """Read the token tables out of the library's data and relocations; about 0.2 s, once."""
    return _Finder(SharedLibrary(library_path())).find()


class _Finder:
    def __init__(self, library: SharedLibrary) -> None:
        self.library = library
        self.relocations = library.relative_relocations()

    def find(self) -> Tokens:
        single = self._strings(self._single_byte_table(), SINGLE_BYTE_COUNT)
        double = [self._strings(a, DOUBLE_BYTE_COUNT) for a in self._double_byte_tables()]
        return Tokens(single, double)

    def _strings(self, address: int, count: int) -> list[str]:
        return [self._string(address + i * _STRING_HEADER) or "" for i in range(count)]

    def _string(self, address: int, length: int | None = None) -> str | None:
        """The Go string whose header is at ``address``; None if its length is not as asked."""
        pointer = self.relocations.get(address)
        if pointer is None:
            return None
        try:
            actual = self.library.word(address + _WORD)
            if length is not None and actual != length:
                return None
            return self.library.bytes_at(pointer, actual).decode()
        except ValueError:
            return None

    def _single_byte_table(self) -> int:
        """Token 0 is empty, 1 and 2 are the stream's start and end."""
        for address in self.relocations:
            if self._string(address, 14) == "xmlstreamstart":
                following = self._string(address + _STRING_HEADER, 12)
                if following == "xmlstreamend":
                    return address - _STRING_HEADER
        raise RuntimeError("neonize's single-byte token table was not found")

    def _double_byte_tables(self) -> list[int]:
        """Four slice headers in a row, each of length and capacity 256, of strings."""
        for address in self._slices_of_256():
            starts = [address + i * _SLICE_HEADER for i in range(DOUBLE_BYTE_DICTIONARIES)]
            tables = [self.relocations.get(start) for start in starts]
            if all(table is not None and self._string(table) for table in tables):
                return [table for table in tables if table is not None]
        raise RuntimeError("neonize's double-byte token tables were not found")

    def _slices_of_256(self) -> Iterator[int]:
        for address in self.relocations:
            try:
                words = [self.library.word(address + _WORD * i) for i in (1, 2, 4, 5, 7, 8, 10, 11)]
            except ValueError:
                continue
            if words == [DOUBLE_BYTE_COUNT] * 8:
                yield address
