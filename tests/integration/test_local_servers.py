"""The embedded Postgres and Valkey keep what they were given, whatever ended them."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import redis

from sender_app.local.failure import StartFailure
from sender_app.local.postgres import Postgres, start_postgres
from sender_app.local.process import Child
from sender_app.local.sockets import socket_folder
from sender_app.local.valkey import Valkey, start_valkey


class Machine:
    """A folder with servers in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[Child] = []

    def postgres(self, name: str = "postgres") -> Postgres:
        server = start_postgres(self.folder / name, self.folder / "logs" / "postgres.log")
        self._started.append(server.child)
        return server

    def valkey(self, name: str = "valkey") -> Valkey:
        server = start_valkey(self.folder / name, self.folder / "logs" / "valkey.log")
        self._started.append(server.child)
        return server

    def switch_off(self) -> None:
        for child in self._started:
            child.kill()


@pytest.fixture
def machine(data: Path) -> Iterator[Machine]:
    machine = Machine(data / uuid4().hex)
    yield machine
    machine.switch_off()


def remember(server: Postgres, text: str) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (note text)")
        connection.execute("INSERT INTO notes VALUES (%s)", [text])


def notes(server: Postgres) -> list[str]:
    with psycopg.connect(server.url) as connection:
        return [row[0] for row in connection.execute("SELECT note FROM notes ORDER BY note")]


def test_postgres_is_version_18_in_utf8_and_on_no_network(machine: Machine):
    with psycopg.connect(machine.postgres().url) as connection:
        assert connection.info.server_version // 10000 == 18
        shown = [
            connection.execute(f"SHOW {name}").fetchone()[0]
            for name in ("server_encoding", "listen_addresses", "fsync")
        ]
    assert shown == ["UTF8", "", "on"]


def test_postgres_keeps_its_data_over_a_stop_and_over_a_kill(machine: Machine):
    server = machine.postgres()
    remember(server, "a")
    assert server.child.stop(10)
    server = machine.postgres()
    remember(server, "b")
    server.child.kill()
    assert notes(machine.postgres()) == ["a", "b"]


def test_postgres_ends_an_older_one_on_the_same_folder(machine: Machine):
    older = machine.postgres()
    remember(older, "a")
    assert notes(machine.postgres()) == ["a"]
    assert older.child.process.wait(5) == 0


def test_postgres_is_not_fooled_by_a_stale_pid_that_another_program_has_now(machine: Machine):
    server = machine.postgres()
    remember(server, "a")
    server.child.kill()
    other = subprocess.Popen(["sleep", "60"])
    lock = machine.folder / "postgres" / "postmaster.pid"
    _, *rest = lock.read_text().split("\n")
    lock.write_text("\n".join([str(other.pid), *rest]))
    assert notes(machine.postgres()) == ["a"]
    assert other.poll() is None
    other.kill()
    other.wait()


def test_postgres_starts_over_after_a_set_up_that_was_interrupted(machine: Machine):
    half = machine.folder / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = machine.postgres()
    remember(server, "a")
    assert notes(server) == ["a"]


def test_postgres_leaves_a_folder_alone_that_holds_something_else(machine: Machine):
    other = machine.folder / "postgres" / "photo.jpg"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"x")
    with pytest.raises(StartFailure, match="not Postgres' data"):
        machine.postgres()
    assert other.read_bytes() == b"x"


def test_valkey_keeps_its_data_over_a_stop(machine: Machine):
    server = machine.valkey()
    with redis.Redis.from_url(server.url) as client:
        client.set("a", "1")
    assert server.child.stop(10)
    with redis.Redis.from_url(machine.valkey().url) as client:
        assert client.get("a") == b"1"


def test_valkey_ends_an_older_one_on_the_same_folder(machine: Machine):
    older = machine.valkey()
    with redis.Redis.from_url(older.url) as client:
        client.set("a", "1")
    with redis.Redis.from_url(machine.valkey().url) as client:
        assert client.get("a") == b"1"
    older.child.process.wait(5)


def test_two_folders_have_servers_of_their_own_at_once(machine: Machine):
    first, second = machine.postgres("one"), machine.postgres("two")
    remember(first, "first")
    remember(second, "second")
    assert (notes(first), notes(second)) == (["first"], ["second"])
    assert machine.valkey("three").url != machine.valkey("four").url


def test_a_path_too_long_for_a_socket_makes_no_difference(data: Path):
    deep = data / uuid4().hex / ("x" * 80)
    machine = Machine(deep)
    try:
        remember(machine.postgres(), "a")
        with redis.Redis.from_url(machine.valkey().url) as client:
            assert client.ping()
    finally:
        machine.switch_off()


def test_a_socket_folder_that_others_can_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with tempfile.TemporaryDirectory() as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        made = socket_folder(tmp_path / ("x" * 90))
        made.chmod(0o777)
        with pytest.raises(StartFailure, match="somebody else"):
            socket_folder(tmp_path / ("x" * 90))
