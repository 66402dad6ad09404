"""What neonize's texts mean. It raises one exception class whose text is all there is to go by."""

import re
from datetime import timedelta

from sender_app.domain.errors import (
    ColdContactLocked,
    GatewayError,
    OutcomeUnknown,
    RateLimited,
    RecipientRejected,
    SessionProblem,
    SessionUnusable,
    Unavailable,
)

_SERVER_ERROR = re.compile(r"server returned error (\d+)")
_STATUS = re.compile(r"\bstatus (\d{3})\b|\binfo query returned status (\d{3})\b")
_SLOW_DOWN = timedelta(minutes=5)
_NEVER_LEFT = ("websocket not connected", "not connected", "failed to get device list")
_UNKNOWN = (
    "disconnected before message send returned response",
    "timed out waiting for message send response",
)
_NOT_LINKED = ("doesn't contain a device JID", "client is nil", "not logged in")
_NOT_ON_WHATSAPP = ("no LID found", "not on WhatsApp", "no signal session established")


def send_error(text: str) -> GatewayError:
    """The error that a failed send's `text` stands for.

    A text that is not known may hide a message that left, so it counts as OutcomeUnknown.
    """
    if any(part in text for part in _UNKNOWN):
        return OutcomeUnknown(text)
    if match := _SERVER_ERROR.search(text):
        return _refused(int(match[1]), text)
    if any(part in text for part in _NOT_LINKED):
        return SessionUnusable(SessionProblem.NOT_LINKED, text)
    if any(part in text for part in _NOT_ON_WHATSAPP):
        return RecipientRejected(text, code="not_on_whatsapp")
    if "rate-overlimit" in text or "status 429" in text:
        return RateLimited(text, retry_after=_SLOW_DOWN)
    if any(part in text for part in _NEVER_LEFT) or _STATUS.search(text):
        return Unavailable(text)
    return OutcomeUnknown(text)


def _refused(code: int, text: str) -> GatewayError:
    """WhatsApp's answer to the message itself: it was not taken."""
    if code == 463:
        return ColdContactLocked(text)
    if code == 429:
        return RateLimited(text, retry_after=_SLOW_DOWN)
    if code in (500, 503):
        return Unavailable(text)
    return RecipientRejected(text, code=f"rejected_{code}")
