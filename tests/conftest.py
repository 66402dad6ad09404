"""Real servers for every test: one Postgres and one Valkey a run, a database of its own a test."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import redis
from hypothesis import HealthCheck, settings

from sender_app.local.postgres import Postgres, start_postgres
from sender_app.local.valkey import Valkey, start_valkey

ROOT = Path(__file__).resolve().parents[1]

# No test fails for being slow: the machine may have other things to do.
settings.register_profile("sender", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sender")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever works with real servers and browsers gets a second go, which the summary names."""
    for item in items:
        if not item.path.is_relative_to(ROOT / "tests" / "unit"):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What went wrong in the first go of those that had a second."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"first go of {report.nodeid}")
        terminalreporter.line(report.longreprtext)


@pytest.fixture(scope="session")
def data() -> Iterator[Path]:
    """A folder for the run's servers; under /tmp, so that a user of Postgres' own can reach it."""
    folder = Path(tempfile.mkdtemp(prefix="sender-tests-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(data: Path) -> Iterator[Postgres]:
    """The run's Postgres, with a migrated template database."""
    server = start_postgres(data / "postgres", data / "logs" / "postgres.log")
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": server.url},
        check=True,
        capture_output=True,
    )
    yield server
    server.child.stop(10)


@pytest.fixture(scope="session")
def valkey(data: Path) -> Iterator[Valkey]:
    """The run's Valkey."""
    server = start_valkey(data / "valkey", data / "logs" / "valkey.log")
    yield server
    server.child.stop(10)


@contextmanager
def fresh_database(postgres: Postgres) -> Iterator[str]:
    """A migrated database that nobody else uses."""
    name = f"test_{uuid4().hex}"
    admin = postgres.url.replace("/sender?", "/postgres?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE sender')
    yield postgres.url.replace("/sender?", f"/{name}?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """A migrated database of the test's own."""
    with fresh_database(postgres) as url:
        yield url


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """The run's Valkey, emptied."""
    flush(valkey.url)
    return valkey.url


def flush(redis_url: str) -> None:
    """Empty a Redis."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
