"""Every operation of the API, as everybody."""

from typing import Any
from uuid import uuid4

import pytest

from sender_app.api.v1.app import api
from sender_app.domain.actor import Role
from sender_app.domain.api_key import new_secret
from tests.api import Program
from tests.integration.personas import PERSONAS, SECRET, World

INSTALLATION = {"PUBLIC_URL": "http://127.0.0.1:3000"}
# Operation → the role it needs, and what is sent along (`json`, `data`, `params`).
OPERATIONS: dict[str, tuple[Role, dict[str, Any]]] = {
    "GET /accounts": (Role.VIEWER, {}),
    "GET /accounts/{accountId}": (Role.VIEWER, {}),
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
    "GET /campaigns/{campaignId}/recipients": (Role.VIEWER, {}),
    "POST /campaigns/{campaignId}/start": (Role.SENDER, {}),
    "POST /campaigns/{campaignId}/pause": (Role.SENDER, {}),
    "POST /campaigns/{campaignId}/resume": (Role.SENDER, {}),
    "POST /campaigns/{campaignId}/cancel": (Role.SENDER, {}),
    "POST /campaigns/{campaignId}/retry": (Role.SENDER, {}),
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
    "GET /dashboard/current-month": (Role.VIEWER, {}),
    "GET /dashboard/timeline": (Role.VIEWER, {}),
    "GET /dashboard/by-group": (Role.VIEWER, {}),
    "GET /dashboard/by-contact": (Role.VIEWER, {}),
    "DELETE /cache/user": (Role.VIEWER, {}),
}
# What the world is not in a state for: an account that is linked, a campaign that runs.
NOT_NOW = {
    "POST /accounts/{accountId}/pairing",
    *(f"POST /campaigns/{{campaignId}}/{move}" for move in ("start", "resume", "retry")),
    "POST /campaigns/{campaignId}/approve",
    "POST /campaigns/{campaignId}/send-back",
}
SHOWING = {
    *("GET /campaigns", "GET /campaigns/{campaignId}", "GET /campaigns/{campaignId}/recipients"),
    *("GET /contacts", "GET /contacts/{contactId}", "GET /groups", "GET /templates"),
    *("GET /templates/{templateId}", "GET /conversations", "GET /conversations/{conversationId}"),
    "GET /conversations/{conversationId}/messages",
}


def test_every_operation_is_in_the_list():
    found = {
        f"{method.upper()} {path}"
        for path, operations in api.openapi()["paths"].items()
        for method in operations
    }
    assert found == OPERATIONS.keys()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_does_for_each_what_their_role_allows(operation: str, world: World):
    needed, options = OPERATIONS[operation]
    method, path = operation.split(" ")
    names = {
        "accountId": world.account_id,
        "campaignId": world.campaign_id,
        "contactId": world.contact_id,
        "groupId": world.group_id,
        "templateId": world.template_id,
        "conversationId": world.conversation_id,
        "messageId": world.answer_id,
        "phone": "+595981000010",
    }
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
        if member and needed is Role.VIEWER:
            assert changed == set(), persona
        if persona == needed.value and needed is not Role.VIEWER and operation not in NOT_NOW:
            assert answer.is_success, answer.text
            assert changed or operation == "DELETE /accounts/{accountId}/pairing", persona


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


def test_many_wrong_tokens_are_told_to_wait_and_keep_no_good_one_out(world: World):
    wrong = [Program(new_secret())("GET", "/campaigns").status_code for _ in range(32)]
    assert wrong == [401] * 30 + [429] * 2
    assert Program(world.keys["viewer"])("GET", "/campaigns").status_code == 200
