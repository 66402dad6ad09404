"""Lines of the log: one JSON object each, and nobody's number."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from sender_app import logs


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is written to the log, configured as a tier does it."""
    root = logging.getLogger()
    before = list(root.handlers), root.level
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    logs.configure("INFO")
    yield out
    root.handlers, root.level = before
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/api/v1/opt-outs/+595981000001", "/api/v1/opt-outs/+595…001"),
        ("/api/v1/opt-outs/595981000001/x", "/api/v1/opt-outs/+595…001/x"),
        (
            "no LID found for 595982000003@s.whatsapp.net",
            "no LID found for +595…003@s.whatsapp.net",
        ),
        (
            "Successfully paired 595981000001:1@s.whatsapp.net",
            "Successfully paired +595…001:1@s.whatsapp.net",
        ),
        ("from 595981000001.0:12@s.whatsapp.net", "from +595…001.0:12@s.whatsapp.net"),
        ("no session with 123456789012345_1:7", "no session with +123…345_1:7"),
        ("+12345 is short", "… is short"),
        ("3010 at 2026-11-29T13:24:05.223133Z took 12345678 ns", None),
        ("/campaigns/01a2277a-2d92-7713-be6d-ec03a7499edd", None),
    ],
)
def test_no_number_is_shown_whole(text: str, shown: str | None):
    assert logs.without_phones(text) == (shown or text)


def test_lines_of_ours_and_of_libraries_hide_numbers_also_in_what_went_wrong(written: io.StringIO):
    log = structlog.get_logger()
    log.info("not sent", phone="+595981000001", error="595981000001@s.whatsapp.net is unknown")
    logging.getLogger("whatsmeow").warning("paired %s", "595981000001:1@s.whatsapp.net")
    try:
        raise ValueError("who is +595981000001?")
    except ValueError:
        log.exception("failed", n=3)
    ours, theirs, failed = map(json.loads, written.getvalue().splitlines())
    assert (ours["phone"], ours["error"]) == ("+595…001", "+595…001@s.whatsapp.net is unknown")
    assert (theirs["event"], theirs["logger"]) == ("paired +595…001:1@s.whatsapp.net", "whatsmeow")
    assert failed["exception"].endswith("ValueError: who is +595…001?")
    assert "981000001" not in json.dumps([ours, theirs, failed])
