"""Keeps a log from growing without limit, while a process goes on writing to it."""

import shutil
from pathlib import Path

LARGEST = 10_000_000  # bytes
KEPT = 3  # older logs: name.log.1 is the newest of them


def rotate(log: Path, largest: int = LARGEST) -> bool:
    """Once `log` is larger than `largest` bytes, copy it to name.log.1 and empty it.

    The writer has it open for appending, so it goes on at the new start. What it writes between
    the copy and the emptying is lost: a line or two in ten megabytes.
    """
    try:
        if log.stat().st_size <= largest:
            return False
    except FileNotFoundError:
        return False
    for n in range(KEPT, 1, -1):
        older = _numbered(log, n - 1)
        if older.exists():
            older.replace(_numbered(log, n))
    shutil.copyfile(log, _numbered(log, 1))
    with log.open("r+b") as emptied:
        emptied.truncate()
    return True


def _numbered(log: Path, n: int) -> Path:
    return log.with_name(f"{log.name}.{n}")
