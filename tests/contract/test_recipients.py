"""What every store promises of a campaign's people, as somebody looks at them and steers them."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from sender_app.domain.campaign import CampaignStatus, sources
from sender_app.domain.delivery import Claim, Outcome, RecipientStatus
from sender_app.ports.store import Store
from sender_app.ports.store.campaigns import CampaignFilter
from tests.contract.clinic import NOW, Clinic, sent

LATER = NOW + timedelta(days=1)


@pytest.fixture
def clinic(store: Store) -> Clinic:
    return Clinic(store, 8)


def paged(clinic: Clinic, status: RecipientStatus | None, limit: int = 1) -> list[UUID]:
    """Everybody in a status, page by page."""
    cursor, found = None, list[UUID]()
    while True:
        page = clinic.store.campaigns.recipients(clinic.campaign.id, status, cursor, limit)
        found += [row.id for row in page.rows]
        if (cursor := page.next) is None:
            return found


def ids(claims: Sequence[Claim]) -> list[UUID]:
    return [claim.recipient_id for claim in claims]


def test_it_says_when_somebodys_turn_came_though_nothing_left(clinic: Clinic):
    (failed,) = clinic.claim(lease := clinic.lease(), 1)
    clinic.settle(lease, [Outcome(failed, RecipientStatus.ERROR, NOW, error_code="rejected")])
    first, second, *_ = clinic.store.campaigns.recipients(clinic.campaign.id, None, None, 8).rows
    assert (first.status, first.sent_at) == (RecipientStatus.ERROR, None)
    assert first.claimed_at is not None
    assert second.claimed_at is None


@pytest.mark.parametrize("limit", [1, 3, 8])
def test_it_pages_those_of_a_status_in_sending_order(clinic: Clinic, limit: int):
    lease = clinic.lease()
    everybody = paged(clinic, None)
    held, failed, left, late, doubt = clinic.claim(lease, 5)
    outcomes = [
        Outcome(held, RecipientStatus.QUEUED, NOW, error_code="unavailable", not_before=LATER),
        Outcome(failed, RecipientStatus.ERROR, NOW, error_code="rejected"),
        sent(left),
        Outcome(late, RecipientStatus.QUEUED, NOW, error_code="unavailable", not_before=LATER),
        Outcome(doubt, RecipientStatus.UNCONFIRMED, NOW, message_id="M"),
    ]
    clinic.settle(lease, outcomes)
    (sending,) = clinic.claim(lease, 1)
    of = {status: paged(clinic, status, limit) for status in RecipientStatus}
    assert of == {
        RecipientStatus.QUEUED: [*ids([held, late]), *everybody[6:]],
        RecipientStatus.SENDING: ids([sending]),
        RecipientStatus.SENT: ids([left]),
        RecipientStatus.ERROR: ids([failed]),
        RecipientStatus.SKIPPED: [],
        RecipientStatus.UNCONFIRMED: ids([doubt]),
    }
    assert paged(clinic, None, limit) == everybody == sorted(everybody)


def test_those_who_failed_wait_again_from_the_first_attempt(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    failed = [Outcome(claim, RecipientStatus.ERROR, NOW, error_code="x") for claim in claims[:2]]
    clinic.settle(lease, [*failed, *map(sent, claims[2:])])
    assert clinic.store.deliveries.finish(clinic.campaign.id, NOW)
    unreached = CampaignFilter(unreached=True)
    listed = clinic.store.campaigns.list
    assert len(listed(clinic.workspace.id, None, 9, unreached).rows) == 1
    assert clinic.store.campaigns.requeue_failed(clinic.campaign.id) == 2
    assert clinic.store.campaigns.requeue_failed(clinic.campaign.id) == 0
    assert listed(clinic.workspace.id, None, 9, unreached).rows == []
    assert paged(clinic, RecipientStatus.QUEUED) == ids(claims[:2])
    assert clinic.now().finished_at is None
    again = clinic.claim(lease)
    assert [(claim.recipient_id, claim.attempt) for claim in again] == [
        (claim.recipient_id, 1) for claim in claims[:2]
    ]


def test_a_person_may_settle_some_of_those_in_doubt(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease, 3)
    clinic.settle(
        lease,
        [
            Outcome(claim, RecipientStatus.UNCONFIRMED, NOW, message_id=f"M{claim.phone}")
            for claim in claims
        ],
    )
    resolve = clinic.store.campaigns.resolve_unconfirmed
    assert resolve(clinic.campaign.id, ids(claims[:1]), True, LATER) == 1
    assert resolve(clinic.campaign.id, ids(claims[:2]), False, LATER) == 1
    assert paged(clinic, RecipientStatus.UNCONFIRMED) == ids(claims[2:])
    assert resolve(clinic.campaign.id, [], True, LATER) == 1
    now = clinic.now()
    assert (now.sent_count, now.unconfirmed_count) == (2, 0)
    assert clinic.sent_today() == 2
    assert clinic.store.deliveries.history(clinic.account.id, NOW).today == 2


def test_a_large_campaign_is_cancelled_while_it_is_being_sent(store: Store):
    clinic = Clinic(store, 3_000)
    lease, over = clinic.lease(), threading.Event()
    left: list[Claim] = []

    def send() -> None:
        while not over.is_set():
            claims = clinic.claim(lease, 5)
            for claim in claims:
                clinic.settle(lease, [sent(claim)])
            left.extend(claims)

    sending = threading.Thread(target=send)
    sending.start()
    try:
        assert store.campaigns.move(clinic.campaign.id, sources("cancel"), CampaignStatus.CANCELLED)
    finally:
        over.set()
        sending.join()
    now = clinic.now()
    assert (now.status, now.pause_reason) == (CampaignStatus.CANCELLED, None)
    assert now.sent_count == len(left)
    assert now.sent_count + now.skipped_count == 3_000
    assert len(paged(clinic, RecipientStatus.SKIPPED, 1000)) == now.skipped_count
    assert paged(clinic, RecipientStatus.QUEUED, 1000) == []
