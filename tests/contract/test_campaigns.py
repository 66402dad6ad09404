"""Campaigns, from the draft to what is left of them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import DELETABLE, CampaignStatus
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.errors import NotFound
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store.audiences import AudienceSpec
from sender_app.ports.store.campaigns import CampaignFilter, NewCampaign
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind
from tests.contract.clinic import DEFAULTS, NOW, Clinic, draft_of, sent


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
