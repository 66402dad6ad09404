"""Structured logs: one JSON object a line, without message texts and with masked phones.

Every line bears what is bound with `structlog.contextvars`: a request's id, an account, a campaign.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from sender_app.domain.phone import masked

_PHONE = re.compile(
    r"\+\d{4,15}"
    r"|(?<=/)\d{7,15}\b"  # in a path
    r"|\b\d{7,15}(?=(?:\.\d+)?(?::\d+)?@)"  # WhatsApp's addresses: 595981000001:2@s.whatsapp.net
    r"|\b\d{7,15}(?=(?:_\d+)?:\d+\b)"  # as the library's encryption names them: 595981000001_1:2
)


def without_phones(text: str) -> str:
    """A text as it may be logged: of each number only its ends."""
    return _PHONE.sub(lambda found: masked(f"+{found[0].removeprefix('+')}"), text)


def _mask(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name, value in line.items():
        if isinstance(value, str):
            line[name] = without_phones(value)
    return line


_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _mask,
)


def configure(level: str) -> None:
    """Send structlog's and the standard library's records to standard error, from `level` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    structlog.configure(
        processors=[*_SHARED, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
