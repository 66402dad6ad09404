"""The component of assets/live.js: vars that follow what happens, without the page's asking."""

from typing import Any

import reflex as rx
from reflex.event import EventHandler, no_args_event_spec
from reflex_base.constants.state import FIELD_MARKER


class _Live(rx.Component):
    library = "$/public/live.js"
    tag = "Live"
    path: rx.Var[str]
    state: rx.Var[str]
    names: rx.Var[dict[str, str]]
    on_end: EventHandler[no_args_event_spec]


def live(state: type[rx.State], path: rx.Var, parts: tuple[str, ...], on_end: Any) -> rx.Component:
    """Keeps the vars `parts` of `state` as the websocket at `path` tells them; `on_end` when there
    is nothing more to be told to this person."""
    names = {part: f"{part}{FIELD_MARKER}" for part in parts}
    return _Live.create(path=path, state=state.get_full_name(), names=names, on_end=on_end)
