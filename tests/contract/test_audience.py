"""What every store promises of whom a campaign is for: sources, rules, and the freezing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from sender_app.domain.audience import AudienceRow
from sender_app.domain.audience_choice import AudienceChoice, BookFilter, Source
from sender_app.domain.campaign import Campaign, CampaignStatus
from sender_app.domain.delivery import Outcome, RecipientStatus
from sender_app.domain.errors import RuleViolation
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Store
from sender_app.ports.store.audiences import AudienceCounts, AudienceSpec
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.store.contacts import ContactDraft

DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
NOW = datetime.now(UTC)
PEOPLE = (  # name, groups
    ("Ana", "Padres", "Coro"),
    ("Luis", "Padres"),
    ("Eva", "Docentes", "Coro"),
    ("Iván", "Docentes"),
    ("Olga", ""),
)


class School:
    """A workspace with five people in its book, and an account."""

    def __init__(self, store: Store, key: str = "alice") -> None:
        self.store = store
        self.id = store.workspaces.ensure(key, key, DEFAULTS).id
        self.account_id = store.accounts.create(self.id, key, "WhatsApp").id
        self.ids: dict[str, UUID] = {}
        self.phones: dict[str, str] = {}
        for n, (name, group, *more) in enumerate(PEOPLE, 1):
            self.phones[name] = f"+5959810000{n:02d}"
            draft = ContactDraft(self.phones[name], name, "", group, tuple(more))
            self.ids[name] = store.contacts.create(self.id, key, draft).id

    def group(self, name: str) -> UUID:
        return next(group.id for group in self.store.groups.list(self.id) if group.name == name)

    def spec(self, *rows: AudienceRow, since: datetime | None = None, **of: object) -> AudienceSpec:
        batches = [ContactBatch.of(rows)] if rows else ()
        return AudienceSpec(AudienceChoice(**of), batches, since)  # type: ignore[arg-type]

    def counts(self, spec: AudienceSpec) -> AudienceCounts:
        with self.store.audiences.gather(self.id, spec) as found:
            return found.counts()

    def names(self, spec: AudienceSpec) -> list[str]:
        """Who would be written to, in order."""
        with self.store.audiences.gather(self.id, spec) as found:
            return [row.nombre or row.phone for row in found.find("", 100)]

    def draft(self) -> Campaign:
        new = NewCampaign(self.account_id, "Feria", "Hola", CampaignStatus.DRAFT, {})
        return self.store.campaigns.create(self.id, "alice", new, [])

    def launch(self, spec: AudienceSpec, confirmed: int | None = None) -> Campaign:
        draft, running = self.draft(), CampaignStatus.RUNNING
        campaigns = self.store.campaigns
        assert campaigns.launch(self.id, "alice", draft.id, spec, running, None, confirmed)
        return campaigns.get(self.id, draft.id)

    def send(self, campaign: Campaign, outcomes: dict[str, RecipientStatus], at: datetime) -> None:
        """Settle what was claimed, each phone as said; others stay queued."""
        lease = self.store.leases.take(self.account_id, uuid4().hex, timedelta(seconds=30))
        assert lease is not None
        claims = self.store.deliveries.claim(lease, campaign.id, None, 100, False)
        told = {self.phones[name]: status for name, status in outcomes.items()}
        settled = [Outcome(one, told[one.phone], at, "x") for one in claims if one.phone in told]
        journal = self.store.deliveries.open_journal(lease)
        assert len(settled) == len(outcomes)
        journal.settle(settled, fold=True)
        journal.close()
        self.store.leases.release(lease)


@pytest.fixture
def school(store: Store) -> School:
    return School(store)


def test_sources_add_up_and_each_person_counts_once(school: School):
    spec = school.spec(
        AudienceRow(2, "+595981999999", "Nueva"),
        AudienceRow(3, school.phones["Luis"]),
        groups=(school.group("Padres"), school.group("Coro")),
        contacts=(school.ids["Ana"], school.ids["Olga"]),
        filter=BookFilter(search="iván"),
    )
    found = school.counts(spec)
    assert found.sources == {
        Source.FILE: 2,
        Source.GROUPS: 3,
        Source.CONTACTS: 2,
        Source.FILTER: 1,
        Source.EARLIER: 0,
    }
    assert (found.people, found.reached, found.opted_out, found.resting) == (6, 6, 0, 0)
    assert school.names(spec) == ["Nueva", "Luis", "Ana", "Eva", "Iván", "Olga"]


def test_a_filter_of_nothing_is_the_whole_book_and_others_are_as_on_the_contacts_page(
    school: School,
):
    assert school.counts(school.spec(filter=BookFilter())).people == len(PEOPLE)
    of_group = BookFilter(group=str(school.group("Docentes")))
    assert school.names(school.spec(filter=of_group)) == ["Eva", "Iván"]
    by_number = BookFilter(search=school.phones["Olga"][-4:])
    assert school.names(school.spec(filter=by_number)) == ["Olga"]
    school.store.opt_outs.add(school.id, [school.phones["Eva"]], "person", "")
    assert "Eva" not in school.names(school.spec(filter=BookFilter(standing="in")))
    with pytest.raises(RuleViolation, match="filter_unreadable"):
        school.counts(school.spec(filter=BookFilter(group="x")))


def test_nobody_of_another_workspace_gets_in(school: School, store: Store):
    other = School(store, "charlie")
    earlier = other.launch(other.spec(filter=BookFilter()))
    spec = school.spec(
        groups=(other.group("Padres"),), contacts=tuple(other.ids.values()), earlier=earlier.id
    )
    assert school.counts(spec).people == 0


def test_who_opted_out_is_counted_and_skipped_by_the_sending(school: School):
    school.store.opt_outs.add(school.id, [school.phones["Ana"]], "person", "")
    spec = school.spec(groups=(school.group("Padres"),))
    found = school.counts(spec)
    assert (found.people, found.reached, found.opted_out) == (2, 1, 1)
    campaign = school.launch(spec, confirmed=1)
    assert campaign.total_recipients == 2
    lease = school.store.leases.take(school.account_id, "one", timedelta(seconds=30))
    assert lease is not None
    claims = school.store.deliveries.claim(lease, campaign.id, None, 10, False)
    assert {claim.phone: claim.opted_out for claim in claims} == {
        school.phones["Ana"]: True,
        school.phones["Luis"]: False,
    }


@pytest.mark.parametrize("status", [RecipientStatus.SENT, RecipientStatus.UNCONFIRMED])
def test_who_was_written_to_lately_is_left_out_and_seen_to_be(
    school: School, status: RecipientStatus
):
    week_ago = NOW - timedelta(days=7)
    first = school.launch(school.spec(contacts=(school.ids["Ana"], school.ids["Luis"])))
    school.send(first, {"Ana": status, "Luis": RecipientStatus.ERROR}, NOW)
    spec = school.spec(groups=(school.group("Padres"),), since=week_ago)
    found = school.counts(spec)
    assert (found.people, found.reached, found.resting) == (2, 1, 1)
    assert school.names(spec) == ["Luis"]
    campaign = school.launch(spec, confirmed=1)
    assert (campaign.total_recipients, campaign.skipped_count) == (2, 1)
    rows = school.store.campaigns.recipients(campaign.id, None, None, 10).rows
    assert [(row.nombre, row.status.value, row.error_code) for row in rows] == [
        ("Luis", "queued", None),
        ("Ana", "skipped", "written_lately"),
    ]


def test_a_message_of_long_ago_is_no_reason_to_leave_somebody_out(school: School):
    first = school.launch(school.spec(contacts=(school.ids["Ana"],)))
    school.send(first, {"Ana": RecipientStatus.SENT}, NOW - timedelta(days=8))
    spec = school.spec(contacts=(school.ids["Ana"],), since=NOW - timedelta(days=7))
    assert school.counts(spec).reached == 1


def test_of_an_earlier_campaign_come_those_whom_it_did_not_reach(school: School):
    first = school.launch(school.spec(filter=BookFilter()))
    said = {
        "Ana": RecipientStatus.SENT,
        "Luis": RecipientStatus.ERROR,
        "Eva": RecipientStatus.UNCONFIRMED,
        "Iván": RecipientStatus.UNCONFIRMED,
    }
    school.send(first, said, NOW)
    running = frozenset({CampaignStatus.RUNNING})
    assert school.names(school.spec(earlier=first.id)) == ["Luis"]
    assert school.store.campaigns.move(first.id, running, CampaignStatus.CANCELLED)
    rows = school.store.campaigns.recipients(first.id, RecipientStatus.UNCONFIRMED, None, 10).rows
    eva = next(row.id for row in rows if row.nombre == "Eva")
    later = datetime.now(UTC) + timedelta(minutes=1)
    school.store.campaigns.resolve_unconfirmed(first.id, [eva], False, later)
    # Olga was claimed, so the cancelling did not skip her: nobody knows yet.
    assert school.names(school.spec(earlier=first.id)) == ["Luis", "Eva"]


def test_the_audience_is_frozen_as_confirmed_or_not_at_all(school: School):
    padres = school.group("Padres")
    draft, running = school.draft(), CampaignStatus.RUNNING
    campaigns = school.store.campaigns

    def launch(confirmed: int, **of: object) -> bool:
        spec = school.spec(**of)  # type: ignore[arg-type]
        return campaigns.launch(school.id, "alice", draft.id, spec, running, None, confirmed)

    with pytest.raises(RuleViolation, match="audience_changed") as changed:
        launch(3, groups=(padres,))
    assert changed.value.params == {"count": 2}
    assert campaigns.get(school.id, draft.id).status is CampaignStatus.DRAFT
    school.store.opt_outs.add(school.id, [school.phones["Olga"]], "person", "")
    with pytest.raises(RuleViolation, match="audience_left_out"):
        launch(0, contacts=(school.ids["Olga"],))
    with pytest.raises(RuleViolation, match="audience_empty"):
        launch(0)
    assert launch(2, groups=(padres,))
    school.store.groups.add(school.id, padres, [school.ids["Iván"]])
    assert campaigns.get(school.id, draft.id).total_recipients == 2
    assert len(campaigns.recipients(draft.id, None, None, 10).rows) == 2


def test_who_is_deleted_from_the_book_stays_in_the_campaign_without_a_name(school: School):
    campaign = school.launch(school.spec(contacts=(school.ids["Ana"], school.ids["Luis"])))
    assert school.store.contacts.delete(school.id, [school.ids["Ana"]]).count == 1
    rows = school.store.campaigns.recipients(campaign.id, None, None, 10).rows
    assert [(row.phone, row.nombre) for row in rows] == [
        (school.phones["Ana"], ""),
        (school.phones["Luis"], "Luis"),
    ]
    lease = school.store.leases.take(school.account_id, "one", timedelta(seconds=30))
    assert lease is not None
    claims = school.store.deliveries.claim(lease, campaign.id, None, 10, False)
    assert [claim.contact_id for claim in claims] == [None, school.ids["Luis"]]


def test_nothing_starts_while_the_book_takes_in_a_large_import(school: School):
    rows = [AudienceRow(n, f"+59597{n:07d}", f"N {n}", "", "Padres") for n in range(2_500)]
    new = NewCampaign(school.account_id, "x", "Hola", CampaignStatus.RUNNING, {})
    school.store.campaigns.create(school.id, "alice", new, [ContactBatch.of(rows)])
    spec, padres = school.spec(filter=BookFilter()), school.spec(groups=(school.group("Padres"),))
    with pytest.raises(RuleViolation, match="book_behind"):
        school.launch(spec)
    while school.store.contacts.follow(1_000):
        pass
    assert school.launch(spec, confirmed=2_505).total_recipients == 2_505
    assert school.counts(padres).reached == 2_502


def test_people_are_told_apart_by_what_a_message_needs_of_them(school: School):
    rows = (
        AudienceRow(1, school.phones["Ana"], "", "Sra.", own={"deuda": "5"}),
        AudienceRow(2, school.phones["Luis"]),
        AudienceRow(3, "+595981999999"),
    )
    names, whole = ("nombre", "sustantivo", "deuda"), frozenset({"sustantivo"})
    with school.store.audiences.gather(school.id, school.spec(*rows)) as found:
        likes = {tuple(one.values.values()): one for one in found.likes(names, whole)}
        assert {key: one.count for key, one in likes.items()} == {
            ("+", "Sra.", "+"): 1,
            ("+", "", ""): 1,
            ("", "", ""): 1,
        }
        wanted = [likes["+", "", ""], likes["", "", ""]]
        lacking = found.of_likes(names, whole, wanted, 10)
        assert [(row.row, row.nombre) for row in lacking] == [(2, "Luis"), (3, "")]
        assert [row.own for row in found.find("ana", 10)] == [{"deuda": "5"}]
        assert [row.phone for row in found.find("1999999", 10)] == ["+595981999999"]


def test_a_second_person_approves_what_waits_or_sends_it_back(school: School):
    campaigns, draft = school.store.campaigns, school.draft()
    spec, awaiting = school.spec(groups=(school.group("Padres"),)), CampaignStatus.AWAITING
    assert campaigns.launch(school.id, "alice", draft.id, spec, awaiting)
    assert [campaigns.awaiting(school.id, user) for user in ("alice", "bob")] == [0, 1]
    assert list(school.store.deliveries.running(school.account_id)) == []
    assert campaigns.send_back(draft.id, "Falta la fecha")
    assert not campaigns.send_back(draft.id, "")
    back = campaigns.get(school.id, draft.id)
    assert (back.status, back.review_note) == (CampaignStatus.DRAFT, "Falta la fecha")
    assert (back.total_recipients, campaigns.recipients(draft.id, None, None, 9).rows) == (0, [])
    at = NOW + timedelta(hours=1)
    assert campaigns.launch(school.id, "alice", draft.id, spec, awaiting, at)
    assert not campaigns.approve(draft.id, "alice", NOW)
    assert campaigns.approve(draft.id, "bob", NOW)
    approved = campaigns.get(school.id, draft.id)
    assert (approved.status, approved.approved_by) == (CampaignStatus.SCHEDULED, "bob")
    assert approved.review_note == ""
    assert not campaigns.approve(draft.id, "bob", NOW)
