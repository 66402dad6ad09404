"""Servers for one benchmark: the embedded ones, on TCP too so that a peer can use the same."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from sender_app.local.postgres import start_postgres
from sender_app.local.valkey import start_valkey

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they are. `environment` is what Sender's processes need."""

    postgres_url: str
    postgres_socket: str
    redis_url: str
    redis_port: int
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Variables for Sender's processes, with a gateway that sends nothing and no pace."""
        return dict(os.environ) | {
            "DATABASE_URL": self.postgres_url,
            "REDIS_URL": self.redis_url,
            "DATA_DIR": str(self.folder / "data"),
            "GATEWAY": "noop",
            "PACE_INTERVAL": "0",
            "PACE_JITTER": "0",
            "LINGER": "0",
            "LOG_LEVEL": "WARNING",
            "WORKERS": "1",
        }


@contextmanager
def servers() -> Iterator[Servers]:
    """Fresh servers with a migrated database, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="sender-bench-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        postgres = start_postgres(folder / "postgres", folder / "postgres.log")
        port = _free_port()
        valkey = start_valkey(folder / "valkey", folder / "valkey.log", tcp_port=port)
        socket_folder = urlsplit(postgres.url).query.removeprefix("host=")
        found = Servers(postgres.url, socket_folder, valkey.url, port, folder)
        try:
            subprocess.run(
                [sys.executable, "-m", "alembic", "upgrade", "head"],
                cwd=ROOT,
                env=found.environment,
                check=True,
                capture_output=True,
            )
            yield found
        finally:
            valkey.child.stop(10)
            postgres.child.stop(20)


def until(look: Callable[[], bool], seconds: float, what: str, every: float = 0.01) -> None:
    """Look `every` so many seconds until `look` is true; raises TimeoutError when it is not within
    `seconds`."""
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(every)


def empty(found: Servers) -> None:
    """Forget every row, and have Postgres settle down."""
    with psycopg.connect(found.postgres_url, autocommit=True) as connection:
        tables = "workspaces, metric_events, contacts, campaign_recipients, contact_index"
        connection.execute(f"TRUNCATE {tables}, changed_contacts CASCADE")
        connection.execute("CHECKPOINT")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
