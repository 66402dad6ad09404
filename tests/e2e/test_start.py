"""Starting and stopping."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from redis import Redis

from tests.e2e.conftest import Demo, start_demo
from tests.stack import ROOT, eventually, free_ports, wait_for_start


def failed_start(tmp_path: Path, **env: str) -> str:
    """What a start that cannot succeed says."""
    done = subprocess.run(
        [sys.executable, "-m", "sender_app.local"],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(tmp_path), **env},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_it_says_that_a_port_is_in_use(tmp_path: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        line = failed_start(tmp_path, PORT=str(other.getsockname()[1]))
    assert "port" in line
    assert "in use" in line


def test_it_says_that_a_port_makes_no_sense(tmp_path: Path):
    assert "PORT must be a number" in failed_start(tmp_path, PORT="many")


def test_it_says_which_address_is_wrong(tmp_path: Path):
    port = str(free_ports(1))
    line = failed_start(tmp_path, PORT=port, DATABASE_URL="mysql://x", REDIS_URL="redis://x")
    assert "DATABASE_URL" in line
    line = failed_start(
        tmp_path, PORT=port, DATABASE_URL="postgresql://x@127.0.0.1:1/x", REDIS_URL="redis://x"
    )
    assert "Postgres cannot be reached" in line


def test_it_does_not_start_on_a_redis_alone_that_forgets(redis_url: str, tmp_path: Path):
    alone = {"PORT": str(free_ports(1)), "STORE": "redis", "REDIS_URL": redis_url}
    with Redis.from_url(redis_url) as redis:
        redis.config_set("appendonly", "no")
        line = failed_start(tmp_path, **alone)
        redis.config_set("appendonly", "yes")
    assert "set appendonly yes" in line
    assert "REDIS_FSYNC" in failed_start(tmp_path, **alone), "the run's Valkey has everysec"
    assert "STORE" in failed_start(tmp_path, **alone | {"STORE": "sqlite"})


def test_it_lets_nobody_administer_it_from_elsewhere_by_accident(tmp_path: Path):
    port = str(free_ports(1))
    for away in ({"HOST": "0.0.0.0"}, {"PUBLIC_URL": "https://sender.example"}):  # noqa: S104
        line = failed_start(tmp_path, PORT=port, **away)
        assert "OIDC_ISSUER" in line
        assert "LOCAL_SIGN_IN=true" in line


def test_it_says_what_team_login_lacks(tmp_path: Path):
    port, issuer = str(free_ports(1)), "https://auth.example"
    assert "OIDC_CLIENT_ID" in failed_start(tmp_path, PORT=port, OIDC_ISSUER=issuer)


def test_it_refuses_to_run_twice_on_the_same_data(demo: Demo):
    assert "runs already" in failed_start(demo.data, PORT=str(free_ports(1)))


def test_two_run_side_by_side_and_a_killed_one_leaves_nothing_and_comes_back(
    demo: Demo, data: Path, tmp_path: Path
):
    folder, port = data / "second", free_ports(2)
    output = tmp_path / "output"

    def up() -> "subprocess.Popen[bytes]":
        process = start_demo(folder, output, PORT=str(port))
        wait_for_start(process, output)
        return process

    process = up()
    assert "building" not in output.read_text(), "it was built for the first one"
    assert demo.process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()

    def left() -> str:
        return subprocess.run(
            ["pgrep", "-f", str(folder)], check=False, capture_output=True, text=True
        ).stdout

    eventually(lambda: not left(), what="the end of its processes")
    process = up()
    process.send_signal(signal.SIGINT)
    assert process.wait(120) == 0
    assert left() == ""
