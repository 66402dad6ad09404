"""What every store says of the whole installation."""

from datetime import timedelta

import pytest

from sender_app.domain.account import AccountStatus
from sender_app.domain.campaign import CampaignStatus, PauseReason, sources
from sender_app.domain.delivery import Outcome, RecipientStatus
from sender_app.ports.store import Store
from sender_app.ports.telemetry import Observation, Observer
from sender_app.stores.postgres.observation import PostgresObserver
from sender_app.stores.postgres.store import PostgresStore
from sender_app.stores.redis.observation import RedisObserver
from sender_app.stores.redis.store import RedisStore
from tests.contract.clinic import NOW, TTL, Clinic, sent


@pytest.fixture
def observer(store: Store) -> Observer:
    if isinstance(store, PostgresStore):
        return PostgresObserver(store.database)
    assert isinstance(store, RedisStore)
    return RedisObserver(store.database)


def serving(seen: Observation) -> tuple[int, int, int]:
    return seen.accounts_to_serve, seen.accounts_served, seen.leases_run_out


def test_nothing_is_going_on_in_an_empty_installation(observer: Observer):
    seen = observer.observe()
    assert (dict(seen.campaigns), dict(seen.accounts)) == ({}, {})
    assert serving(seen) == (0, 0, 0)
    assert seen.oldest_lease == seen.longest_wait == timedelta()
    assert seen.database_bytes > 0


def test_it_counts_what_waits_in_running_campaigns_and_what_is_in_doubt(
    store: Store, observer: Observer
):
    clinic = Clinic(store)
    lease = clinic.lease()
    claims = clinic.claim(lease)
    doubt = Outcome(claims[0], RecipientStatus.UNCONFIRMED, NOW, message_id="M")
    clinic.settle(lease, [doubt, sent(claims[1])])
    paused = clinic.campaign_for(2)
    store.campaigns.move(paused.id, sources("pause"), CampaignStatus.PAUSED, PauseReason.PERSON)
    store.accounts.set_status(clinic.account.id, AccountStatus.ONLINE)
    seen = observer.observe()
    assert dict(seen.campaigns) == {"running": 1, "paused": 1}
    assert dict(seen.accounts) == {"online": 1}
    assert (seen.waiting, seen.unconfirmed) == (3, 1)


def test_it_tells_who_is_served_who_waits_and_whose_process_died(store: Store, observer: Observer):
    clinic = Clinic(store)
    assert serving(observer.observe()) == (1, 0, 0)
    assert observer.observe().longest_wait > timedelta()
    lease = clinic.lease()
    seen = observer.observe()
    assert serving(seen) == (0, 1, 0)
    assert timedelta() < seen.oldest_lease < TTL
    store.leases.release(lease)
    assert serving(observer.observe()) == (1, 0, 0)
    assert store.leases.take(clinic.account.id, "two", timedelta(0))
    seen = observer.observe()
    assert serving(seen) == (1, 0, 1)
    assert seen.oldest_lease == timedelta()
