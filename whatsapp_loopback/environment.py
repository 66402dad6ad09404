"""The variables that point a process at a loopback server; they must be set before exec."""

from __future__ import annotations

import json
import os
from pathlib import Path

READY_FILE = "ready.json"
TRUST_ROOT_VARIABLE = "LOOPBACK_TRUST_ROOT"
_TRUST_FOLDER = Path(__file__).parent / "trust"
_LOCAL = "127.0.0.1,localhost,::1"


def environment(data_dir: str | os.PathLike[str]) -> dict[str, str]:
    """Return the variables to add to a process's environment.

    The server must have started once in ``data_dir``.  ``NO_PROXY`` and ``PYTHONPATH``
    extend what this process has; give the result to ``subprocess`` or ``os.execve`` as
    ``{**os.environ, **environment(data_dir)}``.
    """
    folder = Path(data_dir).resolve()
    proxy_url = json.loads((folder / READY_FILE).read_text())["proxy_url"]
    return {
        "HTTPS_PROXY": proxy_url,
        "SSL_CERT_FILE": str(folder / "ca-bundle.pem"),
        "NO_PROXY": _joined(_LOCAL, os.environ.get("NO_PROXY"), ","),
        "PYTHONPATH": _joined(str(_TRUST_FOLDER), os.environ.get("PYTHONPATH"), os.pathsep),
        TRUST_ROOT_VARIABLE: (folder / "trust-root").read_text(),
    }


def _joined(first: str, rest: str | None, separator: str) -> str:
    parts = [p for p in (rest or "").split(separator) if p and p not in first.split(separator)]
    return separator.join([first, *parts])
