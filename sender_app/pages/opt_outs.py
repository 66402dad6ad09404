"""The opt-out list: numbers that are never written to."""

import reflex as rx

from sender_app.components.browser import typed_field
from sender_app.components.frame import for_senders, frame
from sender_app.components.ui import (
    awaited,
    button,
    card,
    confirm,
    empty,
    field,
    icon,
    link,
    notice,
    page,
    pager,
    table,
)
from sender_app.components.words import moment, tr, tr_n, tr_of
from sender_app.states.opt_outs import OptOutList
from sender_app.states.session import Session


def opt_outs() -> rx.Component:
    """The numbers, the way on to the list, and, with a warning, off it."""
    return frame(
        "/contacts",
        page(
            tr("opt_outs.title"),
            rx.cond(OptOutList.adding, _form()),
            rx.cond(
                OptOutList.loaded,
                rx.cond(
                    OptOutList.total > 0,
                    _list(),
                    empty("ban", tr("opt_outs.none"), tr("opt_outs.none_text")),
                ),
                awaited(420),
            ),
            confirm(
                "remove",
                OptOutList.removing != "",
                tr("opt_outs.remove_ask", phone=OptOutList.removing_written),
                tr("opt_outs.remove_text"),
                tr("opt_outs.remove"),
                OptOutList.remove,
                OptOutList.ask_remove(""),
                kind="danger",
            ),
            actions=for_senders(
                button(
                    icon("plus"),
                    tr("opt_outs.add"),
                    kind="primary",
                    on_click=OptOutList.ask_add(True),
                ),
            ),
            lead=rx.cond(OptOutList.loaded, tr_n("opt_outs.count", OptOutList.total), "\u00a0"),
            above=link(
                icon("chevron-left", 16), tr("contacts.title"), href="/contacts", class_name="back"
            ),
        ),
        title=tr("opt_outs.title"),
    )


def _form() -> rx.Component:
    return rx.el.form(
        card(
            rx.cond(
                OptOutList.unreadable != "",
                notice(
                    tr("opt_outs.unreadable", numbers=OptOutList.unreadable),
                    tone="warning",
                    name="circle-alert",
                ),
            ),
            field(
                tr("opt_outs.numbers"),
                rx.el.textarea(name="phones", rows=5, required=True, auto_focus=True),
                tr("opt_outs.numbers_hint"),
            ),
            rx.el.div(
                button(tr("opt_outs.cancel"), on_click=OptOutList.ask_add(False)),
                button(tr("opt_outs.save"), kind="primary", type="submit"),
                class_name="dialog-actions",
            ),
            title=tr("opt_outs.add"),
        ),
        on_submit=OptOutList.add,
        class_name="above",
    )


def _list() -> rx.Component:
    return card(
        typed_field(
            OptOutList.search,
            OptOutList.find,
            type="search",
            inputmode="tel",
            placeholder=tr("opt_outs.search"),
            aria_label=tr("opt_outs.search"),
            class_name="search",
        ),
        table(
            [
                tr("contacts.phone"),
                tr("opt_outs.how"),
                tr("opt_outs.when"),
                rx.cond(Session.is_admin, tr("opt_outs.remove"), ""),
            ],
            rx.foreach(OptOutList.rows, _row),
            tr("opt_outs.title"),
            kind="people opt-outs",
        ),
        rx.cond(
            OptOutList.rows.length() == 0, rx.el.p(tr("opt_outs.nobody"), class_name="hint center")
        ),
        pager(OptOutList.page, OptOutList.more, OptOutList.previous_page, OptOutList.next_page),
    )


def _row(row: rx.Var) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.strong(row.written, class_name="number"),
            rx.el.span(row.name, class_name="hint"),
            class_name="person",
        ),
        rx.el.td(
            tr_of("opt_outs.source", row.source, ["reply", "person", "import"]),
            rx.cond(
                row.text != "", rx.el.span(" ", tr("quoted", text=row.text), class_name="hint")
            ),
            class_name="why",
        ),
        rx.el.td(moment(row.at, only="date"), class_name="number"),
        rx.el.td(
            rx.cond(
                Session.is_admin,
                rx.el.button(
                    icon("undo-2"),
                    type="button",
                    on_click=OptOutList.ask_remove(row.phone),
                    class_name="icon-button",
                    aria_label=tr("opt_outs.remove_this", phone=row.written),
                    title=tr("opt_outs.remove"),
                ),
            )
        ),
        key=row.phone,
    )
