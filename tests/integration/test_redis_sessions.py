"""Linked devices in Redis, with the real neonize: kept before anything leaves, restored after."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from tests.stack import NUMBER, ROOT, Whatsapp, children, eventually
from whatsapp_loopback.client import Loopback
from whatsapp_loopback.environment import environment

KEY = "a key of the tests, long enough for anybody"
ANA, BEA = "+595982000001", "+595982000002"


class Gone(Exception):
    """What the gateway raised, by its class's name."""


class Process:
    """An account's process: one connection of the gateway, with what keeps its devices."""

    def __init__(self, store_url: str, whatsapp: Whatsapp, log: Path, key: str = KEY) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.gateway_driver", store_url, key],
                cwd=ROOT,
                env=os.environ | environment(whatsapp.data) | {"TMPDIR": str(log.parent)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
                text=True,
            )

    def __call__(self, what: str, *details: Any) -> Any:
        """Do it; raises Gone with what was raised."""
        self.begin(what, *details)
        return self.answer()

    def answer(self) -> Any:
        """What came of it; raises Gone with what was raised."""
        assert self.process.stdout is not None
        while not (line := self.process.stdout.readline()).startswith("{"):
            assert line, self.log.read_text()
        answer = json.loads(line)
        if "error" in answer:
            raise Gone(answer["error"], answer["text"])
        return answer["value"]

    def begin(self, what: str, *details: Any) -> None:
        """Have it do something; nobody waits for it here."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([what, *details]) + "\n")
        self.process.stdin.flush()

    def link(self, account: str, loopback: Loopback) -> str:
        """A device linked under the first lease; returns its session."""
        self("open", account, 1, None)
        loopback.scan(NUMBER, self("event", "QrShown")["code"])
        session = self("event", "Paired")["session_id"]
        self("event", "CaughtUp")
        return session

    def resume(self, account: str, epoch: int, session: str) -> "Process":
        """The session goes on under a later lease."""
        self("open", account, epoch, session)
        self("event", "CaughtUp")
        return self

    def kill(self) -> None:
        """As a power cut does it; what keeps the devices ends by itself."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()
        self.process.wait()


@pytest.fixture
def start(redis_url: str, whatsapp: Whatsapp, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(key: str = KEY) -> Process:
        started.append(Process(redis_url, whatsapp, tmp_path / "gateway.log", key))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def account() -> str:
    return str(uuid4())


def secret() -> str:
    return os.urandom(32).hex()


def texts(whatsapp: Whatsapp) -> list[str]:
    return [message["text"] for message in whatsapp.client.messages()]


def test_another_process_goes_on_where_a_killed_one_was(
    start: Callable[..., Process], account: str, whatsapp: Whatsapp
):
    first = start()
    session = first.link(account, whatsapp.client)
    before, after, never = secret(), secret(), secret()
    message_id = first("send", ANA, "uno", before)
    first.kill()
    second = start().resume(account, 2, session)
    assert second("find", before, never) == {before: message_id}
    ids = {before: message_id, after: second("send", ANA, "dos", after)}
    assert second("find", before, after, never) == ids
    second("close")
    third = start().resume(account, 3, session)
    third("send", ANA, "tres", secret())
    # The phone decrypts each, so no key of the conversation was used twice.
    eventually(lambda: texts(whatsapp) == ["uno", "dos", "tres"], what="the messages")


def test_what_people_write_is_read_by_whoever_goes_on(
    start: Callable[..., Process], account: str, whatsapp: Whatsapp
):
    first = start()
    session = first.link(account, whatsapp.client)
    first("send", ANA, "uno", secret())
    for epoch, word in ((2, "hola"), (3, "¿sí?"), (4, "baja")):
        whatsapp.client.reply(NUMBER, ANA[1:], word)
        assert first("event", "Incoming")["text"] == word
        first.kill()
        first = start().resume(account, epoch, session)
    whatsapp.client.reply(NUMBER, ANA[1:], "gracias")
    assert first("event", "Incoming")["text"] == "gracias"


def test_a_message_in_flight_is_known_after_a_crash(
    start: Callable[..., Process], account: str, whatsapp: Whatsapp
):
    first = start()
    session = first.link(account, whatsapp.client)
    first("send", ANA, "uno", secret())
    whatsapp.client.fail("ack_withheld", count=1)
    flying = secret()
    first.begin("send", BEA, "en vuelo", flying)
    eventually(lambda: texts(whatsapp) == ["uno", "en vuelo"], what="its arrival")
    first.kill()
    (sent,) = (m for m in whatsapp.client.messages() if m["text"] == "en vuelo")
    assert start().resume(account, 2, session)("find", flying) == {flying: sent["id"]}


def test_what_is_not_known_after_a_crash_never_left(
    start: Callable[..., Process], account: str, whatsapp: Whatsapp
):
    dice = random.Random(20261129)  # noqa: S311 - a replayable order is wanted
    process = start()
    session = process.link(account, whatsapp.client)
    tried: list[str] = []
    for kill in range(6):
        secrets = [secret() for _ in range(200)]
        before = len(whatsapp.client.messages())
        process.begin("send_all", 595982000010 + 100 * (kill // 2), *secrets)
        eventually(lambda before=before: len(whatsapp.client.messages()) > before, what="a first")
        time.sleep(dice.uniform(0, 0.4))
        process.kill()
        tried += secrets
        process = start().resume(account, kill + 2, session)
        known = process("find", *tried)
        arrived = {m["secret_hex"]: m["id"] for m in whatsapp.client.messages()}
        assert arrived.items() <= known.items()
        assert len(known) - len(arrived) <= kill + 1, "no more than what was in flight"


def test_what_cannot_be_kept_does_not_leave(
    start: Callable[..., Process], account: str, whatsapp: Whatsapp, redis_url: str
):
    stalled = start()
    session = stalled.link(account, whatsapp.client)
    stalled("send", ANA, "uno", secret())
    with Redis.from_url(redis_url) as redis:
        redis.hset(f"wa:session:{account}:creds", "epoch", 2)  # as a successor does it
    late = secret()
    with pytest.raises(Gone):
        stalled("send", ANA, "tarde", late)
    with pytest.raises(Gone, match="LeaseLost"):
        stalled("find", late)
    stalled.kill()
    successor = start().resume(account, 3, session)
    assert successor("find", late) == {}
    successor("send", ANA, "dos", secret())
    assert texts(whatsapp) == ["uno", "dos"]
    with pytest.raises(Gone, match="LeaseLost"):
        start()("open", account, 2, session)


def test_nothing_in_redis_or_on_the_disk_can_be_read(
    start: Callable[..., Process],
    account: str,
    whatsapp: Whatsapp,
    redis_url: str,
    tmp_path: Path,
):
    first = start()
    session = first.link(account, whatsapp.client)
    first("send", ANA, "uno", secret())
    (folder,) = tmp_path.glob("sender-devices-*")
    assert folder.stat().st_mode & 0o777 == 0o700
    first.kill()
    eventually(lambda: not folder.exists(), what="the file's end")
    with Redis.from_url(redis_url) as redis:
        keys = redis.keys(f"wa:session:{account}:*")
        assert f"wa:session:{account}:keys:sessions".encode() in keys
        kept = b"".join(redis.dump(key) for key in keys)
    for digits in (NUMBER, ANA[1:], whatsapp.client.account(NUMBER)["lid"].split("@")[0]):
        assert digits.encode() not in kept
    with pytest.raises(Gone, match="SECRET_KEY"):
        start("another key, and long enough for all that")("open", account, 2, session)
    start().resume(account, 3, session)


def test_a_device_that_the_phone_removed_is_gone_but_not_what_it_sent(
    start: Callable[..., Process], account: str, whatsapp: Whatsapp, redis_url: str
):
    first = start()
    session = first.link(account, whatsapp.client)
    sent = secret()
    message_id = first("send", ANA, "uno", sent)
    whatsapp.client.unlink(NUMBER)
    first("event", "SessionEnded")

    def is_kept() -> bool:
        first("find", sent)  # keeps what the library did meanwhile
        with Redis.from_url(redis_url) as redis:
            fields = redis.hkeys(f"wa:session:{account}:creds")
        return any(field.startswith(b"whatsmeow_device:") for field in fields)

    eventually(lambda: not is_kept(), what="the device's end")
    first("close")
    with pytest.raises(Gone, match="no such device"):
        start()("open", account, 2, session)
    again = start()
    again("open", account, 3, None)
    whatsapp.client.scan(NUMBER, again("event", "QrShown")["code"])
    again("event", "CaughtUp")
    assert again("find", sent) == {sent: message_id}


def test_it_says_when_what_keeps_the_devices_is_gone(
    start: Callable[..., Process], account: str, whatsapp: Whatsapp
):
    process = start()
    process.link(account, whatsapp.client)
    for keeper in children(process.process.pid):  # and the shells that the library left
        os.kill(keeper, signal.SIGKILL)
    process("event", "Stopped")
    with pytest.raises(Gone):
        process("send", ANA, "uno", secret())
    assert texts(whatsapp) == []
