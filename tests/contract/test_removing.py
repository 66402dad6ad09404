"""What every store promises of things that are removed, and come back as they were."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import DELETABLE, CampaignStatus
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.errors import NotFound
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Store
from sender_app.ports.store.audiences import AudienceSpec
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.store.contacts import Contact
from sender_app.ports.store.metrics import Tally
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind
from tests.contract.clinic import Clinic, draft_of, sent
from tests.contract.test_book import Book

NOW = datetime.now(UTC)


class Reached:
    """A clinic whose first person got a message, and answered."""

    def __init__(self, store: Store) -> None:
        self.clinic = Clinic(store, people=3)
        self.store, self.id = store, self.clinic.workspace.id
        rows = [AudienceRow(1, "+595980000000", own={"deuda": "5"})]
        new = NewCampaign(self.clinic.account.id, "x", "Hola", CampaignStatus.DRAFT, {})
        draft = store.campaigns.create(self.id, "alice", new, [])
        spec = AudienceSpec(rows=[ContactBatch.of(rows)])
        store.campaigns.launch(self.id, "alice", draft.id, spec, CampaignStatus.RUNNING)
        lease = self.clinic.lease()
        claims = self.clinic.claim(lease)
        self.clinic.settle(lease, [sent(claim, f"M{n}") for n, claim in enumerate(claims)])
        account = self.clinic.account.id
        store.receipts.receipts(account, [Receipt(("M0",), ReceiptKind.DELIVERED, NOW)])
        store.receipts.reply(account, Incoming("R1", "+595980000000", "hola", None, NOW), False)
        query = ContactQuery("+595980000000")
        self.person = store.contacts.page(self.id, query, None, 1).rows[0]
        group = store.groups.ensure(self.id, "VIP")
        store.groups.add(self.id, group.id, [self.person.id])

    def tops(self) -> set[Tally]:
        here = NOW.astimezone(self.clinic.workspace.zone)
        return {
            tally
            for period in (f"{here:%Y-%m}", f"{here:%Y}")
            for tally in self.store.metrics.by_contact(self.id, period, 10)
        }

    def known(self) -> int:
        rows = [AudienceRow(1, self.person.phone)]
        spec = AudienceSpec(rows=[ContactBatch.of(rows)])
        with self.store.audiences.gather(self.id, spec) as found:
            return found.known([self.clinic.account.id])

    def told(self) -> tuple[object, ...]:
        """Everything that is known of the person."""
        contacts = self.store.contacts
        row = AudienceRow(1, self.person.phone)
        return (
            contacts.get(self.id, self.person.id),
            contacts.history(self.id, self.person.id, 20),
            self.store.campaigns.with_book(self.id, [row]),
            self.tops(),
            self.known(),
            [found.id for found in contacts.page(self.id, ContactQuery("vip"), None, 9).rows],
        )


def test_a_contact_comes_back_with_all_that_was_known_of_it(store: Store):
    reached = Reached(store)
    before = reached.told()
    assert before[-1] == [reached.person.id]
    gone = store.contacts.delete(reached.id, [reached.person.id])
    assert gone.count == 1
    with pytest.raises(NotFound):
        store.contacts.history(reached.id, reached.person.id, 9)
    assert reached.tops() < before[3]
    stranger = store.workspaces.ensure(
        "charlie",
        "Charlie",
        {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"},
    )
    assert store.contacts.restore(stranger.id, gone.record) == 0
    assert store.contacts.restore(reached.id, gone.record) == 1
    assert reached.told() == before
    assert store.contacts.restore(reached.id, gone.record) == 0  # once is enough
    assert reached.told() == before


def test_whoever_opted_out_meanwhile_comes_back_opted_out(store: Store):
    one = Book(store).fill()
    ana = one.contacts.page(one.id, ContactQuery("ana"), None, 1).rows[0]
    gone = one.contacts.delete(one.id, [ana.id])
    account = store.accounts.create(one.id, "alice", "WhatsApp")
    store.receipts.reply(account.id, Incoming("R1", ana.phone, "BAJA", None, NOW), True)
    assert one.contacts.restore(one.id, gone.record) == 1
    assert one.contacts.get(one.id, ana.id).opted_out
    assert one.find(opted_out=True) == ["Ana Martínez"]


def test_a_contact_whose_number_is_in_the_book_again_stays_gone(store: Store):
    one = Book(store).fill()
    rows = one.contacts.page(one.id, ContactQuery("padres"), None, 9).rows
    gone = one.contacts.delete(one.id, [row.id for row in rows])
    assert gone.count == 3
    anew = one.add(rows[0].phone, "Otra Ana")
    assert one.contacts.restore(one.id, gone.record) == 2
    assert one.contacts.get(one.id, anew.id).nombre == "Otra Ana"
    with pytest.raises(NotFound):
        one.contacts.get(one.id, rows[0].id)
    assert len(one.find("padres")) == 2


def test_a_contact_comes_back_into_the_groups_that_are_there(store: Store):
    one = Book(store)
    ana = one.add("+595981000001", "Ana", "Padres", "Coro", "VIP")
    eva = one.add("+595981000002", "Eva", "Morosos")
    gone = one.contacts.delete(one.id, [ana.id, eva.id])
    store.groups.rename(one.id, one.group("Padres"), "Familias")
    store.groups.delete(one.id, one.group("VIP"))
    store.groups.delete(one.id, one.group("Morosos"))
    one.contacts.restore(one.id, gone.record)
    back = one.contacts.get(one.id, ana.id)
    assert {back.grupo, *back.more_groups} == {"Familias", "Coro"}
    assert one.contacts.get(one.id, eva.id).grupo == ""
    assert [group.name for group in store.groups.list(one.id)] == ["Coro", "Familias"]
    assert one.find("eva") == ["Eva"]


def people(one: Book, ids: list[UUID]) -> dict[str, tuple[str, tuple[str, ...]]]:
    one.find()  # the book takes in what was changed
    return {c.nombre: (c.grupo, c.more_groups) for c in one.contacts.find(one.id, ids)}


def test_leaving_a_group_can_be_taken_back_as_it_was(store: Store):
    one = Book(store)
    made: list[Contact] = [
        one.add("+595981000001", "Ana", "Padres", "Coro"),
        one.add("+595981000002", "Eva", "Coro", "Padres"),
        one.add("+595981000003", "Luz", "Padres"),
        one.add("+595981000004", "Sol"),
    ]
    ids = [contact.id for contact in made]
    before = people(one, ids)
    left = store.groups.remove(one.id, one.group("Padres"), ids)
    assert set(left.ids) == set(ids[:3])
    assert set(left.first) == {ids[0], ids[2]}
    assert people(one, ids) == {
        "Ana": ("Coro", ()),
        "Eva": ("Coro", ()),
        "Luz": ("", ()),
        "Sol": ("", ()),
    }
    assert store.groups.rejoin(one.id, one.group("Padres"), left) == 3
    assert people(one, ids) == before
    assert store.groups.rejoin(one.id, one.group("Padres"), left) == 0
    assert people(one, ids) == before
    assert len(one.find(group_id=one.group("Coro"))) == 2


def test_only_an_empty_group_is_dropped(store: Store):
    one = Book(store)
    ana, eva = one.add("+595981000001", "Ana"), one.add("+595981000002", "Eva")
    group = store.groups.ensure(one.id, "Feria")
    joined = store.groups.add(one.id, group.id, [ana.id])
    assert (joined.ids, joined.first) == ((ana.id,), (ana.id,))
    store.groups.add(one.id, group.id, [eva.id])
    store.groups.remove(one.id, group.id, joined.ids)
    store.groups.drop_empty(one.id, group.id)
    assert one.find(group_id=group.id) == ["Eva"]
    store.groups.remove(one.id, group.id, [eva.id])
    store.groups.drop_empty(Book(store, "charlie").id, group.id)
    assert store.groups.list(one.id) == [group]
    store.groups.drop_empty(one.id, group.id)
    assert store.groups.list(one.id) == []


def test_a_template_comes_back_unless_its_name_is_taken(store: Store):
    one = Book(store)
    saved = store.templates.save(one.id, "alice", None, "Saludo", ["Hola", "Buenas"])
    assert saved is not None
    gone = store.templates.delete(one.id, saved.id)
    other = store.templates.save(one.id, "alice", None, "Saludo", ["Otra"])
    assert other is not None
    assert not store.templates.restore(one.id, gone.record)
    store.templates.delete(one.id, other.id)
    assert not store.templates.restore(Book(store, "charlie").id, gone.record)
    assert store.templates.restore(one.id, gone.record)
    assert not store.templates.restore(one.id, gone.record)
    assert store.templates.list(one.id) == [saved]


def test_a_number_comes_back_onto_the_list_as_it_was(store: Store):
    one = Book(store).fill()
    account = store.accounts.create(one.id, "alice", "WhatsApp")
    phone = "+595981000001"
    store.receipts.reply(account.id, Incoming("R1", phone, "BAJA", None, NOW), True)
    before = store.opt_outs.page(one.id, "", None, 9).rows
    due = store.opt_outs.answers_due(account.id, 9)
    gone = store.opt_outs.remove(one.id, [phone, "+595999"])
    assert (gone.count, store.opt_outs.count(one.id)) == (1, 0)
    assert store.opt_outs.restore(one.id, gone.record) == 1
    assert store.opt_outs.page(one.id, "", None, 9).rows == before
    assert store.opt_outs.answers_due(account.id, 9) == due
    assert store.opt_outs.restore(one.id, gone.record) == 0
    assert one.find(opted_out=True) == ["Ana Martínez"]


def test_a_draft_and_a_finished_campaign_come_back_as_they_were(store: Store):
    clinic = Clinic(store)
    campaigns, scope = store.campaigns, clinic.workspace.id
    lease = clinic.lease()
    clinic.settle(lease, [sent(claim) for claim in clinic.claim(lease)])
    store.deliveries.finish(clinic.campaign.id, NOW)
    draft = campaigns.create(scope, "alice", draft_of(clinic), [])
    before = campaigns.list(scope, None, 9).rows
    stranger = Book(store, "charlie")
    for one in before:
        gone = campaigns.delete(scope, one.id, DELETABLE)
        assert gone
        assert not campaigns.restore(stranger.id, gone.record)
        assert campaigns.list(stranger.id, None, 9).rows == []
        assert campaigns.restore(scope, gone.record)
        assert not campaigns.restore(scope, gone.record)
    assert campaigns.list(scope, None, 9).rows == before
    assert campaigns.save_draft(scope, draft.id, draft_of(clinic, name="Otro"))
    assert clinic.statuses() == ["sent"] * 5
