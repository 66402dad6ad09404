"""Webhooks as a program manages them, on either store: endpoints, secrets, and the log."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from sender_app.domain.actor import Role
from sender_app.domain.webhook import EventType
from tests.api import Program
from tests.office import Office
from tests.receiver import Receiver, receiving, status

pytestmark = pytest.mark.parametrize("kept_in", ["postgres", "redis"])
EVERY = [event.value for event in EventType]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def store_env(store_env: dict[str, str]) -> dict[str, str]:
    return store_env | {"SECRET_KEY": "k" * 32, "WEBHOOK_NETWORKS": "127.0.0.1/32"}


@pytest.fixture
def program(office: Office) -> Program:
    return Program(office.services.api_keys.create_key(office.alice, "CRM", Role.ADMIN, 30)[1])


def add(program: Program, receiver: Receiver, **options: Any) -> dict[str, Any]:
    """A new endpoint, as it is answered."""
    made = program("POST", "/webhooks", json={"url": receiver.url, "events": EVERY}, **options)
    assert made.status_code == 201, made.text
    return made.json()


def deliver(office: Office) -> int:
    return office.services.courier.run(seconds=20)


def kept(office: Office, wanted: str) -> list[str]:
    """Where `wanted` stands in clear, in the whole store and in Redis."""
    from sender_app import bootstrap
    from sender_app.stores.postgres.store import PostgresStore

    found = []
    if isinstance(office.store, PostgresStore):
        with office.store.database.transaction() as cursor:
            cursor.execute(
                "SELECT table_name AS t FROM information_schema.tables"
                " WHERE table_schema = 'public'"
            )
            for name in [row.t for row in cursor.fetchall()]:
                cursor.execute(f'SELECT t.*::text AS row FROM "{name}" t')  # noqa: S608
                found += [name for one in cursor.fetchall() if wanted in one.row]
    redis = bootstrap.redis()
    readers = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"set": redis.smembers,
        b"zset": lambda key: redis.zrange(key, 0, -1),
        b"list": lambda key: redis.lrange(key, 0, -1),
    }
    for key in redis.scan_iter():
        if wanted in str(readers[redis.type(key)](key)):
            found.append(key.decode())
    return found


def test_an_endpoint_is_added_looked_at_changed_and_deleted(program: Program, receiver: Receiver):
    made = program(
        "POST", "/webhooks", json={"url": f" {receiver.url} ", "events": ["reply.received"]}
    )
    assert made.status_code == 201, made.text
    webhook = made.json()
    secret = webhook.pop("secret")
    assert secret.startswith("whsec_")
    path = f"/webhooks/{webhook['id']}"
    assert made.headers["location"] == f"/api/v1{path}"
    assert webhook | {"id": "", "createdAt": ""} == {
        "id": "",
        "url": receiver.url,
        "events": ["reply.received"],
        "enabled": True,
        "disabled": None,
        "disabledAt": None,
        "lastAt": None,
        "lastStatus": None,
        "lastError": None,
        "waiting": 0,
        "failed": 0,
        "createdAt": "",
    }
    assert program("GET", path).json() == webhook
    assert program("GET", "/webhooks").json() == {"items": [webhook], "next": None}
    changed = program("PATCH", path, json={"events": ["opt_out.created", "campaign.paused"]})
    assert changed.json() == webhook | {"events": ["campaign.paused", "opt_out.created"]}
    moved = program("PATCH", path, json={"url": f"{receiver.url}&c=d"}).json()
    assert moved == changed.json() | {"url": f"{receiver.url}&c=d"}
    assert program("DELETE", path).status_code == 204
    assert program("DELETE", path).status_code == 404
    assert program("GET", f"{path}/deliveries").status_code == 404


def test_a_secret_is_shown_once_and_kept_nowhere_in_clear(
    program: Program, receiver: Receiver, office: Office
):
    def secret_of(path: str, key: str, **options: Any) -> tuple[str | None, str | None]:
        """What is told the first time, and to a repeat."""
        first, again = (
            program("POST", path, headers={"Idempotency-Key": key}, **options) for _ in range(2)
        )
        assert again.headers["idempotent-replayed"] == "true"
        assert again.json() == first.json() | {"secret": None}
        assert again.headers.get("location") == first.headers.get("location")
        return first.json()["secret"], first.json()["id"]

    new = {"url": receiver.url, "events": EVERY}
    before, webhook_id = secret_of("/webhooks", "one", json=new)
    now, _ = secret_of(f"/webhooks/{webhook_id}/rotate-secret", "two")
    assert before
    assert now
    assert before != now
    assert len(program("GET", "/webhooks").json()["items"]) == 1
    for path in ("/webhooks", f"/webhooks/{webhook_id}"):
        assert "whsec_" not in program("GET", path).text
    for secret in (before, now):
        assert kept(office, secret) == kept(office, secret.removeprefix("whsec_")) == []
    assert kept(office, str(webhook_id)), "what is looked for would be found"
    program("POST", f"/webhooks/{webhook_id}/test")
    assert deliver(office) == 1
    [call] = receiver.calls
    assert call.signed_with(now)
    assert call.signed_with(before), "for a day the one before signs as well"


def test_a_test_is_sent_and_its_log_is_read_and_sent_again(
    program: Program, receiver: Receiver, office: Office
):
    path = f"/webhooks/{add(program, receiver)['id']}"
    receiver.answers = [status(500, b"ahora no")]
    sent = program("POST", f"{path}/test")
    assert (sent.status_code, sent.json()["status"]) == (202, "pending")
    there = sent.headers["location"].removeprefix("/api/v1")
    assert there == f"{path}/deliveries/{sent.json()['id']}"
    assert deliver(office) == 1
    failed = program("GET", there).json()
    assert (failed["responseStatus"], failed["excerpt"], failed["attempts"]) == (500, "ahora no", 1)
    assert failed["nextAt"] > failed["answeredAt"]
    program("POST", "/opt-outs", json={"phones": ["0981000001"]})
    assert deliver(office) == 1
    again = program("POST", f"{there}/resend")
    assert (again.status_code, again.headers["location"]) == (202, f"/api/v1{there}")
    assert deliver(office) == 1
    assert program("GET", there).json()["status"] == "delivered"
    assert len({call.id for call in receiver.of("webhook.test")}) == 1
    assert program("POST", f"{there}/resend").json()["status"] == "pending", "also what arrived"
    assert deliver(office) == 1
    assert len(receiver.of("webhook.test")) == 3
    webhook = program("GET", path).json()
    assert (webhook["lastStatus"], webhook["waiting"], webhook["failed"]) == (200, 0, 0)
    for stranger in (uuid4(), path.rsplit("/", 1)[1]):
        assert program("GET", f"{path}/deliveries/{stranger}").status_code == 404
        assert program("POST", f"{path}/deliveries/{stranger}/resend").status_code == 404
    assert program("POST", f"{path}/resend-failed").json() == {"queued": 0}


def test_the_log_comes_in_pages_of_what_is_asked_for(
    program: Program, receiver: Receiver, office: Office
):
    path = f"/webhooks/{add(program, receiver)['id']}"
    tests = [program("POST", f"{path}/test").json()["id"] for _ in range(3)]
    assert deliver(office) == 3
    for n in range(3):
        program("POST", "/opt-outs", json={"phones": [f"098100000{n}"]})

    def pages(**wanted: str) -> list[list[dict[str, Any]]]:
        found, cursor = [], {}
        while True:
            params = {"limit": 2} | wanted | cursor
            page = program("GET", f"{path}/deliveries", params=params).json()
            found.append(page["items"])
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    whole = pages()
    assert [len(page) for page in whole] == [2, 2, 2]
    assert len({one["id"] for page in whole for one in page}) == 6
    for wanted in ({"eventType": "webhook.test"}, {"status": "delivered"}):
        found = [one["id"] for page in pages(**wanted) for one in page]
        assert found == tests[::-1]
    both = pages(status="pending", eventType="opt_out.created")
    assert [one["eventType"] for page in both for one in page] == ["opt_out.created"] * 3
    assert pages(status="failed") == [[]]
    for wanted, code in (({"cursor": "x"}, "cursor_unreadable"), ({"eventType": "x"}, None)):
        refused = program("GET", f"{path}/deliveries", params=wanted)
        assert refused.status_code == 422
        assert refused.json()["code"] == (code or "api_request_invalid")


def test_what_is_switched_off_is_told_nothing(program: Program, receiver: Receiver, office: Office):
    path = f"/webhooks/{add(program, receiver)['id']}"
    sent = program("POST", f"{path}/test").json()
    off = program("POST", f"{path}/disable").json()
    assert (off["enabled"], off["disabled"], off["waiting"]) == (False, "person", 1)
    assert off["disabledAt"] is not None
    program("POST", "/opt-outs", json={"phones": ["0981000001"]})
    assert deliver(office) == 0
    for order in ("test", "resend-failed", f"deliveries/{sent['id']}/resend"):
        refused = program("POST", f"{path}/{order}")
        assert (refused.status_code, refused.json()["code"]) == (409, "webhook_disabled"), order
    on = program("POST", f"{path}/enable").json()
    assert (on["enabled"], on["disabled"], on["disabledAt"]) == (True, None, None)
    assert deliver(office) == 1, "what waited, and nothing that happened meanwhile"
    receiver.answers = [status(410)]
    program("POST", f"{path}/test")
    assert deliver(office) == 1
    assert program("GET", path).json()["disabled"] == "gone"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"url": "https://127.0.0.2/"}, "webhook_private_address"),
        ({"url": "https://[::1]/"}, "webhook_private_address"),
        ({"url": "https://169.254.169.254/latest"}, "webhook_private_address"),
        ({"url": "http://8.8.8.8/"}, "webhook_plain_http"),
        ({"url": "https://u:p@8.8.8.8/"}, "webhook_url_parts"),
        ({"url": "ftp://8.8.8.8/"}, "webhook_url"),
        ({"url": "x" * 2001}, "api_request_invalid"),
        ({"events": []}, "api_request_invalid"),
        ({"events": ["webhook.test"]}, "api_request_invalid"),
        ({"secret": "whsec_mine"}, "api_request_invalid"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    program: Program, receiver: Receiver, change: dict[str, Any], code: str
):
    made = program("POST", "/webhooks", json={"url": receiver.url, "events": EVERY} | change)
    assert (made.status_code, made.json()["code"]) == (422, code)
    assert program("GET", "/webhooks").json()["items"] == []
    webhook = add(program, receiver)
    path = f"/webhooks/{webhook['id']}"
    changed = program("PATCH", path, json=change)
    assert (changed.status_code, changed.json()["code"]) == (422, code)
    assert program("GET", path).json() == {k: v for k, v in webhook.items() if k != "secret"}


def test_a_workspace_has_twenty_and_nobody_elses(
    program: Program, receiver: Receiver, office: Office
):
    for _ in range(20):
        webhook = add(program, receiver)
    new = {"url": receiver.url, "events": EVERY}
    refused = program("POST", "/webhooks", json=new)
    assert (refused.status_code, refused.json()["code"]) == (409, "webhooks_too_many")
    bob = office.services.workspaces.actor_for("bob", "Bob")
    his = Program(office.services.api_keys.create_key(bob, "x", Role.ADMIN, None)[1])
    assert his("GET", "/webhooks").json()["items"] == []
    path = f"/webhooks/{webhook['id']}"
    for method, place in (("GET", path), ("POST", f"{path}/rotate-secret"), ("DELETE", path)):
        assert his(method, place).status_code == 404
    entries = office.services.audit.list_entries(office.alice).rows
    assert [(one.action, one.outcome) for one in entries[:2]] == [
        ("webhook_create", "webhooks_too_many"),
        ("webhook_create", "done"),
    ]
