"""Just enough of the ELF-64 format to read constants out of a Go shared library."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_PT_LOAD = 1
_PT_DYNAMIC = 2
_DT_RELA = 7
_DT_RELASZ = 8
_RELATIVE_RELOCATIONS = {8, 1027}  # R_X86_64_RELATIVE, R_AARCH64_RELATIVE


@dataclass(frozen=True)
class Segment:
    """One program header: what of the file is mapped where."""

    kind: int
    offset: int
    address: int
    size: int


class SharedLibrary:
    """A position-independent library, seen as the dynamic linker sees it at load base 0."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        if self.data[:5] != b"\x7fELF\x02":
            raise ValueError(f"{path} is not a 64-bit ELF file")
        self.segments = self._read_segments()

    def _read_segments(self) -> list[Segment]:
        (table,) = struct.unpack_from("<Q", self.data, 0x20)
        entry_size, count = struct.unpack_from("<HH", self.data, 0x36)
        segments = []
        for index in range(count):
            kind, _flags, offset, address, _, size = struct.unpack_from(
                "<IIQQQQ", self.data, table + index * entry_size
            )
            segments.append(Segment(kind, offset, address, size))
        return segments

    def relative_relocations(self) -> dict[int, int]:
        """Map each relocated address to the address that the linker will write there."""
        dynamic = next(s for s in self.segments if s.kind == _PT_DYNAMIC)
        raw = self.data[dynamic.offset : dynamic.offset + dynamic.size]
        tags = dict(struct.iter_unpack("<QQ", raw))
        start, size = self.file_offset(tags[_DT_RELA]), tags[_DT_RELASZ]
        return {
            address: target
            for address, info, target in struct.iter_unpack("<QQq", self.data[start : start + size])
            if info & 0xFFFFFFFF in _RELATIVE_RELOCATIONS
        }

    def file_offset(self, address: int) -> int:
        """Translate a virtual address to an offset in the file; raises ValueError if unmapped."""
        for segment in self.segments:
            in_segment = segment.address <= address < segment.address + segment.size
            if segment.kind == _PT_LOAD and in_segment:
                return address - segment.address + segment.offset
        raise ValueError(f"address {address:#x} is not in the file")

    def word(self, address: int) -> int:
        """Read the 64-bit word at a virtual address."""
        return struct.unpack_from("<Q", self.data, self.file_offset(address))[0]

    def bytes_at(self, address: int, size: int) -> bytes:
        """Read ``size`` bytes at a virtual address."""
        start = self.file_offset(address)
        return self.data[start : start + size]
