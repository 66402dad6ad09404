"""Webhooks: what is told, to which addresses, how it is signed, and when it is tried again."""

import base64
import hashlib
import hmac
import random
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

from sender_app.domain.errors import RuleViolation

_PREFIX = "whsec_"
_SECRET = 32  # bytes; Standard Webhooks asks for 24 to 64
LONGEST_URL = 2000  # letters
_FIRST_WAIT = timedelta(seconds=25)  # before the second attempt; each later wait is three times it
ATTEMPTS = 9  # the last one about 23 hours after the first
OLD_SECRET_LIVES = timedelta(hours=24)  # both secrets sign for so long after a rotation


class EventType(StrEnum):
    """What an endpoint may be told."""

    CAMPAIGN_STARTED = "campaign.started"  # its first message may go out from now on
    CAMPAIGN_RESUMED = "campaign.resumed"  # after a pause, or to try failed recipients again
    CAMPAIGN_PAUSED = "campaign.paused"  # by a person, or by a problem of the account
    CAMPAIGN_FINISHED = "campaign.finished"  # every recipient has a final state or is unconfirmed
    CAMPAIGN_CANCELLED = "campaign.cancelled"  # stopped for good
    RECIPIENT_SENT = "recipient.sent"  # WhatsApp's server took the message
    RECIPIENT_DELIVERED = "recipient.delivered"  # the message reached the person's phone
    RECIPIENT_READ = "recipient.read"  # the person opened it
    RECIPIENT_FAILED = "recipient.failed"  # surely not sent, and not tried again by itself
    RECIPIENT_SKIPPED = "recipient.skipped"  # deliberately not sent
    RECIPIENT_UNCONFIRMED = "recipient.unconfirmed"  # may have been sent; later settled
    REPLY_RECEIVED = "reply.received"  # a person wrote to the account
    OPT_OUT_CREATED = "opt_out.created"  # numbers that are not written to any more
    ACCOUNT_LINKED = "account.linked"  # a device was linked
    ACCOUNT_UNLINKED = "account.unlinked"  # the device is gone
    ACCOUNT_PAUSED = "account.paused"  # WhatsApp does not let the account send


TEST = "webhook.test"  # sent when somebody asks for it, whatever was chosen


class DeliveryStatus(StrEnum):
    """States of one event on its way to one endpoint."""

    PENDING = "pending"  # due at `next_at`
    DELIVERED = "delivered"  # answered with 2xx
    FAILED = "failed"  # given up after ATTEMPTS; a person may send it again


class Disabled(StrEnum):
    """Why an endpoint is told nothing."""

    PERSON = "person"  # somebody switched it off
    FAILING = "failing"  # an event used up its attempts, and none arrived meanwhile
    GONE = "gone"  # it answered 410: it wants no more


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attempt: an answer's status, or the code of what prevented one."""

    status: int | None = None
    error: str | None = None
    excerpt: str = ""  # the beginning of the answer
    took: timedelta = timedelta()

    @property
    def arrived(self) -> bool:
        """Whether the endpoint has taken the event."""
        return self.status is not None and 200 <= self.status < 300


def issue_secret() -> str:
    """A new signing secret, as Standard Webhooks writes them."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET)).decode()


def signature(secret: str, event_id: UUID | str, at: datetime, body: bytes) -> str:
    """One signature of the header `webhook-signature`.

    Standard Webhooks 1.0: HMAC-SHA256 of "id.timestamp.body" in base64, under the bytes that the
    secret encodes; the timestamp is in whole seconds.
    """
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{event_id}.{int(at.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def retry_at(attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many attempts; None: never.

    A tenth more or less, by chance, keeps many failed at once from coming back at once.
    """
    if attempts >= ATTEMPTS:
        return None
    return now + _FIRST_WAIT * 3 ** (attempts - 1) * random.uniform(0.9, 1.1)  # noqa: S311


def read_url(text: str) -> str:
    """An endpoint's address. Raises RuleViolation for one that no request could go to."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RuleViolation("webhook_url") from error
    plain = url.isascii() and url.isprintable() and not any(mark in url for mark in ' "<>\\^`{|}')
    if not plain or not parts.hostname or port == 0 or len(url) > LONGEST_URL:
        raise RuleViolation("webhook_url")
    if parts.scheme not in ("http", "https"):
        raise RuleViolation("webhook_url")
    if parts.username is not None or parts.fragment:
        raise RuleViolation("webhook_url_parts")
    return url


def read_events(names: list[str]) -> tuple[EventType, ...]:
    """The chosen events, each once. Raises RuleViolation when there is none, or one is unknown."""
    if not names:
        raise RuleViolation("webhook_no_events")
    try:
        chosen = {EventType(name) for name in names}
    except ValueError as error:
        raise RuleViolation("webhook_events_unknown") from error
    return tuple(one for one in EventType if one in chosen)
