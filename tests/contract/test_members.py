"""What every store promises about members and the audit log."""

import threading
from uuid import UUID

import pytest

from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import NotFound
from sender_app.domain.identity import Identity
from sender_app.domain.member import Member, RoleSource
from sender_app.domain.workspace import team_key
from sender_app.ports.store import Store

DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
TEAMS = {team_key("clinic"): "clinic", team_key("school"): "school"}
CLINIC = {team_key("clinic"): "clinic"}


def admit(
    store: Store,
    sub: str,
    role: Role | None,
    places: dict[str, str],
    default: Role | None = None,
) -> list[Member]:
    person = Identity(sub, sub.title(), sub, role, tuple(places.values()))
    return list(store.members.admit(person, places, default, DEFAULTS))


def clinic(store: Store) -> UUID:
    return store.workspaces.ensure(team_key("clinic"), "clinic", DEFAULTS).id


def test_it_lets_a_person_in_where_they_belong_and_knows_them_again(store: Store):
    first = admit(store, "ana", Role.SENDER, TEAMS)
    assert {(one.workspace_name, one.role, one.source) for one in first} == {
        ("clinic", Role.SENDER, RoleSource.PROVIDER),
        ("school", Role.SENDER, RoleSource.PROVIDER),
    }
    assert {one.workspace_id for one in admit(store, "ana", Role.SENDER, TEAMS)} == {
        one.workspace_id for one in first
    }


def test_it_leads_to_where_a_person_was_last(store: Store):
    found = admit(store, "ana", Role.SENDER, TEAMS)
    for place in (found[1], found[0]):
        store.members.touch(place.workspace_id, "ana")
        assert admit(store, "ana", Role.SENDER, TEAMS)[0].workspace_id == place.workspace_id


def test_it_makes_no_workspace_for_somebody_who_is_not_let_in(store: Store):
    assert admit(store, "eve", None, {"eve": "Eve"}) == []
    assert admit(store, "ana", Role.ADMIN, {"ana": "Ana"})[0].workspace_name == "Ana"
    made = store.workspaces.ensure("eve", "made only now", DEFAULTS)
    assert made.name == "made only now"


def test_it_shuts_out_of_a_team_that_was_left_but_not_of_ones_own(store: Store):
    own = admit(store, "ana", Role.ADMIN, {"ana": "Ana"})[0].workspace_id
    left = admit(store, "ana", Role.ADMIN, TEAMS)
    assert store.members.find(own, "ana") is not None
    assert [one.workspace_name for one in admit(store, "ana", Role.ADMIN, CLINIC)] == ["clinic"]
    school = next(one.workspace_id for one in left if one.workspace_name == "school")
    assert store.members.find(school, "ana") is None
    assert [one.workspace_id for one in admit(store, "ana", Role.ADMIN, {"ana": "Ana"})] == [own]
    assert store.members.find(clinic(store), "ana") is None


def test_a_role_that_the_provider_took_is_gone(store: Store):
    admit(store, "ana", Role.ADMIN, CLINIC)
    assert admit(store, "ana", None, CLINIC) == []
    assert store.members.list(clinic(store)) == []


def test_a_role_given_here_stays_and_a_removed_member_stays_out(store: Store):
    admit(store, "boss", Role.ADMIN, CLINIC)
    admit(store, "ana", None, CLINIC, Role.VIEWER)
    here = clinic(store)
    assert store.members.change(here, "ana", Role.SENDER)
    assert admit(store, "ana", None, CLINIC, Role.VIEWER)[0].role is Role.SENDER
    assert store.members.change(here, "ana", None)
    assert store.members.find(here, "ana") is None
    assert admit(store, "ana", None, CLINIC, Role.VIEWER) == []
    listed = store.members.list(here)
    assert [(one.user_id, one.removed_at is None) for one in listed] == [
        ("boss", True),
        ("ana", False),
    ]
    assert store.members.change(here, "ana", Role.VIEWER)
    assert admit(store, "ana", None, CLINIC, Role.VIEWER)[0].role is Role.VIEWER


def test_one_admin_always_stays(store: Store):
    admit(store, "one", Role.ADMIN, CLINIC)
    here = clinic(store)
    assert store.members.change(here, "one", Role.SENDER) is False
    assert store.members.change(here, "one", None) is False
    assert store.members.change(here, "one", Role.ADMIN) is True
    admit(store, "two", None, CLINIC, Role.ADMIN)
    assert store.members.change(here, "one", None) is True
    assert store.members.change(here, "two", Role.VIEWER) is False
    with pytest.raises(NotFound):
        store.members.change(here, "nobody", Role.ADMIN)


def test_two_admins_cannot_demote_each_other_at_once(store: Store):
    here = clinic(store)
    for _ in range(5):
        for name in ("one", "two"):
            admit(store, name, Role.ADMIN, CLINIC)
        barrier = threading.Barrier(2)

        def demote(name: str, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            store.members.change(here, name, Role.VIEWER)

        threads = [threading.Thread(target=demote, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(one.role is Role.ADMIN for one in store.members.list(here)) == 1


def test_the_log_keeps_what_was_ordered_and_what_came_of_it(store: Store):
    here = clinic(store)
    actor = Actor("ana", here, Role.ADMIN, "Ana")
    entries = [store.audit.append(actor, "campaign_pause", str(n)) for n in range(5)]
    store.audit.settle(entries[0], "done")
    store.audit.append(Actor("eve", UUID(int=1), Role.ADMIN), "campaign_pause", "elsewhere")
    seen, cursor = [], None
    while True:
        page = store.audit.page(here, cursor, 2)
        seen += page.rows
        if (cursor := page.next) is None:
            break
    assert [row.subject for row in seen] == ["4", "3", "2", "1", "0"]
    assert [row.outcome for row in seen] == ["", "", "", "", "done"]
    assert {(row.user_id, row.name) for row in seen} == {("ana", "Ana")}
