"""What every store promises about webhooks, and how the courier delivers from it."""

import ipaddress
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import TypeAdapter

from sender_app.adapters.sealing import WebhookSecrets
from sender_app.adapters.webhook_client import GuardedClient
from sender_app.api.v1.events import AnyEvent
from sender_app.domain.account import AccountStatus
from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason, sources
from sender_app.domain.delivery import Lease, Outcome, RecipientStatus
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.domain.webhook import (
    ATTEMPTS,
    OLD_SECRET_LIVES,
    TEST,
    DeliveryStatus,
    Disabled,
    EventType,
    Result,
    issue_secret,
)
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Store
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind
from sender_app.services.courier import Courier
from tests.receiver import Call, Receiver, receiving, status

DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
HERE = [ipaddress.ip_network("127.0.0.1/32")]
SECRETS = WebhookSecrets("the key of these tests")
DESCRIBED = TypeAdapter(AnyEvent)  # as the API's description has them


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


class Clinic:
    """A workspace with an account, an endpoint, and a courier whose clock stands still."""

    def __init__(self, store: Store, receiver: Receiver) -> None:
        self.store, self.receiver = store, receiver
        self.now = datetime.now(UTC) + timedelta(minutes=10)  # after all that a test does
        self.workspace = store.workspaces.ensure("alice", "Alice", DEFAULTS).id
        self.account = store.accounts.create(self.workspace, "alice", "WhatsApp").id
        self.webhook, self.secret = self.endpoint(*EventType)

    def endpoint(self, *events: EventType) -> tuple[UUID, str]:
        webhook_id, secret = uuid4(), issue_secret()
        sealed = SECRETS.seal(webhook_id, secret)
        assert self.store.webhooks.create(
            self.workspace, "alice", webhook_id, self.receiver.url, events, sealed, 20
        )
        return webhook_id, secret

    def deliver(self, client: object | None = None) -> int:
        client = client or GuardedClient(HERE, seconds=20)
        return Courier(self.store, client, SECRETS, lambda: self.now).run(seconds=100)

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def campaign(self, people: int) -> Campaign:
        rows = [AudienceRow(n, f"+59598{n:07d}", f"Persona {n}") for n in range(people)]
        new = NewCampaign(self.account, "Turnos", "Hola", CampaignStatus.RUNNING, {})
        return self.store.campaigns.create(self.workspace, "alice", new, [ContactBatch.of(rows)])

    def lease(self) -> Lease:
        lease = self.store.leases.take(self.account, "one", timedelta(seconds=30))
        assert lease is not None
        return lease

    def tell(self) -> None:
        """Something to be told of."""
        self.store.opt_outs.add(self.workspace, [f"+59598{uuid4().int % 10**7:07d}"], "person", "")

    def told(self) -> list[tuple[str, dict]]:
        """What came in since the last look."""
        self.deliver()
        calls, self.receiver.calls = self.receiver.calls, []
        calls.sort(key=lambda call: call.id)
        for call in calls:
            DESCRIBED.validate_json(call.body)
        return [(call.event["type"], call.event["data"]) for call in calls]

    def log(self) -> list:
        return list(self.store.webhooks.deliveries(self.workspace, self.webhook, None, None, 50)[0])


@pytest.fixture
def clinic(store: Store, receiver: Receiver) -> Clinic:
    return Clinic(store, receiver)


def test_it_tells_of_a_campaign_from_its_start_to_its_end(clinic: Clinic):
    campaign = clinic.campaign(3)
    move = clinic.store.campaigns.move
    [(kind, data)] = clinic.told()
    assert (kind, data["campaign_id"], data["total"]) == ("campaign.started", str(campaign.id), 3)
    assert data["account_ids"] == [data["account_id"]] == [str(clinic.account)]
    move(campaign.id, sources("pause"), CampaignStatus.PAUSED, PauseReason.PERSON)
    move(campaign.id, sources("resume"), CampaignStatus.RUNNING)
    assert [(kind, data["pause_reason"]) for kind, data in clinic.told()] == [
        ("campaign.paused", "person"),
        ("campaign.resumed", None),
    ]
    lease = clinic.lease()
    claims = clinic.store.deliveries.claim(lease, campaign.id, None, 10, False)
    outcomes = [
        Outcome(claims[0], RecipientStatus.SENT, clinic.now, message_id="A"),
        Outcome(claims[1], RecipientStatus.ERROR, clinic.now, error_code="rejected"),
        Outcome(claims[2], RecipientStatus.SKIPPED, clinic.now, error_code="opted_out"),
    ]
    clinic.store.deliveries.open_journal(lease).settle(outcomes, fold=True)
    assert clinic.store.deliveries.finish(campaign.id, clinic.now)
    told = dict(clinic.told())
    assert set(told) == {
        *("recipient.sent", "recipient.failed", "recipient.skipped", "campaign.finished"),
    }
    [sent], [failed] = (told[f"recipient.{kind}"]["recipients"] for kind in ("sent", "failed"))
    assert (sent["phone"], sent["message_id"], sent["error_code"]) == (claims[0].phone, "A", None)
    assert (failed["recipient_id"], failed["error_code"]) == (
        str(claims[1].recipient_id),
        "rejected",
    )
    end = told["campaign.finished"]
    assert [end[name] for name in ("sent", "failed", "skipped")] == [1, 1, 1]
    for kind in (ReceiptKind.DELIVERED, ReceiptKind.READ, ReceiptKind.READ):
        clinic.store.receipts.receipts(clinic.account, [Receipt(("A",), kind, clinic.now)])
    assert [(kind, data["recipients"][0]["message_id"]) for kind, data in clinic.told()] == [
        ("recipient.delivered", "A"),
        ("recipient.read", "A"),
    ]
    move(clinic.campaign(2).id, sources("cancel"), CampaignStatus.CANCELLED)
    told = clinic.told()
    assert sorted(kind for kind, _ in told) == [
        *("campaign.cancelled", "campaign.started", "recipient.skipped"),
    ]


def test_many_recipients_share_an_event_and_what_a_dead_process_recorded_is_told(clinic: Clinic):
    campaign = clinic.campaign(250)
    lease = clinic.lease()
    claims = clinic.store.deliveries.claim(lease, campaign.id, None, 300, False)
    sent = [Outcome(c, RecipientStatus.SENT, clinic.now, message_id=uuid4().hex) for c in claims]
    journal = clinic.store.deliveries.open_journal(lease)
    journal.settle(sent, fold=False)  # and then the process dies
    assert [kind for kind, _ in clinic.told()] == ["campaign.started"]
    clinic.store.leases.release(lease)
    clinic.store.deliveries.orphans(clinic.lease())
    told = [data["recipients"] for _, data in clinic.told()]
    assert sorted(map(len, told)) == [50, 100, 100]
    assert len({one["recipient_id"] for part in told for one in part}) == 250


def test_it_tells_of_replies_opt_outs_and_accounts(clinic: Clinic):
    accounts, account = clinic.store.accounts, clinic.account
    accounts.linked(account, "+595981000001", "session")
    accounts.set_status(account, AccountStatus.ONLINE)
    accounts.set_status(account, AccountStatus.BANNED, "spam")
    accounts.set_status(account, AccountStatus.BANNED, "spam")
    reply = Incoming("M1", "+595981000009", "BAJA", None, clinic.now, "Ana")
    for _ in range(2):
        clinic.store.receipts.reply(account, reply, True)
    clinic.store.opt_outs.add(
        clinic.workspace, [f"+59598{n:07d}" for n in range(101)], "import", ""
    )
    accounts.unlinked(account, AccountStatus.LOGGED_OUT, "phone")
    told = clinic.told()
    assert sorted(kind for kind, _ in told) == [
        *("account.linked", "account.paused", "account.unlinked"),
        *("opt_out.created", "opt_out.created", "opt_out.created", "reply.received"),
    ]
    found = {kind: data for kind, data in told}  # noqa: C416 - the last of each kind
    assert found["reply.received"]["text"] == "BAJA"
    assert found["account.paused"]["status"] == "banned"
    assert found["account.unlinked"]["status"] == "logged_out"
    opted = [one for kind, data in told if kind == "opt_out.created" for one in data["opt_outs"]]
    assert len({one["phone"] for one in opted}) == len(opted) == 102


def test_it_writes_nothing_that_nobody_wants_to_hear(clinic: Clinic):
    clinic.store.webhooks.change(
        clinic.workspace, clinic.webhook, clinic.receiver.url, [EventType.RECIPIENT_READ]
    )
    quiet = clinic.endpoint(EventType.CAMPAIGN_STARTED)[0]
    clinic.store.webhooks.enable(clinic.workspace, quiet, Disabled.PERSON)
    test = NewCampaign(clinic.account, "Prueba", "Hola", CampaignStatus.RUNNING, {})
    clinic.store.campaigns.create_test(clinic.workspace, "alice", test, "+595981000001")
    clinic.campaign(2)
    clinic.tell()
    assert clinic.log() == []
    assert not clinic.store.webhooks.is_due(clinic.now)
    far = clinic.now + timedelta(days=1)
    assert clinic.store.upkeep.forget_webhook_events(far, 100) == 0, "no event was written"


def test_it_signs_with_both_secrets_for_a_day_after_a_rotation(clinic: Clinic):
    clinic.tell()
    clinic.deliver()
    [call] = clinic.receiver.calls
    assert call.signed_with(clinic.secret)
    assert call.headers["content-type"] == "application/json"
    age = clinic.now - datetime.fromtimestamp(int(call.headers["webhook-timestamp"]), UTC)
    assert timedelta() <= age < timedelta(seconds=1)
    new, until = issue_secret(), clinic.now + OLD_SECRET_LIVES
    clinic.store.webhooks.rotate(
        clinic.workspace, clinic.webhook, SECRETS.seal(clinic.webhook, new), until
    )
    for hours, old_too in ((1, True), (24, False)):
        clinic.later(hours=hours)
        clinic.tell()
        clinic.deliver()
        call = clinic.receiver.calls[-1]
        assert call.signed_with(new)
        assert call.signed_with(clinic.secret) is old_too


def test_it_tries_again_later_with_the_same_id_until_it_is_taken(clinic: Clinic):
    clinic.receiver.answers = [status(500, b"down"), status(503)]
    clinic.tell()
    assert clinic.deliver() == 1
    [entry] = clinic.log()
    assert (entry.status, entry.attempts, entry.result.status) == (DeliveryStatus.PENDING, 1, 500)
    assert (entry.result.excerpt, entry.event_type) == ("down", "opt_out.created")
    assert clinic.deliver() == 0
    for _ in range(2):
        clinic.later(minutes=2)
        assert clinic.deliver() == 1
    [entry] = clinic.log()
    assert (entry.status, entry.attempts, entry.next_at) == (DeliveryStatus.DELIVERED, 3, None)
    assert len({call.id for call in clinic.receiver.calls}) == 1
    assert len({call.body for call in clinic.receiver.calls}) == 1


class PowerCut(BaseException):
    """The process ends here and now."""


class DiesAfterSending:
    """Makes the real request; what came of it is never heard."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Result:
        assert GuardedClient(HERE).post(url, headers, body).arrived
        raise PowerCut


def test_a_death_between_sending_and_recording_sends_the_same_event_again(clinic: Clinic):
    clinic.tell()
    with pytest.raises(PowerCut):
        clinic.deliver(DiesAfterSending())
    assert clinic.deliver() == 0, "another process may still be at it"
    clinic.later(seconds=61)
    assert clinic.deliver() == 1
    first, second = clinic.receiver.calls
    assert (first.id, first.body) == (second.id, second.body)
    assert clinic.log()[0].status is DeliveryStatus.DELIVERED


def test_who_was_slower_records_nothing(clinic: Clinic):
    clinic.tell()
    webhooks, within = clinic.store.webhooks, timedelta(seconds=60)
    slow = webhooks.take(clinic.webhook, clinic.now, within)
    assert webhooks.take(clinic.webhook, clinic.now, within) is None
    clinic.later(seconds=61)
    quick = webhooks.take(clinic.webhook, clinic.now, within)
    webhooks.settle(quick, Result(status=200), None, clinic.now)
    webhooks.settle(slow, Result(error="timeout"), None, clinic.now)
    [entry] = clinic.log()
    assert (entry.status, entry.attempts) == (DeliveryStatus.DELIVERED, 2)


def test_an_endpoint_that_fails_for_a_day_is_switched_off_and_can_be_caught_up(clinic: Clinic):
    clinic.receiver.answer = status(500)
    clinic.tell()
    clinic.later(hours=1)
    clinic.tell()
    for _ in range(ATTEMPTS - 1):
        assert clinic.deliver() == 2
        clinic.later(hours=17)
    assert clinic.deliver() == 1, "with the first that is given up the endpoint is off"
    webhook = clinic.store.webhooks.get(clinic.workspace, clinic.webhook)
    assert (webhook.disabled, webhook.last_status) == (Disabled.FAILING, 500)
    assert (webhook.failed, webhook.waiting) == (1, 1)
    assert clinic.store.webhooks.count_failing(clinic.workspace) == 1
    clinic.tell()
    assert len(clinic.log()) == 2, "nothing is kept for an endpoint that is off"
    clinic.receiver.answer = status(200)
    clinic.store.webhooks.enable(clinic.workspace, clinic.webhook, None)
    assert clinic.store.webhooks.send_again(clinic.workspace, clinic.webhook, None) == 1
    assert clinic.deliver() == 2
    assert {entry.status for entry in clinic.log()} == {DeliveryStatus.DELIVERED}


def test_an_event_that_is_refused_alone_does_not_switch_the_endpoint_off(clinic: Clinic):
    clinic.tell()
    for n in range(ATTEMPTS):
        clinic.receiver.answers = [status(400)]
        clinic.deliver()
        if n == ATTEMPTS - 2:
            clinic.tell()  # this one arrives
            clinic.deliver()
        clinic.later(hours=17)  # the longest wait, and the tenth that chance may add to it
    assert [entry.status for entry in clinic.log()] == [
        DeliveryStatus.DELIVERED,
        DeliveryStatus.FAILED,
    ]
    assert clinic.store.webhooks.get(clinic.workspace, clinic.webhook).disabled is None


def test_an_endpoint_that_is_gone_is_switched_off_at_once(clinic: Clinic):
    clinic.receiver.answers = [status(410)]
    clinic.tell()
    clinic.deliver()
    webhook = clinic.store.webhooks.get(clinic.workspace, clinic.webhook)
    assert (webhook.disabled, webhook.waiting) == (Disabled.GONE, 1)
    clinic.later(minutes=5)
    assert clinic.deliver() == 0


def test_endpoints_do_not_wait_for_each_other(clinic: Clinic, store: Store):
    with receiving() as other:
        sealed = SECRETS.seal(clinic.webhook, clinic.secret)
        second = uuid4()
        store.webhooks.create(
            clinic.workspace, "alice", second, other.url, list(EventType), sealed, 20
        )
        clinic.receiver.answer = status(500)
        for _ in range(5):
            clinic.tell()
        # The second's secret was sealed for the first, so it cannot be read: no request is made.
        assert clinic.deliver() == 6, "after three failures an endpoint waits for the next run"
        page, _ = store.webhooks.deliveries(clinic.workspace, second, None, None, 10)
        assert {entry.result.error for entry in page} == {"secret_unreadable", None}
        assert other.calls == []


def test_another_workspace_sees_and_changes_nothing(clinic: Clinic, store: Store):
    there = store.workspaces.ensure("charlie", "Charlie", DEFAULTS).id
    webhooks, mine = store.webhooks, clinic.webhook
    test = webhooks.add_test(clinic.workspace, mine)
    assert webhooks.list(there) == []
    for call in (
        lambda: webhooks.get(there, mine),
        lambda: webhooks.change(there, mine, "https://a.example/", [EventType.CAMPAIGN_PAUSED]),
        lambda: webhooks.enable(there, mine, None),
        lambda: webhooks.rotate(there, mine, "x", clinic.now),
        lambda: webhooks.delete(there, mine),
        lambda: webhooks.add_test(there, mine),
        lambda: webhooks.deliveries(there, mine, None, None, 10),
        lambda: webhooks.delivery(there, mine, test),
        lambda: webhooks.send_again(there, mine, None),
    ):
        with pytest.raises(NotFound):
            call()
    store.opt_outs.add(there, ["+595981000001"], "person", "")
    assert [entry.id for entry in clinic.log()] == [test]


def test_old_events_go_with_their_deliveries_but_for_those_on_their_way(clinic: Clinic):
    clinic.receiver.answers = [status(200), status(500)]
    clinic.tell()
    clinic.deliver()
    clinic.tell()
    clinic.deliver()
    tomorrow = clinic.now + timedelta(days=1)
    assert clinic.store.upkeep.forget_webhook_events(tomorrow, 100) == 1
    assert [entry.status for entry in clinic.log()] == [DeliveryStatus.PENDING]
    clinic.store.webhooks.delete(clinic.workspace, clinic.webhook)
    assert clinic.store.upkeep.forget_webhook_events(tomorrow, 100) == 1


def test_a_workspace_has_so_many_endpoints_and_no_more(clinic: Clinic):
    create = clinic.store.webhooks.create
    assert not create(clinic.workspace, "alice", uuid4(), "https://a.example/", [], "x", 1)


def test_a_test_goes_to_the_endpoint_that_was_asked(clinic: Clinic):
    clinic.endpoint(*EventType)
    delivery = clinic.store.webhooks.add_test(clinic.workspace, clinic.webhook)
    assert clinic.deliver() == 1
    [call] = clinic.receiver.calls
    assert isinstance(call, Call)
    assert call.event["type"] == "webhook.test"
    assert [entry.id for entry in clinic.log()] == [delivery]


def test_the_log_of_an_endpoint_is_read_by_pages_and_by_state(clinic: Clinic):
    clinic.receiver.answers = [status(200), status(500)]
    for _ in range(2):
        clinic.tell()
        clinic.deliver()
    clinic.tell()
    read = clinic.store.webhooks.deliveries
    seen, cursor = [], None
    while True:
        page, cursor = read(clinic.workspace, clinic.webhook, None, cursor, 2)
        seen += page
        if cursor is None:
            break
    assert [entry.status.value for entry in seen] == ["pending", "pending", "delivered"]
    assert len({entry.id for entry in seen}) == 3
    for state, number in ((DeliveryStatus.PENDING, 2), (DeliveryStatus.FAILED, 0)):
        page, cursor = read(clinic.workspace, clinic.webhook, state, None, 5)
        assert ([entry.status for entry in page], cursor) == ([state] * number, None)
    with pytest.raises(RuleViolation):
        read(clinic.workspace, clinic.webhook, None, "no cursor", 2)
    one = seen[1]
    assert clinic.store.webhooks.delivery(clinic.workspace, clinic.webhook, one.id) == one
    with pytest.raises(NotFound):
        clinic.store.webhooks.delivery(clinic.workspace, clinic.webhook, uuid4())


def test_the_log_is_narrowed_to_one_event(clinic: Clinic):
    tests = [clinic.store.webhooks.add_test(clinic.workspace, clinic.webhook) for _ in range(3)]
    for _ in range(3):
        clinic.tell()
    read = clinic.store.webhooks.deliveries
    seen, cursor = [], None
    while True:
        page, cursor = read(clinic.workspace, clinic.webhook, None, cursor, 2, TEST)
        seen += [entry.id for entry in page]
        if cursor is None:
            break
    assert seen == tests[::-1]
    clinic.deliver()
    none, _ = read(clinic.workspace, clinic.webhook, DeliveryStatus.PENDING, None, 2, TEST)
    page, _ = read(clinic.workspace, clinic.webhook, DeliveryStatus.DELIVERED, None, 9, TEST)
    assert (len(none), [entry.id for entry in page]) == (0, tests[::-1])


def test_a_delivery_that_arrived_can_be_sent_again_and_others_are_left_alone(clinic: Clinic):
    clinic.tell()
    clinic.tell()
    clinic.deliver()
    entry = clinic.log()[0]
    again = clinic.store.webhooks.send_again
    assert again(clinic.workspace, clinic.webhook, None) == 0, "none failed"
    assert again(clinic.workspace, clinic.webhook, uuid4()) == 0
    assert again(clinic.workspace, clinic.webhook, entry.id) == 1
    assert clinic.deliver() == 1
    assert [call.id for call in clinic.receiver.calls].count(str(entry.event_id)) == 2
