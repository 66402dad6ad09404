"""Components of assets/navigation.js: the sheet of further places, and the palette."""

from typing import Any

import reflex as rx
from reflex.event import EventHandler, passthrough_event_spec

_LIBRARY = "$/public/navigation.js"


class _Sheet(rx.Component):
    library = _LIBRARY
    tag = "Sheet"
    label: rx.Var[str]
    icon: rx.Component
    current: rx.Var[bool]


class _PaletteButton(rx.Component):
    library = _LIBRARY
    tag = "PaletteButton"


class _Palette(rx.Component):
    library = _LIBRARY
    tag = "Palette"
    pages: rx.Var[list[Any]]
    found: rx.Var[list[Any]]
    found_for: rx.Var[str]
    role: rx.Var[str]
    words: rx.Var[dict[str, Any]]
    on_find: EventHandler[passthrough_event_spec(str)]


def sheet(*children: Any, label: rx.Var, icon: rx.Component, current: bool) -> rx.Component:
    """A place of the bar that opens `children` at the foot of the screen."""
    return _Sheet.create(*children, label=label, icon=icon, current=current, class_name="further")


def palette_button(*children: Any, **props: Any) -> rx.Component:
    """Opens the palette."""
    return _PaletteButton.create(*children, **props)


def palette(
    pages: list[dict[str, Any]],
    found: rx.Var,
    found_for: rx.Var,
    role: rx.Var,
    on_find: Any,
    **words: rx.Var,
) -> rx.Component:
    """Finds pages, and what `on_find` finds for a text, at Ctrl-K.

    `pages` have a label, a hint, a href and the role they `need`; `found` is for the text
    `found_for`; `words` are title, results and nothing.
    """
    return _Palette.create(
        pages=pages, found=found, found_for=found_for, role=role, on_find=on_find, words=words
    )
