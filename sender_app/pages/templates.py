"""The library of messages."""

import reflex as rx

from sender_app.components.browser import arrival, typed_field
from sender_app.components.frame import for_senders, frame
from sender_app.components.message_editor import message_editor
from sender_app.components.ui import (
    button,
    card,
    confirm,
    empty,
    field,
    icon,
    link,
    notice,
    page,
    skeleton,
)
from sender_app.components.words import moment, tr, tr_n
from sender_app.components.writing import bubble
from sender_app.pages.compose_message import finder, trial
from sender_app.states.library import Library


def templates() -> rx.Component:
    """Templates by name, and the editor of one."""
    return frame(
        "/messages",
        page(
            tr("templates.title"),
            arrival(skeleton(160, 160), rx.cond(Library.editing, _editor(), _library())),
            confirm(
                "remove",
                Library.removing,
                tr("templates.remove_ask"),
                tr("templates.remove_text"),
                tr("templates.remove"),
                Library.remove,
                Library.ask_remove(False),
                kind="danger",
            ),
            actions=rx.cond(
                Library.editing,
                rx.fragment(),
                for_senders(
                    button(
                        icon("plus"), tr("templates.new"), kind="primary", on_click=Library.begin
                    )
                ),
            ),
            lead=tr("templates.lead"),
            above=link(
                icon("chevron-left", 16), tr("compose.title"), href="/messages", class_name="back"
            ),
        ),
        title=tr("templates.title"),
    )


def _library() -> rx.Component:
    return rx.cond(
        Library.library.length() > 0,
        rx.el.div(rx.foreach(Library.library, _template), class_name="gallery"),
        empty(
            "library",
            tr("templates.none"),
            tr("templates.none_text"),
            for_senders(
                button(icon("plus"), tr("templates.new"), kind="primary", on_click=Library.begin)
            ),
        ),
    )


def _template(one: rx.Var) -> rx.Component:
    return rx.el.section(
        rx.el.header(
            rx.el.h2(one.name),
            rx.el.span(
                tr_n("templates.variants", one.texts.length()),
                " · ",
                moment(one.updated_at),
                class_name="hint",
            ),
        ),
        bubble(one.texts[0]),
        for_senders(
            rx.el.div(
                button(
                    icon("send", 16),
                    tr("templates.use"),
                    kind="primary",
                    on_click=Library.use_now(one.id),
                ),
                button(icon("pencil", 16), tr("templates.edit"), on_click=Library.edit(one.id)),
                class_name="actions",
            ),
        ),
        class_name="card template",
        key=one.id,
    )


def _editor() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            card(
                field(
                    tr("templates.name"),
                    typed_field(Library.name, Library.rename, id="template-name", max_length=120),
                ),
                rx.el.div(message_editor(Library), class_name="below"),
            ),
            rx.el.div(
                button(tr("templates.close"), on_click=Library.close),
                rx.el.span(
                    rx.cond(
                        Library.is_new,
                        rx.fragment(),
                        button(
                            icon("trash-2", 16),
                            tr("templates.remove"),
                            kind="quiet",
                            on_click=Library.ask_remove(True),
                        ),
                    ),
                    button(tr("templates.save"), kind="primary", on_click=Library.save, id="save"),
                    class_name="actions",
                ),
                class_name="onward",
            ),
            class_name="stack",
        ),
        rx.el.div(
            card(
                rx.el.div(bubble(Library.preview), aria_live="polite"),
                rx.cond(
                    Library.holes != "",
                    notice(
                        tr("compose.holes", names=Library.holes),
                        tone="warning",
                        name="triangle-alert",
                    ),
                ),
                rx.el.p(
                    rx.cond(
                        Library.somebody != "",
                        tr("templates.seen_by", name=Library.somebody),
                        tr("templates.somebody"),
                    ),
                    class_name="hint below",
                ),
                finder(Library),
                rx.cond(Library.linked & (Library.preview != ""), for_senders(trial(Library))),
                title=tr("compose.preview"),
            ),
            class_name="stack sticky",
        ),
        class_name="split",
    )
