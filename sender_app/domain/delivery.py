"""The delivery ledger's rules: what a recipient's state means and what each outcome leads to.

What is made for every message is a named tuple: making a frozen dataclass takes three times as
long.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from sender_app.domain.errors import (
    ColdContactLocked,
    GatewayError,
    OutcomeUnknown,
    RateLimited,
    RecipientRejected,
    SessionUnusable,
    Unavailable,
)

MAX_ATTEMPTS = 5
_BACKOFF = (5, 30, 120, 600)  # seconds before the second, third … attempt
COLD_LOCK = timedelta(hours=24)  # held back for this long when WhatsApp names no end


class RecipientStatus(StrEnum):
    """States of one recipient of a campaign."""

    QUEUED = "queued"  # waits for its turn, perhaps not before `not_before`
    SENDING = "sending"  # claimed: the message may be on its way
    SENT = "sent"  # WhatsApp's server took the message
    ERROR = "error"  # surely not sent, and not tried again by itself
    SKIPPED = "skipped"  # deliberately not sent: opted out, cancelled, contact deleted
    UNCONFIRMED = "unconfirmed"  # may have been sent; a receipt or a person settles it


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to serve one account. `epoch` fences older holders, `key` derives secrets."""

    account_id: UUID
    epoch: int
    key: bytes  # 32 bytes, committed before the first claim
    owner: str
    previous: str | None = None  # the owner before, if it never gave the lease back


class Claim(NamedTuple):
    """One recipient claimed for sending under a lease."""

    recipient_id: UUID
    campaign_id: UUID
    contact_id: UUID | None
    phone: str
    attempt: int
    fields: Mapping[str, str]  # the contact's values for placeholders, keys in lower case
    opted_out: bool = False  # the person asked never to be written to
    parts_sent: frozenset[int] = frozenset()  # left in earlier attempts, never sent again
    in_doubt: bool = False  # whether one of those still waits for a receipt


class SentPart(NamedTuple):
    """One message that left, of a recipient who gets several."""

    part: int  # its place in the campaign's content
    message_id: str
    at: datetime
    in_doubt: bool = False  # only a receipt can tell whether WhatsApp took it


class Outcome(NamedTuple):
    """How one claim ended; written in one transaction with its event and rollups."""

    claim: Claim
    status: RecipientStatus
    at: datetime
    message_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    not_before: datetime | None = None
    parts: tuple[SentPart, ...] = ()  # what left in this attempt, where there are several


@dataclass(frozen=True, slots=True)
class Orphan:
    """A recipient left in `sending` by a lease that is over, with the secrets of its attempt.

    The secrets are those of the parts that had not left before, by their place.
    """

    campaign_id: UUID
    recipient_id: UUID
    secrets: Mapping[int, bytes]
    several: bool = False  # the campaign has more than one part


@dataclass(frozen=True, slots=True)
class Settlement:
    """What recovery found out about an orphan.

    With a message id everything left, and only receipts can tell whether WhatsApp took it. Without
    one, what is not among `parts` never left.
    """

    campaign_id: UUID
    recipient_id: UUID
    message_id: str | None = field(default=None)
    parts: tuple[SentPart, ...] = ()


def attempt_secret(key: bytes, recipient_id: UUID, attempt: int, part: int = 0) -> bytes:
    """The 32 bytes sent as `messageContextInfo.messageSecret` of one part in one attempt.

    HMAC-SHA256 (RFC 2104) of recipient, attempt number and, but for the first, the part's place,
    under the lease's committed key, so that every secret of a lease can be found again after a
    crash without a commit of its own.
    """
    text = recipient_id.bytes + attempt.to_bytes(4, "big")
    if part:
        text += part.to_bytes(2, "big")
    inner, outer = _keyed(key)
    inner, outer = inner.copy(), outer.copy()
    inner.update(text)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """RFC 2104's two functions of one lease's key. Python's `hmac` takes twice as long for each
    message as both of them together."""
    block = key.ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    return hashlib.sha256(inner), hashlib.sha256(outer)


@dataclass(slots=True)
class Attempt:
    """One attempt at a recipient: which parts left so far, and what that comes to."""

    claim: Claim
    parts: int  # how many messages the campaign has for each
    sent: list[SentPart] = field(default_factory=list)
    unknown: str = ""  # what was heard instead of an answer to a part that left

    def left(self, part: int, message_id: str, at: datetime, unknown: str = "") -> None:
        """A part left; with `unknown` WhatsApp did not say whether it took it."""
        self.sent.append(SentPart(part, message_id, at, bool(unknown)))
        self.unknown = unknown or self.unknown

    def done(self, now: datetime) -> Outcome:
        """Everything left: sent, unless a part of this or an earlier attempt is in doubt."""
        in_doubt = self.claim.in_doubt or bool(self.unknown)
        return Outcome(
            self.claim,
            RecipientStatus.UNCONFIRMED if in_doubt else RecipientStatus.SENT,
            now,
            message_id=self.sent[-1].message_id if self.sent else None,
            error_code=OutcomeUnknown.code if in_doubt else None,
            error_message=self.unknown or None,
            parts=self._noted,
        )

    def stopped(self, error: GatewayError, now: datetime) -> Outcome:
        """The next part surely was not sent, as `failed` has it; what left is kept."""
        return failed(self.claim, error, now)._replace(parts=self._noted)

    @property
    def is_complete(self) -> bool:
        """Whether every part left, in this attempt or before."""
        return len(self.sent) + len(self.claim.parts_sent) >= self.parts

    @property
    def _noted(self) -> tuple[SentPart, ...]:
        return tuple(self.sent) if self.parts > 1 else ()


def recovered(orphan: Orphan, ids: Mapping[bytes, str], now: datetime) -> Settlement:
    """What became of an orphan, given the ids of the messages that reached the socket.

    Every part that left counts as in doubt: whether it was answered died with its process.
    """
    left = {part: ids[secret] for part, secret in orphan.secrets.items() if secret in ids}
    complete = bool(left) and len(left) == len(orphan.secrets)
    parts = [SentPart(part, message_id, now, in_doubt=True) for part, message_id in left.items()]
    return Settlement(
        orphan.campaign_id,
        orphan.recipient_id,
        left[max(left)] if complete else None,
        tuple(parts) if orphan.several else (),
    )


def failed(claim: Claim, error: GatewayError, now: datetime) -> Outcome:
    """The outcome of a claim whose message surely was not sent.

    Rejections end the recipient; what may work later goes back to the queue with backoff, at most
    MAX_ATTEMPTS times; what is the account's trouble, not the recipient's, costs no patience.
    """
    if isinstance(error, RecipientRejected):
        return _ended(claim, error, now)
    if isinstance(error, (SessionUnusable, RateLimited, ColdContactLocked)):
        return _queued_again(claim, error, now, None)
    if claim.attempt >= MAX_ATTEMPTS:
        return _ended(claim, error, now)
    wait = timedelta(seconds=_BACKOFF[min(claim.attempt, len(_BACKOFF)) - 1])
    if isinstance(error, Unavailable):
        wait = max(wait, error.retry_after)
    return _queued_again(claim, error, now, now + wait)


def _ended(claim: Claim, error: GatewayError, now: datetime) -> Outcome:
    return Outcome(
        claim, RecipientStatus.ERROR, now, error_code=error.code, error_message=str(error)
    )


def _queued_again(
    claim: Claim, error: GatewayError, now: datetime, not_before: datetime | None
) -> Outcome:
    return Outcome(
        claim,
        RecipientStatus.QUEUED,
        now,
        error_code=error.code,
        error_message=str(error),
        not_before=not_before,
    )
