"""The toast that says what was done and takes it back, for as long as it is on the screen."""

import json
from typing import Any

import reflex as rx

from sender_app.services.undoing import Done
from sender_app.states.session import Session
from sender_app.text import translate


async def say_done(state: rx.State, key: str, done: Done, kind: str) -> Any:
    """The toast `key` about what was `done`. Where it can be taken back, the toast does so through
    the handler that components/undoing.py names for the `kind`."""
    lang = (await state.get_state(Session)).lang
    text = translate(lang, key, n=done.count)
    if not done.undo:
        return rx.toast.success(text)
    told = {"text": text, "label": translate(lang, "undo"), "kind": kind, "secret": done.undo}
    detail = json.dumps({"detail": told})
    return rx.call_script(f"document.dispatchEvent(new CustomEvent('undoable', {detail}))")


async def say_undone(state: rx.State, key: str, count: int = 1) -> Any:
    """The toast that says what is as it was before."""
    lang = (await state.get_state(Session)).lang
    return rx.toast.success(translate(lang, key, n=count))
