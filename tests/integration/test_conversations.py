"""Conversations with the real neonize, RQ, Postgres and Valkey: virtual phones write and read."""

import os
import signal
from uuid import UUID, uuid4

import pytest

from sender_app.domain.account import AccountStatus
from sender_app.domain.errors import RuleViolation
from sender_app.ports.store.conversations import Conversation, ConversationFilter, Entry
from tests.stack import NUMBER, Stack, account_processes, eventually

ANA, LUIS = "595982000001", "595982000002"


def conversation(stack: Stack, number: str) -> Conversation | None:
    rows = stack.services.conversations.page(stack.actor).rows
    return next((row for row in rows if row.phone == f"+{number}"), None)


def entries(stack: Stack, number: str) -> list[Entry]:
    found = conversation(stack, number)
    return stack.services.conversations.entries(stack.actor, found.id) if found else []


def answer(stack: Stack, number: str, text: str, request: UUID | None = None) -> bool:
    found = eventually(lambda: conversation(stack, number), what="the conversation")
    return stack.services.conversations.answer(stack.actor, found.id, request or uuid4(), text)


def status(stack: Stack, number: str) -> str:
    last = entries(stack, number)[-1]
    if last.read_at:
        return "read"
    return "delivered" if last.delivered_at else last.status


def received(stack: Stack, number: str) -> list[str]:
    return [m["text"] for m in stack.loopback.messages() if m["recipient"] == number]


@pytest.mark.parametrize("kept_in", ["postgres", "redis"])
def test_replies_find_their_campaign_and_answers_reach_the_phone(stack: Stack):
    stack.link()
    first = stack.finished(stack.send(3, "Primera"))
    quoted = next(m["id"] for m in stack.loopback.messages() if m["recipient"] == ANA)
    second = stack.finished(stack.send(3, "Segunda"))
    stack.loopback.reply(NUMBER, ANA, "Por la primera", quoted_id=quoted)
    stack.loopback.reply(NUMBER, LUIS, "Mire esto", kind="image")
    service, actor = stack.services.conversations, stack.actor
    eventually(lambda: service.unread(actor) == 2, what="both replies")
    assert [r.text for r in service.replies(actor, first.id)] == ["Por la primera"]
    assert [(r.kind, r.text) for r in service.replies(actor, second.id)] == [("image", "Mire esto")]
    assert [stack.now(c).replied_count for c in (first, second)] == [1, 1]
    only_first = service.page(actor, ConversationFilter(campaign_id=first.id)).rows
    assert [row.phone for row in only_first] == [f"+{ANA}"]

    request = uuid4()
    assert answer(stack, ANA, "Con gusto", request)
    assert not answer(stack, ANA, "Con gusto", request)  # pressed twice
    eventually(lambda: status(stack, ANA) == "delivered", what="the receipt")
    stack.loopback.receipt(NUMBER, ANA, entries(stack, ANA)[-1].message_id, "read")
    eventually(lambda: status(stack, ANA) == "read", what="the second receipt")
    assert received(stack, ANA) == ["Primera", "Segunda", "Con gusto"]
    shown = [(e.source, e.text) for e in entries(stack, ANA)]
    assert shown == [
        ("campaign", "Primera"),
        ("campaign", "Segunda"),
        ("reply", "Por la primera"),
        ("answer", "Con gusto"),
    ]
    assert service.unread(actor) == 1, "who answered has read"


def test_an_answer_wakes_an_account_at_rest_and_goes_before_a_running_campaign(stack: Stack):
    stack.link()
    stack.finished(stack.send(2))
    stack.loopback.reply(NUMBER, ANA, "hola")
    eventually(lambda: conversation(stack, ANA), what="the reply")
    eventually(lambda: stack.status() is AccountStatus.OFFLINE, what="rest")
    assert answer(stack, ANA, "Buenas")
    eventually(lambda: "Buenas" in received(stack, ANA), what="the answer")
    with stack.at_leisure():
        campaign = stack.send(400, start=10)
        eventually(lambda: stack.now(campaign).sent_count >= 10, what="progress")
        assert answer(stack, ANA, "Otra cosa")
        eventually(lambda: "Otra cosa" in received(stack, ANA), what="the answer meanwhile")
        assert stack.now(campaign).sent_count < 400
    assert stack.finished(campaign).sent_count == 400


def test_nobody_who_opted_out_is_answered(stack: Stack):
    stack.link()
    stack.finished(stack.send(3))
    stack.loopback.reply(NUMBER, ANA, "hola")
    eventually(lambda: conversation(stack, ANA), what="the reply")
    stack.loopback.reply(NUMBER, ANA, "BAJA")
    eventually(lambda: conversation(stack, ANA).opted_out, what="the opt-out")
    with pytest.raises(RuleViolation, match="phone_opted_out"):
        answer(stack, ANA, "¿Seguro?")
    flagged = stack.services.conversations.page(stack.actor, ConversationFilter(opted_out=True))
    assert [row.phone for row in flagged.rows] == [f"+{ANA}"]


@pytest.mark.parametrize("kept_in", ["postgres", "redis"])
def test_an_answer_whose_process_dies_is_in_doubt_and_never_sent_twice(stack: Stack):
    stack.link()
    stack.finished(stack.send(3))
    for number in (ANA, LUIS):
        stack.loopback.reply(NUMBER, number, "hola")
        eventually(lambda number=number: conversation(stack, number), what="the reply")
    stack.loopback.receipts_after(None)
    rule = stack.loopback.fail("ack_withheld", recipient=ANA)
    answer(stack, ANA, "Una vez")
    eventually(lambda: "Una vez" in received(stack, ANA), what="the answer at the server")
    for pid in account_processes(stack.process.pid):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: status(stack, ANA) == "unconfirmed", what="recovery")
    with pytest.raises(RuleViolation, match="nothing_unconfirmed"):  # a receipt may still come
        stack.services.conversations.resolve_answer(
            stack.actor, conversation(stack, ANA).id, entries(stack, ANA)[-1].id, sent=False
        )
    stack.loopback.remove_rule(rule)
    stack.loopback.receipt(NUMBER, ANA, entries(stack, ANA)[-1].message_id)
    eventually(lambda: status(stack, ANA) == "delivered", what="the receipt")
    stack.loopback.fail("ack_error", recipient=LUIS, code=479, count=1)
    answer(stack, LUIS, "No llega")
    eventually(lambda: status(stack, LUIS) == "failed", what="the refusal")
    failed = entries(stack, LUIS)[-1]
    stack.loopback.heal()
    stack.services.conversations.resolve_answer(
        stack.actor, conversation(stack, LUIS).id, failed.id, sent=False
    )
    eventually(lambda: status(stack, LUIS) == "sent", what="the second attempt")
    assert received(stack, ANA).count("Una vez") == 1
    assert received(stack, LUIS).count("No llega") == 1
