"""The environment of a process under test, and the start of the server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from loopback_processes import ROOT, LoopbackServer

from whatsapp_loopback.environment import environment


def _python(code: str, variables: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout.strip()


def test_it_names_proxy_trust_and_path(server: LoopbackServer, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "intranet")
    variables = environment(server.data_dir)
    assert variables["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    assert variables["PYTHONPATH"].endswith(f"trust{os.pathsep}{tmp_path}")
    assert variables["NO_PROXY"] == "127.0.0.1,localhost,::1,intranet"
    bundle = Path(variables["SSL_CERT_FILE"]).read_text()
    assert bundle.count("BEGIN CERTIFICATE") > 20


def test_another_sitecustomize_still_runs(server: LoopbackServer, tmp_path: Path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.other = 'ran'")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert _python("print(other)", environment(server.data_dir)) == "ran"


def test_neonize_is_not_loaded_by_the_hook(server: LoopbackServer):
    code = "import sys; print(any('neonize' in m or m == 'ctypes' for m in sys.modules))"
    assert _python(code, environment(server.data_dir)) == "False"


def test_a_forked_child_trusts_the_server_too(server: LoopbackServer):
    code = (
        "import os, sys\n"
        "child = os.fork()\n"
        "if child:\n"
        "    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "import neonize._binder, sitecustomize\n"
        "library = neonize._binder.gocode._name\n"
        "import ctypes\n"
        "memory = [ctypes.string_at(a, b - a) for a, b in\n"
        "          sitecustomize._writable_mappings(library)]\n"
        "root = bytes.fromhex(os.environ['LOOPBACK_TRUST_ROOT'])\n"
        "print(any(root in m for m in memory),\n"
        "      any(sitecustomize._WHATSAPP_ROOT in m for m in memory), flush=True)\n"
        "os._exit(0)\n"
    )
    assert _python(code, environment(server.data_dir)) == "True False"


def test_the_server_refuses_other_interfaces(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "whatsapp_loopback", "--data", str(tmp_path), "--host", "0.0.0.0"],  # noqa: S104
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert "not a loopback address" in done.stderr
