"""Webhooks from end to end: a campaign to virtual phones, a worker, a real receiver."""

from collections import Counter
from collections.abc import Iterator

import pytest
from pydantic import TypeAdapter

from sender_app.api.v1.events import AnyEvent
from sender_app.domain.webhook import DeliveryStatus, EventType
from tests.receiver import Receiver, receiving
from tests.stack import NUMBER, Stack, eventually

PEOPLE = 30


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def settings_for_webhooks(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    env = {"SECRET_KEY": "x" * 32, "WEBHOOK_NETWORKS": "127.0.0.1/32"}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return env


def people_of(receiver: Receiver, kind: EventType) -> Counter[str]:
    """How often each recipient was told of, over events that differ by id."""
    events = {call.id: call.event for call in receiver.of(kind)}
    return Counter(
        one["recipient_id"] for event in events.values() for one in event["data"]["recipients"]
    )


@pytest.mark.parametrize("kept_in", ["postgres", "redis"])
def test_a_campaign_and_what_comes_back_is_told_of_once_each(
    settings_for_webhooks: dict[str, str], receiver: Receiver, stack: Stack
):
    webhooks = stack.services.webhooks
    webhook_id, secret = webhooks.create(stack.actor, receiver.url, list(EventType))
    stack.link()
    campaign = stack.finished(stack.send(PEOPLE))
    eventually(lambda: stack.now(campaign).delivered_count == PEOPLE, what="delivery")
    stack.loopback.reply(NUMBER, "595982000000", "BAJA")

    of_people = (EventType.RECIPIENT_SENT, EventType.RECIPIENT_DELIVERED)
    once = (
        *(EventType.ACCOUNT_LINKED, EventType.CAMPAIGN_STARTED, EventType.CAMPAIGN_FINISHED),
        *(EventType.REPLY_RECEIVED, EventType.OPT_OUT_CREATED),
    )

    def told_of_all() -> bool:
        everybody = all(len(people_of(receiver, kind)) == PEOPLE for kind in of_people)
        return everybody and all(receiver.of(kind) for kind in once)

    def log() -> set[DeliveryStatus]:
        rows, _ = webhooks.list_deliveries(stack.actor, webhook_id, limit=1000)
        return {row.status for row in rows}

    eventually(told_of_all, what="telling")
    eventually(lambda: log() == {DeliveryStatus.DELIVERED}, what="everything settled")
    for kind in of_people:
        assert set(people_of(receiver, kind).values()) == {1}, kind
    told = Counter(event["type"] for event in {c.id: c.event for c in receiver.calls}.values())
    for kind in once:
        assert told[kind] == 1, kind
    assert all(call.signed_with(secret) for call in receiver.calls)
    for call in receiver.calls:
        TypeAdapter(AnyEvent).validate_json(call.body)
