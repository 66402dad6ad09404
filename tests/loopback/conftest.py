"""One loopback server for all tests, and real neonize clients linked to it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loopback_processes import (
    ALICE,
    BOB,
    LoopbackServer,
    NeonizeClient,
    copy_store,
    link,
    wait_until,
)

from whatsapp_loopback.client import Loopback

_numbers = itertools.count(595982000001)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackServer]:
    """The server's process."""
    process = LoopbackServer(tmp_path_factory.mktemp("loopback"))
    process.start().close()
    yield process
    process.stop()


@pytest.fixture
def phone() -> str:
    """The number of a phone that no other test uses."""
    return str(next(_numbers))


@pytest.fixture(scope="session")
def session_loopback(server: LoopbackServer) -> Iterator[Loopback]:
    """A client of the API, for fixtures that live as long as the session."""
    import json

    url = json.loads((server.data_dir / "ready.json").read_text())["url"]
    with Loopback(url) as client:
        yield client


@pytest.fixture
def loopback(session_loopback: Loopback) -> Iterator[Loopback]:
    """The API's client; failures and policies are taken back afterwards."""
    yield session_loopback
    session_loopback.heal()
    session_loopback.receipts_after(delivered_ms=0)


@pytest.fixture
def new_client(server: LoopbackServer, tmp_path: Path) -> Iterator[Callable[..., NeonizeClient]]:
    """Starts neonize processes with stores of their own; all are ended afterwards."""
    started: list[NeonizeClient] = []

    def start(name: str = "client", store: Path | None = None) -> NeonizeClient:
        client = NeonizeClient(store or tmp_path / f"{name}.db", server.data_dir)
        started.append(client)
        return client

    yield start
    for client in started:
        client.kill()


@pytest.fixture(scope="session")
def session_alice(
    server: LoopbackServer, session_loopback: Loopback, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NeonizeClient]:
    """A client linked to ALICE's phone."""
    store = tmp_path_factory.mktemp("alice") / "alice.db"
    client = link(NeonizeClient(store, server.data_dir), session_loopback, ALICE)
    yield client
    client.kill()


@pytest.fixture
def alice(session_alice: NeonizeClient, loopback: Loopback) -> NeonizeClient:
    """ALICE's client, shared by all tests: connected, whatever the test before did to its line,
    and with all told of that."""

    def is_at_rest() -> bool:
        account = loopback.account(ALICE)
        told = session_alice.count("Connected") == account["logins"]
        return account["connected"] and told and session_alice.do("state") == [True, True]

    wait_until(is_at_rest)
    return session_alice


@pytest.fixture(scope="session")
def linked_store(
    server: LoopbackServer, session_loopback: Loopback, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The session store of a client that was linked to BOB's phone and then ended."""
    store = tmp_path_factory.mktemp("bob") / "bob.db"
    link(NeonizeClient(store, server.data_dir), session_loopback, BOB).kill()
    return store


@pytest.fixture
def bob(
    linked_store: Path, new_client: Callable[..., NeonizeClient], tmp_path: Path
) -> NeonizeClient:
    """BOB's client, resumed from a copy of its store and not connected yet."""
    return new_client(store=copy_store(linked_store, tmp_path))
