"""Leases: who serves an account, and when there is something to do for it."""

import threading
from datetime import UTC, datetime, timedelta

from sender_app.domain.delivery import Lease
from tests.contract.clinic import TTL, Clinic


def test_it_gives_a_lease_to_one_owner_at_a_time(clinic: Clinic):
    lease = clinic.lease("one")
    assert clinic.store.leases.take(clinic.account.id, "two", TTL) is None
    clinic.store.leases.release(lease)
    after = clinic.lease("two")
    assert after.epoch == lease.epoch + 1
    assert after.previous is None
    assert after.key != lease.key
    assert clinic.store.leases.renew(lease, TTL) is False


def test_it_names_an_owner_that_let_its_lease_run_out(clinic: Clinic):
    assert clinic.store.leases.take(clinic.account.id, "one", timedelta(0)) is not None
    assert clinic.lease("two").previous == "one"


def test_it_gives_one_lease_to_many_who_ask_at_once(clinic: Clinic):
    taken: list[Lease | None] = []
    threads = [
        threading.Thread(
            target=lambda: taken.append(clinic.store.leases.take(clinic.account.id, "x", TTL))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([lease for lease in taken if lease]) == 1


def test_it_takes_back_the_lease_of_an_owner_that_is_dead(clinic: Clinic):
    clinic.lease("host:1")
    clinic.store.leases.release_of(clinic.account.id, "host:2")
    assert clinic.store.leases.take(clinic.account.id, "host:3", TTL) is None
    clinic.store.leases.release_of(clinic.account.id, "host:1")
    assert clinic.store.leases.take(clinic.account.id, "host:3", TTL) is not None


def test_it_wakes_an_account_with_work_until_its_process_rests(clinic: Clinic):
    accounts = clinic.store.accounts
    assert accounts.to_serve(datetime.now(UTC)) == [clinic.account.id]
    lease = clinic.lease()
    assert accounts.to_serve(datetime.now(UTC)) == []  # it is being served
    seen = accounts.get(clinic.account.id).wake_at
    accounts.wake(clinic.account.id)
    assert accounts.rest(clinic.account.id, seen, None) is False  # work came meanwhile
    seen = accounts.get(clinic.account.id).wake_at
    later = datetime.now(UTC) + timedelta(hours=1)
    assert accounts.rest(clinic.account.id, seen, later) is True
    clinic.store.leases.release(lease)
    assert accounts.to_serve(datetime.now(UTC)) == []
    assert accounts.to_serve(later) == [clinic.account.id]
