"""What every store promises about programs: their keys, and the answers to repeated requests."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from sender_app.domain.actor import Role
from sender_app.domain.api_key import hint_of, new_secret
from sender_app.domain.errors import NotFound
from sender_app.ports.store import Store
from sender_app.ports.store.answers import Answer

DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
FIRST, OTHER = b"1" * 32, b"2" * 32


@pytest.fixture
def here(store: Store) -> UUID:
    return store.workspaces.ensure("alice", "Alice", DEFAULTS).id


def test_it_finds_a_key_by_its_secret_alone(store: Store, here: UUID):
    secret = new_secret()
    key = store.api_keys.create(here, "alice", "CRM", Role.SENDER, secret, NOW + DAY)
    assert store.api_keys.find(secret, NOW) == key
    assert (key.workspace_id, key.role, key.hint) == (here, Role.SENDER, hint_of(secret))
    assert store.api_keys.find(new_secret(), NOW) is None
    assert store.api_keys.find(secret, NOW + DAY) is None


def test_it_lists_keys_newest_first_with_their_owners(store: Store, here: UUID):
    store.workspaces.ensure_member(here, "alice", "Alice", Role.ADMIN)
    for user, name in (("alice", "first"), ("bob", "second")):
        store.api_keys.create(here, user, name, Role.VIEWER, new_secret(), None)
    found = store.api_keys.list(here)
    assert [(key.name, key.owner) for key in found] == [("second", ""), ("first", "Alice")]
    store.api_keys.touch(found[0].id, NOW)
    assert store.api_keys.list(here)[0].used_at == NOW
    assert store.api_keys.list(store.workspaces.ensure("bob", "Bob", DEFAULTS).id) == []


def test_a_revoked_key_opens_nothing_and_stays_revoked(store: Store, here: UUID):
    secret = new_secret()
    key = store.api_keys.create(here, "alice", "CRM", Role.SENDER, secret, None)
    elsewhere = store.workspaces.ensure("charlie", "Charlie", DEFAULTS).id
    for workspace_id, key_id in ((elsewhere, key.id), (here, uuid4())):
        with pytest.raises(NotFound):
            store.api_keys.revoke(workspace_id, key_id, NOW)
    assert store.api_keys.find(secret, NOW) == key
    for at in (NOW, NOW + DAY):
        store.api_keys.revoke(here, key.id, at)
    assert store.api_keys.find(secret, NOW) is None
    assert store.api_keys.list(here)[0].revoked_at == NOW


def test_a_repeated_request_gets_the_first_ones_answer(store: Store, here: UUID):
    begin, answer = store.answers.begin, Answer(201, {"Location": "/x"}, b"\x00\xff")
    assert begin(here, "k:1", FIRST, NOW, NOW - DAY) is None
    again = begin(here, "k:1", OTHER, NOW, NOW - DAY)
    assert again is not None
    assert (again.fingerprint, again.started_at, again.answer) == (FIRST, NOW, None)
    store.answers.keep(here, "k:1", answer)
    again = begin(here, "k:1", FIRST, NOW, NOW - DAY)
    assert again is not None
    assert again.answer == answer
    elsewhere = store.workspaces.ensure("charlie", "Charlie", DEFAULTS).id
    assert begin(elsewhere, "k:1", FIRST, NOW, NOW - DAY) is None


def test_a_key_is_free_again_when_it_is_released_or_its_day_is_over(store: Store, here: UUID):
    begin = store.answers.begin
    assert begin(here, "k", FIRST, NOW, NOW - DAY) is None
    store.answers.release(here, "k")
    assert begin(here, "k", FIRST, NOW, NOW - DAY) is None
    store.answers.keep(here, "k", Answer(200, {}, b""))
    later = NOW + DAY + timedelta(seconds=1)
    assert begin(here, "k", OTHER, later, later - DAY) is None
    taken = begin(here, "k", FIRST, later, later - DAY)
    assert taken is not None
    assert (taken.fingerprint, taken.answer) == (OTHER, None)


def test_of_several_that_ask_at_once_one_takes_the_key(store: Store, here: UUID):
    barrier, free = threading.Barrier(4), []

    def ask() -> None:
        barrier.wait()
        if store.answers.begin(here, "k", FIRST, NOW, NOW - DAY) is None:
            free.append(1)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(free) == 1


def test_old_answers_are_forgotten(store: Store, here: UUID):
    for n, at in enumerate((NOW - 2 * DAY, NOW - 2 * DAY, NOW)):
        store.answers.begin(here, str(n), FIRST, at, at - DAY)
    assert store.upkeep.forget_answers(NOW - DAY, 1) == 1
    assert store.upkeep.forget_answers(NOW - DAY, 5) == 1
    assert store.answers.begin(here, "2", FIRST, NOW, NOW - DAY) is not None
