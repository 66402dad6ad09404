"""The process beside an account's own that restores, watches and keeps its devices.

Forked before the Go library is loaded, whose runtime survives no fork. It ends when the other one
does, whose end of the line is gone then, and leaves no file behind.
"""

import os
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import structlog
from redis.exceptions import RedisError

from sender_app.adapters.redis_client import connect
from sender_app.adapters.redis_devices.keeper import Keeper
from sender_app.domain.delivery import Lease
from sender_app.domain.errors import SenderError, Unavailable

_log = structlog.get_logger()
_fork = get_context("fork")


class RedisDevices:
    """See linked_devices.DeviceStore. Make it before neonize is imported; serves one lease."""

    def __init__(self, redis_url: str, secret_key: str) -> None:
        self._line, other = _fork.Pipe()
        self._process = _fork.Process(
            target=_main, args=(self._line, other, redis_url, secret_key), name="devices"
        )
        self._process.start()
        other.close()

    def open(self, lease: Lease, *, linked: bool) -> "OpenDevices":
        return OpenDevices(self._line, self._process, lease, linked)


class OpenDevices:
    """See linked_devices.Devices: asks the process beside this one."""

    def __init__(self, line: Connection, process: BaseProcess, lease: Lease, linked: bool) -> None:
        self._line = line
        self._process = process
        self._asking = threading.Lock()
        self._closed = False
        self.dsn, self.proxy = self._ask("open", lease.account_id, lease.epoch, linked)

    def ready(self) -> None:
        self._ask("ready")

    def save(self) -> None:
        self._ask("save")

    def find_message_ids(self, secrets: Sequence[bytes]) -> Mapping[bytes, str]:
        return self._ask("find_message_ids", list(secrets))

    def are_kept(self) -> bool:
        return self._process.is_alive()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            self._ask("close")
        except SenderError as error:
            _log.warning("devices not kept to the end", error=str(error))
        self._line.close()

    def _ask(self, what: str, *details: Any) -> Any:
        """Raises what the other process raised."""
        with self._asking:
            try:
                self._line.send((what, details))
                answer, error = self._line.recv()
            except (EOFError, OSError) as gone:
                raise Unavailable("the process that keeps devices is gone") from gone
        if error is not None:
            raise error
        return answer


def _main(theirs: Connection, line: Connection, redis_url: str, secret_key: str) -> None:
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, signal.SIG_IGN)  # it ends after the other one
    theirs.close()
    keeper = Keeper(connect(redis_url), secret_key)
    try:
        _obey(keeper, line)
    finally:
        keeper.clean()
        os._exit(0)


def _obey(keeper: Keeper, line: Connection) -> None:
    """Do what comes along the line, until it is gone or everything is closed."""
    what = ""
    while what != "close":
        try:
            what, details = line.recv()
        except (EOFError, OSError):
            return
        answer, error = None, None
        try:
            answer = getattr(keeper, what)(*details)
        except SenderError as known:
            error = known
        except RedisError as lost:
            error = Unavailable(f"Redis: {lost}")
        except Exception as fault:  # noqa: BLE001 - a defect, told to whoever asked
            _log.exception("devices not kept")
            error = Unavailable(repr(fault))
        with suppress(OSError):
            line.send((answer, error))
