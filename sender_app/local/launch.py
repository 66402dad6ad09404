"""`make run`: start everything on this machine, keep it running, and end all of it again."""

import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from sender_app.local import frontend
from sender_app.local.checks import check_login, check_servers, port_of_environment, require_free
from sender_app.local.failure import StartFailure
from sender_app.local.postgres import start_postgres
from sender_app.local.process import Child, start
from sender_app.local.rotation import rotate
from sender_app.local.running import forget_running, in_redis, make_link, note_running, the_only_one
from sender_app.local.valkey import start_valkey

_GRACE = 30.0  # seconds for a process to end by itself; a second Ctrl-C does not wait
_READY = 180.0  # seconds for the web tier to answer; one that ends is not waited for
_HOW_LOCAL = (
    "Sign in as the local administrator (this link works once;\n  `make link` prints a new one):"
)
_HOW_TEAM = "Sign in with the team's account:"


@dataclass(frozen=True, slots=True)
class Extra:
    """What a caller adds: a process of its own, and variables for the two tiers."""

    child: Child | None = None
    worker_env: Mapping[str, str] = field(default_factory=dict)
    web_env: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()  # printed under the link


Before = Callable[[Path, Mapping[str, str]], Extra]


def nothing_more(_data: Path, _env: Mapping[str, str]) -> Extra:
    """No extras."""
    return Extra()


def launch(data: Path, before: Before = nothing_more) -> int:
    """Run until SIGINT or SIGTERM; returns the exit code. Says in one line why it cannot start."""
    runner = _Runner(data.resolve(), before)
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, runner.on_signal)
    try:
        with the_only_one(data.resolve()):
            try:
                runner.start()
                runner.watch()
            except StartFailure:
                if not runner.stopping:
                    raise
            finally:
                runner.stop()
    except StartFailure as failure:
        print(f"sender: {failure}", file=sys.stderr)
        return 1
    return 0


class _Runner:
    def __init__(self, data: Path, before: Before) -> None:
        self._data = data
        self._before = before
        self._children: list[Child] = []  # in the order of starting; ended the other way round
        self._starters: dict[str, Callable[[], Child]] = {}
        self._born: dict[str, float] = {}
        self.stopping = False

    def on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        """The first one stops in good order, the second at once."""
        if self.stopping:
            for child in self._children:
                child.strike()
        self.stopping = True

    def start(self) -> None:
        """Start everything; raises StartFailure."""
        host, port = os.environ.get("HOST", "127.0.0.1"), port_of_environment()
        require_free(host, port)
        env = self._environment(host, port)
        check_login(env)
        self._servers(env)
        if not in_redis(env):
            self._step("preparing the database", lambda: _migrate(env))
        if not frontend.is_built():
            self._step("building the browser's part (once)", self._build)
        extra = self._before(self._data, env)
        if extra.child:
            self._children.append(extra.child)
        self._run("worker", [sys.executable, "worker.py"], env | dict(extra.worker_env))
        self._run("web", [sys.executable, "web.py"], env | dict(extra.web_env))
        self._await_web(f"http://{_reachable(host)}:{port}/ping")
        self._greet(env, extra)

    def watch(self) -> None:
        """Until told to stop: start again what ends by itself."""
        while not self.stopping:
            time.sleep(0.2)
            for child in list(self._children):
                if not child.is_alive() and not self.stopping:
                    self._revive(child)
                rotate(self._log(child.name))

    def _pause(self, seconds: float) -> None:
        """Wait, but not when told to stop."""
        until = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < until:
            time.sleep(0.1)

    def stop(self) -> None:
        """End everything, the last started first."""
        self.stopping = True
        for child in reversed(self._children):
            if not child.stop(_GRACE):
                print(f"sender: {child.name} had to be killed", file=sys.stderr)
        forget_running(self._data)

    def _revive(self, child: Child) -> None:
        child.kill()  # what it started may live on, and hold its port
        if child.name not in self._starters:
            raise StartFailure(f"{child.name} ended; see {self._log(child.name)}")
        print(
            f"sender: {child.name} ended, starting it again; see {self._log(child.name)}",
            file=sys.stderr,
        )
        if time.monotonic() - self._born[child.name] < 5:
            self._pause(2)
            if self.stopping:
                return
        # In its old place: what was started later still ends before it.
        self._children[self._children.index(child)] = self._starters[child.name]()
        self._born[child.name] = time.monotonic()

    def _keep(self, name: str, starter: Callable[[], Child]) -> None:
        """Start a child, and again whenever it ends by itself."""
        self._children.append(starter())
        self._starters[name] = starter
        self._born[name] = time.monotonic()

    def _run(self, name: str, command: list[str], env: dict[str, str]) -> None:
        self._keep(name, lambda: start(name, command, log=self._log(name), env=env))

    def _log(self, name: str) -> Path:
        return self._data / "logs" / f"{name}.log"

    def _step(self, title: str, work: Callable[[], object]) -> None:
        if self.stopping:
            raise StartFailure("stopped")
        print(f"sender: {title} …", flush=True)
        work()

    def _build(self) -> None:
        frontend.build_frontend(self._log("build"), lambda: self.stopping)

    def _environment(self, host: str, port: int) -> dict[str, str]:
        return dict(os.environ) | {
            "HOST": host,
            "PORT": str(port),
            "PUBLIC_URL": os.environ.get("PUBLIC_URL") or f"http://{_reachable(host)}:{port}",
            "DATA_DIR": str(self._data),
            "SECRET_KEY": os.environ.get("SECRET_KEY") or _secret(self._data / "secret.key"),
            "PYTHONUNBUFFERED": "1",
        }

    def _servers(self, env: dict[str, str]) -> None:
        """Start the embedded servers that the environment does not name others for."""
        if not (in_redis(env) or env.get("DATABASE_URL") or env.get("POSTGRES_HOST")):
            self._keep("postgres", lambda: self._postgres(env))
        if not env.get("REDIS_URL"):
            self._keep("valkey", lambda: self._valkey(env))
        os.environ.update({name: env[name] for name in env})
        check_servers()

    def _postgres(self, env: dict[str, str]) -> Child:
        postgres = start_postgres(self._data / "postgres", self._log("postgres"))
        env["DATABASE_URL"] = postgres.url
        return postgres.child

    def _valkey(self, env: dict[str, str]) -> Child:
        folder, alone = self._data / "valkey", in_redis(env)
        valkey = start_valkey(folder, self._log("valkey"), alone=alone)
        env["REDIS_URL"] = valkey.url
        return valkey.child

    def _await_web(self, url: str) -> None:
        deadline = time.monotonic() + _READY
        while not _answers(url):
            web = next((child for child in self._children if child.name == "web"), None)
            if self.stopping:
                raise StartFailure("stopped")
            if web is None or not web.is_alive() or time.monotonic() > deadline:
                raise StartFailure(f"the web tier did not start; see {self._log('web')}")
            time.sleep(0.1)

    def _greet(self, env: dict[str, str], extra: Extra) -> None:
        note_running(self._data, env)
        if env["LOCAL_SIGN_IN"] == "true":
            how, where = _HOW_LOCAL, make_link(env)
        else:
            how, where = _HOW_TEAM, env["PUBLIC_URL"]
        print(f"\n  Sender is running. {how}\n\n    {where}\n")
        for line in extra.lines:
            print(f"  {line}")
        print(f"  Logs: {self._data / 'logs'}   Stop: Ctrl-C\n", flush=True)


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound


def _secret(path: Path) -> str:
    """A secret made once and kept, readable by its owner only."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


def _migrate(env: Mapping[str, str]) -> None:
    done = subprocess.run(  # noqa: PLW1510 - the exit code is looked at below
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        env=dict(env),
        cwd=frontend.ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise StartFailure(f"the database could not be migrated: {lines[-1]}")


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310
        return response.status == 200
    return False
