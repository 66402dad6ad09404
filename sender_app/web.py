"""Starts the web tier on Granian, and is what Granian loads in each of its workers."""

import atexit
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from sender_app.adapters.processes import die_with_parent
from sender_app.adapters.tracing import start_tracing
from sender_app.config import settings
from sender_app.domain.errors import ConfigurationError
from sender_app.local.frontend import BUILT, environment

_KILL_AFTER = 20  # seconds for open requests to be answered; live pages connect elsewhere at once


def main() -> int:
    """Become Granian; returns an exit code where the settings do not allow that."""
    try:
        chosen = settings()
        chosen.check_store()
        if not BUILT.exists():
            raise ConfigurationError(
                "the browser's part is not built: python -m sender_app.local.frontend"
            )
    except ConfigurationError as error:
        print(f"web: {error}", file=sys.stderr)
        return os.EX_CONFIG
    command = [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--factory"),
        *("--host", chosen.host, "--port", str(chosen.port)),
        *("--workers", os.environ.get("GRANIAN_WORKERS") or "1", "--respawn-failed-workers"),
        *("--workers-kill-timeout", str(_KILL_AFTER), "--log-level", "warning"),
        "sender_app.web:application",
    ]
    folder = chosen.data_dir.resolve() / "web" / str(chosen.port)
    variables = environment(os.environ | {"REDIS_URL": chosen.redis_url}) | _writable(folder)
    return os.execve(sys.executable, command, variables)  # noqa: S606 - keeps its id and parent


def _writable(folder: Path) -> dict[str, str]:
    """Variables that have Reflex write to `folder`, which is made, and nowhere else.

    It touches its notes about the build at every start, where they may be read-only, and makes a
    folder for uploads, which stays empty: what is in there is served without a sign-in.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(BUILT.parents[1] / "backend", folder / "backend", copy_function=shutil.copyfile)
    (folder / "build").symlink_to(BUILT.parent)
    return {
        "REFLEX_WEB_WORKDIR": str(folder),
        "REFLEX_UPLOADED_FILES_DIR": str(folder / "uploads"),
    }


def application() -> Any:
    """The ASGI application of one worker, which ends when Granian's main process dies."""
    die_with_parent(signal.SIGTERM)
    _trace()
    from sender_app.sender_app import app

    return app()


def _trace() -> None:
    """Trace requests and the pages' handlers, where traces are wanted."""
    provider = start_tracing(settings().otel_exporter_otlp_endpoint, "sender-web")
    if provider is None:
        return
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from reflex_base import otel

    otel.enable(provider, asgi_middleware_factory=OpenTelemetryMiddleware)
    atexit.register(provider.shutdown)
