"""The rules of the ledger."""

import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from sender_app.adapters.neonize_errors import send_error
from sender_app.domain.delivery import MAX_ATTEMPTS, Claim, RecipientStatus, attempt_secret, failed
from sender_app.domain.errors import (
    ColdContactLocked,
    OutcomeUnknown,
    RateLimited,
    RecipientRejected,
    SessionProblem,
    SessionUnusable,
    Unavailable,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def claim(attempt: int = 1) -> Claim:
    return Claim(UUID(int=1), UUID(int=2), UUID(int=3), "+595981000001", attempt, {})


def test_it_gives_every_attempt_a_secret_of_its_own():
    keys = [bytes(32), bytes(31) + b"\1"]
    people = [UUID(int=1), UUID(int=2)]
    secrets = {attempt_secret(k, p, n) for k in keys for p in people for n in (1, 2)}
    assert len(secrets) == 8
    assert all(len(secret) == 32 for secret in secrets)


def test_a_secret_is_rfc_2104s_of_recipient_attempt_and_part():
    key, recipient_id = bytes(range(32)), UUID(int=7)
    text = recipient_id.bytes + bytes([0, 0, 0, 3])
    assert attempt_secret(key, recipient_id, 3) == hmac.digest(key, text, "sha256")
    later = hmac.digest(key, text + bytes([0, 2]), "sha256")
    assert attempt_secret(key, recipient_id, 3, part=2) == later


@pytest.mark.parametrize(
    ("error", "attempt", "status", "wait"),
    [
        (RecipientRejected("no", "not_on_whatsapp"), 1, RecipientStatus.ERROR, None),
        (Unavailable("down"), 1, RecipientStatus.QUEUED, timedelta(seconds=5)),
        (Unavailable("down"), 2, RecipientStatus.QUEUED, timedelta(seconds=30)),
        (Unavailable("down"), MAX_ATTEMPTS, RecipientStatus.ERROR, None),
        (RateLimited("slow"), MAX_ATTEMPTS, RecipientStatus.QUEUED, None),
        (ColdContactLocked("463"), MAX_ATTEMPTS, RecipientStatus.QUEUED, None),
        (SessionUnusable(SessionProblem.BANNED), 1, RecipientStatus.QUEUED, None),
    ],
)
def test_it_answers_each_failure(error, attempt, status, wait):
    outcome = failed(claim(attempt), error, NOW)
    assert outcome.status is status
    assert outcome.error_code == error.code
    assert outcome.not_before == (None if wait is None else NOW + wait)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("failed to send message node: websocket not connected", Unavailable),
        ("the store doesn't contain a device JID", SessionUnusable),
        ("client is nil", SessionUnusable),
        ("server returned error 463", ColdContactLocked),
        ("server returned error 479", RecipientRejected),
        ("server returned error 400", RecipientRejected),
        ("server returned error 429", RateLimited),
        ("info query returned status 429: rate-overlimit", RateLimited),
        ("no LID found for 595981000001@s.whatsapp.net from server", RecipientRejected),
        ("websocket disconnected before message send returned response", OutcomeUnknown),
        ("timed out waiting for message send response", OutcomeUnknown),
        ("something nobody has seen before", OutcomeUnknown),
    ],
)
def test_it_reads_what_the_library_says(text: str, kind: type[Exception]):
    assert type(send_error(text)) is kind
