"""The API as a program meets it: repeats, pages, limits, failures in words, whole campaigns."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from sender_app.api.v1.app import api
from sender_app.domain.account import AccountStatus
from sender_app.domain.actor import Role
from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.delivery import Outcome, RecipientStatus
from sender_app.domain.webhook import TEST, EventType
from sender_app.local.postgres import Postgres
from sender_app.local.valkey import Valkey
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.whatsapp import Incoming
from tests.aging import age_answers, age_claims
from tests.api import Program
from tests.conftest import fresh_database
from tests.files import picture
from tests.integration.personas import services_on
from tests.office import PEOPLE, Office

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
NEW = {"phone": "0981 000 001", "nombre": "Ana"}


@pytest.fixture(scope="module")
def servers(postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory):
    folder = str(tmp_path_factory.mktemp("api"))
    with (
        fresh_database(postgres) as url,
        services_on(url, valkey.url, DATA_DIR=folder, API_RATE="100000"),
    ):
        yield


@pytest.fixture
def office(servers: None, redis_url: str) -> Office:
    from sender_app import bootstrap

    return Office(bootstrap.services(), bootstrap.store(), f"alice-{uuid4().hex[:8]}")


@pytest.fixture
def program(office: Office) -> Program:
    _key, secret = office.services.api_keys.create_key(office.alice, "CRM", Role.SENDER, 30)
    return Program(secret)


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def contacts(program: Program) -> list[str]:
    return [one["phone"] for one in program("GET", "/contacts").json()["items"]]


def test_a_repeated_request_is_carried_out_once_and_answered_alike(program: Program):
    first = program("POST", "/contacts", json=NEW, headers=keyed("k1"))
    assert first.status_code == 201
    again = program("POST", "/contacts", json=dict(reversed(NEW.items())), headers=keyed("k1"))
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    other = program("POST", "/contacts", json=NEW | {"nombre": "Eva"}, headers=keyed("k1"))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_other")
    elsewhere = program("POST", "/opt-outs", json={"phones": ["1"]}, headers=keyed("k1"))
    assert elsewhere.json()["code"] == "idempotency_other"
    assert program("POST", "/contacts", json=NEW).json()["code"] == "contact_exists"
    assert contacts(program) == ["+595981000001"]


def test_a_key_is_the_workspaces_own(program: Program, office: Office):
    bob = office.services.workspaces.actor_for(f"bob-{uuid4().hex}", "Bob")
    _key, secret = office.services.api_keys.create_key(bob, "x", Role.SENDER, None)
    first = program("POST", "/contacts", json=NEW, headers=keyed("k1")).json()
    his = Program(secret)("POST", "/contacts", json=NEW, headers=keyed("k1"))
    assert his.status_code == 201
    assert his.json()["id"] != first["id"]


def test_a_repeated_form_is_the_same_whatever_parts_it(program: Program, office: Office):
    def send(text: str = PEOPLE) -> Any:
        files = {"file": ("gente.csv", text.encode(), "text/csv")}
        data = {"templates": ["Hola {nombre}"], "name": "Feria"}
        return program("POST", "/send-messages", data=data, files=files, headers=keyed("f"))

    first, again = send(), send()
    assert (first.status_code, first.json()["queued"]) == (202, 3)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert send(PEOPLE.replace("Ana", "Eva")).json()["code"] == "idempotency_other"
    assert len(office.services.campaigns.list_campaigns(office.alice).rows) == 1


def test_of_requests_at_once_one_is_carried_out(program: Program, office: Office):
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: program(
                    "POST",
                    "/send-messages",
                    data={"templates": ["Hola"]},
                    files={"file": ("gente.csv", PEOPLE.encode())},
                    headers=keyed("once"),
                ),
                range(8),
            )
        )
    codes = {answer.status_code for answer in answers}
    assert codes <= {202, 409}
    assert {one.json()["code"] for one in answers if one.status_code == 409} <= {
        "idempotency_under_way"
    }
    assert len({one.json()["campaignId"] for one in answers if one.status_code == 202}) == 1
    assert len(office.services.campaigns.list_campaigns(office.alice).rows) == 1


def test_a_refused_request_leaves_its_key_free(program: Program):
    bad = program("POST", "/contacts", json={"phone": "12"}, headers=keyed("k"))
    assert bad.status_code == 422
    assert program("POST", "/contacts", json=NEW, headers=keyed("k")).status_code == 201


def test_what_a_dead_process_left_is_not_done_again(program: Program, office: Office):
    from sender_app import bootstrap

    def age(by: timedelta, *, lost: bool = False) -> None:
        age_answers(bootstrap.store(), office.alice.workspace_id, by, lost=lost)

    assert program("POST", "/contacts", json=NEW, headers=keyed("k")).status_code == 201
    age(timedelta(minutes=6), lost=True)
    lost = program("POST", "/contacts", json=NEW, headers=keyed("k"))
    assert (lost.status_code, lost.json()["code"]) == (409, "idempotency_unknown")
    age(timedelta(hours=25))
    anew = program("POST", "/contacts", json=NEW, headers=keyed("k"))
    assert anew.json()["code"] == "contact_exists"  # its day is over, and it was carried out anew
    program("POST", "/opt-outs", json={"phones": ["0981000001"]}, headers=keyed("o"))
    age(timedelta(hours=25))
    assert office.services.retention.run()["answers"] == 1


def test_answers_outlive_the_process(program: Program):
    from sender_app import bootstrap

    first = program("POST", "/contacts", json=NEW, headers=keyed("k")).json()
    bootstrap.store().close()
    bootstrap.store.cache_clear()
    bootstrap.services.cache_clear()
    assert program("POST", "/contacts", json=NEW, headers=keyed("k")).json() == first


def test_pages_repeat_and_hide_nothing_while_others_write(program: Program, office: Office):
    for n in range(5):
        office.draft(name=f"c{n}")
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = program("GET", "/campaigns", params=params).json()
        seen += [one["name"] for one in page["items"]]
        office.draft(name=f"new {len(seen)}")
        if (cursor := page["next"]) is None:
            break
    assert seen == ["c4", "c3", "c2", "c1", "c0"]


@pytest.mark.parametrize("path", ["/contacts", "/campaigns", "/opt-outs"])
@pytest.mark.parametrize("cursor", ["x", "bm90IGEgY3Vyc29y", "WyJ4Iiwx", "W10", "bnVsbA", "_w"])
def test_a_cursor_of_ones_own_making_is_refused(program: Program, path: str, cursor: str):
    answer = program("GET", path, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_unreadable")


def test_failures_are_problems_with_the_fields_in_order(program: Program):
    answer = program("POST", "/contacts", json={"nombre": "x" * 201, "grupo": 7, "color": "red"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["type"] == "urn:sender:problem:api_request_invalid"
    assert [(one["where"], one["field"], one["code"]) for one in found["errors"]] == [
        ("body", "phone", "missing"),
        ("body", "nombre", "string_too_long"),
        ("body", "grupo", "string_type"),
        ("body", "color", "extra_forbidden"),
    ]
    query = program("GET", "/contacts", params={"limit": 0, "groupId": "x"}).json()
    assert [(one["where"], one["field"]) for one in query["errors"]] == [
        ("query", "groupId"),
        ("query", "limit"),
    ]
    misspelt = program("GET", "/contacts", params={"optedout": "true"}).json()
    assert [(one["field"], one["code"]) for one in misspelt["errors"]] == [
        ("optedout", "extra_forbidden")
    ]
    english = program("GET", f"/contacts/{uuid4()}", headers={"Accept-Language": "en"})
    assert (english.status_code, english.json()["detail"]) == (404, "Not found.")
    assert english.headers["content-language"] == "en"
    broken = program(
        "POST", "/contacts", content=b"{", headers={"content-type": "application/json"}
    )
    assert broken.json()["errors"][0]["code"] == "json_invalid"
    assert answer.headers["ratelimit"].startswith('"minute";r=')
    nowhere = program("GET", "/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "api_http_404")
    put = program("PUT", f"/contacts/{uuid4()}")
    assert (put.status_code, put.json()["code"]) == (405, "api_http_405")
    assert put.headers["allow"] == "DELETE, GET, PATCH"
    assert program("POST", "/contacts", json=NEW, headers=keyed("é".encode())).status_code == 422


@pytest.mark.parametrize("declared", [True, False])
def test_too_large_a_request_is_refused(program: Program, declared: bool):
    async def body() -> Any:
        for _ in range(17):
            yield b" " * 65536

    content = b" " * 17 * 65536 if declared else body()
    headers = {"content-type": "application/json"}
    answer = program("POST", "/contacts", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "api_http_413")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_campaign_goes_to_a_file_to_contacts_or_to_a_group(program: Program, office: Office):
    phones = ("0981000001", "0981000002", "0981000003")
    made = [
        program("POST", "/contacts", json={"phone": one, "nombre": "Ana", "grupo": "G"}).json()
        for one in phones
    ]
    ids = [one["id"] for one in made]
    group = program("GET", "/groups").json()["items"][0]["id"]
    template = program("POST", "/templates", json={"name": "T", "texts": ["Hola {nombre}"]}).json()

    def send(**data: Any) -> Any:
        return program("POST", "/send-messages", data={"templates": ["Hola {nombre}"]} | data)

    two = send(contactIds=ids[:2], name="Dos")
    assert (two.status_code, two.json()["queued"]) == (202, 2)
    assert send(groupId=group).json()["queued"] == 3
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    named = send(templates=[], templateId=template["id"], groupId=group, startsAt=later).json()
    campaign = program("GET", f"/campaigns/{named['campaignId']}").json()
    assert (campaign["status"], campaign["texts"]) == ("scheduled", ["Hola {nombre}"])
    recipients = program("GET", two.headers["location"].removeprefix("/api/v1") + "/recipients")
    assert [one["phone"] for one in recipients.json()["items"]] == [
        "+595981000001",
        "+595981000002",
    ]
    codes = [
        send(),
        send(groupId=group, contactIds=ids),
        send(templates=[], groupId=group),
        send(groupId=group, templates=["Hola {edad}"]),
        send(groupId=group, templates=["Hola {sustantivo}"]),
        send(groupId=group, startsAt="2020-01-01T00:00:00Z"),
    ]
    assert [one.json()["code"] for one in codes] == [
        "audience_ambiguous",
        "audience_ambiguous",
        "message_ambiguous",
        "placeholder_unknown",
        "placeholder_blank_rows",
        "schedule_in_the_past",
    ]
    assert send(contactIds=[str(uuid4())]).status_code == 404
    assert len(office.services.campaigns.list_campaigns(office.alice).rows) == 3


def test_a_campaign_of_a_program_waits_for_a_second_person_too(program: Program, office: Office):
    office.services.workspaces.update_campaign_rules(office.alice, 0, needs_approval=True)
    files = {"file": ("gente.csv", PEOPLE.encode())}
    sent = program("POST", "/send-messages", data={"templates": ["Hola"]}, files=files).json()
    path = f"/campaigns/{sent['campaignId']}"
    assert program("GET", path).json()["status"] == "awaiting"
    own = program("POST", f"{path}/approve")
    assert (own.status_code, own.json()["code"]) == (422, "approval_by_same_person")
    assert program("POST", f"{path}/send-back", json={}).json()["status"] == "draft"


def test_a_campaign_takes_files_along(program: Program, office: Office):
    def send(**more: Any) -> Any:
        people = ("file", ("gente.csv", PEOPLE.encode()))
        files = [
            people,
            ("attachments", ("foto.jpg", picture())),
            ("attachments", ("lista.pdf", PDF)),
        ]
        return program("POST", "/send-messages", files=files, **more)

    sent = send(data={"templates": ["Hola {nombre}"], "captions": ["", "La lista, {nombre}"]})
    assert (sent.status_code, sent.json()) == (202, sent.json() | {"queued": 3}), sent.text
    campaign = UUID(sent.json()["campaignId"])
    content, media = office.services.campaigns.content(office.alice, campaign)
    assert [part.texts for part in content.parts] == [("Hola {nombre}",), ("La lista, {nombre}",)]
    kinds = [media[part.media_id].kind for part in content.parts if part.media_id]
    assert kinds == ["image", "document"]
    assert send().json()["queued"] == 3  # without a text
    many = send(data={"captions": ["a", "b", "c"]})
    assert (many.status_code, many.json()["code"]) == (422, "captions_many")
    unknown = send(data={"captions": ["Hola {edad}"]})
    assert unknown.json()["code"] == "placeholder_unknown"


def test_a_campaign_is_steered(program: Program, office: Office):
    sent = program(
        "POST",
        "/send-messages",
        data={"templates": ["Hola"]},
        files={"file": ("gente.csv", PEOPLE.encode())},
    ).json()
    path = f"/campaigns/{sent['campaignId']}"

    def move(name: str) -> tuple[int, str]:
        answer = program("POST", f"{path}/{name}")
        return answer.status_code, answer.json().get("status" if answer.is_success else "code")

    assert move("pause") == (200, "paused")
    assert move("pause") == (409, "campaign_move_refused")
    assert move("resume") == (200, "running")
    assert move("cancel") == (200, "cancelled")
    assert move("retry") == (409, "nothing_to_retry")
    skipped = program("GET", f"{path}/recipients", params={"status": "skipped"}).json()
    assert len(skipped["items"]) == 3
    assert program("DELETE", path).status_code == 204
    assert program("GET", path).status_code == 404


def test_a_person_settles_what_nobody_knows(program: Program, office: Office):
    files = {"file": ("gente.csv", PEOPLE.encode())}
    sent = program("POST", "/send-messages", data={"templates": ["Hola"]}, files=files).json()
    path, store = f"/campaigns/{sent['campaignId']}", office.store
    assert program("DELETE", path).json()["code"] == "campaign_move_refused"
    campaign = store.campaigns.get(office.alice.workspace_id, UUID(sent["campaignId"]))
    lease = store.leases.take(office.account_id, "x", timedelta(seconds=30))
    claims = store.deliveries.claim(lease, campaign.id, None, 2, False)
    now, doubt = datetime.now(UTC), RecipientStatus.UNCONFIRMED
    unknown = [Outcome(one, doubt, now, message_id=uuid4().hex) for one in claims]
    store.deliveries.open_journal(lease).settle(unknown, fold=True)
    early = program("POST", f"{path}/resolve", json={"sent": True})
    assert (early.status_code, early.json()["code"]) == (409, "nothing_unconfirmed")
    age_claims(store, campaign, timedelta(minutes=10))
    first = {"sent": True, "recipientIds": [str(claims[0].recipient_id)]}
    assert program("POST", f"{path}/resolve", json=first).json() == {"settled": 1}
    assert program("POST", f"{path}/resolve", json={"sent": False}).json() == {"settled": 1}
    recipients = program("GET", f"{path}/recipients").json()["items"]
    assert sorted(one["status"] for one in recipients) == ["queued", "queued", "sent"]


def test_a_program_adds_accounts_and_names_them(office: Office):
    _key, secret = office.services.api_keys.create_key(office.alice, "CRM", Role.ADMIN, 30)
    program = Program(secret)
    made = program("POST", "/accounts", json={"label": "Ventas"})
    assert (made.status_code, made.json()["linked"]) == (201, False)
    path = made.headers["location"].removeprefix("/api/v1")
    twin = program("POST", "/accounts", json={"label": "ventas"})
    assert (twin.status_code, twin.json()["code"]) == (409, "account_name_taken")
    assert program("PATCH", path, json={"label": "Compras"}).status_code == 204
    assert program("GET", path).json()["label"] == "Compras"


def test_several_accounts_share_a_campaign(program: Program, office: Office):
    second = office.store.accounts.create(office.alice.workspace_id, "alice", "Otra").id
    office.store.accounts.linked(second, "+595981999998", "session-2")
    office.store.accounts.set_status(second, AccountStatus.OFFLINE)
    form = {"templates": ["Hola"], "accountId": str(office.account_id)}
    people = {"file": ("x.csv", PEOPLE)}
    both = form | {"moreAccountIds": [str(second), str(office.account_id)]}
    sent = program("POST", "/send-messages", data=both, files=people).json()
    campaign = program("GET", f"/campaigns/{sent['campaignId']}").json()
    assert campaign["accountId"] == str(office.account_id)
    assert campaign["accountIds"] == [str(office.account_id), str(second)]
    unnamed = {"templates": ["Hola"], "moreAccountIds": [str(second)]}
    refused = program("POST", "/send-messages", data=unnamed, files=people)
    assert refused.json()["code"] == "account_not_named"
    stranger = form | {"moreAccountIds": [str(uuid4())]}
    assert program("POST", "/send-messages", data=stranger, files=people).status_code == 404


def test_a_reply_is_read_and_answered(program: Program, office: Office):
    def hear(message_id: str, text: str, *, opt_out: bool = False) -> None:
        heard = Incoming(message_id, "+595981000001", text, None, datetime.now(UTC))
        office.store.receipts.reply(office.account_id, heard, opt_out=opt_out)

    hear("R1", "¿A qué hora?")
    [found] = program("GET", "/conversations", params={"unread": True}).json()["items"]
    assert (found["phone"], found["lastText"], found["unread"]) == (
        *("+595981000001", "¿A qué hora?", 1),
    )
    path = f"/conversations/{found['id']}"
    assert program("POST", f"{path}/read").json() == {"read": 1}
    assert program("POST", f"{path}/read").json() == {"read": 0}
    first = program("POST", f"{path}/messages", json={"text": "A las 10."}, headers=keyed("a1"))
    assert (first.status_code, first.json()["lastIsOurs"]) == (202, True)
    assert first.headers["location"] == f"/api/v1{path}/messages"
    program("POST", f"{path}/messages", json={"text": "A las 10."}, headers=keyed("a1"))
    talk = program("GET", f"{path}/messages").json()["items"]
    assert [(one["source"], one["text"], one["status"]) for one in talk] == [
        ("reply", "¿A qué hora?", None),
        ("answer", "A las 10.", "waiting"),
    ]
    early = program("POST", f"{path}/messages/{talk[1]['id']}/resolve", json={"sent": True})
    assert (early.status_code, early.json()["code"]) == (409, "nothing_unconfirmed")
    assert program("GET", path).json()["unread"] == 0
    assert program("GET", "/conversations", params={"unread": True}).json()["items"] == []
    assert program("GET", f"/conversations/{uuid4()}/messages").status_code == 404
    blank = program("POST", f"{path}/messages", json={"text": "  "})
    assert (blank.status_code, blank.json()["code"]) == (422, "answer_blank")
    hear("R2", "BAJA", opt_out=True)
    refused = program("POST", f"{path}/messages", json={"text": "¿Por qué?"})
    assert (refused.status_code, refused.json()["code"]) == (409, "phone_opted_out")


def test_what_a_contact_is_not_asked_to_change_stays(program: Program):
    made = program("POST", "/contacts", json=NEW | {"grupo": "A", "moreGroups": ["B"]}).json()
    path = f"/contacts/{made['id']}"
    changed = program("PATCH", path, json={"nombre": "Ana María"}).json()
    assert changed | {"updatedAt": ""} == made | {"nombre": "Ana María", "updatedAt": ""}
    assert program("DELETE", path).status_code == 204
    assert program("DELETE", path).status_code == 404


def test_a_contact_has_fields_of_its_own_which_fill_placeholders(program: Program, office: Office):
    fields = {"Fecha de pago": "5/12", "saldo": "120", "nada": " "}
    made = program("POST", "/contacts", json=NEW | {"fields": fields}).json()
    assert made["fields"] == {"fecha_de_pago": "5/12", "saldo": "120"}
    path = f"/contacts/{made['id']}"
    change = {"fields": {"Saldo": "95", "fecha_de_pago": None, "cuota": "3"}}
    assert program("PATCH", path, json=change).json()["fields"] == {"saldo": "95", "cuota": "3"}
    assert program("PATCH", path, json={"grupo": "Coro"}).json()["fields"]["saldo"] == "95"
    assert program("GET", path).json()["fields"] == {"saldo": "95", "cuota": "3"}
    for name in ("nombre", "Número", "¿?"):
        bad = program("PATCH", path, json={"fields": {name: "x"}})
        assert (bad.status_code, bad.json()["code"]) == (422, "column_name_invalid"), name
    order = {"templates": ["Debe {saldo}"], "contactIds": [made["id"]]}
    sent = program("POST", "/send-messages", data=order)
    assert (sent.status_code, sent.json()["queued"]) == (202, 1), sent.text
    gone = program("POST", "/send-messages", data=order | {"templates": ["{fecha_de_pago}"]})
    assert gone.json()["code"] == "placeholder_unknown"


def test_the_seeds_answers_have_their_shapes(program: Program, office: Office):
    status = program("GET", "/connection-status").json()
    assert status == {
        "connected": True,
        "state": "offline",
        "phone": "+595981999999",
        "qr": None,
        "qrUrl": None,
        "pairingCode": None,
    }
    assert program("GET", "/dashboard/current-month").json()["sent"] == 0
    assert len(program("GET", "/dashboard/timeline", params={"days": 7}).json()) == 7
    assert program("GET", "/dashboard/by-group").json() == []
    assert program("GET", "/dashboard/by-contact").json() == []
    cleared = program("DELETE", "/cache/user").json()
    assert cleared == {"success": True, "deletedKeys": 4}


def test_the_most_contacted_have_a_number_and_a_name(program: Program, office: Office):
    new = NewCampaign(office.account_id, "x", "Hola", CampaignStatus.RUNNING, {})
    rows = [AudienceRow(1, "+595981000001", "Ana"), AudienceRow(2, "+595981000002", "")]
    campaign = office.store.campaigns.create(
        office.alice.workspace_id, "alice", new, [ContactBatch.of(rows)]
    )
    lease = office.store.leases.take(office.account_id, "one", timedelta(seconds=30))
    claims = office.store.deliveries.claim(lease, campaign.id, None, 10, False)
    now = datetime.now(UTC)
    outcomes = [Outcome(one, RecipientStatus.SENT, now, message_id=uuid4().hex) for one in claims]
    office.store.deliveries.open_journal(lease).settle(outcomes, fold=True)
    top = program("GET", "/dashboard/by-contact").json()
    assert sorted(top, key=lambda one: one["phone"]) == [
        {"phone": "+595981000001", "label": "Ana", "sent": 1, "errors": 0},
        {"phone": "+595981000002", "label": "+595981000002", "sent": 1, "errors": 0},
    ]


def test_a_qr_is_text_and_picture(office: Office):
    from sender_app.adapters.redis_pairing import RedisPairingBoard
    from sender_app.bootstrap import redis
    from sender_app.domain.account import AccountStatus
    from sender_app.ports.pairing import PairingCodes

    office.store.accounts.unlinked(office.account_id, AccountStatus.UNLINKED, None)
    until = datetime.now(UTC) + timedelta(seconds=20)
    RedisPairingBoard(redis()).show(office.account_id, PairingCodes("2@qr", until, "ABCD-EFGH"))
    _key, secret = office.services.api_keys.create_key(office.alice, "x", Role.ADMIN, None)
    program = Program(secret)
    status = program("GET", "/connection-status").json()
    assert (status["connected"], status["qr"]) == (False, "2@qr")
    assert status["qrUrl"].startswith("data:image/svg+xml")
    path = f"/accounts/{office.account_id}"
    paired = program("POST", f"{path}/pairing", json={"phone": "0981000001"})
    assert (paired.status_code, paired.json()["pairingCode"]) == (202, "ABCD-EFGH")
    assert office.store.accounts.get(office.account_id).pairing_phone == "+595981000001"


def test_a_key_has_its_own_limit(office: Office, monkeypatch: pytest.MonkeyPatch):
    from sender_app.config import settings

    monkeypatch.setenv("API_RATE", "3")
    settings.cache_clear()
    secrets = [
        office.services.api_keys.create_key(office.alice, "x", Role.VIEWER, None)[1]
        for _ in range(2)
    ]
    try:
        answers = [Program(secrets[0])("GET", "/groups") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert [one.headers["ratelimit"].split(";t=")[0] for one in answers] == [
            f'"minute";r={left}' for left in (2, 1, 0, 0)
        ]
        assert answers[0].headers["ratelimit-policy"] == '"minute";q=3;w=60'
        assert 1 <= int(answers[3].headers["retry-after"]) <= 60
        assert answers[3].json()["code"] == "api_too_many"
        assert Program(secrets[1])("GET", "/groups").status_code == 200
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_the_docs_load_nothing_from_elsewhere():
    import re

    import httpx

    from sender_app.sender_app import routes

    async def get(path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=routes)
        async with httpx.AsyncClient(transport=transport, base_url="http://sender") as client:
            return await client.get(path)

    page = asyncio.run(get("/api/docs"))
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert address.startswith("/")
        if address.startswith("/api/"):
            assert asyncio.run(get(address)).status_code == 200, address
    assert asyncio.run(get("/api/docs/swagger-ui.js")).status_code == 404
    document = asyncio.run(get("/api/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "/api/v1"}]


def test_every_event_of_webhooks_is_described():
    document = api.openapi()
    schemas = document["components"]["schemas"]
    kinds = set()
    for one in document["webhooks"].values():
        body = one["post"]["requestBody"]["content"]["application/json"]["schema"]
        kind = schemas[body["$ref"].rsplit("/", 1)[1]]["properties"]["type"]
        kinds |= set(kind.get("enum", [kind.get("const")]))
    assert kinds == {*EventType, TEST}


def test_whatever_is_sent_and_answered_has_an_example():
    schemas = api.openapi()["components"]["schemas"]
    bare = {
        name
        for name, schema in schemas.items()
        if "properties" in schema
        and not name.startswith("PageOf")  # of things that have examples themselves
        and not any("examples" in field for field in schema["properties"].values())
    }
    assert bare == set()
