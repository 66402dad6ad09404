"""Every handler of a page and every route, as everybody: a client may name any of them.

Handlers and routes are found by looking; one that is new has to be put into a class here.
"""

import asyncio
import dataclasses
import inspect
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
import pytest
import reflex as rx
from fastapi.routing import APIRoute, APIWebSocketRoute
from reflex.istate.data import ReflexURL, RouterData
from reflex_base.utils.exceptions import SetUndefinedStateVarError
from starlette.routing import Mount

from sender_app.domain.actor import Role
from sender_app.domain.errors import NotPermitted
from sender_app.sender_app import routes
from sender_app.services.audit import ACTIONS
from sender_app.states import access
from sender_app.states import session as session_state
from sender_app.states.inbox_rows import ConversationView
from sender_app.states.session import Session
from sender_app.states.takeoff import Look
from sender_app.text import translate
from tests.integration.personas import PERSONAS, SECRET, World

# They open pages that say themselves for whom they are, in no further words.
OPENING = {
    *("AuditTrail.load", "Keys.load", "Machinery.load", "Team.load"),
    *("WebhookCard.load", "WebhookList.load"),
}
# They change only what the page itself shows, and read nothing.
HARMLESS = {
    *("Session.greet", "Session.choose_language", "Connection.show_code_tab"),
    *("Connection.ask_add", "Connection.ask_rename"),
    *("Connection.ask_unlink", "Compose.step_person", "Compose.show_variant", "Compose.look_at"),
    *("Compose.dial", "Compose.turn_bad", "Compose.wait_for_file", "Compose.start_over"),
    *("Campaign.begin", "Campaign.ask_cancel", "Campaign.ask_again", "Campaign.ask_delete"),
    *("Campaign.ask_back", "Campaign.write_note"),
    *("CampaignList.ask_delete", "Board.ask_clear", "Library.write", "Library.show_variant"),
    "FirstSteps.wave_away",
    *("Library.add_variant", "Library.remove_variant", "Library.begin", "Library.close"),
    *("Library.rename", "Library.ask_remove", "Library.look_at", "Library.dial"),
    *("Importing.wait_for_file", "Importing.progressed", "Importing.upload_ended"),
    *(
        "Compose.refuse_attachment",
        "Importing.mean",
        "Importing.remap",
        "Importing.turn_bad",
        "Team.ask_remove",
    ),
    *("ContactBook.pick", "ContactBook.pick_page", "ContactBook.unpick", "ContactBook.ask"),
    *("Keys.ask_new", "Keys.ask_revoke", "Keys.forget_secret", "WebhookCard.forget_secret"),
    *("ContactBook.name_group", "ContactCard.ask", "OptOutList.ask_add", "OptOutList.ask_remove"),
    *("Inbox.ask_again", "WebhookCard.ask", "Duplicates.ask"),
}
# They run until the page is left, so test_ownership.py calls them, over the wire.
WATCHING = {"Inbox.watch", "Importing.watch"}
NEEDED = {
    Role.VIEWER: {
        *(
            "Session.load",
            "Session.count_waiting",
            "CampaignList.show_span",
            "Board.load",
            "Board.refresh",
            "Board.choose_days",
            "Board.clear_cache",
        ),
        *("CampaignList.load", "CampaignList.refresh", "CampaignList.load_more"),
        *("Campaign.load", "Campaign.show", "Campaign.next_page", "Campaign.previous_page"),
        *("Campaign.look_again", "Campaign.find", "CampaignList.show", "CampaignList.find"),
        *("Compose.load", "Compose.find_contacts", "Compose.follow_trial", "Connection.load"),
        *("Board.choose_dates", "Board.choose_account", "Board.choose_group", "FirstSteps.load"),
        "Finder.find",
        *("Library.load", "Library.edit", "Library.search", "Library.follow_trial"),
        *("Connection.poll", "ContactBook.load", "ContactBook.find", "ContactBook.next_page"),
        *("ContactBook.previous_page", "Preferences.load", "ContactBook.show_group"),
        *("ContactBook.show_standing", "ContactBook.order", "ContactBook.turn_around"),
        "ContactBook.look_again",
        *("ContactCard.load", "Duplicates.load", "Importing.load", "Importing.still_here"),
        *("OptOutList.load", "OptOutList.find", "OptOutList.next_page", "OptOutList.previous_page"),
        "Connection.choose",
        *("Inbox.load", "Inbox.still_here", "Inbox.show", "Inbox.find", "Inbox.every_campaign"),
        *("Inbox.load_more", "Inbox.load_older", "Inbox.open", "Unread.look"),
    },
    Role.SENDER: {
        *("Campaign.pause", "Campaign.resume", "Campaign.cancel", "Campaign.retry"),
        *("Campaign.mark_sent", "Campaign.send_again", "Campaign.start_now", "Campaign.clone"),
        *("Campaign.approve", "Campaign.send_back", "CampaignList.clone"),
        *("Campaign.delete", "CampaignList.delete", "Compose.send", "Compose.upload"),
        *("Compose.write", "Compose.rename", "Compose.add_variant", "Compose.remove_variant"),
        *("Compose.forget_file", "Compose.ask", "Compose.go", "Compose.choose_start"),
        *("Compose.start_at", "Compose.search", "Compose.try_out", "Compose.use_template"),
        *("Compose.attach", "Compose.detach", "Compose.move_attachment"),
        *("Compose.toggle_group", "Compose.toggle_contact", "Compose.drop_contacts"),
        *("Compose.use_filter", "Compose.filter_by_search", "Compose.filter_by_group"),
        *("Compose.filter_by_standing", "Compose.take_earlier", "Compose.rest_for"),
        *("ContactBook.bring_back", "ContactBook.leave_again", "ContactBook.join_again"),
        *("Library.bring_back", "CampaignList.bring_back"),
        *("ContactBook.write_to_picked", "ContactBook.write_to_found"),
        *("Compose.caption_attachment", "Library.save", "Library.remove", "Library.use_now"),
        "Library.try_out",
        *("ContactBook.check", "ContactBook.delete", "ContactBook.join", "ContactBook.leave"),
        *("ContactBook.opt_out", "ContactCard.check", "ContactCard.delete", "ContactCard.opt_out"),
        *("ContactCard.save", "Duplicates.merge", "Importing.cancel", "Importing.check"),
        *("Importing.dismiss", "Importing.start", "Importing.upload", "OptOutList.add"),
        "Compose.choose_account",
        *("Inbox.mark_read", "Inbox.mark_all_read", "Inbox.send", "Inbox.send_again"),
        "Inbox.mark_sent",
    },
    Role.ADMIN: {
        *("Connection.ask_code", "Connection.unlink", "Preferences.save", "Team.load"),
        *("Connection.add", "Connection.rename", "OptOutList.bring_back"),
        *("Team.set_role", "Team.let_in", "Team.remove", "AuditTrail.load"),
        *("AuditTrail.next_page", "AuditTrail.previous_page", "OptOutList.remove"),
        *("Preferences.save_campaigns", "Preferences.save_opt_out", "Machinery.load"),
        *("Keys.load", "Keys.create", "Keys.revoke", "WebhookList.load", "WebhookCard.load"),
        *("WebhookCard.save", "WebhookCard.switch", "WebhookCard.test", "WebhookCard.rotate"),
        *("WebhookCard.delete", "WebhookCard.show", "WebhookCard.refresh", "WebhookCard.resend"),
        *("WebhookCard.resend_failed", "WebhookCard.next_page", "WebhookCard.previous_page"),
    },
}
# What a member sees there names the secret, so the test would notice it in other hands.
SHOWING = {
    *("Session.load", "CampaignList.load", "Campaign.load", "Campaign.show", "ContactBook.load"),
    *("ContactBook.find", "Preferences.load", "Team.load", "Keys.load", "WebhookList.load"),
    *("WebhookCard.load", "Inbox.load", "Inbox.open", "Inbox.find", "Inbox.load_older"),
}
CHANGING = {
    *("Campaign.pause", "Campaign.cancel", "Compose.send", "Connection.unlink"),
    *("Connection.add", "Connection.rename", "Compose.choose_account"),
    *("Preferences.save", "Team.set_role", "Team.remove", "Keys.create", "Keys.revoke"),
    *("WebhookCard.save", "WebhookCard.rotate", "WebhookCard.delete", "WebhookCard.test"),
    *("Inbox.mark_read", "Inbox.send", "Inbox.send_again", "Importing.upload"),
}
# Routes by what they ask for: nothing, or a session that they act on and no other.
ROUTES = {
    "GET /auth/local": "a link",
    "GET /auth/login": "nothing",
    "GET /health": "nothing",
    "GET /ready": "nothing",
    "GET /metrics": "a token, or no proxy in front",
    "GET /auth/callback": "an attempt of this browser",
    "POST /auth/sign-out": "own session",
    "POST /auth/workspace": "own session",
    "POST /auth/back-channel-logout": "a token of the provider",
    "GET /imports/{import_id}/rejected": "a viewer",
    "GET /export/contacts.{kind}": "a viewer",
    "GET /results/{campaign_id}.{kind}": "a viewer",
    "POST /media": "a sender",
    "GET /media/{media_id}": "a viewer",
    "GET /media/{media_id}/thumbnail": "a viewer",
    "GET /api/docs": "nothing",
    "GET /api/docs/start.js": "nothing",
    "GET /api/docs/swagger-ui{name}": "nothing",
    "GET /figures/{name}.csv": "a viewer",
    "WEBSOCKET /live/campaigns/{campaign_id}": "a viewer",  # see test_ownership.py
}
# What a member gets there has the secret in it.
TELLING = {
    *("GET /export/contacts.{kind}", "GET /results/{campaign_id}.{kind}", "GET /media/{media_id}"),
}


class File:
    """An uploaded file."""

    name = "x.csv"

    async def read(self, _size: int) -> bytes:
        return b"0981000001,Sr.,Ana,G1"


async def pieces() -> AsyncIterator[rx.UploadChunk]:
    """An uploaded file as it arrives."""
    for n, data in enumerate((b"0981000001,Sr.,", b"Ana,G1")):
        yield rx.UploadChunk(filename="x.csv", offset=15 * n, content_type="text/csv", data=data)


ARGUMENTS: dict[str, Any] = {
    "form": {
        "weekday0": "on",
        "role": "viewer",
        "days": "30",
        "name": "Otro nombre",
        "country": "PY",
        "phone": "0981000009",
        "time_zone": "America/Asuncion",
        "rest_days": "3",
        "start": "2026-11-01",
        "end": "2026-11-24",
        "interval": "1",
        "jitter": "1",
        "text": "Con gusto",
        "request": str(uuid4()),
        "url": "https://8.8.8.8/other",
        "campaign_started": "on",
    },
    "open_": True,
    "on": True,
    "by": 1,
    "index": 0,
    "wanted": True,
    "lang": "es",
    "days": "7",
    "status": "",
    "kind": "drafts",
    "span": "7",
    "local": "2031-05-01T09:00",
    "later": True,
    "step": 4,
    "text": "an",
    "name": "",
    "role": "viewer",
    "progress": {"progress": 0.5},
    "n": 0,
    "meaning": "",
    "standing": "",
    "sort": "name",
    "question": "",
    "phone": "0981000001",
    "undo": "a secret that nobody was given",
}


def states() -> dict[str, type[rx.State]]:
    return {
        state.__name__: state
        for state in rx.State.get_substates()
        if state.__module__.startswith("sender_app.")
    }


INSTALLATION = {"PUBLIC_URL": "http://127.0.0.1:3000", "SECRET_KEY": "x" * 32}
HANDLERS = sorted(
    f"{name}.{handler}"
    for name, state in states().items()
    for handler in state.event_handlers
    if handler != "setvar"
)


def role_needed(name: str) -> Role | None:
    return next((role for role, names in NEEDED.items() if name in names), None)


def test_every_handler_is_in_one_class():
    classes = [HARMLESS, WATCHING, *NEEDED.values()]
    known = [name for names in classes for name in names]
    assert sorted(known) == HANDLERS
    assert set(known) >= SHOWING | CHANGING


def call(world: World, name: str, persona: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Everything that the persona's browser gets: what is left in the state, and the answer."""
    session = world.sessions[persona]
    lang = Session(_reflex_internal_init=True)

    async def other(_self: rx.State, kind: type[rx.State]) -> rx.State:
        return lang if kind is Session else kind(_reflex_internal_init=True)

    state_name, handler = name.split(".")
    things = {
        "ContactCard": world.contact_id,
        "Importing": world.import_id,
        "WebhookCard": world.webhook_id,
    }
    about = str(things.get(state_name, world.campaign_id))
    router = RouterData(url=ReflexURL(f"http://localhost/things/{about}"))
    for module in (access, session_state):
        monkeypatch.setattr(module, "session_of", lambda _cookies: session)
    monkeypatch.setattr(rx.State, "get_state", other)
    monkeypatch.setattr(rx.State, "router", router)
    state = states()[state_name](_reflex_internal_init=True)
    filled = {
        "account_id": str(world.account_id),
        "_account_id": str(world.account_id),
        "_id": about,
        "file_id": str(world.file_id),
        "_draft_id": str(world.draft_id),
        "_trial_id": str(world.campaign_id),
        "_template_id": str(world.template_id),
        "deleting": str(world.draft_id),
        "texts": ["Hola", "Buenas"],
        "look": Look(reached=1),
        "more": world.mores.get(state_name, ""),
        "leaving": world.spare,
        "keeping": str(world.contact_id),
        "revoking": str(world.key_id),
        "removing": "+595980000000",
        "group": str(world.group_id),
        "selected": [str(world.contact_id)],
        "joining": "Otro grupo",
        "good": 1,
        "current": ConversationView(id=str(world.conversation_id), unread=1),
        "loaded": True,
    }
    for field, value in filled.items():
        with suppress(SetUndefinedStateVarError):
            setattr(state, field, value)
    arguments = ARGUMENTS | {
        "user_id": world.spare,
        "account_id": str(world.account_id),
        "files": [File()],
        "chunks": pieces(),
        "campaign_id": str(world.draft_id),
        "template_id": str(world.template_id),
        "contact_id": str(world.contact_id),
        "group_id": str(world.group_id),
        "conversation_id": str(world.conversation_id),
        "answer_id": str(world.answer_id),
        "media_id": str(world.media_id),
        "key_id": str(world.key_id),
        "delivery_id": str(world.delivery_id),
    }
    function = type(state).event_handlers[handler].fn
    wanted = list(inspect.signature(function).parameters)[1:]
    answer = asyncio.run(function(state, **{key: arguments[key] for key in wanted}))
    return f"{answer} {state.dict()}"


def but_for_waking(changed: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Without accounts of which nothing has changed but when they were woken: looking at their
    conversations does that every twenty seconds, which a slow machine takes."""
    rows = Counter((name, re.sub(r'"wake_at": [^,}]*', "", row)) for name, row in changed)
    return {row for row, versions in rows.items() if versions == 1}


@pytest.mark.parametrize("name", sorted(set(HANDLERS) - WATCHING))
def test_a_handler_does_for_each_what_their_role_allows(
    name: str, world: World, monkeypatch: pytest.MonkeyPatch
):
    needed = role_needed(name)
    before = world.facts()
    for persona in PERSONAS:
        seen = call(world, name, persona, monkeypatch)
        now = world.facts()
        changed, before = now ^ before, now
        assert translate("es", "error.fault") not in seen, persona
        member = persona not in ("nobody", "outsider")
        allowed = needed is None or (member and Role(persona).rank >= needed.rank)
        if not member:
            assert SECRET not in seen, persona
            assert changed == set(), persona
        if persona == "nobody":
            assert ("/sign-in" in seen) == (needed is not None)
        elif member and not allowed:
            told = translate("es", "error.not_permitted") in seen
            assert told == (name not in OPENING), persona
            assert SECRET not in seen, persona
            assert changed == set(), persona
        elif member:
            assert translate("es", "error.not_permitted") not in seen, persona
            assert "/sign-in" not in seen, persona
            assert (SECRET in seen) or name not in SHOWING, persona
        if member and needed in (None, Role.VIEWER):
            assert but_for_waking(changed) == set(), persona
        if persona == "admin" and name in CHANGING and needed is Role.ADMIN:
            assert changed, persona
        if persona == "sender" and name in CHANGING and needed is Role.SENDER:
            assert changed, persona


def test_every_route_is_in_the_list():
    assert {f"{method} {path}" for method, path in found_routes()} == ROUTES.keys()


def found_routes(found: Any = routes) -> list[tuple[str, str]]:
    """Methods and paths, of the routers within it too; the API has test_api_permissions.py."""
    listed = []
    for route in found.routes:
        if isinstance(route, Mount):
            assert route.path == "/api/v1"
            continue
        if isinstance(route, APIRoute):
            listed += [(method, route.path) for method in route.methods]
        elif isinstance(route, APIWebSocketRoute):
            listed.append(("WEBSOCKET", route.path))
        else:
            listed += found_routes(route.original_router)
    return listed


@pytest.mark.parametrize("route", [one for one in ROUTES if not one.startswith("WEBSOCKET")])
def test_a_route_tells_and_changes_nothing_of_others(route: str, world: World):
    method, path = route.split(" ")
    ids = {
        "import_id": world.import_id,
        "campaign_id": world.campaign_id,
        "media_id": world.media_id,
    }
    path = path.format(**ids, kind="csv", name="groups" if "figures" in path else ".css")
    params = {"token": "x", "state": "x", "code": "x", "next": "/", "iss": "x", "name": "x"}
    form = {"workspace_id": str(world.workspace_id), "logout_token": "x.y.z"}

    async def send(persona: str) -> httpx.Response:
        cookies = {"sender_session": world.sessions[persona], "sender_login": "x"}
        transport = httpx.ASGITransport(app=routes)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:3000", cookies=cookies
        ) as client:
            data = form if method == "POST" else None
            return await client.request(method, path, params=params, data=data)

    before = world.facts()
    for persona in PERSONAS:
        answer = asyncio.run(send(persona))
        assert answer.status_code < 500, persona
        told = SECRET in answer.text + str(answer.headers)
        member = persona in ("viewer", "sender", "admin")
        assert told == (member and route in TELLING), persona
        adds = route == "POST /media" and persona in ("sender", "admin")
        now = world.facts()
        assert (now != before) == adds, persona
        before = now
        others = {one: world.sessions[one] for one in PERSONAS if one not in (persona, "nobody")}
        still = {
            one: world.services.sign_in.find_actor(session) is not None
            for one, session in others.items()
        }
        ended = set(PERSONAS[1 : PERSONAS.index(persona)]) if path == "/auth/sign-out" else set()
        assert still == {one: one not in ended for one in others}
    outsider = world.services.sign_in.find_actor(world.sessions["outsider"])
    assert outsider is None or outsider.workspace_id != world.workspace_id


UNNOTED = {  # they only read, or keep what one is writing
    *("audit.list_entries", "campaigns.lacking", "drafts.create_draft", "drafts.find_people"),
    *("conversations.mark_read", "drafts.people", "drafts.preflight", "drafts.save_draft"),
    *("imports.check_again", "imports.open_upload", "members.list_members", "system.look"),
    *("api_keys.list_keys", "drafts.check"),
    *("webhooks.count_failing", "webhooks.get_webhook", "webhooks.list_deliveries"),
    *("webhooks.get_delivery", "webhooks.list_webhooks"),
}


def test_every_order_of_a_service_is_written_down(world: World):
    """What a viewer may not do is an order; whatever is new among them has to have a name."""
    viewer = world.services.sign_in.find_actor(world.sessions["viewer"])
    refused = set()
    for field in dataclasses.fields(world.services):
        service = getattr(world.services, field.name)
        kind = type(getattr(service, "_service", service))
        for method, function in inspect.getmembers(kind, inspect.isfunction):
            parameters = list(inspect.signature(function).parameters)
            if method.startswith("_") or parameters[1:2] != ["actor"]:
                continue
            try:
                getattr(service, method)(viewer, **dict.fromkeys(parameters[2:]))
            except NotPermitted:
                refused.add(f"{field.name}.{method}")
            except Exception:  # noqa: BLE001, S110 - a viewer may, though not with such arguments
                pass
    assert refused - UNNOTED == ACTIONS.keys() - {"contacts.export"}  # a viewer may take it along
    assert refused >= UNNOTED


def test_an_order_and_its_outcome_are_noted(world: World, monkeypatch: pytest.MonkeyPatch):
    call(world, "Campaign.pause", "viewer", monkeypatch)
    call(world, "Campaign.pause", "sender", monkeypatch)
    call(world, "Campaign.pause", "sender", monkeypatch)
    entries = world.store.audit.page(world.workspace_id, None, 3).rows
    found = [(e.user_id.split("-")[0], e.action, e.subject, e.outcome) for e in entries]
    campaign = world.store.campaigns.get(world.workspace_id, world.campaign_id)
    about = ("campaign_pause", campaign.name)
    assert found == [
        ("sender", *about, "campaign_move_refused"),
        ("sender", *about, "done"),
        ("viewer", *about, "refused"),
    ]
