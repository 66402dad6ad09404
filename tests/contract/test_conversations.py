"""What every store promises about conversations and answers."""

from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest

from sender_app.domain.actor import Role
from sender_app.domain.conversation import AnswerOutcome, AnswerStatus, MessageKind
from sender_app.domain.errors import LeaseLost, NotFound, RuleViolation
from sender_app.ports.store.conversations import Conversation, ConversationFilter
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind
from tests.contract.clinic import DEFAULTS, Clinic, sent

NOW = datetime.now(UTC)
SECRET = b"s" * 32


def hear(clinic: Clinic, n: int, text: str, at: datetime = NOW, **more: object) -> None:
    message = Incoming(uuid4().hex, f"+59598{n:07d}", text, None, at, **more)
    clinic.store.receipts.reply(clinic.account.id, message, text == "BAJA")


def listed(clinic: Clinic, **wanted: object) -> list[Conversation]:
    found = ConversationFilter(**wanted)
    return clinic.store.conversations.page(clinic.workspace.id, found, None, 50).rows


def answering(clinic: Clinic, text: str = "Con gusto") -> Conversation:
    hear(clinic, 1, "hola")
    conversation = listed(clinic)[0]
    assert clinic.store.conversations.answer(conversation, uuid4(), "alice", text)
    return conversation


def test_a_person_and_an_account_have_one_conversation_with_the_latest_message(clinic: Clinic):
    hear(clinic, 1, "primero", NOW - timedelta(minutes=3), name="Anita")
    hear(clinic, 2, "", NOW - timedelta(minutes=2), kind=MessageKind.IMAGE)
    hear(clinic, 1, "último")
    hear(clinic, 1, "con retraso", NOW - timedelta(minutes=5))
    one, two = listed(clinic)
    assert (one.name, one.last_text, one.unread, one.last_at) == ("Persona 1", "último", 3, NOW)
    assert (two.last_kind, two.unread) == ("image", 1)
    assert clinic.store.conversations.unread(clinic.workspace.id) == 2
    assert clinic.store.conversations.mark_read(clinic.workspace.id, one.id) == 1
    assert [row.id for row in listed(clinic, unread=True)] == [two.id]
    assert clinic.store.conversations.mark_read(clinic.workspace.id, None) == 1
    assert listed(clinic, unread=True) == []


def test_it_hears_a_message_once(clinic: Clinic):
    message = Incoming("R1", "+595980000001", "hola", None, NOW)
    for _ in range(2):
        clinic.store.receipts.reply(clinic.account.id, message, False)
    assert [row.unread for row in listed(clinic)] == [1]


def test_conversations_are_found_by_name_number_text_campaign_and_opt_out(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    clinic.settle(lease, [sent(claims[1], "M1")])
    hear(clinic, 1, "¿a qué hora?")
    hear(clinic, 2, "BAJA")
    one = "+595980000001"
    for wanted in ({"search": "persona 1"}, {"search": "0000 001"}, {"search": "HORA"}):
        assert [row.phone for row in listed(clinic, **wanted)] == [one], wanted
    assert [row.phone for row in listed(clinic, campaign_id=clinic.campaign.id)] == [one]
    assert [row.last_text for row in listed(clinic, opted_out=True)] == ["BAJA"]
    assert listed(clinic, search="%") == []


def test_a_reply_counts_for_a_campaign_within_the_window_only(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    clinic.settle(lease, [sent(claims[0], "M0")])
    late = Incoming("R1", claims[0].phone, "hola", None, NOW + timedelta(hours=3))
    quoting = Incoming("R2", claims[0].phone, "hola", "M0", NOW + timedelta(days=30))
    reply = clinic.store.receipts.reply
    assert reply(clinic.account.id, late, False, timedelta(hours=2)) is None
    assert reply(clinic.account.id, quoting, False, timedelta(hours=2)) == clinic.campaign.id
    replies = clinic.store.conversations.replies(clinic.workspace.id, clinic.campaign.id, 10)
    assert len(replies) == 1


def test_the_pages_of_conversations_hold_everything_once(clinic: Clinic):
    for n in range(5):
        hear(clinic, n, "hola", NOW)  # all at the same moment
    seen, cursor = [], None
    while True:
        page = clinic.store.conversations.page(clinic.workspace.id, ConversationFilter(), cursor, 2)
        seen += [row.phone for row in page.rows]
        if (cursor := page.next) is None:
            break
    assert len(seen) == len(set(seen)) == 5


def test_conversations_of_another_workspace_cannot_be_seen_or_touched(clinic: Clinic):
    conversation = answering(clinic)
    other = clinic.store.workspaces.ensure("charlie", "Charlie", DEFAULTS).id
    with pytest.raises(NotFound):
        clinic.store.conversations.get(other, conversation.id)
    assert clinic.store.conversations.mark_read(other, conversation.id) == 0
    answer = clinic.store.conversations.entries(conversation, 10)[0]
    clinic.store.answering.fail_waiting(clinic.account.id, "unavailable")
    later, resolve = NOW + timedelta(days=1), clinic.store.conversations.resolve
    assert resolve(other, conversation.id, answer.id, False, later) is None
    assert resolve(clinic.workspace.id, uuid4(), answer.id, False, later) is None


def test_an_answer_is_claimed_with_its_secret_and_recorded_once(clinic: Clinic):
    conversation = answering(clinic)
    lease = clinic.lease()
    claim = clinic.store.answering.claim(lease, SECRET)
    assert claim is not None
    assert (claim.phone, claim.text, claim.secret) == (conversation.phone, "Con gusto", SECRET)
    assert clinic.store.answering.claim(lease, SECRET) is None
    outcome = AnswerOutcome(AnswerStatus.SENT, NOW, "M9")
    assert clinic.store.answering.record(lease, claim.id, outcome)
    assert not clinic.store.answering.record(lease, claim.id, outcome)
    heard = [Receipt(("M9",), ReceiptKind.DELIVERED, NOW), Receipt(("M9",), ReceiptKind.READ, NOW)]
    assert clinic.store.answering.receipts(clinic.account.id, heard) == 1
    assert clinic.store.answering.receipts(clinic.account.id, heard) == 0
    entry = clinic.store.conversations.entries(conversation, 10)[0]
    assert (entry.status, entry.read_at, entry.author) == ("sent", NOW, "")


def test_nobody_claims_or_records_an_answer_with_an_older_epoch(clinic: Clinic):
    conversation = answering(clinic)
    old = clinic.lease("one")
    claim = clinic.store.answering.claim(old, SECRET)
    assert claim is not None
    clinic.store.leases.release(old)
    new = clinic.lease("two")
    with pytest.raises(LeaseLost):
        clinic.store.answering.claim(old, SECRET)
    with pytest.raises(LeaseLost):
        clinic.store.answering.recover(old, claim.id, None)
    assert [(o.id, o.secret) for o in clinic.store.answering.orphans(new)] == [(claim.id, SECRET)]
    clinic.store.answering.recover(new, claim.id, "M1")
    assert not clinic.store.answering.record(old, claim.id, AnswerOutcome(AnswerStatus.SENT, NOW))
    scope, soon = clinic.workspace.id, NOW - timedelta(minutes=5)
    resolve = partial(clinic.store.conversations.resolve, scope, conversation.id, claim.id, False)
    assert resolve(soon) is None, "still in grace"
    assert resolve(NOW + timedelta(days=1)) == clinic.account.id
    again = clinic.store.answering.claim(new, b"t" * 32)
    assert again is not None
    assert (again.attempt, again.secret) == (1, b"t" * 32)
    assert clinic.store.conversations.get(scope, conversation.id).last_is_ours


def test_an_answer_to_somebody_who_opts_out_meanwhile_fails(clinic: Clinic):
    conversation = answering(clinic)
    hear(clinic, 1, "BAJA")
    assert clinic.store.answering.claim(clinic.lease(), SECRET) is None
    found = {e.error_code for e in clinic.store.conversations.entries(conversation, 10)}
    assert "opted_out" in found


def opting_out(clinic: Clinic) -> Conversation:
    """Somebody whom the account owes a confirmation."""
    hear(clinic, 1, "BAJA")
    [conversation] = listed(clinic)
    assert clinic.store.opt_outs.answers_due(clinic.account.id, 9) == [conversation.phone]
    return conversation


def test_an_opt_out_is_confirmed_once_and_the_conversation_shows_it(clinic: Clinic):
    conversation, lease, answering = opting_out(clinic), clinic.lease(), clinic.store.answering
    assert answering.confirm(lease, conversation.phone, "Listo")
    assert not answering.confirm(lease, conversation.phone, "Listo")
    assert clinic.store.opt_outs.answers_due(clinic.account.id, 9) == []
    claim = answering.claim(lease, SECRET)
    assert claim is not None
    assert (claim.phone, claim.text) == (conversation.phone, "Listo")
    answering.record(lease, claim.id, AnswerOutcome(AnswerStatus.SENT, NOW, "M9"))
    shown = clinic.store.conversations.entries(conversation, 10)
    assert {(e.source, e.text, e.status) for e in shown} == {
        ("reply", "BAJA", ""),
        ("confirmation", "Listo", "sent"),
    }
    [now] = listed(clinic)
    assert (now.last_text, now.last_is_ours, now.unread) == ("Listo", True, 1)


def test_a_workspace_that_says_nothing_to_an_opt_out_only_crosses_it_off(clinic: Clinic):
    conversation, lease = opting_out(clinic), clinic.lease()
    assert clinic.store.answering.confirm(lease, conversation.phone, "")
    assert clinic.store.opt_outs.answers_due(clinic.account.id, 9) == []
    assert clinic.store.answering.claim(lease, SECRET) is None
    assert listed(clinic)[0].last_text == "BAJA"


def test_an_opt_out_that_was_lifted_meanwhile_is_not_confirmed(clinic: Clinic):
    conversation, lease = opting_out(clinic), clinic.lease()
    clinic.store.answering.confirm(lease, conversation.phone, "Listo")
    clinic.store.opt_outs.remove(clinic.workspace.id, [conversation.phone])
    assert clinic.store.answering.claim(lease, SECRET) is None
    found = {e.error_code for e in clinic.store.conversations.entries(conversation, 10)}
    assert found == {"", "opt_out_lifted"}


def test_nobody_confirms_with_an_older_epoch(clinic: Clinic):
    conversation, old = opting_out(clinic), clinic.lease("one")
    clinic.store.leases.release(old)
    clinic.lease("two")
    with pytest.raises(LeaseLost):
        clinic.store.answering.confirm(old, conversation.phone, "Listo")
    assert clinic.store.opt_outs.answers_due(clinic.account.id, 9) == [conversation.phone]


def test_old_conversations_go_with_their_replies_and_open_answers_stay(clinic: Clinic):
    answering(clinic)
    hear(clinic, 2, "hola")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert clinic.store.upkeep.forget_replies(tomorrow, 10) == 2
    assert [row.phone for row in listed(clinic)] == ["+595980000001"]
    clinic.store.answering.fail_waiting(clinic.account.id, "unavailable")
    assert clinic.store.upkeep.forget_replies(tomorrow, 10) == 1
    assert listed(clinic) == []


def test_a_conversation_shows_what_both_sides_and_campaigns_wrote(clinic: Clinic):
    lease = clinic.lease()
    first, *others = clinic.claim(lease)
    clinic.settle(lease, [sent(first, "M1"), *map(sent, others)])
    heard = Incoming("R1", first.phone, "¿a qué hora?", "M1", NOW + timedelta(hours=1))
    clinic.store.receipts.reply(clinic.account.id, heard, False)
    [conversation] = listed(clinic)
    clinic.store.workspaces.ensure_member(clinic.workspace.id, "alice", "Alice", Role.ADMIN)
    assert clinic.store.conversations.answer(conversation, uuid4(), "alice", "A las diez")
    by_source = {e.source: e for e in clinic.store.conversations.entries(conversation, 10)}
    reply, answer, ours = (by_source[source] for source in ("reply", "answer", "campaign"))
    assert (reply.text, reply.quoted_id, reply.campaign) == ("¿a qué hora?", "M1", "Turnos")
    assert (answer.text, answer.status, answer.author) == ("A las diez", "waiting", "Alice")
    assert (ours.campaign_id, ours.message_id) == (clinic.campaign.id, "M1")
    latest = clinic.store.conversations.entries(conversation, 1)
    assert latest == clinic.store.conversations.entries(conversation, 3)[:1]
    now = clinic.store.conversations.get(clinic.workspace.id, conversation.id)
    assert (now.unread, now.last_text, now.last_is_ours) == (0, "A las diez", True)


def test_an_answer_is_sent_once_however_often_it_was_ordered(clinic: Clinic):
    hear(clinic, 1, "hola")
    [conversation] = listed(clinic)
    answer, request = clinic.store.conversations.answer, uuid4()
    assert answer(conversation, request, "alice", "Con gusto")
    assert not answer(conversation, request, "alice", "Con gusto")
    lease = clinic.lease()
    assert clinic.store.answering.claim(lease, SECRET) is not None
    assert clinic.store.answering.claim(lease, SECRET) is None


def test_an_answer_that_waits_is_claimed_only_when_it_is_due(clinic: Clinic):
    answering(clinic)
    lease, account = clinic.lease(), clinic.account.id
    claim = clinic.store.answering.claim(lease, SECRET)
    assert claim is not None
    later = datetime.now(UTC) + timedelta(hours=1)
    waits = AnswerOutcome(AnswerStatus.WAITING, NOW, error_code="unavailable", not_before=later)
    assert clinic.store.answering.record(lease, claim.id, waits)
    assert clinic.store.answering.claim(lease, SECRET) is None
    assert clinic.store.answering.next_due(account) == later
    assert clinic.store.answering.fail_waiting(account, "unavailable") == 1
    assert clinic.store.answering.next_due(account) is None


def test_the_pages_of_a_search_hold_every_conversation_once(clinic: Clinic):
    for n in range(5):
        hear(clinic, n, "sí, gracias" if n % 2 == 0 else "no", NOW - timedelta(minutes=n))
    seen, cursor, wanted = [], None, ConversationFilter(search="GRACIAS", unread=True)
    while True:
        page = clinic.store.conversations.page(clinic.workspace.id, wanted, cursor, 2)
        seen += [row.phone for row in page.rows]
        if (cursor := page.next) is None:
            break
    assert seen == [f"+59598{n:07d}" for n in (0, 2, 4)]
    with pytest.raises(RuleViolation):
        clinic.store.conversations.page(clinic.workspace.id, wanted, "no cursor", 2)
