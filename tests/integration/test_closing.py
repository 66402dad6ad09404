"""What comes while an account's connection is being closed is taken in: nobody tells it again."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from sender_app.adapters.noop_gateway import NoopConnection
from sender_app.domain.delivery import Lease
from sender_app.ports.whatsapp import GatewayEvent, Incoming
from tests.integration.personas import services_on
from tests.integration.test_redis_sessions import Process
from tests.stack import NUMBER, Whatsapp, eventually

PERSON = "+595982000002"


class _LateConnection(NoopConnection):
    """Somebody writes just before the library has stopped."""

    def close(self) -> None:
        self._waiting: list[GatewayEvent] = [
            Incoming("LATE", PERSON, "STOP", None, datetime.now(UTC))
        ]


class _LateGateway:
    def open(self, session_id: str | None, lease: Lease) -> NoopConnection:
        return _LateConnection()


@pytest.mark.parametrize("stopped", [False, True], ids=["at rest", "told to end"])
def test_a_baja_that_comes_at_the_last_moment_is_honoured(
    database_url: str, redis_url: str, tmp_path, stopped: bool
):
    env = {"GATEWAY": "noop", "LINGER": "0", "DATA_DIR": str(tmp_path)}
    with services_on(database_url, redis_url, **env) as services:
        from sender_app import bootstrap

        store = bootstrap.store()
        alice = services.workspaces.actor_for("alice", "Alice")
        account = services.accounts.ensure_account(alice)
        store.accounts.linked(account.id, "+595981000001", "session")
        stop = threading.Event()
        if stopped:
            stop.set()
        serving = replace(bootstrap.serving(), gateway=_LateGateway())
        assert serving.serve(account.id, "worker", stop)
        assert store.deliveries.opted_out(alice.workspace_id, [PERSON]) == {PERSON}
        # It is woken for the word that confirms it.
        assert account.id in store.accounts.to_serve(datetime.now(UTC))


def test_what_the_library_has_in_its_hands_is_still_heard(
    database_url: str, whatsapp: Whatsapp, tmp_path: Path
):
    process = Process(database_url, whatsapp, tmp_path / "gateway.log")
    try:
        process.link(str(uuid4()), whatsapp.client)
        with psycopg.connect(database_url) as busy, psycopg.connect(database_url) as look:
            busy.execute("LOCK TABLE whatsmeow_sessions IN ACCESS EXCLUSIVE MODE")
            whatsapp.client.reply(NUMBER, PERSON[1:], "BAJA")
            held_up = "SELECT FROM pg_locks WHERE NOT granted"
            eventually(lambda: look.execute(held_up).fetchone() is not None, what="the decryption")
            process.begin("close")
            eventually(lambda: not whatsapp.client.account(NUMBER)["connected"], what="the hang-up")
        process.answer()
        assert process("event", "Incoming")["text"] == "BAJA"
    finally:
        process.kill()
