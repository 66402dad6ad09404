"""Tables written to files that spreadsheets open."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

Cell = str | int | datetime | None  # times without a zone: the table says which


class SheetWriter(Protocol):
    """One format of file."""

    media_type: str

    def write(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """The file of these rows; the first one is the heading. No cell is ever a formula."""
        ...
