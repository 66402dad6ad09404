"""The delivery ledger's rules: what a recipient's state means and what each outcome leads to."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sender_app.domain.errors import (
    ColdContactLocked,
    GatewayError,
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


@dataclass(frozen=True, slots=True)
class Claim:
    """One recipient claimed for sending under a lease."""

    recipient_id: UUID
    campaign_id: UUID
    contact_id: UUID | None
    phone: str
    attempt: int
    fields: Mapping[str, str]  # the contact's values for placeholders, keys in lower case
    opted_out: bool = False  # the person asked never to be written to


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one claim ended; written in one transaction with its event and rollups."""

    claim: Claim
    status: RecipientStatus
    at: datetime
    message_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Orphan:
    """A recipient left in `sending` by a lease that is over, with the secret of its attempt."""

    recipient_id: UUID
    secret: bytes


@dataclass(frozen=True, slots=True)
class Settlement:
    """What recovery found out about an orphan: its message id, or None when it never left."""

    recipient_id: UUID
    message_id: str | None = field(default=None)


def attempt_secret(key: bytes, recipient_id: UUID, attempt: int) -> bytes:
    """The 32 bytes sent as `messageContextInfo.messageSecret` of one attempt.

    HMAC-SHA256 (RFC 2104) of recipient and attempt number under the lease's committed key, so that
    every secret of a lease can be found again after a crash without a commit of its own.
    """
    return hmac.new(key, recipient_id.bytes + attempt.to_bytes(4, "big"), hashlib.sha256).digest()


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
