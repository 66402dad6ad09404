"""`make demo`: Sender with the loopback WhatsApp server and virtual phones. Nothing leaves the
machine."""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from sender_app.local.failure import StartFailure
from sender_app.local.launch import Extra, launch
from sender_app.local.process import start
from sender_app.local.running import DEMO_DATA
from whatsapp_loopback.environment import environment

_QUICK = {"PACE_INTERVAL": "0.1", "PACE_JITTER": "0.2"}  # seconds; virtual phones need no manners


def _loopback(data: Path, env: Mapping[str, str]) -> Extra:
    """Start the loopback server; the worker, and nothing else, talks to it."""
    folder = data / "whatsapp"
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    port = os.environ.get("PHONE_PORT") or str(int(env["PORT"]) + 1)
    command = [sys.executable, "-m", "whatsapp_loopback", "--data", str(folder)]
    command += ["--port", port, "--qr-redis", env["REDIS_URL"]]
    child = start("whatsapp", command, log=data / "logs" / "whatsapp.log", env=env)
    deadline = time.monotonic() + 120
    while not ready.exists():
        if not child.is_alive() or time.monotonic() > deadline:
            child.kill()
            raise StartFailure(f"the virtual phones did not start on port {port} (PHONE_PORT)")
        time.sleep(0.05)
    url = json.loads(ready.read_text())["url"]
    pace = {name: env.get(name, quick) for name, quick in _QUICK.items()}
    return Extra(
        child=child,
        worker_env=environment(folder) | pace,
        web_env=pace | {"DEMO": "true", "DEMO_PHONE_URL": url},
        lines=(
            "This is a demonstration: its phones are virtual, and nothing leaves this machine.",
            f"The virtual phone: {url}",
        ),
    )


if __name__ == "__main__":
    raise SystemExit(launch(Path(os.environ.get("DATA_DIR") or DEMO_DATA), _loopback))
