"""The ledger's rules for a person who gets several messages."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from sender_app.domain.delivery import (
    Attempt,
    Claim,
    Orphan,
    RecipientStatus,
    attempt_secret,
    recovered,
)
from sender_app.domain.errors import RecipientRejected, Unavailable

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CLAIM = Claim(UUID(int=1), UUID(int=2), UUID(int=3), "+595981000001", 1, {})


def attempt(*left: int, parts: int = 3, doubted: int | None = None) -> Attempt:
    """An attempt in which the parts `left` have left, `doubted` without an answer."""
    made = Attempt(CLAIM, parts)
    for part in left:
        made.left(part, f"M{part}", NOW, "no answer" if part == doubted else "")
    return made


def test_every_part_has_a_secret_of_its_own_and_the_first_that_of_a_single_message():
    secrets = {attempt_secret(bytes(32), CLAIM.recipient_id, n, p) for n in (1, 2) for p in (0, 1)}
    assert len(secrets) == 4
    assert attempt_secret(bytes(32), CLAIM.recipient_id, 1) in secrets


def test_somebody_is_sent_when_every_part_was_taken():
    outcome = attempt(0, 1, 2).done(NOW)
    assert (outcome.status, outcome.message_id) == (RecipientStatus.SENT, "M2")
    assert [part.part for part in outcome.parts] == [0, 1, 2]


@pytest.mark.parametrize("doubted", [0, 1, 2])
def test_one_part_in_doubt_leaves_the_person_unconfirmed(doubted: int):
    outcome = attempt(0, 1, 2, doubted=doubted).done(NOW)
    assert (outcome.status, outcome.error_code) == (
        RecipientStatus.UNCONFIRMED,
        "outcome_unknown",
    )
    assert [part.part for part in outcome.parts if part.in_doubt] == [doubted]


def test_a_doubt_of_an_earlier_attempt_goes_on():
    claim = CLAIM._replace(parts_sent=frozenset({0}), in_doubt=True)
    later = Attempt(claim, 2)
    later.left(1, "M1", NOW)
    assert later.is_complete
    assert later.done(NOW).status is RecipientStatus.UNCONFIRMED


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unavailable("down"), RecipientStatus.QUEUED),
        (RecipientRejected("no", "rejected_479"), RecipientStatus.ERROR),
    ],
)
def test_a_part_that_was_not_sent_ends_the_attempt_and_what_left_is_kept(error, status):
    outcome = attempt(0).stopped(error, NOW)
    assert (outcome.status, outcome.message_id) == (status, None)
    assert [part.message_id for part in outcome.parts] == ["M0"]


def test_a_campaign_of_one_part_notes_none():
    assert attempt(0, parts=1).done(NOW).parts == ()


@pytest.mark.parametrize(
    ("found", "message_id", "left"),
    [([], None, []), ([1], None, [1]), ([1, 2], "M2", [1, 2])],
)
def test_recovery_knows_what_left_and_is_sure_of_none_of_it(found, message_id, left):
    orphan = Orphan(CLAIM.campaign_id, CLAIM.recipient_id, {1: b"one", 2: b"two"}, several=True)
    ids = {orphan.secrets[part]: f"M{part}" for part in found}
    settlement = recovered(orphan, ids, NOW)
    assert settlement.message_id == message_id
    assert [part.part for part in settlement.parts] == left
    assert all(part.in_doubt for part in settlement.parts)


def test_recovery_of_a_single_message_notes_no_parts():
    orphan = Orphan(CLAIM.campaign_id, CLAIM.recipient_id, {0: b"one"})
    assert recovered(orphan, {b"one": "M"}, NOW).message_id == "M"
    assert recovered(orphan, {b"one": "M"}, NOW).parts == ()
    assert recovered(orphan, {}, NOW).message_id is None
