"""Redis alone, saved as a replica would copy it, and put back into the embedded Valkey."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import redis
from redis.exceptions import RedisError

from sender_app.local.failure import StartFailure
from sender_app.local.valkey import start_valkey
from sender_app.stores.redis.restoring import make_careful
from sender_app.stores.redis.store import RedisStore

_PATIENCE = 120.0  # seconds for the server to write a snapshot or its log
_CHUNK = 1 << 20  # bytes
_PASSING = ("rq:*", "lock:*", "owner:*", "qr:*")  # wake-ups and locks, which come anew


def save(url: str, target: Path) -> None:
    """Write a snapshot of one moment to `target`. Raises StartFailure."""
    try:
        with redis.Redis.from_url(url, socket_timeout=_PATIENCE) as client:
            line: Any = client.connection_pool.get_connection()
            try:
                line.send_command("SYNC")
                _receive(line._sock, target)
            finally:
                line.disconnect()
    except (RedisError, OSError, ValueError) as error:
        raise StartFailure(f"Redis gives no snapshot: {error}") from error


def restore(data: Path, snapshot: Path) -> int:
    """Have the embedded Valkey, which does not run, hold what `snapshot` has.

    It is loaded beside the present data, which goes only when all went well. Returns how many
    campaigns that ran are paused. Raises StartFailure.
    """
    fresh, present, log = data / "valkey.restored", data / "valkey", data / "logs" / "valkey.log"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    shutil.copyfile(snapshot, fresh / "dump.rdb")
    try:
        server = start_valkey(fresh, log, load="dump.rdb")
        try:
            with redis.Redis.from_url(server.url) as client:
                paused = _prepare(client)
        finally:
            server.child.stop(30)
        (fresh / "dump.rdb").unlink()
        old = data / "valkey.old"
        shutil.rmtree(old, ignore_errors=True)
        with suppress(FileNotFoundError):
            present.rename(old)
        fresh.rename(present)
        shutil.rmtree(old, ignore_errors=True)
    except RedisError as error:
        raise StartFailure(f"not restored: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return paused


@contextmanager
def embedded(data: Path) -> Iterator[str]:
    """The URL of the embedded Valkey, started for as long."""
    server = start_valkey(data / "valkey", data / "logs" / "valkey.log", alone=True)
    try:
        yield server.url
    finally:
        server.child.stop(30)


def _prepare(client: redis.Redis) -> int:
    """Nothing goes on by itself, and all of it is in the log that the server starts from."""
    for pattern in _PASSING:
        for key in client.scan_iter(match=pattern, count=1000):
            client.unlink(key)
    paused = make_careful(RedisStore(client))
    client.config_set("appendonly", "yes")
    deadline = time.monotonic() + _PATIENCE
    while True:
        told: Any = client.info("persistence")
        if not (told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"]):
            break
        if time.monotonic() > deadline:
            raise StartFailure("not restored: Valkey does not come to an end with its log")
        time.sleep(0.05)
    if told["aof_last_bgrewrite_status"] != "ok":
        raise StartFailure("not restored: Valkey cannot write its log")
    return paused


def _receive(line: Any, target: Path) -> None:
    """What a server sends a replica: empty lines while it writes, `$length`, the snapshot."""
    head = b""
    while not head.endswith(b"\n") or not head.strip():
        one = line.recv(1)
        if not one:
            raise ValueError("the line ended")
        head = one if head.endswith(b"\n") else head + one
    text = head.strip().decode("latin-1")
    if not text.startswith("$") or not text[1:].isdigit():
        raise ValueError(text)
    left = int(text[1:])
    with target.open("wb") as file:
        while left:
            piece = line.recv(min(left, _CHUNK))
            if not piece:
                raise ValueError("the line ended")
            file.write(piece)
            left -= len(piece)
