"""What every store promises of a WhatsApp account's health."""

from datetime import UTC, datetime, timedelta

import pytest

from sender_app.domain.account import TROUBLES, Account, AccountStatus
from sender_app.ports.store import Store
from tests.contract.clinic import Clinic


@pytest.fixture
def clinic(store: Store) -> Clinic:
    return Clinic(store, 1)


def now(clinic: Clinic) -> Account:
    return clinic.store.accounts.get(clinic.account.id)


def just_now(at: datetime | None) -> bool:
    return at is not None and abs(datetime.now(UTC) - at) < timedelta(minutes=10)


def test_it_remembers_the_last_problem_when_it_is_over(clinic: Clinic):
    accounts, account_id = clinic.store.accounts, clinic.account.id
    accounts.linked(account_id, "+595981000000", "session")
    assert (now(clinic).last_problem, now(clinic).last_problem_at) == (None, None)
    for trouble in TROUBLES:
        accounts.set_status(account_id, trouble, "why")
        accounts.set_status(account_id, AccountStatus.ONLINE)
        assert now(clinic).last_problem is trouble
        assert just_now(now(clinic).last_problem_at)
        assert now(clinic).status_reason is None


def test_a_log_out_by_the_phone_is_remembered_beyond_the_next_link(clinic: Clinic):
    accounts, account_id = clinic.store.accounts, clinic.account.id
    accounts.linked(account_id, "+595981000000", "session")
    accounts.unlinked(account_id, AccountStatus.LOGGED_OUT, "removed")
    accounts.set_status(account_id, AccountStatus.LINKING)
    accounts.linked(account_id, "+595981000000", "another session")
    assert now(clinic).last_problem is AccountStatus.LOGGED_OUT
    assert just_now(now(clinic).last_problem_at)


def test_whoever_unlinks_it_leaves_no_problem_behind(clinic: Clinic):
    accounts, account_id = clinic.store.accounts, clinic.account.id
    accounts.linked(account_id, "+595981000000", "session")
    accounts.set_status(account_id, AccountStatus.UNREACHABLE, "no line")
    accounts.unlinked(account_id, AccountStatus.UNLINKED, None)
    assert (now(clinic).last_problem, now(clinic).last_problem_at) == (None, None)
    assert now(clinic).phone == "+595981000000"  # which is shown while it is to be linked again
