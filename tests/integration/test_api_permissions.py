"""Every operation of the API, as everybody."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sender_app.api.v1.app import api
from sender_app.domain.actor import Role
from sender_app.domain.api_key import new_secret
from sender_app.sender_app import routes
from tests.api import Program
from tests.integration.personas import PERSONAS, SECRET, World

in_both = pytest.mark.parametrize("kept_in", ["postgres", "redis"], scope="module")
INSTALLATION = {"PUBLIC_URL": "http://127.0.0.1:3000", "SECRET_KEY": "x" * 32}
ENDPOINT = {"url": "https://8.8.4.4/", "events": ["reply.received"]}
# Operation → the role it needs, and what is sent along (`json`, `data`, `params`).
OPERATIONS: dict[str, tuple[Role, dict[str, Any]]] = {
    "GET /accounts": (Role.VIEWER, {}),
    "POST /accounts": (Role.ADMIN, {"json": {"label": "Ventas"}}),
    "GET /accounts/{accountId}": (Role.VIEWER, {}),
    "PATCH /accounts/{accountId}": (Role.ADMIN, {"json": {"label": "Compras"}}),
    "POST /accounts/{accountId}/pairing": (Role.ADMIN, {"json": {}}),
    "DELETE /accounts/{accountId}/pairing": (Role.ADMIN, {}),
    "DELETE /accounts/{accountId}/device": (Role.ADMIN, {}),
    "GET /connection-status": (Role.VIEWER, {}),
    "POST /send-messages": (
        Role.SENDER,
        {"data": {"templates": ["Hola"], "groupId": "{groupId}", "accountId": "{accountId}"}},
    ),
    "GET /campaigns": (Role.VIEWER, {}),
    "GET /campaigns/{campaignId}": (Role.VIEWER, {}),
    "DELETE /campaigns/{campaignId}": (Role.SENDER, {}),
    "GET /campaigns/{campaignId}/recipients": (Role.VIEWER, {}),
    "POST /campaigns/{campaignId}/start": (Role.SENDER, {}),
    "POST /campaigns/{campaignId}/pause": (Role.SENDER, {}),
    "POST /campaigns/{campaignId}/resume": (Role.SENDER, {}),
    "POST /campaigns/{campaignId}/cancel": (Role.SENDER, {}),
    "POST /campaigns/{campaignId}/retry": (Role.SENDER, {}),
    "POST /campaigns/{campaignId}/resolve": (Role.SENDER, {"json": {"sent": True}}),
    "POST /campaigns/{campaignId}/approve": (Role.SENDER, {}),
    "POST /campaigns/{campaignId}/send-back": (Role.SENDER, {"json": {"note": "No"}}),
    "GET /conversations": (Role.VIEWER, {}),
    "GET /conversations/{conversationId}": (Role.VIEWER, {}),
    "GET /conversations/{conversationId}/messages": (Role.VIEWER, {}),
    "POST /conversations/{conversationId}/messages": (Role.SENDER, {"json": {"text": "Sí"}}),
    "POST /conversations/{conversationId}/read": (Role.SENDER, {}),
    "POST /conversations/{conversationId}/messages/{messageId}/resolve": (
        Role.SENDER,
        {"json": {"sent": False}},
    ),
    "GET /contacts": (Role.VIEWER, {}),
    "POST /contacts": (Role.SENDER, {"json": {"phone": "0981000099", "nombre": "Nueva"}}),
    "GET /contacts/{contactId}": (Role.VIEWER, {}),
    "PATCH /contacts/{contactId}": (Role.SENDER, {"json": {"nombre": "Otra"}}),
    "DELETE /contacts/{contactId}": (Role.SENDER, {}),
    "GET /groups": (Role.VIEWER, {}),
    "POST /groups": (Role.SENDER, {"json": {"name": "Nuevo", "contactIds": ["{contactId}"]}}),
    "PATCH /groups/{groupId}": (Role.SENDER, {"json": {"name": "Otro"}}),
    "DELETE /groups/{groupId}": (Role.SENDER, {}),
    "POST /groups/{groupId}/remove-contacts": (
        Role.SENDER,
        {"json": {"contactIds": ["{contactId}"]}},
    ),
    "GET /templates": (Role.VIEWER, {}),
    "POST /templates": (Role.SENDER, {"json": {"name": "Nueva", "texts": ["Hola"]}}),
    "GET /templates/{templateId}": (Role.VIEWER, {}),
    "PATCH /templates/{templateId}": (Role.SENDER, {"json": {"texts": ["Otra"]}}),
    "DELETE /templates/{templateId}": (Role.SENDER, {}),
    "GET /opt-outs": (Role.VIEWER, {}),
    "POST /opt-outs": (Role.SENDER, {"json": {"phones": ["0981000098"]}}),
    "DELETE /opt-outs/{phone}": (Role.ADMIN, {}),
    "GET /webhooks": (Role.ADMIN, {}),
    "POST /webhooks": (Role.ADMIN, {"json": ENDPOINT}),
    "GET /webhooks/{webhookId}": (Role.ADMIN, {}),
    "PATCH /webhooks/{webhookId}": (Role.ADMIN, {"json": ENDPOINT}),
    "DELETE /webhooks/{webhookId}": (Role.ADMIN, {}),
    "POST /webhooks/{webhookId}/enable": (Role.ADMIN, {}),
    "POST /webhooks/{webhookId}/disable": (Role.ADMIN, {}),
    "POST /webhooks/{webhookId}/rotate-secret": (Role.ADMIN, {}),
    "POST /webhooks/{webhookId}/test": (Role.ADMIN, {}),
    "GET /webhooks/{webhookId}/deliveries": (Role.ADMIN, {}),
    "GET /webhooks/{webhookId}/deliveries/{deliveryId}": (Role.ADMIN, {}),
    "POST /webhooks/{webhookId}/deliveries/{deliveryId}/resend": (Role.ADMIN, {}),
    "POST /webhooks/{webhookId}/resend-failed": (Role.ADMIN, {}),
    "GET /dashboard/current-month": (Role.VIEWER, {}),
    "GET /dashboard/timeline": (Role.VIEWER, {}),
    "GET /dashboard/by-group": (Role.VIEWER, {}),
    "GET /dashboard/by-contact": (Role.VIEWER, {}),
    "DELETE /cache/user": (Role.VIEWER, {}),
}
# Where an admin finds nothing to change.
IDLE = {"DELETE /accounts/{accountId}/pairing", "POST /webhooks/{webhookId}/resend-failed"}
# What the world is not in a state for: an account that is linked, a campaign that runs.
NOT_NOW = {
    "POST /accounts/{accountId}/pairing",
    "DELETE /campaigns/{campaignId}",
    *(f"POST /campaigns/{{campaignId}}/{move}" for move in ("start", "resume", "retry", "resolve")),
    "POST /campaigns/{campaignId}/approve",
    "POST /campaigns/{campaignId}/send-back",
}
SHOWING = {
    *("GET /campaigns", "GET /campaigns/{campaignId}", "GET /campaigns/{campaignId}/recipients"),
    *("GET /contacts", "GET /contacts/{contactId}", "GET /groups", "GET /templates"),
    *("GET /templates/{templateId}", "GET /conversations", "GET /conversations/{conversationId}"),
    *("GET /conversations/{conversationId}/messages", "GET /webhooks", "GET /webhooks/{webhookId}"),
}


def test_every_operation_is_in_the_list():
    found = {
        f"{method.upper()} {path}"
        for path, operations in api.openapi()["paths"].items()
        for method in operations
    }
    assert found == OPERATIONS.keys()


@in_both
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_does_for_each_what_their_role_allows(operation: str, world: World):
    needed, options = OPERATIONS[operation]
    method, path = operation.split(" ")
    names = world.names_in_paths | {"phone": "+595981000010"}
    is_about = "{" in path or operation == "POST /send-messages"  # else: of one's own workspace
    before = world.facts()
    for persona in PERSONAS:
        answer = Program(world.keys[persona])(
            method, path.format(**names), **filled(options, names)
        )
        now = world.facts()
        changed, before = now ^ before, now
        seen = answer.text + str(answer.headers)
        member = persona not in ("nobody", "outsider")
        allowed = member and Role(persona).rank >= needed.rank
        if not member:
            assert SECRET not in seen, persona
            assert changed == set(), persona
        if persona == "nobody":
            assert answer.status_code == 401
            assert answer.json()["code"] == "api_token_missing"
        elif persona == "outsider":
            assert not is_about or answer.status_code == 404, answer.text
        elif not allowed:
            assert answer.status_code == 403, answer.text
            assert SECRET not in seen
            assert changed == set()
        else:
            gone = method == "DELETE" and persona == "admin" and needed is Role.SENDER
            done = 409 if operation in NOT_NOW else 404 if gone else None
            assert answer.status_code == done or answer.is_success or repeated(answer), answer.text
            assert SECRET in seen or operation not in SHOWING
        if member and (needed is Role.VIEWER or method == "GET"):
            assert changed == set(), persona
        elif persona == needed.value and operation not in NOT_NOW:
            assert answer.is_success, answer.text
            assert changed or operation in IDLE, persona


def test_a_line_break_in_an_address_is_answered_as_everything_is():
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=routes)
        async with httpx.AsyncClient(transport=transport, base_url="http://sender") as client:
            return await client.get("/api/v1/contacts/a%0Ab")

    answer = asyncio.run(ask())
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def repeated(answer: Any) -> bool:
    """Whether the admin asked for what the sender had done already."""
    return answer.status_code == 409


def filled(options: Any, names: dict[str, Any]) -> Any:
    """The options, with the ids that they name."""
    if isinstance(options, dict):
        return {key: filled(value, names) for key, value in options.items()}
    if isinstance(options, list):
        return [filled(value, names) for value in options]
    return options.format(**names) if isinstance(options, str) else options


@in_both
def test_a_token_opens_nothing_after_its_end(world: World):
    store, admin = world.store, world.services.sign_in.find_actor(world.sessions["admin"])
    assert admin is not None
    key, secret = world.services.api_keys.create_key(admin, "CRM", Role.SENDER, 30)
    program = Program(secret)
    assert program("GET", "/campaigns").status_code == 200
    assert program("DELETE", "/opt-outs/+595981000010").status_code == 403  # lesser than its owner
    elsewhere = {"Sender-Workspace": str(uuid4())}
    assert program("GET", "/campaigns", headers=elsewhere).status_code == 401
    store.members.change(world.workspace_id, world.spare, Role.ADMIN)
    store.members.change(world.workspace_id, admin.user_id, Role.VIEWER)
    assert program("POST", "/opt-outs", json={"phones": ["0981000001"]}).status_code == 403
    store.members.change(world.workspace_id, admin.user_id, None)
    assert program("GET", "/campaigns").status_code == 401  # whoever made it is no member any more
    store.members.change(world.workspace_id, admin.user_id, Role.ADMIN)
    assert program("GET", "/campaigns").status_code == 200
    world.services.api_keys.revoke_key(admin, key.id)
    refused = program("GET", "/campaigns")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="sender", error="invalid_token"'
    noted = world.noted()
    assert (admin.user_id, "api_key_create") in noted
    assert (admin.user_id, "api_key_revoke") in noted
    assert secret not in str(world.facts())


@in_both
def test_many_wrong_tokens_are_told_to_wait_and_keep_no_good_one_out(world: World):
    wrong = [Program(new_secret())("GET", "/campaigns").status_code for _ in range(32)]
    assert wrong == [401] * 30 + [429] * 2
    assert Program(world.keys["viewer"])("GET", "/campaigns").status_code == 200
