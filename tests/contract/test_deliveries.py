"""The ledger: what is claimed, recorded, held back and recovered."""

from datetime import UTC, datetime, timedelta

import pytest

from sender_app.domain.campaign import CampaignStatus, PauseReason, sources
from sender_app.domain.delivery import Outcome, RecipientStatus, Settlement, attempt_secret
from sender_app.domain.errors import LeaseLost
from sender_app.domain.reporting import Span, Step, last_days
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind
from tests.contract.clinic import NOW, Clinic, sent


def test_it_claims_each_recipient_once_and_in_order(clinic: Clinic):
    lease = clinic.lease()
    first, second = clinic.claim(lease, 3), clinic.claim(lease, 3)
    phones = [claim.phone for claim in first + second]
    assert phones == [f"+59598{n:07d}" for n in range(5)]
    assert first[0].fields["nombre"] == "Persona 0"
    assert clinic.claim(lease) == []


def test_it_lets_nobody_claim_or_record_with_an_older_epoch(clinic: Clinic):
    old = clinic.lease("one")
    claims = clinic.claim(old, 2)
    clinic.settle(old, [])  # opens a journal
    clinic.store.leases.release(old)
    new = clinic.lease("two")
    with pytest.raises(LeaseLost):
        clinic.claim(old)
    with pytest.raises(LeaseLost):
        clinic.store.deliveries.open_journal(old)
    with pytest.raises(LeaseLost):
        clinic.store.deliveries.recover(
            old, [Settlement(clinic.campaign.id, claims[0].recipient_id)]
        )
    assert {o.recipient_id for o in clinic.store.deliveries.orphans(new)} == {
        c.recipient_id for c in claims
    }
    with pytest.raises(LeaseLost):
        clinic.settle(old, [sent(claims[0])])
    clinic.store.deliveries.recover(
        new, [Settlement(c.campaign_id, c.recipient_id) for c in claims]
    )
    assert clinic.statuses() == ["queued"] * 5


def test_it_records_an_outcome_with_its_counters_and_rollups(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    outcomes = [
        sent(claims[0]),
        sent(claims[1]),
        Outcome(claims[2], RecipientStatus.ERROR, NOW, error_code="not_on_whatsapp"),
        Outcome(claims[3], RecipientStatus.SKIPPED, NOW, error_code="opted_out"),
        Outcome(claims[4], RecipientStatus.UNCONFIRMED, NOW, message_id="M"),
    ]
    for _ in range(2):  # the second time counts nothing
        clinic.settle(lease, outcomes)
    assert clinic.statuses() == ["sent", "sent", "error", "skipped", "unconfirmed"]
    now = clinic.now()
    assert (now.sent_count, now.error_count, now.skipped_count, now.unconfirmed_count) == (
        2,
        1,
        1,
        1,
    )
    metrics, scope = clinic.store.metrics, clinic.workspace
    today = NOW.astimezone(scope.zone).date()
    month = metrics.month(scope.id, f"{today:%Y-%m}")
    assert (month.sent, month.errors) == (2, 1)
    week = last_days(7, today)
    days = metrics.timeline(scope.id, week)
    assert [(t.key, t.sent, t.errors) for t in days] == [(str(today), 2, 1)]
    groups = metrics.by_group(scope.id, week)
    assert {t.key: (t.sent, t.errors) for t in groups} == {"G0": (1, 1), "G1": (1, 0)}
    top = metrics.by_contact(scope.id, f"{today:%Y-%m}", 10)
    assert sorted(t.sent for t in top) == [0, 1, 1]


def test_it_counts_what_several_journals_recorded_once_each_is_folded(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    one, other = (clinic.store.deliveries.open_journal(lease) for _ in range(2))
    one.settle([sent(claims[0]), sent(claims[1])], fold=False)
    other.settle([sent(claims[2])], fold=True)
    assert clinic.statuses()[2] == "sent"  # the others' rows may follow with the counters
    assert clinic.now().sent_count == 1
    one.settle([sent(claims[3])], fold=False)
    one.close()
    other.close()
    assert clinic.statuses() == [*["sent"] * 4, "sending"]
    assert clinic.now().sent_count == 4
    assert clinic.sent_today() == 4


def test_it_counts_what_a_dead_process_recorded_and_did_not_fold(clinic: Clinic):
    old = clinic.lease("one")
    claims = clinic.claim(old)
    journal = clinic.store.deliveries.open_journal(old)
    journal.settle([sent(claims[0])], fold=True)
    journal.settle([sent(claims[1]), sent(claims[2], "M2")], fold=False)
    clinic.store.leases.release(old)
    new = clinic.lease("two")
    for _ in range(2):
        clinic.store.deliveries.orphans(new)
    receipt = Receipt(("M2",), ReceiptKind.DELIVERED, NOW)
    clinic.store.receipts.receipts(clinic.account.id, [receipt])
    now = clinic.now()
    assert (now.sent_count, now.delivered_count, clinic.sent_today()) == (3, 1, 3)
    assert clinic.statuses() == [*["sent"] * 3, *["sending"] * 2]
    with pytest.raises(LeaseLost):
        journal.settle([sent(claims[3])], fold=True)
    journal.close()
    assert clinic.now().sent_count == 3


def test_it_counts_once_what_is_recorded_twice_before_its_counters_follow(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    for _ in range(2):
        clinic.settle(lease, [sent(claims[0], "M0"), sent(claims[1], "M1")], fold=False)
    clinic.settle(lease, [sent(claims[1], "M1")])
    assert clinic.statuses()[:3] == ["sent", "sent", "sending"]
    assert (clinic.now().sent_count, clinic.sent_today()) == (2, 2)


def test_it_leaves_no_orphan_of_what_was_recorded_and_not_folded(clinic: Clinic):
    old = clinic.lease("one")
    claims = clinic.claim(old, 3)
    clinic.settle(old, [sent(claims[0], "M0"), sent(claims[1], "M1")], fold=False)
    clinic.store.leases.release(old)
    new = clinic.lease("two")
    orphans = clinic.store.deliveries.orphans(new)
    assert [orphan.recipient_id for orphan in orphans] == [claims[2].recipient_id]
    assert clinic.statuses() == ["sent", "sent", "sending", "queued", "queued"]
    rows = clinic.store.campaigns.recipients(clinic.campaign.id, None, None, 1000).rows
    assert [row.sent_at for row in rows[:2]] == [NOW, NOW]
    assert clinic.now().sent_count == 2


def test_it_records_what_was_begun_once_that_is_finished(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    one, other = (clinic.store.deliveries.open_journal(lease) for _ in range(2))
    one.begin([sent(claims[0])])
    other.begin(
        [sent(claims[1]), Outcome(claims[2], RecipientStatus.ERROR, NOW, error_code="rejected")]
    )
    one.finish()
    other.finish()
    one.begin([sent(claims[3])])
    one.finish()
    assert clinic.statuses()[2] == "error"
    one.close()
    other.close()
    assert clinic.statuses() == ["sent", "sent", "error", "sent", "sending"]
    assert (clinic.now().sent_count, clinic.now().error_count) == (3, 1)


def test_it_records_nothing_that_was_begun_under_a_lease_that_is_over(clinic: Clinic):
    old = clinic.lease("one")
    claims = clinic.claim(old, 1)
    journal = clinic.store.deliveries.open_journal(old)
    clinic.store.leases.release(old)
    clinic.store.deliveries.orphans(clinic.lease("two"))

    def record() -> None:
        journal.begin([sent(claims[0])])
        journal.finish()

    with pytest.raises(LeaseLost):
        record()
    assert clinic.statuses()[0] == "sending"


def test_it_opens_journals_one_after_the_other(clinic: Clinic):
    lease = clinic.lease()
    for claim in clinic.claim(lease):
        journal = clinic.store.deliveries.open_journal(lease)
        journal.settle([sent(claim)], fold=False)
        journal.close()
    assert clinic.now().sent_count == 5


def test_it_records_what_takes_several_goes_to_be_handed_over(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease, 1)
    long = "x" * 20_000_000  # more than a socket takes at once
    failed = Outcome(claims[0], RecipientStatus.ERROR, NOW, error_code="x", error_message=long)
    clinic.settle(lease, [failed])
    assert clinic.statuses()[0] == "error"


def test_it_puts_back_what_was_not_used_without_costing_an_attempt(clinic: Clinic):
    lease = clinic.lease()
    claim = clinic.claim(lease, 1)[0]
    clinic.settle(lease, [Outcome(claim, RecipientStatus.QUEUED, NOW)])
    assert clinic.claim(lease, 1)[0].attempt == claim.attempt


def test_it_holds_a_recipient_back_until_its_time(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    later = datetime.now(UTC) + timedelta(hours=1)
    outcomes = [
        Outcome(c, RecipientStatus.QUEUED, NOW, error_code="unavailable", not_before=later)
        for c in claims
    ]
    clinic.settle(lease, outcomes)
    assert clinic.claim(lease) == []
    assert clinic.store.deliveries.next_due(clinic.account.id) == later
    assert clinic.store.deliveries.finish(clinic.campaign.id, NOW) is False


def test_it_finds_what_a_dead_process_left_with_the_secrets_of_its_attempts(clinic: Clinic):
    old = clinic.lease("one")
    claims = clinic.claim(old, 2)
    clinic.store.leases.release(old)
    new = clinic.lease("two")
    orphans = {
        orphan.recipient_id: orphan.secrets for orphan in clinic.store.deliveries.orphans(new)
    }
    assert orphans == {
        c.recipient_id: {0: attempt_secret(old.key, c.recipient_id, c.attempt)} for c in claims
    }
    settlements = [
        Settlement(clinic.campaign.id, claims[0].recipient_id, "M1"),
        Settlement(clinic.campaign.id, claims[1].recipient_id),
    ]
    clinic.store.deliveries.recover(new, settlements)
    assert clinic.statuses()[:2] == ["unconfirmed", "queued"]
    assert clinic.now().unconfirmed_count == 1
    assert clinic.store.deliveries.orphans(new) == []


def test_each_message_of_a_commit_counts_in_the_hour_in_which_it_left(clinic: Clinic):
    lease = clinic.lease()
    hour = (NOW - timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    around = [hour - timedelta(milliseconds=1), hour, hour + timedelta(milliseconds=1)]
    messages = [
        sent(claim)._replace(at=at)
        for claim, at in zip(clinic.claim(lease, 3), around, strict=True)
    ]
    journal = clinic.store.deliveries.open_journal(lease)
    journal.begin(messages)
    journal.finish()
    journal.settle((), fold=True)
    day = hour.astimezone(clinic.workspace.zone).date()
    span = Span(day - timedelta(days=1), day, Step.HOUR)
    tallies = clinic.store.metrics.timeline(clinic.workspace.id, span)
    assert [tally.sent for tally in tallies if tally.sent] == [1, 2]


def test_it_holds_back_people_never_talked_with(clinic: Clinic):
    lease = clinic.lease()
    known = clinic.claim(lease, 1)[0]
    outcome = Outcome(known, RecipientStatus.QUEUED, NOW, error_code="cold_contact_locked")
    clinic.settle(lease, [outcome])
    hello = Incoming("R1", known.phone, "hola", None, datetime.now(UTC))
    clinic.store.receipts.reply(clinic.account.id, hello, False)
    claims = clinic.store.deliveries.claim(lease, clinic.campaign.id, None, 50, True)
    assert [claim.phone for claim in claims] == [known.phone]


def test_it_claims_nothing_of_a_paused_campaign_and_skips_what_a_cancelled_one_had(clinic: Clinic):
    lease = clinic.lease()
    claim = clinic.claim(lease, 1)[0]
    campaigns = clinic.store.campaigns
    assert campaigns.move(
        clinic.campaign.id, sources("pause"), CampaignStatus.PAUSED, PauseReason.PERSON
    )
    assert clinic.claim(lease) == []
    assert not campaigns.move(clinic.campaign.id, sources("pause"), CampaignStatus.PAUSED)
    assert campaigns.move(clinic.campaign.id, sources("cancel"), CampaignStatus.CANCELLED)
    clinic.settle(lease, [Outcome(claim, RecipientStatus.QUEUED, NOW)])
    assert clinic.statuses() == ["skipped"] * 5
    assert clinic.now().skipped_count == 5


def test_it_finishes_a_campaign_once_everybody_is_settled(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    clinic.settle(lease, [sent(claim) for claim in claims[:4]])
    assert clinic.store.deliveries.finish(clinic.campaign.id, NOW) is False
    failed = Outcome(claims[4], RecipientStatus.ERROR, NOW, error_code="rejected")
    clinic.settle(lease, [failed])
    assert clinic.store.deliveries.finish(clinic.campaign.id, NOW) is True
    assert clinic.store.campaigns.requeue_failed(clinic.campaign.id) == 1
    assert (clinic.now().status, clinic.now().error_count) == (CampaignStatus.RUNNING, 0)
