"""A conversation: what a person wrote to an account, and what the team answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sender_app.domain.errors import GatewayError, RateLimited, RuleViolation, Unavailable

REPLY_WINDOW = timedelta(days=7)  # after a campaign's message, in which a reply is taken as its own
LONGEST_ANSWER = 4096  # characters
MAX_ATTEMPTS = 5
SENDER = ""  # the author of what Sender itself answers: that it took an opt-out in


class MessageKind(StrEnum):
    """What a person sent. Files are not downloaded: their kind and caption are all there is."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    REACTION = "reaction"  # its text is the emoji
    OTHER = "other"


class AnswerStatus(StrEnum):
    """States of one answer. *Delivered* and *read* are times beside it, as with recipients."""

    WAITING = "waiting"  # for the account's process, perhaps not before some time
    SENDING = "sending"  # claimed: it may be on its way
    SENT = "sent"  # WhatsApp's server took it
    FAILED = "failed"  # surely not sent; a person may have it tried again
    UNCONFIRMED = "unconfirmed"  # may have been sent; a receipt or a person settles it


@dataclass(frozen=True, slots=True)
class AnswerClaim:
    """An answer claimed for sending; its secret was committed with the claim."""

    id: UUID
    phone: str
    text: str
    attempt: int
    secret: bytes  # 32 bytes


@dataclass(frozen=True, slots=True)
class AnswerOutcome:
    """How one attempt to send an answer ended."""

    status: AnswerStatus
    at: datetime
    message_id: str | None = None
    error_code: str | None = None
    not_before: datetime | None = None


def checked_answer(text: str) -> str:
    """What a person typed, fit to be sent. Raises RuleViolation("answer_blank", "answer_long")."""
    text = text.replace("\x00", "").strip()
    if not text:
        raise RuleViolation("answer_blank")
    if len(text) > LONGEST_ANSWER:
        raise RuleViolation("answer_long", limit=LONGEST_ANSWER)
    return text


def not_sent(claim: AnswerClaim, error: GatewayError, now: datetime) -> AnswerOutcome:
    """The outcome of an attempt that surely sent nothing: what may work soon is tried again."""
    patient = isinstance(error, RateLimited) or claim.attempt < MAX_ATTEMPTS
    if isinstance(error, Unavailable) and patient:
        again = now + max(error.retry_after, timedelta(seconds=5 * claim.attempt))
        return AnswerOutcome(AnswerStatus.WAITING, now, error_code=error.code, not_before=again)
    return AnswerOutcome(AnswerStatus.FAILED, now, error_code=error.code)
