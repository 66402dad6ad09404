"""Campaigns of the Redis store beside accounts that keep sending, and what leases leave behind."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sender_app.adapters.redis_client import connect
from sender_app.domain.audience import AudienceRow
from sender_app.domain.audience_choice import AudienceChoice
from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.delivery import attempt_secret
from sender_app.domain.errors import LeaseLost
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store.audiences import AudienceSpec
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.stores.redis.leases import key_of
from sender_app.stores.redis.store import RedisStore
from tests.contract.clinic import TTL, Clinic, sent

PEOPLE = 3_000
WEEK = timedelta(days=7, minutes=1)


@pytest.fixture
def clinic(redis_url: str) -> Iterator[Clinic]:
    store = RedisStore(connect(redis_url))
    yield Clinic(store, 2_000)
    store.close()


@pytest.fixture
def sending(clinic: Clinic) -> Iterator[None]:
    """The clinic's campaign is sent without a pause."""
    lease, over = clinic.lease(), threading.Event()

    def send() -> None:
        while not over.is_set():
            for claim in clinic.claim(lease, 5):
                clinic.settle(lease, [sent(claim)])

    thread = threading.Thread(target=send)
    thread.start()
    yield
    over.set()
    thread.join()
    assert clinic.now().sent_count > 0


@pytest.mark.usefixtures("sending")
def test_a_campaign_is_made_and_launched_while_another_is_sent(clinic: Clinic):
    campaigns, scope = clinic.store.campaigns, clinic.workspace.id
    rows = [AudienceRow(n, f"+59597{n:07d}", f"Vecina {n}", "", "V") for n in range(PEOPLE)]
    new = NewCampaign(clinic.account.id, "Feria", "Hola", CampaignStatus.PAUSED, {})
    made = campaigns.create(scope, "alice", new, [ContactBatch.of(rows)])
    assert made.total_recipients == PEOPLE
    new = NewCampaign(clinic.account.id, "Otra", "Hola", CampaignStatus.DRAFT, {})
    draft = campaigns.create(scope, "alice", new, [])
    while clinic.store.contacts.follow(1_000):
        pass
    group = next(one for one in clinic.store.groups.list(scope) if one.name == "V")
    spec = AudienceSpec(AudienceChoice(groups=(group.id,)))
    assert campaigns.launch(scope, "alice", draft.id, spec, CampaignStatus.AWAITING)
    assert campaigns.get(scope, draft.id).total_recipients == PEOPLE


def age_keys(clinic: Clinic) -> None:
    """Leases began so long ago that their keys may be forgotten."""
    store, at = clinic.store, (datetime.now(UTC) - WEEK).timestamp()
    assert isinstance(store, RedisStore)
    index = f"lease_keys:{clinic.account.id}:taken"
    for epoch, _ in store.database.view().ranked(index):
        store.database.transact(lambda tx, epoch=epoch: tx.add(index, epoch, score=at))


def test_a_key_is_kept_while_a_message_of_its_lease_may_be_open(clinic: Clinic):
    store = clinic.store
    assert isinstance(store, RedisStore)
    view = store.database.view()
    first = store.leases.take(clinic.account.id, "one", TTL)
    assert first is not None
    store.leases.release(first)
    second = store.leases.take(clinic.account.id, "two", timedelta(seconds=5))
    assert second is not None
    (claim,) = clinic.claim(second, 1)
    store.leases.release(second)
    age_keys(clinic)
    third = clinic.lease("three")
    kept = [key_of(view, clinic.account.id, epoch) for epoch in (1, 2, 3)]
    assert kept == [b"", second.key, third.key]
    with pytest.raises(LeaseLost):
        clinic.claim(second, 1)
    (orphan,) = store.deliveries.orphans(third)
    assert orphan.secrets == {0: attempt_secret(second.key, claim.recipient_id, claim.attempt)}
