"""The Sender that runs on a folder: that there is only one, and how others find it."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from sender_app.local import frontend
from sender_app.local.failure import StartFailure

OWN_DATA, DEMO_DATA = ".data", ".data-demo"  # unless DATA_DIR names another folder
_RUNNING = "running.json"
_KEPT = ("PUBLIC_URL", "REDIS_URL", "DATABASE_URL", "STORE", "LOCAL_SIGN_IN")
_LINKS_OFF = "one-time links are off here; sign in with the team's account"
_ISSUE = (
    "import os; from sender_app import bootstrap;"
    "print(bootstrap.services().sign_in.issue_local_link(os.environ['PUBLIC_URL']))"
)


def running_environment(data: Path) -> dict[str, str]:
    """The addresses of the Sender that runs on `data`; empty when none does."""
    if not (data / _RUNNING).exists():
        return {}
    with suppress(StartFailure), the_only_one(data):
        return {}  # it was killed, and left the file behind
    return json.loads((data / _RUNNING).read_text())


def data_in_use() -> Path:
    """The folder that DATA_DIR names; else the demonstration's while only that runs, or the own."""
    if named := os.environ.get("DATA_DIR"):
        return Path(named).resolve()
    own, demo = Path(OWN_DATA).resolve(), Path(DEMO_DATA).resolve()
    return demo if running_environment(demo) and not running_environment(own) else own


def note_running(data: Path, env: Mapping[str, str]) -> None:
    """Sender runs on `data` with these addresses."""
    kept = {name: env[name] for name in _KEPT if name in env}
    (data / _RUNNING).write_text(json.dumps(kept))


def forget_running(data: Path) -> None:
    """It does not run there any more."""
    (data / _RUNNING).unlink(missing_ok=True)


def print_link(data: Path) -> int:
    """Print a new sign-in link of the Sender that runs on `data`; returns the exit code."""
    env = running_environment(data) or _elsewhere()
    try:
        if env.get("LOCAL_SIGN_IN") == "false":
            print(f"sender: {_LINKS_OFF}: {env['PUBLIC_URL']}", file=sys.stderr)
            return 1
        if env:
            print(make_link(dict(os.environ) | env))
            return 0
    except StartFailure:
        env = {}
    print("sender: it does not run here; start it with `make run` or `make demo`", file=sys.stderr)
    return 1


def in_redis(env: Mapping[str, str]) -> bool:
    """Whether Redis is to be the only store; here a Postgres is embedded unless STORE says so."""
    return env.get("STORE") == "redis"


@contextmanager
def the_only_one(data: Path) -> Iterator[None]:
    """Nobody else uses `data` meanwhile. Raises StartFailure when somebody does."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / "lock").open("w")
    except OSError as error:
        raise StartFailure(f"{data} cannot be used: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartFailure(f"it runs already: {data} is in use") from None
        yield


def _elsewhere() -> dict[str, str]:
    """This environment, where it names the servers of a Sender, as in a container of one."""
    named = {"PUBLIC_URL", "REDIS_URL"} <= os.environ.keys()
    database = {"DATABASE_URL", "POSTGRES_HOST"} & os.environ.keys()
    return dict(os.environ) if named and (database or in_redis(os.environ)) else {}


def make_link(env: Mapping[str, str]) -> str:
    """A one-time link, made in a process of its own: this one has no settings or connections."""
    made = subprocess.run(
        [sys.executable, "-c", _ISSUE],
        check=False,
        env=dict(env),
        cwd=frontend.ROOT,
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        raise StartFailure(f"no sign-in link could be made: {made.stderr.strip()[-300:]}")
    return made.stdout.strip()
