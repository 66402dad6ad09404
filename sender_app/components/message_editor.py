"""The editor of a message: variants, formatting, emoji, placeholders, and what one may write."""

from typing import Any

import reflex as rx

from sender_app.components.at_once import segment
from sender_app.components.browser import insert_text, typed_field
from sender_app.components.ui import button, icon, notice
from sender_app.components.words import number, tr
from sender_app.components.writing import emoji_flap, flap, wrap_text
from sender_app.domain.template import MAX_LENGTH, MAX_VARIANTS

FIELD = "message"  # id of the text's field
_FIELDS = ("nombre", "sustantivo", "grupo")
_FORMATS = (("*", "bold"), ("_", "italic"), ("~", "strikethrough"), ("```", "code"))
_HELP = ("value", "fallback", "agreement", "choice", "literal")


def message_editor(state: type[rx.State], columns: rx.Var[list[str]] | None = None) -> rx.Component:
    """Edits the texts of a state that is Writing; `columns` are placeholders beside the usual."""
    return rx.fragment(
        _variants(state),
        rx.el.div(
            rx.el.div(
                *[
                    rx.el.button(
                        icon(name, 17),
                        type="button",
                        class_name="icon-button",
                        on_click=wrap_text(FIELD, mark),
                        title=tr(f"editor.{name}"),
                        aria_label=tr(f"editor.{name}"),
                    )
                    for mark, name in _FORMATS
                ],
                emoji_flap(FIELD, tr("editor.emoji")),
                _insert_flap(columns),
                class_name="toolbar",
                role="toolbar",
                aria_label=tr("editor.tools"),
            ),
            typed_field(
                state.text,
                state.write,
                rows=8,
                id=FIELD,
                max_length=MAX_LENGTH,
                aria_label=tr("compose.text"),
                aria_invalid=state.syntax_problem != "",
                filled=state.filled,
            ),
            class_name="editor",
        ),
        rx.cond(
            state.syntax_problem != "",
            notice(state.syntax_problem, tone="danger", name="circle-alert"),
        ),
        rx.el.div(
            _help(),
            rx.el.span(
                number(state.length), " / ", number(rx.Var.create(MAX_LENGTH)), class_name="number"
            ),
            class_name="editor-foot hint",
        ),
    )


def _variants(state: type[rx.State]) -> rx.Component:
    many = state.texts.length() > 1
    return rx.el.div(
        rx.cond(
            many,
            rx.fragment(
                rx.el.span(tr("editor.variants"), class_name="field-label"),
                rx.el.div(
                    rx.foreach(
                        state.texts,
                        lambda _text, n: segment(
                            n + 1,
                            own=n,
                            chosen=state.variant,
                            on_choose=state.show_variant(n),
                            custom_attrs={"aria-label": tr("editor.variant", n=n + 1)},
                            key=n,
                        ),
                    ),
                    class_name="segments",
                    role="group",
                    aria_label=tr("editor.variants"),
                ),
            ),
        ),
        rx.cond(
            state.texts.length() < MAX_VARIANTS,
            button(
                icon("plus", 16), tr("editor.add_variant"), kind="quiet", on_click=state.add_variant
            ),
        ),
        rx.cond(
            many,
            rx.el.button(
                icon("trash-2", 17),
                type="button",
                class_name="icon-button",
                on_click=state.remove_variant,
                title=tr("editor.remove_variant"),
                aria_label=tr("editor.remove_variant"),
            ),
        ),
        class_name="variants",
    )


def _insert_flap(columns: rx.Var[list[str]] | None) -> rx.Component:
    items = [(f"{{{name}}}", tr(f"field.{name}")) for name in _FIELDS]
    items += [
        ("{nombre|cliente}", tr("editor.with_fallback")),
        ("{estimado/a}", tr("editor.agreement")),
        ("{{hola|buenas}}", tr("editor.choice")),
    ]
    own = [] if columns is None else [rx.foreach(columns, lambda name: _item("{" + name + "}", ""))]
    return flap(
        "{ }",
        tr("editor.insert"),
        *[_item(text, words) for text, words in items],
        *own,
        kind="menu",
    )


def _item(text: Any, words: Any) -> rx.Component:
    return rx.el.button(
        rx.el.code(text),
        rx.el.span(words),
        type="button",
        on_click=insert_text(FIELD, text),
        custom_attrs={"data-closes": "yes"},
    )


def _help() -> rx.Component:
    rows: list[Any] = []
    for name in _HELP:
        rows += [
            rx.el.dt(rx.el.code(tr(f"editor.help_{name}_form"))),
            rx.el.dd(tr(f"editor.help_{name}")),
        ]
    return rx.el.details(
        rx.el.summary(icon("circle-help", 16), tr("editor.help")),
        rx.el.dl(*rows, class_name="syntax"),
        rx.el.p(tr("editor.help_variants")),
        class_name="editor-help",
    )
