"""Drafts, their start and tests to oneself: services on a real store, with nobody to send yet."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from sender_app.domain.actor import Actor, Role
from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.errors import NotFound, NotPermitted, RuleViolation
from sender_app.ports.whatsapp import Incoming
from sender_app.services.drafts import Draft
from tests.office import Office


def test_a_draft_is_found_as_it_was_left(office: Office):
    at = datetime.now(UTC) + timedelta(days=2)
    campaign_id = office.draft("Hola", "Buenas")
    written = Draft(office.account_id, "Otra", ("{nombr",), office.file_id, "x.csv", at)
    office.drafts.save_draft(office.alice, campaign_id, written)
    assert office.drafts.get_draft(office.alice, campaign_id) == written


def test_it_starts_for_the_number_of_people_that_was_confirmed(office: Office):
    campaign_id = office.draft()
    with pytest.raises(RuleViolation, match="audience_changed"):
        office.drafts.launch(office.alice, campaign_id, 2)
    campaign = office.drafts.launch(office.alice, campaign_id, 3)
    assert (campaign.status, campaign.total_recipients) == (CampaignStatus.RUNNING, 3)
    assert office.recipients(campaign_id) == ["Ana", "Luis", "Eva"]
    with pytest.raises(NotFound):
        office.drafts.launch(office.alice, campaign_id, 3)
    with pytest.raises(RuleViolation, match="draft_gone"):
        office.drafts.save_draft(office.alice, campaign_id, Draft(office.account_id))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{estimado/a} {nombre}", "placeholder_blank_rows"),
        ("{{Hola|{sustantivo}}}", "placeholder_blank_rows"),
        ("Hola {apodo|amigo}", "placeholder_unknown"),
        ("Hola {nombre", "template_unclosed"),
        (" ", "template_blank"),
    ],
)
def test_it_does_not_start_with_a_message_that_is_not_complete(
    office: Office, text: str, code: str
):
    campaign_id = office.draft(text)
    with pytest.raises(RuleViolation, match=code):
        office.drafts.launch(office.alice, campaign_id, 3)
    look = office.drafts.preflight(office.alice, campaign_id)
    assert look.problem is not None
    assert look.problem.code == code
    assert office.recipients(campaign_id) == []


def test_the_look_before_names_who_lacks_what(office: Office):
    look = office.drafts.preflight(office.alice, office.draft("{sustantivo} {nombre}"))
    assert [(gap.row, gap.nombre, gap.missing) for gap in look.gaps] == [
        (4, "Eva", ("sustantivo",))
    ]
    assert look.gap_count == 1


def test_what_the_address_book_knows_of_somebody_counts(office: Office):
    office.drafts.launch(office.alice, office.draft(), 3)
    bare = office.file("numero\n0981000001\n0981000003\n")
    draft = office.draft("{Estimado/a} {nombre}", file_id=bare)
    look = office.drafts.preflight(office.alice, draft)
    assert [(gap.phone, gap.nombre) for gap in look.gaps] == [("+595981000003", "Eva")]


def test_a_file_sent_at_once_has_to_agree_with_everybody_too(office: Office):
    send = office.services.campaigns.send_file
    with pytest.raises(RuleViolation, match="placeholder_blank_rows"):
        send(office.alice, office.file_id, office.account_id, "x", "{Estimado/a} {nombre}")
    campaign = send(
        office.alice, office.file_id, office.account_id, "x", "{Estimado/a|Hola} {nombre}"
    )
    assert campaign.total_recipients == 3


def test_columns_of_the_file_are_placeholders(office: Office):
    file_id = office.file("numero,nombre,Fecha de pago\n0981000001,Ana,3 de mayo\n")
    draft = office.draft("{nombre}: {Fecha de pago}", file_id=file_id)
    assert office.drafts.preflight(office.alice, draft).problem is None
    assert office.drafts.launch(office.alice, draft, 1).total_recipients == 1


def test_the_look_before_counts_strangers_and_those_who_opted_out(office: Office):
    now = datetime.now(UTC)
    hello = Incoming("R1", "+595981000001", "hola", None, now)
    stop = Incoming("R2", "+595981000002", "BAJA", None, now)
    office.store.receipts.reply(office.account_id, hello, False)
    office.store.receipts.reply(office.account_id, stop, True)
    look = office.drafts.preflight(office.alice, office.draft())
    counts = look.counts
    assert (counts.people, counts.opted_out, look.known, look.cold) == (3, 1, 1, 1)
    assert look.problem is None
    assert look.plan is not None
    assert look.plan.ends_at > now


def test_the_plan_counts_from_the_start_time(office: Office):
    at = datetime.now(UTC) + timedelta(days=5)
    look = office.drafts.preflight(office.alice, office.draft(starts_at=at))
    assert look.plan.ends_at >= at
    campaign = office.drafts.launch(office.alice, office.draft(starts_at=at), 3)
    assert (campaign.status, campaign.scheduled_at) == (CampaignStatus.SCHEDULED, at)


def test_it_does_not_start_in_the_past_or_without_people(office: Office):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with pytest.raises(RuleViolation, match="schedule_in_the_past"):
        office.drafts.launch(office.alice, office.draft(starts_at=yesterday), 3)
    nobody = office.draft(file_id=None)
    with pytest.raises(RuleViolation, match="audience_empty"):
        office.drafts.launch(office.alice, nobody, 0)


def test_a_clone_is_a_draft_of_the_same_message_to_the_same_people(office: Office):
    first = office.drafts.launch(office.alice, office.draft("Hola {nombre}", "Buenas"), 3)
    clone = office.drafts.clone(office.alice, first.id, "Feria 2")
    assert (clone.status, clone.name, clone.texts) == (
        CampaignStatus.DRAFT,
        "Feria 2",
        ("Hola {nombre}", "Buenas"),
    )
    assert office.drafts.launch(office.alice, clone.id, 3).total_recipients == 3


def test_a_test_is_sent_as_it_stands(office: Office):
    test = office.drafts.send_test(office.alice, office.account_id, "Hola {Ana} |", "0981 000 009")
    assert test.message.render({}, b"") == "Hola {Ana} |"
    running = office.store.deliveries.running(office.account_id)
    assert [campaign.id for campaign in running] == [test.id]
    with pytest.raises(RuleViolation, match="template_blank"):
        office.drafts.send_test(office.alice, office.account_id, " ", "0981000009")
    with pytest.raises(RuleViolation, match="phone_"):
        office.drafts.send_test(office.alice, office.account_id, "Hola", "12")


def test_a_test_does_not_go_to_somebody_who_opted_out(office: Office):
    stop = Incoming("R2", "+595981000002", "BAJA", None, datetime.now(UTC))
    office.store.receipts.reply(office.account_id, stop, True)
    with pytest.raises(RuleViolation, match="phone_opted_out"):
        office.drafts.send_test(office.alice, office.account_id, "Hola", "0981000002")


def test_people_of_a_draft_are_found_by_name_and_phone(office: Office):
    draft_id = office.draft()

    def found(search: str, limit: int = 10) -> list[str]:
        rows = office.drafts.find_people(office.alice, draft_id, search, limit)
        return [row.nombre for row in rows]

    assert found("ev") == ["Eva"]
    assert found("1000002") == ["Luis"]
    assert found("") == ["Ana", "Luis", "Eva"]
    assert found("", 2) == ["Ana", "Luis"]


def test_a_viewer_and_a_stranger_can_do_none_of_it(office: Office):
    campaign_id = office.draft()
    drafts, draft = office.drafts, Draft(office.account_id)
    viewer = Actor("bob", office.alice.workspace_id, Role.VIEWER)
    stranger = office.services.workspaces.actor_for("charlie", "Charlie")
    for actor, refusal in ((viewer, NotPermitted), (stranger, (NotFound, RuleViolation))):
        for act in (
            lambda a: drafts.save_draft(a, campaign_id, draft),
            lambda a: drafts.create_draft(a, draft),
            lambda a: drafts.preflight(a, campaign_id),
            lambda a: drafts.launch(a, campaign_id, 3),
            lambda a: drafts.clone(a, campaign_id, "x"),
            lambda a: drafts.send_test(a, office.account_id, "x", "0981000001"),
            lambda a: office.services.campaigns.delete(a, campaign_id),
        ):
            with pytest.raises(refusal):
                act(actor)
    with pytest.raises(NotFound):
        drafts.get_draft(stranger, campaign_id)
    assert drafts.get_draft(viewer, campaign_id).name == "Feria"


def test_the_library_takes_only_messages_that_can_be_sent(office: Office):
    library = office.services.templates
    with pytest.raises(RuleViolation, match="template_unclosed"):
        library.save_template(office.alice, None, "x", ["{nombre"])
    with pytest.raises(RuleViolation, match="template_name_blank_in_library"):
        library.save_template(office.alice, None, " ", ["Hola"])
    saved = library.save_template(office.alice, None, " Saludo ", ["Hola", "Buenas"])
    assert saved.name == "Saludo"
    with pytest.raises(RuleViolation, match="template_name_taken"):
        library.save_template(office.alice, None, "Saludo", ["Hola"])
    viewer = Actor("bob", office.alice.workspace_id, Role.VIEWER)
    assert library.get_template(viewer, saved.id) == saved
    with pytest.raises(NotPermitted):
        library.delete_template(viewer, saved.id)
    library.delete_template(office.alice, saved.id)
    library.delete_template(office.alice, uuid4())
    assert library.list_templates(office.alice) == []
