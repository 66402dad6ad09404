"""neonize's shared library, read as a file: token tables and the trust root. Never loaded here."""

import struct
import sys
from collections.abc import Iterator
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

TRUST_ROOT = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")
_RELATIVES = frozenset({8, 1027})  # R_X86_64_RELATIVE, R_AARCH64_RELATIVE


def use_protobufs_only() -> None:
    """Let `neonize.proto.*` be imported without neonize itself, which would load the library."""
    if "neonize" not in sys.modules:
        stub = ModuleType("neonize")
        stub.__path__ = [str(_package())]
        sys.modules["neonize"] = stub


def _package() -> Path:
    spec = PathFinder.find_spec("neonize")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("neonize is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def path() -> Path:
    """The shared library's file."""
    found = sorted(_package().glob("neonize-*.so"))
    if not found:
        raise RuntimeError("neonize's shared library was not found")
    return found[0]


class _Elf:
    """As much of an ELF64 little-endian file as is needed to read Go's string tables."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        offset = struct.unpack_from("<Q", raw, 40)[0]
        entry, count, section_entry, sections = struct.unpack_from("<HHHH", raw, 54)
        programs = struct.unpack_from("<Q", raw, 32)[0]
        self.loads = [
            (vaddr, file_offset, size)
            for kind, file_offset, vaddr, size in (
                struct.unpack_from("<I4xQQ8xQ", raw, programs + n * entry) for n in range(count)
            )
            if kind == 1
        ]
        self._sections = (offset, section_entry, sections)

    def file_offset(self, vaddr: int) -> int:
        for start, offset, size in self.loads:
            if start <= vaddr < start + size:
                return vaddr - start + offset
        raise ValueError(hex(vaddr))

    def vaddr(self, offset: int) -> int:
        for start, file_offset, size in self.loads:
            if file_offset <= offset < file_offset + size:
                return offset - file_offset + start
        raise ValueError(hex(offset))

    def pointers(self) -> dict[int, int]:
        """Where the loader writes a pointer, and to what: relative relocations."""
        found: dict[int, int] = {}
        offset, entry, count = self._sections
        for n in range(count):
            kind = struct.unpack_from("<I", self.raw, offset + n * entry + 4)[0]
            if kind != 4:  # SHT_RELA
                continue
            start, size = struct.unpack_from("<QQ", self.raw, offset + n * entry + 24)
            rows = struct.iter_unpack("<QQq", self.raw[start : start + size])
            found.update((at, to) for at, info, to in rows if info & 0xFFFFFFFF in _RELATIVES)
        return found

    def strings(self, at: int, pointers: dict[int, int]) -> Iterator[str]:
        """Go string headers (pointer, length) that follow each other from `at`."""
        while True:
            length = struct.unpack_from("<Q", self.raw, self.file_offset(at + 8))[0]
            target = pointers.get(at)
            if length and target is None:
                return
            start = self.file_offset(target) if target is not None else 0
            yield self.raw[start : start + length].decode("utf-8", "replace") if length else ""
            at += 16


@cache
def trust_root_address() -> int:
    """The virtual address of the certificate root within the library."""
    elf = _Elf(path().read_bytes())
    return elf.vaddr(elf.raw.index(TRUST_ROOT))


@cache
def tokens() -> tuple[list[str], list[list[str]]]:
    """The binary XML dictionaries: 236 single-byte tokens, and four tables of 256."""
    elf = _Elf(path().read_bytes())
    pointers = elf.pointers()
    by_text = _headers(elf, pointers, ("xmlstreamstart", "read-self", "reject", "64", "1724"))
    single = _take(elf, pointers, by_text["xmlstreamstart"], 235, second="xmlstreamend")
    doubles = [
        _take(elf, pointers, by_text[first], 256, second)
        for first, second in (
            ("read-self", "active"),
            ("reject", "dirty"),
            ("64", "ptt_playback_speed_enabled"),
            ("1724", "profile_picture"),
        )
    ]
    return ["", *single], doubles


def _headers(elf: _Elf, pointers: dict[int, int], wanted: tuple[str, ...]) -> dict[str, list[int]]:
    """Where string headers with one of the `wanted` texts stand."""
    found: dict[str, list[int]] = {text: [] for text in wanted}
    lengths = {len(text) for text in wanted}
    for at, to in pointers.items():
        try:
            length = struct.unpack_from("<Q", elf.raw, elf.file_offset(at + 8))[0]
            if length in lengths:
                start = elf.file_offset(to)
                text = elf.raw[start : start + length].decode("utf-8", "replace")
                if text in found:
                    found[text].append(at)
        except ValueError:
            continue
    return found


def _take(
    elf: _Elf, pointers: dict[int, int], candidates: list[int], count: int, second: str
) -> list[str]:
    for at in candidates:
        strings = elf.strings(at, pointers)
        table = [text for _, text in zip(range(count), strings, strict=False)]
        if len(table) == count and table[1] == second:
            return table
    raise RuntimeError(f"token table before {second!r} not found in {path().name}")
