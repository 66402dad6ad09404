"""Everything that was started ends, and what ends by itself comes back."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from sender_app.local.failure import StartFailure
from sender_app.local.frontend import build_frontend
from sender_app.local.process import start
from sender_app.local.running import data_in_use, note_running, the_only_one
from tests.stack import ROOT, eventually, free_ports, wait_for_start


def number_in(noted: Path) -> int:
    """The number in a file, once somebody has written it."""
    return int(eventually(lambda: noted.exists() and noted.read_text().strip(), what="the note"))


def gone(pid: int) -> None:
    """Wait for the end of a process."""
    eventually(lambda: not alive(pid), what=f"the end of {pid}")


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_child_takes_what_it_started_with_it(tmp_path: Path):
    noted = tmp_path / "pid"
    child = start(
        "shell", ["sh", "-c", f"sleep 60 & echo $! > {noted}; wait"], log=tmp_path / "log"
    )
    pid = number_in(noted)
    assert child.stop(5)
    gone(pid)


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path):
    ready = tmp_path / "ready"
    child = start(
        "deaf", ["sh", "-c", f"trap '' TERM; echo 1 > {ready}; sleep 60"], log=tmp_path / "l"
    )
    number_in(ready)
    assert not child.stop(0.2)
    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="only Linux ends orphans")
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path):
    code = (
        "import sys, time; from pathlib import Path; from sender_app.local.process import start;"
        f"print(start('c', ['sleep', '60'], log=Path({str(tmp_path / 'log')!r})).process.pid,"
        " flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    gone(pid)


def test_links_are_of_the_demonstration_while_only_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_DIR", raising=False)
    own, demo = tmp_path / ".data", tmp_path / ".data-demo"
    address = {"PUBLIC_URL": "http://127.0.0.1:3000"}
    assert data_in_use() == own
    with the_only_one(demo):
        note_running(demo, address)
        assert data_in_use() == demo
        with the_only_one(own):
            note_running(own, address)
            assert data_in_use() == own
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "other"))
        assert data_in_use() == tmp_path / "other"


def test_the_browsers_part_is_built_once(tmp_path: Path):
    build_frontend(tmp_path / "log")
    assert build_frontend(tmp_path / "log") is False


def test_a_build_ends_when_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sender_app.local.frontend._STAMP", tmp_path / "stamp")
    before = set(psutil.pids())
    with pytest.raises(StartFailure):
        build_frontend(tmp_path / "log", lambda: True)
    assert not [pid for pid in set(psutil.pids()) - before if "reflex" in command(pid, ROOT)]


@pytest.fixture
def somebody_builds() -> Iterator[int]:
    """What whoever builds in this checkout holds locked."""
    checkout = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(checkout, fcntl.LOCK_EX)
    yield checkout
    os.close(checkout)


def test_a_second_build_waits_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, somebody_builds: int
):
    built = threading.Event()
    monkeypatch.setattr("sender_app.local.frontend.is_built", built.is_set)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(build_frontend, tmp_path / "log")
        with pytest.raises(TimeoutError):
            second.result(0.5)
        built.set()
        fcntl.flock(somebody_builds, fcntl.LOCK_UN)
        assert second.result(60) is False
    assert not (tmp_path / "log").exists(), "it started a compiler"


def test_a_build_that_waits_ends_when_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, somebody_builds: int
):
    monkeypatch.setattr("sender_app.local.frontend._STAMP", tmp_path / "stamp")
    with pytest.raises(StartFailure, match="was not built"):
        build_frontend(tmp_path / "log", lambda: True)


def command(pid: int, under: Path = Path("/")) -> str:
    """How a process was started; nothing when it has ended, or does not work `under` a folder."""
    try:
        process = psutil.Process(pid)
        return " ".join(process.cmdline()) if Path(process.cwd()).is_relative_to(under) else ""
    except psutil.Error:
        return ""


class Running:
    """`make run` on a folder of its own."""

    def __init__(self, folder: Path, output: Path) -> None:
        self.folder, self.output, self.port = folder, output, free_ports(1)
        with output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sender_app.local"],
                cwd=ROOT,
                env=os.environ | {"DATA_DIR": str(folder), "PORT": str(self.port)},
                stdout=out,
                stderr=out,
            )
        wait_for_start(self.process, output)

    def said(self) -> str:
        return self.output.read_text()

    def child(self, word: str) -> psutil.Process:
        """The newest child that was started with `word`; fails when there is none in time."""

        def found() -> list[psutil.Process]:
            children = psutil.Process(self.process.pid).children()
            return [child for child in children if word in command(child.pid)]

        return eventually(found, what=word)[-1]


@pytest.fixture
def running(data: Path, tmp_path: Path) -> Iterator[Running]:
    running = Running(data / uuid4().hex, tmp_path / "output")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def test_what_ends_by_itself_comes_back_and_then_everything_ends(running: Running):
    lost = [running.child(word) for word in ("granian", "valkey-server", "bin/postgres")]
    orphans = [orphan for child in lost for orphan in child.children()]
    for child in lost:
        child.kill()
    for word, old in zip(("granian", "valkey-server", "bin/postgres"), lost, strict=True):
        eventually(lambda word=word, old=old: running.child(word).pid != old.pid, what=word)
    assert running.said().count("starting it again") == 3
    for orphan in orphans:
        gone(orphan.pid)
    eventually(lambda: listening(running.port), what="the web tier")
    everyone = psutil.Process(running.process.pid).children(recursive=True)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(120) == 0
    assert [child for child in everyone if alive(child.pid)] == []
    assert not listening(running.port)


def listening(port: int) -> bool:
    """Whether somebody takes connections on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
