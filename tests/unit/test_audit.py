"""The look into the advisory database, with one that a test plays, and with none."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import ROOT

WEAK = {"requests", "thing"}  # that the database knows of


@contextmanager
def database(weak: set[str]) -> Iterator[str]:
    """An advisory database in the way of osv.dev; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = asked["package"]["name"]
            events = [{"introduced": "0"}, {"fixed": "9.1"}]
            about = {
                "package": {"name": name, "ecosystem": "PyPI"},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
            found = [{"id": "PYSEC-1", "affected": [about]}] if name in weak else []
            body = json.dumps({"vulns": found} if found else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests look at what the audit says."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def audit(folder: Path, address: str, pins: str, *options: str) -> "subprocess.CompletedProcess":
    pinned = folder / "requirements.txt"
    pinned.write_text(pins)
    env = {"PIP_AUDIT_VULNERABILITY_SERVICE": "osv", "PIP_AUDIT_OSV_URL": address}
    return subprocess.run(
        [sys.executable, ROOT / ".ci" / "audit.py", *options, str(pinned)],
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("options", [[], ["--if-reachable"]])
def test_it_fails_for_what_is_known_to_be_weak_and_for_nothing_else(
    tmp_path: Path, options: list[str]
):
    with database(WEAK) as address:
        weak = audit(tmp_path, address, "thing==9.0\nother==1.0\n", *options)
        good = audit(tmp_path, address, "other==1.0\n", *options)
    assert (weak.returncode, weak.stderr) == (1, "audit: thing 9.0: PYSEC-1 (mended in 9.1)\n")
    assert (good.returncode, good.stdout) == (0, "audit: nothing is known against 1 packages\n")


@pytest.mark.parametrize("silence", ["nobody there", "no advisories"])
def test_a_database_that_does_not_answer_is_said_and_is_no_good_word(tmp_path: Path, silence: str):
    with database(set()) as empty:
        address = empty if silence == "no advisories" else "http://127.0.0.1:9/v1/query"
        insisting = audit(tmp_path, address, "thing==9.0\n")
        checking = audit(tmp_path, address, "thing==9.0\n", "--if-reachable")
    assert (insisting.returncode, checking.returncode) == (2, 0)
    for answer in (insisting, checking):
        assert "NOT DONE, the advisory database does not answer" in answer.stderr
        assert "nothing is known" not in answer.stdout


def test_pins_that_cannot_be_read_are_no_silence(tmp_path: Path):
    with database(WEAK) as address:
        unpinned = audit(tmp_path, address, "thing\n", "--if-reachable")
    assert unpinned.returncode == 1
    assert "thing" in unpinned.stderr
