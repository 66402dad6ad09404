"""Handlers of the pages: a browser may name any of them, with anything, signed in or not."""

import asyncio
import inspect
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
import reflex as rx
from reflex.istate.data import ReflexURL, RouterData
from reflex_base.utils.exceptions import SetUndefinedStateVarError

import sender_app.sender_app  # noqa: F401 - brings every state
from sender_app import bootstrap
from sender_app.states import access
from sender_app.states.session import Session

# They change only what the page itself shows, and read nothing.
HARMLESS = {
    *("Session.greet", "Session.choose_language", "Connection.show_code_tab"),
    *("Connection.ask_unlink", "Compose.step_person", "Compose.show_variant", "Compose.look_at"),
    *("Compose.dial", "Compose.turn_bad", "Compose.wait_for_file", "Compose.start_over"),
    "Compose.refuse_attachment",
    *("Campaign.begin", "Campaign.ask_cancel", "Campaign.ask_again", "Campaign.ask_delete"),
    *("CampaignList.ask_delete", "Board.ask_clear", "Library.write", "Library.show_variant"),
    *("Library.add_variant", "Library.remove_variant", "Library.begin", "Library.close"),
    *("Library.rename", "Library.ask_remove"),
}
ID = str(uuid4())
# A state with something to work on, so that no handler ends before it asks who is there.
FILLED: dict[str, Any] = {
    "account_id": ID,
    "_account_id": ID,
    "_id": ID,
    "_draft_id": ID,
    "_trial_id": ID,
    "_template_id": ID,
    "deleting": ID,
    "file_id": ID,
    "texts": ["Hola", "Buenas"],
    "more": "next",
    "loaded": True,
}
ROUTER = RouterData(url=ReflexURL(f"http://localhost/campaigns/{ID}"))


class File:
    """An uploaded file."""

    name = "x.csv"

    async def read(self, _size: int) -> bytes:
        return b"0981000001,Sr.,Ana,G1"


ARGUMENTS: dict[str, Any] = {
    "files": [File()],
    "form": {"weekday0": "on"},
    "open_": True,
    "by": 1,
    "index": 0,
    "media_id": ID,
    "wanted": True,
    "lang": "es",
    "days": "7",
    "status": "",
    "kind": "drafts",
    "campaign_id": ID,
    "template_id": ID,
    "phone": "0981000001",
    "local": "2031-05-01T09:00",
    "later": True,
    "step": 4,
    "n": 0,
    "text": "an",
    "name": "",
}


class Nobody:
    """Services that note what is touched, and a sign-in that knows nobody."""

    def __init__(self) -> None:
        self.touched: list[str] = []
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        if name != "sign_in":
            self.touched.append(name)
        return self

    def find_actor(self, _session: str) -> None:
        self.asked += 1


def states() -> dict[str, type[rx.State]]:
    return {
        state.__name__: state
        for state in rx.State.get_substates()
        if state.__module__.startswith("sender_app.")
    }


HANDLERS = sorted(
    f"{name}.{handler}"
    for name, state in states().items()
    for handler in state.event_handlers
    if not handler.startswith("_") and handler not in ("setvar", "watch")  # watch looks as load
)


def test_there_are_handlers_to_test():
    assert len(HANDLERS) > 35
    assert HARMLESS - set(HANDLERS) == set()


@pytest.mark.parametrize("name", HANDLERS)
def test_it_does_nothing_for_somebody_who_is_not_signed_in(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    async def session(_self: rx.State, _state: type[rx.State]) -> Session:
        return Session(_reflex_internal_init=True)

    nobody = Nobody()
    monkeypatch.setattr(bootstrap, "services", lambda: nobody)
    monkeypatch.setattr(access, "session_of", lambda _cookies: "")
    monkeypatch.setattr(rx.State, "get_state", session)
    monkeypatch.setattr(rx.State, "router", ROUTER)
    state_name, handler = name.split(".")
    state = states()[state_name](_reflex_internal_init=True)
    for field, value in FILLED.items():
        with suppress(SetUndefinedStateVarError):
            setattr(state, field, value)
    function = type(state).event_handlers[handler].fn
    parameters = list(inspect.signature(function).parameters)[1:]
    asyncio.run(function(state, **{parameter: ARGUMENTS[parameter] for parameter in parameters}))
    assert nobody.touched == []
    assert nobody.asked > 0 or name in HARMLESS
