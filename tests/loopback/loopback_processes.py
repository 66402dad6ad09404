"""The two kinds of process in these tests: the loopback server, and real neonize clients."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from whatsapp_loopback.client import Loopback
from whatsapp_loopback.environment import READY_FILE, environment

ROOT = Path(__file__).parents[2]
DRIVER = Path(__file__).with_name("neonize_driver.py")
DEADLINE = 100.0  # seconds; a busy machine takes its time
ALICE = "595981000001"  # her client is shared, and stays linked and connected
BOB = "595981000002"  # his client is resumed afresh in every test
_OPTIONS = "_foreign_keys=on&_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=10000&z="
Event = dict[str, Any]


class NeonizeError(Exception):
    """A command to neonize raised; the text is neonize's own."""


class Pending:
    """The answer of a command that may still be running."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._answer: Event = {}

    @property
    def is_done(self) -> bool:
        """Whether the command has ended."""
        return self._done.is_set()

    def settle(self, answer: Event) -> None:
        """The command has ended."""
        self._answer = answer
        self._done.set()

    def result(self, timeout: float = DEADLINE) -> Any:
        """What it returned; raises NeonizeError with neonize's text if it raised."""
        if not self._done.wait(timeout):
            raise TimeoutError("neonize has not answered")
        if "error" in self._answer:
            raise NeonizeError(self._answer["error"])
        return self._answer["value"]


class NeonizeClient:
    """One neonize client in its own process."""

    def __init__(self, store: Path, data_dir: Path) -> None:
        self.store = store
        self.connection: Pending | None = None
        self._events: list[Event] = []
        self._changed = threading.Condition()
        self._calls: dict[int, Pending] = {}
        self._ids = itertools.count()
        self._log = store.with_suffix(".log").open("a")
        self._process = subprocess.Popen(
            [sys.executable, str(DRIVER), f"{store}?{_OPTIONS}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, **environment(data_dir)},
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.wait_for("Ready")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not line.startswith("{"):
                continue
            report = json.loads(line)
            if "call" in report:
                self._calls[report["call"]].settle(report)
            else:
                with self._changed:
                    self._events.append(report)
                    self._changed.notify_all()

    def start(self, command: str, *args: Any) -> Pending:
        """Begin a command without waiting for its end."""
        call, pending = next(self._ids), Pending()
        self._calls[call] = pending
        assert self._process.stdin is not None
        line = json.dumps({"call": call, "do": command, "args": args})
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return pending

    def do(self, command: str, *args: Any, timeout: float = DEADLINE) -> Any:
        """Run a command; raises NeonizeError with neonize's text."""
        return self.start(command, *args).result(timeout)

    def connect(self) -> NeonizeClient:
        """Start ``connect()``, which blocks in a thread; ``connection`` is its end."""
        self.connection = self.start("connect")
        return self

    def wait_for(
        self, name: str, accept: Callable[[Event], bool] = lambda _: True, count: int = 1
    ) -> Event:
        """The ``count``-th event of a name that is accepted, as soon as there is one."""
        deadline = time.monotonic() + DEADLINE
        with self._changed:
            while (
                len(found := [e for e in self._events if e["event"] == name and accept(e)]) < count
            ):
                if not self._changed.wait(max(deadline - time.monotonic(), 0)):
                    seen = [e["event"] for e in self._events]
                    raise TimeoutError(f"no {name} (number {count}) among {seen}")
        return found[count - 1]

    def count(self, name: str) -> int:
        """How many events of a name there were."""
        with self._changed:
            return sum(event["event"] == name for event in self._events)

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        self._log.close()


class LoopbackServer:
    """A loopback server process on fixed ports, so that it can be started again."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._ports = ("0", "0")
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Loopback:
        """Start, and return a client of its API once it is ready."""
        ready = self.data_dir / READY_FILE
        ready.unlink(missing_ok=True)
        port, proxy_port = self._ports
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "whatsapp_loopback", "--data", str(self.data_dir)),
                *("--port", port, "--proxy-port", proxy_port),
            ],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self._process.stdout is not None
        line = json.loads(self._process.stdout.readline())
        self._ports = tuple(line[name].rsplit(":", 1)[1] for name in ("url", "proxy_url"))  # type: ignore[assignment]
        return Loopback(line["url"])

    def stop(self) -> None:
        """End it in good order, whoever is connected."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)


def link(client: NeonizeClient, loopback: Loopback, number: str) -> NeonizeClient:
    """Connect a new client and scan its QR code with a number's phone."""
    client.connect()
    loopback.scan(number, client.wait_for("QR")["code"])
    client.wait_for("Connected")
    return client


def copy_store(store: Path, folder: Path) -> Path:
    """A copy of a client's session store, to be resumed by another process."""
    copy = folder / f"{store.stem}-copy.db"
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)  # whole, though its client may be writing
    return copy


def wait_until(condition: Callable[[], bool], timeout: float = DEADLINE) -> None:
    """Wait for a condition of the server."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not come true")
        time.sleep(0.02)
