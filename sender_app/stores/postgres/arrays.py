"""Arrays in Postgres' binary form, made quickly, or going from one statement to another unread.

A hundred thousand keys as text are a tenth of what the rows with them cost.
"""

import struct
import sys
from array import array
from collections.abc import Sequence
from uuid import UUID

from psycopg import adapters
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEADER = struct.Struct("!5i")  # dimensions, whether any is null, type, size, first index
_UUID, _UUIDS, _TEXT, _TEXTS, _INTS, _DOUBLE = 2950, 2951, 25, 1009, 1007, 701  # oids
_NULL = struct.pack("!i", -1)  # for an element
_KEY = struct.pack("!i", 16)  # before the element
_NUMBER = struct.Struct("!id")
_FIRST = 1 << 28  # see KEYS in engine.py


class Uuids(bytes):
    """uuid[]"""


class Texts(bytes):
    """text[]"""


class Ints(bytes):
    """int[]"""


NO_UUIDS = Uuids(struct.pack("!3i", 0, 0, _UUID))


def uuids(elements: Sequence[UUID | None]) -> Uuids:
    """A uuid[] of these elements."""
    return Uuids(
        _head(_UUID, len(elements)) + b"".join([_KEY + e.bytes if e else _NULL for e in elements])
    )


def texts(elements: Sequence[str | None]) -> Texts:
    """A text[] of these elements."""
    written = [None if e is None else e.encode() for e in elements]
    return Texts(
        _head(_TEXT, len(elements))
        + b"".join([_NULL if w is None else len(w).to_bytes(4, "big") + w for w in written])
    )


def doubles(elements: Sequence[float]) -> bytes:
    """A float8[] of these elements."""
    return _head(_DOUBLE, len(elements)) + b"".join(
        [_NUMBER.pack(8, element) for element in elements]
    )


def _head(oid: int, count: int) -> bytes:
    """What comes before so many elements, any of which may be null."""
    return _HEADER.pack(1, 1, oid, count, 1)


def keys(base: str, numbers: Sequence[int]) -> Uuids:
    """The key of each number upon `base`, as `numbered` of engine.py has it."""
    count = len(numbers)
    # Of each element its length in bytes, and the four words of the key.
    words = array("I", bytes(4)) * (5 * count)
    words[0::5] = array("I", [16]) * count
    for place, word in enumerate(struct.unpack("!3I", bytes.fromhex(base.replace("-", ""))), 1):
        words[place::5] = array("I", [word]) * count
    words[4::5] = array("I", [number + _FIRST for number in numbers])
    return Uuids(_HEADER.pack(1, 0, _UUID, count, 1) + _swapped(words).tobytes())


def numbers_of(ints: bytes) -> Sequence[int]:
    """The elements of an int[] without nulls."""
    words = array("I")
    words.frombytes(ints[_HEADER.size :])
    return _swapped(words)[1::2]  # after the length of each


def _swapped(words: "array[int]") -> "array[int]":
    """From the machine's order of bytes to the network's, or back."""
    if sys.byteorder == "little":
        words.byteswap()
    return words


class _Raw(Dumper):
    """Sends what it is given."""

    format = Format.BINARY

    def dump(self, obj: bytes) -> Buffer:
        return bytes(obj)


for _class, _oid in ((Uuids, _UUIDS), (Texts, _TEXTS), (Ints, _INTS)):
    adapters.register_dumper(_class, type(f"{_class.__name__}Dumper", (_Raw,), {"oid": _oid}))
