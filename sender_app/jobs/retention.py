"""Forgets old events and replies: every night in the worker, or `python -m` where there is none."""

import structlog

from sender_app import bootstrap, logs
from sender_app.config import settings
from sender_app.domain.errors import ConfigurationError

_log = structlog.get_logger()


def run() -> None:
    """Forget what KEEP_EVENTS and KEEP_REPLIES say."""
    _log.info("forgotten", **bootstrap.services().retention.run())


if __name__ == "__main__":
    try:
        logs.configure(settings().log_level)
        run()
    except ConfigurationError as error:
        raise SystemExit(f"retention: {error}") from error
