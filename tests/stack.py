"""A worker and a loopback WhatsApp for integration tests: the real parts, driven by services."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx

from sender_app import bootstrap
from sender_app.domain.account import Account, AccountStatus
from sender_app.domain.actor import Actor
from sender_app.domain.campaign import Campaign, CampaignStatus
from sender_app.domain.content import Attachment
from sender_app.domain.media import Media, MediaKind
from whatsapp_loopback.client import Loopback
from whatsapp_loopback.environment import environment

ROOT = Path(__file__).resolve().parents[1]
NUMBER = "595981000001"
Found = TypeVar("Found")


def eventually(look: Callable[[], Found], timeout: float = 120, what: str = "it") -> Found:
    """The first truthy value of `look`; fails when there is none in `timeout` seconds, which are
    many: a slow machine takes its time, and only what never happens takes them all."""
    deadline = time.monotonic() + timeout
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout} s"
        time.sleep(0.05)
    return found


def free_ports(count: int) -> int:
    """The first of `count` free ports in a row; tests run side by side look in ranges apart, and
    other runs on the machine in another order: whoever got a port may take it long after.

    They begin above the last port a browser refuses to open (10080, ERR_UNSAFE_PORT) and end
    below those the kernel hands out itself (32768)."""
    low = 20000 + 250 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    places = range(low, low + 250, count)
    for first in random.sample(places, len(places)):
        sockets = [socket.socket() for _ in range(count)]
        try:
            for n, probe in enumerate(sockets):
                probe.bind(("127.0.0.1", first + n))
            return first
        except OSError:
            continue
        finally:
            for probe in sockets:
                probe.close()
    raise AssertionError("no free ports")


def wait_for_start(process: "subprocess.Popen[bytes]", output: Path) -> None:
    """Until a Sender of `make run` or `make demo` says how to stop it."""
    eventually(
        lambda: "Ctrl-C" in output.read_text() or process.poll() is not None, 300, "the start"
    )
    assert process.poll() is None, output.read_text()


def store_variables(
    kept_in: str, redis_url: str, database_url: Callable[[], str]
) -> dict[str, str]:
    """The environment of a Sender whose store is "postgres", or "redis" alone."""
    if kept_in == "redis":
        key = {"SECRET_KEY": "k" * 32, "REDIS_FSYNC": "everysec"}  # as the run's Valkey is
        return {"REDIS_URL": redis_url, "STORE": "redis", **key}
    return {"REDIS_URL": redis_url, "STORE": "postgres", "DATABASE_URL": database_url()}


def start_over() -> None:
    """Close what this process has open and forget its settings: the next use reads them again."""
    for opened in (bootstrap.store, bootstrap.redis):
        if opened.cache_info().currsize:
            opened().close()
    for function in vars(bootstrap).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


class Whatsapp:
    """The loopback server as a process."""

    def __init__(self, data: Path, log: Path, qr_redis: str = "") -> None:
        self.data = data
        self._log = log
        self._options = ["--qr-redis", qr_redis] if qr_redis else []
        self.start()

    def start(self) -> None:
        ready = self.data / "ready.json"
        ready.unlink(missing_ok=True)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "whatsapp_loopback", "--data", str(self.data)),
                    *self._options,
                ],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        eventually(ready.exists, what="the loopback server")
        self.client = Loopback(json.loads(ready.read_text())["url"])

    def stop(self) -> None:
        self.client.close()
        self._process.terminate()
        assert self._process.wait(60) == 0


@dataclass
class Stack:
    """A running worker with services beside it, as one signed-in administrator."""

    env: Mapping[str, str]
    log: Path
    whatsapp: Whatsapp
    services: "object"
    store: "object"
    actor: Actor
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def loopback(self) -> Loopback:
        return self.whatsapp.client

    def start_worker(self, **env: str) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "worker.py"],
                cwd=ROOT,
                env=os.environ | self.env | environment(self.whatsapp.data) | env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop_worker(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(100)

    def kill_worker(self) -> None:
        """Everything of the worker at once, as a power cut does it."""
        assert self.process is not None
        serving = account_processes(self.process.pid)  # in groups of their own
        os.killpg(self.process.pid, signal.SIGKILL)
        for pid in serving:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def account(self) -> Account:
        return self.services.accounts.ensure_account(self.actor)

    def status(self, account_id: UUID | None = None) -> AccountStatus:
        return self.store.accounts.get(account_id or self.account().id).status

    def link(self, account: Account | None = None, number: str = NUMBER) -> Account:
        """Link the account, or a further one, by QR, as a person does it."""
        account = account or self.account()
        accounts = self.services.accounts
        accounts.request_pairing(self.actor, account.id)

        def code() -> str | None:
            return accounts.connection_status(self.actor, account.id, keep_pairing=True).qr

        self.loopback.scan(number, eventually(code, what="the QR"))
        eventually(lambda: self.status(account.id) is AccountStatus.ONLINE, what="online")
        return self.store.accounts.get(account.id)

    def add_media(self, content: bytes, name: str, kind: MediaKind | None = None) -> Media:
        """A file taken in, as a person uploads it."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            return self.services.media.add(self.actor, Path(file.name), name, kind)

    def send(
        self,
        people: int,
        message: str = "Hola {sustantivo} {nombre}",
        start: int = 0,
        attachments: Sequence[Attachment] = (),
    ):
        rows = "".join(
            f"0982{n:06d},Sr.,Persona {n},G{n % 3}\n" for n in range(start, start + people)
        )
        check = self.services.imports.check_file(self.actor, "x.csv", rows.encode())
        return self.services.campaigns.send_file(
            self.actor, check.file_id, self.account().id, "Prueba", message, attachments
        )

    @contextmanager
    def at_leisure(self, ms: int = 30) -> Iterator[None]:
        """WhatsApp answers each message so late, and a campaign takes as much longer: what happens
        to it meanwhile meets it in its middle, however slow the machine."""
        rule = self.loopback.fail("ack_delayed", delay_ms=ms)
        yield
        self.loopback.remove_rule(rule)

    def now(self, campaign: Campaign) -> Campaign:
        return self.services.campaigns.get_campaign(self.actor, campaign.id)

    def finished(self, campaign: Campaign) -> Campaign:
        eventually(lambda: self.now(campaign).status is CampaignStatus.FINISHED, what="the end")
        return self.now(campaign)


class Web:
    """A web tier as a process, on a port of its own."""

    def __init__(self, env: Mapping[str, str], log: Path, port: int) -> None:
        self.url, self.log, self.port = f"http://127.0.0.1:{port}", log, port
        own = {"HOST": "127.0.0.1", "PORT": str(port), "DATA_DIR": str(log.parent / "data")}
        self._env = dict(os.environ) | own | dict(env)
        self.start()

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "web.py"], cwd=ROOT, env=self._env, stdout=log, stderr=log
            )
        try:
            eventually(self._answers, what=f"the web tier ({self.log})")
        except BaseException:
            self.process.kill()
            raise

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(100)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """What is at a path; a busy machine may take a minute over it."""
        return httpx.get(f"{self.url}{path}", timeout=60, **options)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/health").status_code == 200
        except httpx.TransportError:
            return False


def settled_honestly(stack: "Stack", campaign: Campaign, kills: int) -> None:
    """Everybody is settled; who counts as sent got it once, and at most one a kill is in doubt."""
    eventually(lambda: stack.now(campaign).settled == campaign.total_recipients, what="the end")
    eventually(
        lambda: stack.now(campaign).unconfirmed_count <= kills, what="receipts of what had left"
    )
    rows = stack.services.campaigns.recipients(stack.actor, campaign.id, limit=10_000).rows
    got = stack.loopback.count()
    for row in rows:
        times = got.get(row.phone[1:], 0)
        assert times == 1 or (row.status == "unconfirmed" and times == 0), (row, times)
    now = stack.now(campaign)
    assert now.sent_count == sum(row.status == "sent" for row in rows)
    assert now.unconfirmed_count == sum(row.status == "unconfirmed" for row in rows)


def children(pid: int) -> list[int]:
    """Child processes of `pid`, and theirs."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    direct = [int(part) for part in text.split()]
    return direct + [grandchild for child in direct for grandchild in children(child)]


def loads_go(pid: int) -> bool:
    """Whether the process has the Go library in its memory."""
    try:
        return "neonize-" in Path(f"/proc/{pid}/maps").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def account_processes(worker: int) -> list[int]:
    """Processes of the worker that serve an account."""
    return [pid for pid in children(worker) if loads_go(pid)]
