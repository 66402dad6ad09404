"""Keeps one account's devices: the file for the library, the vault in Redis, the gate between."""

import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from redis import Redis

from sender_app.adapters.redis_devices.device_file import SECRETS, DeviceFile, Table
from sender_app.adapters.redis_devices.gate import Gate
from sender_app.adapters.redis_devices.vault import Vault
from sender_app.domain.errors import Unavailable

_FOLDERS = "sender-devices-"
_YOUNG = 60.0  # seconds in which a folder may not be locked yet


@dataclass(slots=True)
class _Open:
    vault: Vault
    file: DeviceFile
    gate: Gate
    tables: list[Table]  # as they are kept
    watched: bool = False


class Keeper:
    """What a `Devices` asks for, see linked_devices; besides, raises redis' errors."""

    def __init__(self, redis: Redis, secret_key: str) -> None:
        self._redis = redis
        self._secret_key = secret_key
        self._keeping = threading.Lock()
        self._folder: Path | None = None
        self._now: _Open | None = None

    def open(self, account_id: UUID, epoch: int, linked: bool) -> tuple[str, str]:
        """Restore the account's devices; returns where they are, and the way to WhatsApp."""
        vault = Vault(self._redis, self._secret_key, account_id, epoch)
        tables = vault.open(linked=linked)
        self._folder = _own_folder()
        file = DeviceFile(self._folder)
        kept = [table.name for table in tables if table.name != SECRETS]
        file.fill(tables, {name: vault.rows(name) for name in kept})
        self._now = _Open(vault, file, Gate(self.save), tables)
        return file.dsn, self._now.gate.url

    def ready(self) -> None:
        """Note changes from now on; what the library made, or made anew, is kept as a whole."""
        with self._keeping:
            now = self._opened()
            found = now.file.watch()
            if found != now.tables:
                everything = now.file.everything()
                now.vault.replace(found, everything.rows)
                now.file.kept(everything)
            now.watched = True

    def save(self) -> None:
        """Keep what changed. Raises LeaseLost, Unavailable; redis' errors also for want of changes:
        what is told while Redis is away, a receipt say, must not be acknowledged either."""
        with self._keeping:
            now = self._opened()
            if not now.watched:
                raise Unavailable("changes are not noted yet")
            changes = now.file.changes()
            if changes is None:
                now.vault.check()
                return
            rows = {key: cells for key, cells in changes.rows.items() if key[0] != SECRETS}
            gone = [key for key in changes.gone if key[0] != SECRETS]
            of_secret, of_id = now.file.columns(SECRETS, "key", "message_id")
            sent: dict[Any, Any] = {
                cells[of_secret]: cells[of_id]
                for (table, _), cells in changes.rows.items()
                if table == SECRETS
            }
            now.vault.save(rows, gone, sent)
            now.file.kept(changes)

    def find_message_ids(self, secrets: Sequence[bytes]) -> Mapping[bytes, str]:
        """What may be on its way out is kept first: it may have left by the time of the answer."""
        self.save()
        return self._opened().vault.find_message_ids(secrets)

    def close(self) -> None:
        """What the library wrote at its end is kept too."""
        if self._now is not None:
            self._now.gate.close()
            if self._now.watched:
                self.save()

    def clean(self) -> None:
        """Nothing readable is left on the disk."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _opened(self) -> _Open:
        if self._now is None:
            raise Unavailable("no devices are open")
        return self._now


def _own_folder() -> Path:
    """A folder that only this user reads. Those of processes that were killed are deleted."""
    root = Path(tempfile.gettempdir())
    for old in root.glob(f"{_FOLDERS}*"):
        with suppress(OSError):
            if _abandoned(old):
                shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_FOLDERS, dir=root))
    _lock(folder)
    return folder


def _lock(folder: Path) -> int:
    """Hold the folder until this process ends; raises BlockingIOError when another one does."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _abandoned(folder: Path) -> bool:
    there = folder.stat()
    if there.st_uid != os.getuid() or time.time() - there.st_mtime < _YOUNG:
        return False
    try:
        os.close(_lock(folder))
    except BlockingIOError:
        return False
    return True
