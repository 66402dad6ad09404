"""What every store promises beside what a part of it does; each adapter passes the same tests."""

from datetime import timedelta

import pytest

from sender_app.domain.actor import Role
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.delivery import Outcome, RecipientStatus
from sender_app.domain.errors import NotFound
from sender_app.domain.reporting import EVERYTHING, Only, last_days
from sender_app.ports.store import Store
from sender_app.ports.whatsapp import Incoming
from tests.contract.clinic import DEFAULTS, NOW, Clinic, sent


def test_it_hides_what_belongs_to_another_workspace(clinic: Clinic):
    other = clinic.store.workspaces.ensure("charlie", "Charlie", DEFAULTS)
    with pytest.raises(NotFound):
        clinic.store.campaigns.get(other.id, clinic.campaign.id)
    with pytest.raises(NotFound):
        clinic.store.accounts.get(clinic.account.id, other.id)
    assert clinic.store.contacts.page(other.id, ContactQuery(), None, 10).rows == []


def test_it_keeps_the_role_that_a_member_has(clinic: Clinic):
    members = clinic.store.workspaces
    assert members.ensure_member(clinic.workspace.id, "bob", "Bob", Role.VIEWER) is Role.VIEWER
    assert members.ensure_member(clinic.workspace.id, "bob", "Bob", Role.ADMIN) is Role.VIEWER


def test_its_figures_can_be_asked_for_by_hour_month_account_group_and_year(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    failed = Outcome(claims[3], RecipientStatus.ERROR, NOW, error_code="x", error_message="x")
    clinic.settle(lease, [*(sent(claim) for claim in claims[:3]), failed])
    other = clinic.store.accounts.create(clinic.workspace.id, "alice", "Other")
    metrics, scope = clinic.store.metrics, clinic.workspace
    now = NOW.astimezone(scope.zone)
    today = now.date()

    def figures(days: int, only: Only = EVERYTHING) -> list[tuple[str, int, int]]:
        found = metrics.timeline(scope.id, last_days(days, today), only)
        return [(t.key, t.sent, t.errors) for t in found]

    assert figures(1) == [(f"{now:%Y-%m-%dT%H}", 3, 1)]
    assert figures(365, Only(clinic.account.id)) == [(f"{now:%Y-%m}", 3, 1)]
    for days in (1, 30, 365):
        assert figures(days, Only(other.id)) == []
        assert [n for _, *n in figures(days, Only(group="G1"))] == [[1, 1]]
        groups = metrics.by_group(scope.id, last_days(days, today), Only(group="G1"))
        assert [(t.key, t.sent, t.errors) for t in groups] == [("G1", 1, 1)]
    total = metrics.total(scope.id, last_days(1, today), Only(clinic.account.id, "G0"))
    assert (total.sent, total.errors) == (2, 0)
    while clinic.store.contacts.follow(100):
        pass
    for period in (f"{now:%Y-%m}", f"{now:%Y}"):
        for only in (EVERYTHING, Only(clinic.account.id)):
            found = metrics.by_contact(scope.id, period, 10, only)
            assert [t.sent for t in found] == [1, 1, 1, 0]
        assert metrics.by_contact(scope.id, period, 10, Only(other.id)) == []
        found = metrics.by_contact(scope.id, period, 10, Only(group="G1"))
        assert [(t.key, t.sent, t.errors) for t in found] == [
            (claims[1].phone, 1, 0),
            (claims[3].phone, 0, 1),
        ]
    assert len(metrics.by_contact(scope.id, f"{now:%Y}", 2)) == 2


def test_it_keeps_a_library_of_messages_by_name(clinic: Clinic):
    library, scope = clinic.store.templates, clinic.workspace.id
    welcome = library.save(scope, "alice", None, "Bienvenida", ["Hola", "Buenas"])
    assert welcome is not None
    assert library.save(scope, "alice", None, "aviso", ["x"]) is not None
    assert library.save(scope, "bob", None, "Bienvenida", ["y"]) is None
    assert [template.name for template in library.list(scope)] == ["aviso", "Bienvenida"]
    changed = library.save(scope, "bob", welcome.id, "Saludo", ["Hola"])
    assert changed is not None
    assert library.get(scope, welcome.id).texts == ("Hola",)
    other = clinic.store.workspaces.ensure("charlie", "Charlie", DEFAULTS).id
    for touch in (
        lambda: library.get(other, welcome.id),
        lambda: library.save(other, "charlie", welcome.id, "Mía", ["z"]),
    ):
        with pytest.raises(NotFound):
            touch()
    library.delete(other, welcome.id)
    assert library.get(scope, welcome.id).name == "Saludo"
    library.delete(scope, welcome.id)
    assert [template.name for template in library.list(scope)] == ["aviso"]


def test_it_pages_through_everything_once(store: Store):
    clinic = Clinic(store, people=25)
    seen, cursor = [], None
    while True:
        page = store.campaigns.recipients(clinic.campaign.id, None, cursor, 10)
        seen += [row.phone for row in page.rows]
        if (cursor := page.next) is None:
            break
    assert seen == [f"+59598{n:07d}" for n in range(25)]
    names, cursor = [], None
    while True:
        page = store.contacts.page(clinic.workspace.id, ContactQuery(), cursor, 7)
        names += [row.nombre for row in page.rows]
        if (cursor := page.next) is None:
            break
    assert len(names) == len(set(names)) == 25


def test_old_events_and_replies_are_forgotten_and_the_figures_stay(store: Store):
    clinic = Clinic(store, people=3)
    lease = clinic.lease()
    claims = clinic.claim(lease)
    clinic.settle(lease, [sent(one) for one in claims])
    heard = Incoming("R1", claims[0].phone, "BAJA", None, NOW)
    store.receipts.reply(clinic.account.id, heard, opt_out=True)
    yesterday, tomorrow = NOW - timedelta(days=1), NOW + timedelta(days=1)
    assert store.upkeep.forget_events(yesterday, 10) == 0
    assert store.upkeep.forget_replies(yesterday, 10) == 0
    assert store.upkeep.forget_events(tomorrow, 2) == 2
    assert store.upkeep.forget_events(tomorrow, 10) == 2, "a message and a reply were left"
    assert store.upkeep.forget_events(tomorrow, 10) == 0
    assert store.upkeep.forget_replies(tomorrow, 10) == 1
    phone = claims[0].phone
    assert store.deliveries.opted_out(clinic.workspace.id, [phone]) == frozenset({phone})
    assert store.campaigns.get(clinic.workspace.id, clinic.campaign.id).sent_count == 3


def test_events_that_no_rollup_has_taken_in_yet_are_not_forgotten(store: Store):
    clinic = Clinic(store, people=2)
    claims = clinic.claim(lease := clinic.lease())
    journal = store.deliveries.open_journal(lease)
    journal.settle([sent(claims[0])], fold=True)
    journal.settle([sent(claims[1])], fold=False)
    tomorrow = NOW + timedelta(days=1)
    assert store.upkeep.forget_events(tomorrow, 10) == 1
    assert store.upkeep.forget_events(tomorrow, 10) == 0
    journal.close()
    assert store.campaigns.get(clinic.workspace.id, clinic.campaign.id).sent_count == 2
    assert store.upkeep.forget_events(tomorrow, 10) == 1
