"""Starts the web tier on Granian, and is what Granian loads in each of its workers."""

import atexit
import os
import signal
import sys
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
        chosen.postgres_url  # noqa: B018 - raises where none is configured
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
    variables = environment(os.environ | {"REDIS_URL": chosen.redis_url})
    return os.execve(sys.executable, command, variables)  # noqa: S606 - keeps its id and parent


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
