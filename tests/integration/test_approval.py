"""Campaigns for people of the book, their clones, and a second person who approves them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from sender_app.domain.actor import Actor, Role
from sender_app.domain.audience_choice import AudienceChoice, BookFilter, Source
from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.errors import NotFound, NotPermitted, RuleViolation
from sender_app.ports.store.campaigns import CampaignFilter
from sender_app.ports.whatsapp import Incoming
from sender_app.services.sending import Order
from tests.office import Office

BOOK = "numero,sustantivo,nombre,grupo\n" + "\n".join(
    f"09820000{n:02d},Sr.,Socio {n},{'Coro' if n % 2 else 'Club'}" for n in range(1, 6)
)


@pytest.fixture
def bob(office: Office) -> Actor:
    """Somebody else of alice's team."""
    return Actor("bob", office.alice.workspace_id, Role.SENDER, "Bob")


@pytest.fixture
def club(office: Office) -> Office:
    """An office whose workspace wants a second person, with five people in its book."""
    office.services.campaigns.send_file(
        office.alice, office.file(BOOK), office.account_id, "Antes", "Hola"
    )
    office.services.workspaces.update_campaign_rules(office.alice, 0, needs_approval=True)
    office.services.contacts.page(office.alice)  # which brings the groups up to date
    return office


def group(office: Office, name: str) -> UUID:
    groups = office.services.contacts.groups(office.alice)
    return next(one.id for one in groups if one.name == name)


def coro(office: Office, *texts: str, **of: object) -> UUID:
    choice = AudienceChoice(groups=(group(office, "Coro"),), **of)  # type: ignore[arg-type]
    return office.draft(*texts, file_id=None, filename="", choice=choice)


def test_it_says_who_comes_from_where_and_starts_for_exactly_them(office: Office, club: Office):
    office.services.workspaces.update_campaign_rules(office.alice, 0, needs_approval=False)
    choice = AudienceChoice(groups=(group(office, "Coro"),), filter=BookFilter(search="socio 2"))
    draft = office.draft("Hola {nombre}", choice=choice)
    people = office.drafts.people(office.alice, draft)
    by = people.counts.sources
    assert (by[Source.FILE], by[Source.GROUPS], by[Source.FILTER]) == (3, 3, 1)
    assert (people.counts.people, [row.nombre for row in people.sample][:4]) == (
        7,
        ["Ana", "Luis", "Eva", "Socio 1"],
    )
    with pytest.raises(RuleViolation, match="audience_changed"):
        office.drafts.launch(office.alice, draft, 6)
    campaign = office.drafts.launch(office.alice, draft, 7)
    assert (campaign.status, campaign.total_recipients) == (CampaignStatus.RUNNING, 7)


def test_a_message_has_to_be_complete_for_people_of_the_book_too(club: Office):
    look = club.drafts.preflight(club.alice, coro(club, "{Estimado/a} {nombre}, {deuda}"))
    assert look.problem is not None
    assert (look.problem.code, look.problem.params) == ("placeholder_unknown", {"names": "deuda"})
    paid = club.file("numero,deuda\n0982000001,5\n")
    draft = club.draft(
        "{deuda}", file_id=paid, choice=AudienceChoice(groups=(group(club, "Coro"),))
    )
    look = club.drafts.preflight(club.alice, draft)
    assert [gap.nombre for gap in look.gaps] == ["Socio 3", "Socio 5"]
    assert look.gap_count == 2
    assert club.drafts.preflight(club.alice, coro(club, "{Estimado/a} {nombre}")).problem is None


def test_who_was_written_to_lately_is_left_out_as_the_workspace_or_the_campaign_says(
    club: Office,
):
    lease = club.store.leases.take(club.account_id, "x", timedelta(seconds=30))
    running = club.store.deliveries.running(club.account_id)[0]
    club.store.deliveries.claim(lease, running.id, None, 1, False)  # Socio 1: perhaps sent
    services = club.services

    def resting(days: int | None) -> tuple[int, int]:
        counts = club.drafts.preflight(club.alice, coro(club, "Hola", rest_days=days)).counts
        return counts.reached, counts.resting

    assert resting(None) == (3, 0)
    assert resting(7) == (2, 1)
    services.workspaces.update_campaign_rules(club.alice, 30, needs_approval=False)
    assert resting(None) == (2, 1)
    assert resting(0) == (3, 0)
    with pytest.raises(RuleViolation, match="rest_invalid"):
        coro(club, "Hola", rest_days=366)
    file = club.file(BOOK)
    sent = services.campaigns.send_file(club.alice, file, club.account_id, "x", "Hola")
    assert (sent.total_recipients, sent.skipped_count) == (5, 1)


def test_nothing_starts_until_a_second_person_approves(club: Office, bob: Actor):
    campaigns = club.services.campaigns
    campaign = club.drafts.launch(club.alice, coro(club, "Hola {nombre}"), 3)
    assert (campaign.status, campaign.total_recipients) == (CampaignStatus.AWAITING, 3)
    ids = [one.id for one in club.store.deliveries.running(club.account_id)]
    assert campaign.id not in ids
    assert (campaigns.to_approve(club.alice), campaigns.to_approve(bob)) == (0, 1)
    with pytest.raises(RuleViolation, match="approval_by_same_person"):
        campaigns.approve(club.alice, campaign.id)
    for order in ("start", "resume", "cancel", "retry_failed"):
        with pytest.raises(RuleViolation, match="campaign_move_refused"):
            getattr(campaigns, order)(club.alice, campaign.id)
    with pytest.raises(RuleViolation, match="campaign_move_refused"):
        campaigns.delete(club.alice, campaign.id)
    viewer = Actor("vera", bob.workspace_id, Role.VIEWER)
    stranger = club.services.workspaces.actor_for("charlie", "Charlie")
    for actor, refusal in ((viewer, NotPermitted), (stranger, NotFound)):
        with pytest.raises(refusal):
            campaigns.approve(actor, campaign.id)
        with pytest.raises(refusal):
            campaigns.send_back(actor, campaign.id, "no")
    assert campaigns.to_approve(viewer) == 0
    assert campaigns.approve(bob, campaign.id).status is CampaignStatus.RUNNING
    assert campaigns.to_approve(bob) == 0
    with pytest.raises(RuleViolation, match="campaign_move_refused"):
        campaigns.approve(bob, campaign.id)
    log = club.store.audit.page(club.alice.workspace_id, None, 20).rows
    noted = [(one.user_id, one.outcome) for one in log if one.action == "campaign_approve"]
    assert noted[0] == ("bob", "campaign_move_refused")
    assert ("bob", "done") in noted
    assert ("alice", "approval_by_same_person") in noted


def test_it_is_sent_back_with_a_note_and_taken_back_without(club: Office, bob: Actor):
    campaigns = club.services.campaigns
    draft = coro(club, "Hola")
    club.drafts.launch(club.alice, draft, 3)
    with pytest.raises(RuleViolation, match="review_note_blank"):
        campaigns.send_back(bob, draft, " ")
    with pytest.raises(RuleViolation, match="field_too_long"):
        campaigns.send_back(bob, draft, "x" * 501)
    back = campaigns.send_back(bob, draft, " Falta la fecha ")
    assert (back.status, back.review_note) == (CampaignStatus.DRAFT, "Falta la fecha")
    assert club.recipients(draft) == []
    # Whoever mends it and asks is the one who may not approve.
    later = datetime.now(UTC) + timedelta(days=1)
    club.drafts.save_draft(bob, draft, club.drafts.get_draft(bob, draft))
    club.drafts.launch(bob, draft, 3)
    assert campaigns.send_back(bob, draft, "").status is CampaignStatus.DRAFT
    timed = coro(club, "Hola", rest_days=0)
    whole = club.drafts.get_draft(bob, timed)
    club.drafts.save_draft(bob, timed, replace(whole, starts_at=later))
    club.drafts.launch(bob, timed, 3)
    assert campaigns.approve(club.alice, timed).status is CampaignStatus.SCHEDULED


def test_what_is_sent_without_a_draft_waits_too(club: Office):
    file, services = club.file(BOOK), club.services
    sent = services.campaigns.send_file(club.alice, file, club.account_id, "x", "Hola")
    assert (sent.status, sent.total_recipients) == (CampaignStatus.AWAITING, 5)
    later = datetime.now(UTC) + timedelta(days=1)
    order = Order(("Hola",), group_id=group(club, "Coro"), starts_at=later)
    by_a_program, people = services.sending.send(club.alice, order)
    assert (by_a_program.status, by_a_program.scheduled_at) == (CampaignStatus.AWAITING, later)
    assert people == 3


def test_a_clone_finds_its_people_anew(club: Office):
    services = club.services
    services.workspaces.update_campaign_rules(club.alice, 0, needs_approval=False)
    first = club.drafts.launch(club.alice, coro(club, "Hola", "Buenas", rest_days=3), 3)
    extra = services.contacts.page(club.alice).rows
    lone = next(one.id for one in extra if one.nombre == "Socio 2")
    services.contacts.add_to_group(club.alice, "Coro", [lone])
    clone = club.drafts.clone(club.alice, first.id, "Otra vez")
    assert (clone.texts, clone.audience) == (("Hola", "Buenas"), dict(first.audience))
    assert club.drafts.people(club.alice, clone.id).counts.reached == 4
    assert services.campaigns.get_campaign(club.alice, first.id).total_recipients == 3


def test_the_list_is_narrowed_by_time_and_by_whom_was_not_reached(club: Office):
    def names(**of: object) -> list[str]:
        wanted = CampaignFilter(**of)  # type: ignore[arg-type]
        page = club.services.campaigns.list_campaigns(club.alice, None, 9, wanted)
        return [one.name for one in page.rows]

    soon = datetime.now(UTC) + timedelta(minutes=1)
    assert (names(since=soon), names(since=soon - timedelta(hours=1))) == ([], ["Antes"])
    assert names(unreached=True) == []
    before = club.services.campaigns.list_campaigns(club.alice).rows[0]
    club.services.campaigns.cancel(club.alice, before.id)
    assert names(unreached=True) == ["Antes"]
    draft = club.draft(file_id=None, choice=AudienceChoice(earlier=before.id))
    assert club.drafts.people(club.alice, draft).counts.reached == 5


def test_an_opt_out_between_the_look_and_the_start_is_asked_about(club: Office):
    draft = coro(club, "Hola")
    confirmed = club.drafts.preflight(club.alice, draft).counts.reached
    stop = Incoming("R1", "+595982000001", "BAJA", None, datetime.now(UTC))
    club.store.receipts.reply(club.account_id, stop, True)
    with pytest.raises(RuleViolation, match="audience_changed") as changed:
        club.drafts.launch(club.alice, draft, confirmed)
    assert changed.value.params == {"count": 2}
    assert club.drafts.launch(club.alice, draft, 2).total_recipients == 3
