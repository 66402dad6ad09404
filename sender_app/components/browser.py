"""Components of assets/browser.js: what only the browser can do."""

from typing import Any

import reflex as rx
from reflex.event import EventHandler, no_args_event_spec, passthrough_event_spec, run_script
from reflex.vars import FunctionVar, VarData

_LIBRARY = "$/public/browser.js"


class _Pulse(rx.Component):
    library = _LIBRARY
    tag = "Pulse"
    every: rx.Var[int]
    on_beat: EventHandler[no_args_event_spec]


class _Arrival(rx.Component):
    library = _LIBRARY
    tag = "Arrival"
    ready: rx.Var[bool]


class _Modal(rx.Component):
    library = _LIBRARY
    tag = "Modal"
    shown: rx.Var[bool]
    role: rx.Var[str]
    on_no: EventHandler[no_args_event_spec]


class _TypedField(rx.Component):
    library = _LIBRARY
    tag = "TypedField"
    multiline: rx.Var[bool]
    type: rx.Var[str]
    placeholder: rx.Var[str]
    value: rx.Var[str]
    filled: rx.Var[int]
    rest: rx.Var[int]
    rows: rx.Var[int]
    max_length: rx.Var[int]
    on_text: EventHandler[passthrough_event_spec(str)]


class _DocumentWords(rx.Component):
    library = _LIBRARY
    tag = "DocumentWords"
    lang: rx.Var[str]
    title: rx.Var[str]
    ready: rx.Var[bool]


def pulse(every: int | rx.Var[int], on_beat: Any) -> rx.Component:
    """Fires `on_beat` every `every` milliseconds while the page is in view."""
    return _Pulse.create(every=every, on_beat=on_beat)


def arrival(bones: rx.Component, *content: rx.Component) -> rx.Component:
    """`content` once the page's load has ended, and until then `bones`: no letter of what the
    state held when it was last in view."""
    return _Arrival.create(bones, *content, ready=rx.State.is_hydrated)


def modal(shown: rx.Var, on_no: Any, *children: Any, name: str) -> rx.Component:
    """A question over the page, with its title in `name`-title and its text in `name`-text."""
    return _Modal.create(
        *children,
        shown=shown,
        on_no=on_no,
        role="alertdialog",
        custom_attrs={"aria-labelledby": f"{name}-title", "aria-describedby": f"{name}-text"},
        class_name="dialog",
    )


def typed_field(value: rx.Var, on_text: Any, *, rows: int = 0, **props: Any) -> rx.Component:
    """A text field, or with `rows` an area, that tells `on_text` what was typed.

    `filled` counts how often another text took the place of the one in it.
    """
    if rows:
        props |= {"multiline": True, "rows": rows}
    return _TypedField.create(value=value, on_text=on_text, **props)


def document_words(lang: rx.Var, title: rx.Var | str, ready: rx.Var) -> rx.Component:
    """The document's title and language."""
    return _DocumentWords.create(lang=lang, title=title, ready=ready)


def insert_text(field_id: str, text: rx.Var | str) -> Any:
    """The event that puts `text` at the cursor of a field."""
    return run_script(_function("insertText").call(field_id, text))


def copy_field(field_id: str) -> Any:
    """The event that copies what is in a field."""
    return run_script(_function("copyField").call(field_id))


def reload() -> Any:
    """The event that loads the page anew."""
    return run_script(_function("reload").call())


def countries(codes: rx.Var[str], lang: rx.Var[str]) -> rx.Var[list[list[str]]]:
    """Pairs of code and name of the countries in `codes`, which blanks separate."""
    return _function("countries").call(codes, lang).to(list[list[str]])


def time_zones(current: rx.Var[str]) -> rx.Var[list[str]]:
    """Names of time zones, `current` among them."""
    return _function("timeZones").call(current).to(list[str])


def _function(name: str) -> FunctionVar:
    data = VarData(imports={_LIBRARY: [rx.ImportVar(tag=name)]})
    return rx.Var(name, _var_data=data).to(FunctionVar)
