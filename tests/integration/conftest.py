"""The stack of the integration tests, and the office of those that send nothing."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sender_app import bootstrap
from sender_app.local.valkey import Valkey
from tests.conftest import flush, fresh_database
from tests.integration.kept import Kept
from tests.integration.personas import World, make_world, services_with
from tests.office import Office
from tests.stack import Stack, Whatsapp, start_over, store_variables


@pytest.fixture
def whatsapp(tmp_path: Path) -> Iterator[Whatsapp]:
    server = Whatsapp(tmp_path / "whatsapp", tmp_path / "logs" / "whatsapp.log")
    server.client.receipts_after(300)  # a phone takes a moment to confirm
    yield server
    server.stop()


@pytest.fixture(scope="session")
def kept_in() -> str:
    """The store of `stack`; tests that shall have the other one too name it."""
    return os.environ.get("STORE", "postgres")


@pytest.fixture
def store_env(kept_in: str, redis_url: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """Variables that name the store."""
    return store_variables(kept_in, redis_url, lambda: request.getfixturevalue("database_url"))


@pytest.fixture
def stack(
    store_env: dict[str, str],
    tmp_path: Path,
    whatsapp: Whatsapp,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stack]:
    """A worker, linked to nothing yet; no pace, little lingering."""
    env = store_env | {
        "DATA_DIR": str(tmp_path / "data"),
        "PACE_INTERVAL": "0",
        "PACE_JITTER": "0",
        "LINGER": "3",
        "LEASE_TTL": "6",
        "WORKERS": "2",
    }
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    start_over()
    services = bootstrap.services()
    actor = services.workspaces.actor_for("alice", "Alice")
    log = tmp_path / "logs" / "worker.log"
    stack = Stack(env, log, whatsapp, services, bootstrap.store(), actor)
    stack.start_worker()
    yield stack
    if stack.process is not None and stack.process.poll() is None:
        stack.stop_worker()
    start_over()
    if os.environ.get("SHOW_LOGS"):
        print(log.read_text())


@pytest.fixture
def office(
    store_env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    for name, value in (store_env | {"DATA_DIR": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)
    start_over()
    yield Office(bootstrap.services(), bootstrap.store())
    start_over()


@pytest.fixture(scope="module")
def installation(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a module's world."""
    return request.module.INSTALLATION


@pytest.fixture(scope="module")
def one_world(
    kept_in: str,
    installation: dict[str, str],
    request: pytest.FixtureRequest,
    valkey: Valkey,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[World, Kept]]:
    """A module's world, and how it was at first."""
    folder = tmp_path_factory.mktemp("world")
    with ExitStack() as stack:

        def database_url() -> str:
            return stack.enter_context(fresh_database(request.getfixturevalue("postgres")))

        flush(valkey.url)
        env = store_variables(kept_in, valkey.url, database_url) | {"DATA_DIR": str(folder)}
        services = stack.enter_context(services_with(**env | installation))
        made = make_world(services)
        yield made, Kept(made.store, bootstrap.redis(), folder)


@pytest.fixture
def world(one_world: tuple[World, Kept]) -> World:
    """The module's world as it was at first."""
    world, kept = one_world
    kept.put_back()
    return world
