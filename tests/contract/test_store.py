"""What every store promises; each adapter passes the same tests."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from sender_app.domain.actor import Role
from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import (
    DELETABLE,
    Campaign,
    CampaignStatus,
    PauseReason,
    sources,
)
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.delivery import (
    Claim,
    Lease,
    Outcome,
    RecipientStatus,
    Settlement,
    attempt_secret,
)
from sender_app.domain.errors import LeaseLost, NotFound
from sender_app.domain.reporting import EVERYTHING, Only, Span, last_days
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import AudienceSpec, CampaignFilter, Journal, NewCampaign, Store
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind

TTL = timedelta(seconds=30)
NOW = datetime.now(UTC)
DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}


class Clinic:
    """A workspace with an account and a campaign, the way that most tests want it."""

    def __init__(self, store: Store, people: int = 5) -> None:
        self.store = store
        self.workspace = store.workspaces.ensure("alice", "Alice", DEFAULTS)
        self.account = store.accounts.create(self.workspace.id, "alice", "WhatsApp")
        self.campaign = self.campaign_for(people)
        self.journals: dict[int, Journal] = {}

    def campaign_for(self, people: int) -> Campaign:
        rows = [
            AudienceRow(n, f"+59598{n:07d}", f"Persona {n}", "Sr.", f"G{n % 2}")
            for n in range(people)
        ]
        new = NewCampaign(self.account.id, "Turnos", "Hola", CampaignStatus.RUNNING, {})
        return self.store.campaigns.create(self.workspace.id, "alice", new, [ContactBatch.of(rows)])

    def lease(self, owner: str = "one") -> Lease:
        lease = self.store.leases.take(self.account.id, owner, TTL)
        assert lease is not None
        return lease

    def claim(self, lease: Lease, limit: int = 50, after: UUID | None = None) -> list[Claim]:
        return list(self.store.deliveries.claim(lease, self.campaign.id, after, limit, False))

    def settle(self, lease: Lease, outcomes: Sequence[Outcome], *, fold: bool = True) -> int:
        journal = self.journals.get(lease.epoch)
        if journal is None:
            journal = self.journals[lease.epoch] = self.store.deliveries.open_journal(lease)
        return journal.settle(outcomes, fold=fold)

    def now(self) -> Campaign:
        return self.store.campaigns.get(self.workspace.id, self.campaign.id)

    def sent_today(self) -> int:
        today = NOW.astimezone(self.workspace.zone).date()
        return self.store.metrics.total(self.workspace.id, Span(today, today)).sent

    def statuses(self) -> list[str]:
        page = self.store.campaigns.recipients(self.campaign.id, None, None, 1000)
        return [row.status.value for row in page.rows]


def sent(claim: Claim, message_id: str | None = None) -> Outcome:
    return Outcome(claim, RecipientStatus.SENT, NOW, message_id=message_id or uuid4().hex)


@pytest.fixture
def clinic(store: Store) -> Clinic:
    return Clinic(store)


def test_it_creates_one_recipient_per_phone_in_the_order_of_the_file(clinic: Clinic):
    rows = [
        AudienceRow(1, "+595981000009", "Ana", "", "Padres"),
        AudienceRow(2, "+595981000001", "Luis"),
        AudienceRow(3, "+595981000009", "", "Sra."),
    ]
    new = NewCampaign(clinic.account.id, "x", "Hola", CampaignStatus.RUNNING, {})
    campaign = clinic.store.campaigns.create(
        clinic.workspace.id, "alice", new, [ContactBatch.of(rows)]
    )
    found = clinic.store.campaigns.recipients(campaign.id, None, None, 10).rows
    assert [row.phone for row in found] == ["+595981000009", "+595981000001"]
    assert campaign.total_recipients == 2


def test_it_keeps_what_a_contact_had_where_the_file_is_blank(clinic: Clinic):
    new = NewCampaign(clinic.account.id, "x", "Hola", CampaignStatus.RUNNING, {})
    for row in (
        AudienceRow(1, "+595981000009", "Ana", "Sra.", "Padres"),
        AudienceRow(1, "+595981000009", "", "", "Alumnos"),
    ):
        clinic.store.campaigns.create(clinic.workspace.id, "alice", new, [ContactBatch.of([row])])
    contact = clinic.store.contacts.page(clinic.workspace.id, ContactQuery("Ana"), None, 10).rows[0]
    assert (contact.nombre, contact.sustantivo, contact.grupo) == ("Ana", "Sra.", "Alumnos")


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


def test_it_claims_each_recipient_once_and_in_order(clinic: Clinic):
    lease = clinic.lease()
    first, second = clinic.claim(lease, 3), clinic.claim(lease, 3)
    phones = [claim.phone for claim in first + second]
    assert phones == [f"+59598{n:07d}" for n in range(5)]
    assert first[0].fields["nombre"] == "Persona 0"
    assert clinic.claim(lease) == []


def test_it_lets_nobody_claim_or_record_with_an_older_epoch(clinic: Clinic):
    old = clinic.lease("one")
    claims = clinic.claim(old, 2)
    assert clinic.settle(old, []) == 0
    clinic.store.leases.release(old)
    new = clinic.lease("two")
    with pytest.raises(LeaseLost):
        clinic.claim(old)
    with pytest.raises(LeaseLost):
        clinic.store.deliveries.open_journal(old)
    with pytest.raises(LeaseLost):
        clinic.store.deliveries.recover(old, [Settlement(claims[0].recipient_id)])
    assert {o.recipient_id for o in clinic.store.deliveries.orphans(new)} == {
        c.recipient_id for c in claims
    }
    with pytest.raises(LeaseLost):
        clinic.settle(old, [sent(claims[0])])
    clinic.store.deliveries.recover(new, [Settlement(c.recipient_id) for c in claims])
    assert clinic.statuses() == ["queued"] * 5


def test_it_records_an_outcome_with_its_counters_and_rollups(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    outcomes = [
        sent(claims[0]),
        sent(claims[1]),
        Outcome(claims[2], RecipientStatus.ERROR, NOW, error_code="not_on_whatsapp"),
        Outcome(claims[3], RecipientStatus.SKIPPED, NOW, error_code="opted_out"),
        Outcome(claims[4], RecipientStatus.UNCONFIRMED, NOW, message_id="M"),
    ]
    assert clinic.settle(lease, outcomes) == 5
    assert clinic.settle(lease, outcomes) == 0  # the second time counts nothing
    now = clinic.now()
    assert (now.sent_count, now.error_count, now.skipped_count, now.unconfirmed_count) == (
        2,
        1,
        1,
        1,
    )
    metrics, scope = clinic.store.metrics, clinic.workspace
    today = NOW.astimezone(scope.zone).date()
    month = metrics.month(scope.id, f"{today:%Y-%m}")
    assert (month.sent, month.errors) == (2, 1)
    week = last_days(7, today)
    days = metrics.timeline(scope.id, week)
    assert [(t.key, t.sent, t.errors) for t in days] == [(str(today), 2, 1)]
    groups = metrics.by_group(scope.id, week)
    assert {t.key: (t.sent, t.errors) for t in groups} == {"G0": (1, 1), "G1": (1, 0)}
    top = metrics.by_contact(scope.id, f"{today:%Y-%m}", 10)
    assert sorted(t.sent for t in top) == [0, 1, 1]


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


def test_it_counts_what_several_journals_recorded_once_each_is_folded(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    one, other = (clinic.store.deliveries.open_journal(lease) for _ in range(2))
    assert one.settle([sent(claims[0]), sent(claims[1])], fold=False) == 2
    assert other.settle([sent(claims[2])], fold=True) == 1
    assert clinic.statuses()[:3] == ["sent"] * 3
    assert clinic.now().sent_count == 1
    one.settle([sent(claims[3])], fold=False)
    one.close()
    other.close()
    assert clinic.now().sent_count == 4
    assert clinic.sent_today() == 4


def test_it_counts_what_a_dead_process_recorded_and_did_not_fold(clinic: Clinic):
    old = clinic.lease("one")
    claims = clinic.claim(old)
    journal = clinic.store.deliveries.open_journal(old)
    journal.settle([sent(claims[0])], fold=True)
    journal.settle([sent(claims[1]), sent(claims[2], "M2")], fold=False)
    receipt = Receipt(("M2",), ReceiptKind.DELIVERED, NOW)
    clinic.store.receipts.receipts(clinic.account.id, [receipt])  # heard before anybody counted
    clinic.store.leases.release(old)
    new = clinic.lease("two")
    for _ in range(2):
        clinic.store.deliveries.orphans(new)
    now = clinic.now()
    assert (now.sent_count, now.delivered_count, clinic.sent_today()) == (3, 1, 3)
    with pytest.raises(LeaseLost):
        journal.settle([sent(claims[3])], fold=True)
    journal.close()
    assert clinic.now().sent_count == 3


def test_it_puts_back_what_was_not_used_without_costing_an_attempt(clinic: Clinic):
    lease = clinic.lease()
    claim = clinic.claim(lease, 1)[0]
    clinic.settle(lease, [Outcome(claim, RecipientStatus.QUEUED, NOW)])
    assert clinic.claim(lease, 1)[0].attempt == claim.attempt


def test_it_holds_a_recipient_back_until_its_time(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    later = datetime.now(UTC) + timedelta(hours=1)
    outcomes = [
        Outcome(c, RecipientStatus.QUEUED, NOW, error_code="unavailable", not_before=later)
        for c in claims
    ]
    clinic.settle(lease, outcomes)
    assert clinic.claim(lease) == []
    assert clinic.store.deliveries.next_due(clinic.account.id) == later
    assert clinic.store.deliveries.finish(clinic.campaign.id, NOW) is False


def test_it_finds_what_a_dead_process_left_with_the_secrets_of_its_attempts(clinic: Clinic):
    old = clinic.lease("one")
    claims = clinic.claim(old, 2)
    clinic.store.leases.release(old)
    new = clinic.lease("two")
    orphans = {
        orphan.recipient_id: orphan.secrets for orphan in clinic.store.deliveries.orphans(new)
    }
    assert orphans == {
        c.recipient_id: {0: attempt_secret(old.key, c.recipient_id, c.attempt)} for c in claims
    }
    settlements = [Settlement(claims[0].recipient_id, "M1"), Settlement(claims[1].recipient_id)]
    clinic.store.deliveries.recover(new, settlements)
    assert clinic.statuses()[:2] == ["unconfirmed", "queued"]
    assert clinic.now().unconfirmed_count == 1
    assert clinic.store.deliveries.orphans(new) == []


def test_it_takes_a_receipt_as_proof_that_a_message_left(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease, 2)
    unconfirmed = Outcome(claims[1], RecipientStatus.UNCONFIRMED, NOW, message_id="M2")
    clinic.settle(lease, [sent(claims[0], "M1"), unconfirmed])
    receipts = [
        Receipt(("M1", "M2"), ReceiptKind.DELIVERED, NOW),
        Receipt(("M1",), ReceiptKind.READ, NOW),
        Receipt(("M1",), ReceiptKind.DELIVERED, NOW),
        Receipt(("of another",), ReceiptKind.DELIVERED, NOW),
    ]
    for _ in range(2):  # hearing it again changes nothing
        clinic.store.receipts.receipts(clinic.account.id, receipts)
    now = clinic.now()
    assert (now.sent_count, now.unconfirmed_count) == (2, 0)
    assert (now.delivered_count, now.read_count) == (2, 1)
    month = clinic.store.metrics.month(
        clinic.workspace.id, f"{NOW.astimezone(clinic.workspace.zone):%Y-%m}"
    )
    assert month.sent == 2


@pytest.mark.parametrize("was_sent", [True, False])
def test_a_person_settles_what_no_receipt_did_after_its_grace(clinic: Clinic, was_sent: bool):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    outcomes = [sent(c) for c in claims[1:]]
    doubt = Outcome(claims[0], RecipientStatus.UNCONFIRMED, NOW, message_id="M")
    clinic.settle(lease, [*outcomes, doubt])
    assert clinic.store.deliveries.finish(clinic.campaign.id, NOW)
    resolve = clinic.store.campaigns.resolve_unconfirmed
    early, late = NOW - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    assert resolve(clinic.campaign.id, [], was_sent, early) == 0
    assert resolve(clinic.campaign.id, [claims[1].recipient_id], was_sent, late) == 0
    assert resolve(clinic.campaign.id, [claims[0].recipient_id], was_sent, late) == 1
    now = clinic.now()
    assert now.unconfirmed_count == 0
    if was_sent:
        assert (now.status, now.sent_count) == (CampaignStatus.FINISHED, 5)
    else:
        assert (now.status, now.sent_count) == (CampaignStatus.RUNNING, 4)
        assert [c.phone for c in clinic.claim(lease)] == [claims[0].phone]


def test_it_records_a_reply_once_and_remembers_who_opted_out(clinic: Clinic):
    lease = clinic.lease()
    claim = clinic.claim(lease, 1)[0]
    clinic.settle(lease, [sent(claim, "M1")])
    reply = Incoming("R1", claim.phone, "BAJA", "M1", datetime.now(UTC))
    for _ in range(2):
        answered = clinic.store.receipts.reply(clinic.account.id, reply, True)
    assert answered is None  # the second time it is known already
    assert clinic.now().replied_count == 1
    phones = [claim.phone, "+595981999999"]
    assert clinic.store.deliveries.opted_out(clinic.workspace.id, phones) == {claim.phone}


def test_it_holds_back_people_never_talked_with(clinic: Clinic):
    lease = clinic.lease()
    known = clinic.claim(lease, 1)[0]
    outcome = Outcome(known, RecipientStatus.QUEUED, NOW, error_code="cold_contact_locked")
    clinic.settle(lease, [outcome])
    hello = Incoming("R1", known.phone, "hola", None, datetime.now(UTC))
    clinic.store.receipts.reply(clinic.account.id, hello, False)
    claims = clinic.store.deliveries.claim(lease, clinic.campaign.id, None, 50, True)
    assert [claim.phone for claim in claims] == [known.phone]


def test_it_claims_nothing_of_a_paused_campaign_and_skips_what_a_cancelled_one_had(clinic: Clinic):
    lease = clinic.lease()
    claim = clinic.claim(lease, 1)[0]
    campaigns = clinic.store.campaigns
    assert campaigns.move(
        clinic.campaign.id, sources("pause"), CampaignStatus.PAUSED, PauseReason.PERSON
    )
    assert clinic.claim(lease) == []
    assert not campaigns.move(clinic.campaign.id, sources("pause"), CampaignStatus.PAUSED)
    assert campaigns.move(clinic.campaign.id, sources("cancel"), CampaignStatus.CANCELLED)
    clinic.settle(lease, [Outcome(claim, RecipientStatus.QUEUED, NOW)])
    assert clinic.statuses() == ["skipped"] * 5
    assert clinic.now().skipped_count == 5


def test_it_finishes_a_campaign_once_everybody_is_settled(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    clinic.settle(lease, [sent(claim) for claim in claims[:4]])
    assert clinic.store.deliveries.finish(clinic.campaign.id, NOW) is False
    failed = Outcome(claims[4], RecipientStatus.ERROR, NOW, error_code="rejected")
    clinic.settle(lease, [failed])
    assert clinic.store.deliveries.finish(clinic.campaign.id, NOW) is True
    assert clinic.store.campaigns.requeue_failed(clinic.campaign.id) == 1
    assert (clinic.now().status, clinic.now().error_count) == (CampaignStatus.RUNNING, 0)


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


def test_it_starts_scheduled_campaigns_when_their_time_has_come(clinic: Clinic):
    at = datetime.now(UTC) + timedelta(hours=1)
    new = NewCampaign(clinic.account.id, "x", "Hola", CampaignStatus.SCHEDULED, {}, at)
    rows = [AudienceRow(1, "+595981000009")]
    campaign = clinic.store.campaigns.create(
        clinic.workspace.id, "alice", new, [ContactBatch.of(rows)]
    )
    assert clinic.store.campaigns.start_due(at - timedelta(seconds=1)) == []
    assert clinic.store.campaigns.start_due(at) == [clinic.account.id]
    status = clinic.store.campaigns.get(clinic.workspace.id, campaign.id).status
    assert status is CampaignStatus.RUNNING


def draft_of(clinic: Clinic, **changes: object) -> NewCampaign:
    values = {"name": "Borrador", "message_template": "Hola", "status": CampaignStatus.DRAFT}
    return NewCampaign(account_id=clinic.account.id, pacing={}, **(values | changes))


def test_it_keeps_a_draft_as_one_writes_and_launches_it_once(clinic: Clinic):
    campaigns, scope = clinic.store.campaigns, clinic.workspace.id
    draft = campaigns.create(scope, "alice", draft_of(clinic), [])
    assert (draft.status, draft.total_recipients) == (CampaignStatus.DRAFT, 0)
    written = draft_of(clinic, name="Feria", variants=["Buenas"], audience={"file_id": "f"})
    assert campaigns.save_draft(scope, draft.id, written)
    saved = campaigns.get(scope, draft.id)
    assert (saved.name, saved.texts, saved.audience) == (
        "Feria",
        ("Hola", "Buenas"),
        {"file_id": "f"},
    )
    rows = [AudienceRow(1, "+595981000009", "Ana")]
    people, running = AudienceSpec(rows=[ContactBatch.of(rows)]), CampaignStatus.RUNNING
    assert campaigns.launch(scope, "bob", draft.id, people, running)
    assert not campaigns.launch(scope, "bob", draft.id, people, running)
    assert not campaigns.save_draft(scope, draft.id, draft_of(clinic))
    launched = campaigns.get(scope, draft.id)
    assert (launched.status, launched.total_recipients) == (CampaignStatus.RUNNING, 1)
    assert [c.id for c in clinic.store.deliveries.running(clinic.account.id)][-1] == draft.id


def test_a_draft_of_another_workspace_cannot_be_touched(clinic: Clinic):
    campaigns = clinic.store.campaigns
    draft = campaigns.create(clinic.workspace.id, "alice", draft_of(clinic), [])
    other = clinic.store.workspaces.ensure("charlie", "Charlie", DEFAULTS)
    everything = frozenset(CampaignStatus)
    assert not campaigns.save_draft(other.id, draft.id, draft_of(clinic))
    assert not campaigns.launch(
        other.id, "charlie", draft.id, AudienceSpec(), CampaignStatus.RUNNING
    )
    assert not campaigns.delete(other.id, draft.id, everything)


def test_a_launched_draft_may_start_later(clinic: Clinic):
    campaigns, scope = clinic.store.campaigns, clinic.workspace.id
    draft = campaigns.create(scope, "alice", draft_of(clinic), [])
    at = datetime.now(UTC) + timedelta(hours=1)
    people = AudienceSpec(rows=[ContactBatch.of([AudienceRow(1, "+595981000009")])])
    assert campaigns.launch(scope, "alice", draft.id, people, CampaignStatus.SCHEDULED, at)
    scheduled = campaigns.get(scope, draft.id)
    assert (scheduled.status, scheduled.scheduled_at) == (CampaignStatus.SCHEDULED, at)
    campaigns.start_due(at)
    assert campaigns.get(scope, draft.id).status is CampaignStatus.RUNNING


def test_it_fills_blank_cells_from_the_address_book(clinic: Clinic):
    row = AudienceRow(7, "+595980000001", "", "Dra.", own={"deuda": "5"})
    stranger = AudienceRow(8, "+595981999999")
    filled = clinic.store.campaigns.with_book(clinic.workspace.id, [row, stranger])
    assert filled == [
        AudienceRow(7, "+595980000001", "Persona 1", "Dra.", "G1", {"deuda": "5"}),
        stranger,
    ]


def test_a_test_goes_before_other_campaigns_and_is_listed_nowhere(clinic: Clinic):
    new = draft_of(clinic, status=CampaignStatus.RUNNING)
    contacts = clinic.store.contacts.count(clinic.workspace.id, ContactQuery()).n
    test = clinic.store.campaigns.create_test(clinic.workspace.id, "alice", new, "+595981999999")
    assert test.is_test
    running = clinic.store.deliveries.running(clinic.account.id)
    assert [campaign.id for campaign in running] == [test.id, clinic.campaign.id]
    assert clinic.store.contacts.count(clinic.workspace.id, ContactQuery()).n == contacts
    listed = clinic.store.campaigns.list(clinic.workspace.id, None, 10).rows
    assert [campaign.id for campaign in listed] == [clinic.campaign.id]
    lease = clinic.lease()
    claim = clinic.store.deliveries.claim(lease, test.id, None, 5, False)[0]
    assert (claim.phone, claim.contact_id, claim.opted_out) == ("+595981999999", None, False)
    clinic.settle(lease, [sent(claim)])
    assert clinic.store.deliveries.finish(test.id, NOW)


def test_deleting_hides_a_campaign_and_forgets_nothing_that_was_sent(clinic: Clinic):
    campaigns, scope = clinic.store.campaigns, clinic.workspace.id
    lease = clinic.lease()
    claims = clinic.claim(lease)
    clinic.settle(lease, [sent(claim, f"M{n}") for n, claim in enumerate(claims)])
    assert not campaigns.delete(scope, clinic.campaign.id, DELETABLE)  # it still runs
    clinic.store.deliveries.finish(clinic.campaign.id, NOW)
    assert campaigns.delete(scope, clinic.campaign.id, DELETABLE)
    assert not campaigns.delete(scope, clinic.campaign.id, DELETABLE)
    with pytest.raises(NotFound):
        campaigns.get(scope, clinic.campaign.id)
    assert campaigns.list(scope, None, 10).rows == []
    assert len(clinic.store.deliveries.history(clinic.account.id, NOW).recent) == 5
    receipt = Receipt(("M1",), ReceiptKind.DELIVERED, NOW)
    clinic.store.receipts.receipts(clinic.account.id, [receipt])
    rows = [AudienceRow(n, claim.phone) for n, claim in enumerate(claims, 1)]
    spec = AudienceSpec(rows=[ContactBatch.of(rows)])
    with clinic.store.audiences.gather(scope, spec) as found:
        assert found.known([clinic.account.id]) == 1
    draft = campaigns.create(scope, "alice", draft_of(clinic), [])
    assert campaigns.delete(scope, draft.id, DELETABLE)


def test_it_lists_campaigns_by_status_and_name(clinic: Clinic):
    campaigns, scope = clinic.store.campaigns, clinic.workspace.id
    draft = campaigns.create(scope, "alice", draft_of(clinic, name="100% feria"), [])

    def found(*statuses: CampaignStatus, search: str = "") -> list[UUID]:
        wanted = CampaignFilter(frozenset(statuses), search)
        return [campaign.id for campaign in campaigns.list(scope, None, 10, wanted).rows]

    assert found() == [draft.id, clinic.campaign.id]
    assert found(CampaignStatus.DRAFT, CampaignStatus.PAUSED) == [draft.id]
    assert found(search="TURN") == [clinic.campaign.id]
    assert found(search="0%") == [draft.id]
    assert found(search="_") == []


def test_it_finds_recipients_by_how_far_their_message_got_and_by_name(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    clinic.settle(lease, [sent(claim, f"M{n}") for n, claim in enumerate(claims)])
    heard = [
        Receipt(("M0", "M1", "M2"), ReceiptKind.DELIVERED, NOW),
        Receipt(("M0", "M1"), ReceiptKind.READ, NOW),
    ]
    clinic.store.receipts.receipts(clinic.account.id, heard)
    reply = Incoming("R1", claims[0].phone, "gracias", "M0", datetime.now(UTC))
    clinic.store.receipts.reply(clinic.account.id, reply, False)

    def count(reached: str = "", search: str = "") -> int:
        page = clinic.store.campaigns.recipients(
            clinic.campaign.id, None, None, 50, reached=reached, search=search
        )
        return len(page.rows)

    assert [count(reached) for reached in ("", "delivered", "read", "replied")] == [5, 3, 2, 1]
    assert [count(search=text) for text in ("persona 3", "0000003", "%")] == [1, 1, 0]


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
