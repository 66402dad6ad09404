"""What keeps linked devices in Redis: the file, the vault and the gate, without the library."""

import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from redis import Redis

from sender_app.adapters.redis_devices import keeper
from sender_app.adapters.redis_devices.device_file import DeviceFile
from sender_app.adapters.redis_devices.gate import Gate
from sender_app.adapters.redis_devices.vault import Vault
from sender_app.domain.errors import LeaseLost, Unavailable

ACCOUNT = UUID("01936d2e-0000-7000-8000-000000000001")
TABLES = """
CREATE TABLE whatsmeow_version (version INTEGER, compat INTEGER);
CREATE TABLE whatsmeow_device (jid TEXT PRIMARY KEY, noise_key bytea NOT NULL);
CREATE TABLE whatsmeow_sessions (our_jid TEXT, their_id TEXT, session bytea,
  PRIMARY KEY (our_jid, their_id),
  FOREIGN KEY (our_jid) REFERENCES whatsmeow_device(jid) ON DELETE CASCADE);
CREATE INDEX whatsmeow_by_them ON whatsmeow_sessions (their_id);
CREATE TABLE whatsmeow_message_secrets (our_jid TEXT, message_id TEXT, key bytea NOT NULL,
  PRIMARY KEY (our_jid, message_id));
INSERT INTO whatsmeow_version VALUES (1, 1);
"""


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


class Library:
    """The other user of the file."""

    def __init__(self, file: DeviceFile) -> None:
        self.database = sqlite3.connect(file.dsn.partition("?")[0], isolation_level=None)
        self.database.execute("PRAGMA foreign_keys = on")

    def __call__(self, statement: str, *values: object) -> list[tuple]:
        return self.database.execute(statement, values).fetchall()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[DeviceFile]:
    file = DeviceFile(tmp_path)
    file.fill([], {})
    yield file
    file.close()


@pytest.fixture
def library(file: DeviceFile) -> Iterator[Library]:
    library = Library(file)
    library.database.executescript(TABLES)
    yield library
    library.database.close()


def test_only_what_changed_is_told_and_only_once(file: DeviceFile, library: Library):
    file.watch()
    assert file.changes() is None
    library("INSERT INTO whatsmeow_device VALUES ('a', x'00ff')")
    library("INSERT INTO whatsmeow_sessions VALUES ('a', 'x', 1), ('a', 'y', x'')")
    library("UPDATE whatsmeow_sessions SET session = x'02' WHERE their_id = 'x'")
    library("DELETE FROM whatsmeow_sessions WHERE their_id = 'y'")
    changes = file.changes()
    assert changes is not None
    assert changes.rows == {
        ("whatsmeow_device", "'a'"): ("a", b"\x00\xff"),
        ("whatsmeow_sessions", "'a','x'"): ("a", "x", b"\x02"),
    }
    assert changes.gone == {("whatsmeow_sessions", "'a','y'")}
    assert file.changes() == changes, "until they are kept"
    file.kept(changes)
    assert file.changes() is None
    library("INSERT INTO whatsmeow_sessions VALUES ('a', 'z', x'03')")
    library("DELETE FROM whatsmeow_device")
    changes = file.changes()
    assert changes is not None
    assert changes.rows == {}
    assert {name for _, name in changes.gone} == {"'a'", "'a','x'", "'a','z'"}


def test_a_row_whose_number_another_one_got_is_gone(file: DeviceFile, library: Library):
    file.watch()
    library("INSERT INTO whatsmeow_device VALUES ('a', x'00')")
    library("DELETE FROM whatsmeow_device")
    library("INSERT INTO whatsmeow_device VALUES ('b', x'01')")
    changes = file.changes()
    assert changes is not None
    assert set(changes.rows) == {("whatsmeow_device", "'b'")}
    assert changes.gone == {("whatsmeow_device", "'a'")}


def test_a_newer_library_changes_its_tables_and_everything_is_kept_anew(
    file: DeviceFile, library: Library, redis: Redis, tmp_path: Path
):
    vault = Vault(redis, "k" * 32, ACCOUNT, 1)
    assert vault.open(linked=True) == []
    tables = file.watch()
    library("INSERT INTO whatsmeow_device VALUES ('a', x'00')")
    library("INSERT INTO whatsmeow_sessions VALUES ('a', 'x', x'01')")
    vault.replace(tables, file.everything().rows)
    library("ALTER TABLE whatsmeow_sessions ADD COLUMN tries INTEGER NOT NULL DEFAULT 7")
    library("UPDATE whatsmeow_version SET version = 2")
    assert file.watch() != tables
    vault.replace(file.watch(), file.everything().rows)

    later = Vault(redis, "k" * 32, ACCOUNT, 2)
    tables = later.open(linked=True)
    (tmp_path / "later").mkdir()
    restored = DeviceFile(tmp_path / "later")
    restored.fill(tables, {table.name: later.rows(table.name) for table in tables})
    look = Library(restored)
    assert look("SELECT * FROM whatsmeow_sessions") == [("a", "x", b"\x01", 7)]
    assert look("SELECT * FROM whatsmeow_version") == [(2, 1)]
    assert look("SELECT * FROM whatsmeow_device") == [("a", b"\x00")]
    assert look("SELECT name FROM sqlite_master WHERE name = 'whatsmeow_by_them'")
    assert restored.watch() == tables
    look.database.close()
    restored.close()
    with pytest.raises(LeaseLost):
        vault.save({}, [("whatsmeow_sessions", "'a','x'")], {})
    with pytest.raises(LeaseLost):
        vault.open(linked=True)


def test_linking_anew_deletes_the_old_device_but_not_what_it_sent(
    file: DeviceFile, library: Library, redis: Redis
):
    vault = Vault(redis, "k" * 32, ACCOUNT, 1)
    vault.open(linked=False)
    library("INSERT INTO whatsmeow_device VALUES ('a', x'00')")
    library("INSERT INTO whatsmeow_sessions VALUES ('a', 'x', x'01')")
    vault.replace(file.watch(), file.everything().rows)
    vault.save({}, [], {bytes([n // 256, n % 256]): str(n) for n in range(1200)})
    other = Vault(redis, "k" * 32, uuid4(), 1)
    other.open(linked=False)
    vault = Vault(redis, "k" * 32, ACCOUNT, 2)
    assert vault.open(linked=False) == []
    first, last, never = b"\x00\x00", b"\x04\xaf", b"\xff\xff"
    assert vault.find_message_ids([first, last, never]) == {first: "0", last: "1199"}
    assert other.find_message_ids([first]) == {}
    assert redis.keys(f"wa:session:{ACCOUNT}:keys:*") == [
        f"wa:session:{ACCOUNT}:keys:sent".encode()
    ]


class Server:
    """Where the gate leads to: says back what it hears."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def meet(self) -> socket.socket:
        self.socket.settimeout(10)
        line, _ = self.socket.accept()
        line.settimeout(10)
        return line


def through(gate: Gate, port: int, login: str | None = None) -> tuple[socket.socket, bytes]:
    """A line through the gate, and its answer."""
    import base64

    parts = urlsplit(gate.url)
    login = base64.b64encode((login or f"sender:{parts.password}").encode()).decode()
    line = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)
    line.sendall(
        f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nProxy-Authorization: Basic {login}\r\n\r\n".encode()
    )
    return line, line.recv(1000)


def test_the_gate_keeps_before_it_lets_out():
    order: list[str] = []
    server, gate = Server(), Gate(lambda: order.append("kept"))
    line, answer = through(gate, server.port)
    assert answer.startswith(b"HTTP/1.1 200")
    far = server.meet()
    line.sendall(b"ping")
    assert far.recv(10) == b"ping"
    assert order == ["kept"]
    far.sendall(b"pong")
    assert line.recv(10) == b"pong"
    assert order == ["kept"], "what comes in needs no keeping"
    far.close()
    assert line.recv(10) == b""
    gate.close()
    line.close()
    server.socket.close()


def test_the_gate_lets_nothing_out_that_cannot_be_kept_and_nobody_else_through():
    def keep() -> None:
        raise Unavailable("Redis is away")

    server, gate = Server(), Gate(keep)
    line, _ = through(gate, server.port)
    far = server.meet()
    line.sendall(b"ping")
    assert far.recv(10) == b""
    assert line.recv(10) == b""
    stranger, answer = through(gate, server.port, "sender:guess")
    assert answer.startswith(b"HTTP/1.1 502")
    for one in (far, line, stranger, server.socket):
        one.close()
    gate.close()


def test_files_of_killed_processes_are_deleted_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(keeper, "_YOUNG", -1.0)
    left = tmp_path / "sender-devices-left"
    left.mkdir()
    held = keeper._own_folder()
    assert not left.exists()
    other = keeper._own_folder()
    assert held.exists()
    assert (held.stat().st_mode & 0o777, other == held) == (0o700, False)
