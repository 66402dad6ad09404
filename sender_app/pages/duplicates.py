"""Contacts with the same name, to be made one where they are one person."""

import reflex as rx

from sender_app.components.frame import for_senders, frame
from sender_app.components.ui import awaited, button, card, confirm, empty, icon, link, page
from sender_app.components.words import tr
from sender_app.pages.contacts import standing
from sender_app.states.duplicates import Duplicates


def duplicates() -> rx.Component:
    """Sets of contacts; the chosen one of each keeps its number."""
    return frame(
        "/contacts",
        page(
            tr("duplicates.title"),
            rx.cond(
                Duplicates.loaded,
                rx.cond(
                    Duplicates.sets.length() > 0,
                    rx.el.div(rx.foreach(Duplicates.sets, _set), class_name="stack"),
                    empty("check-check", tr("duplicates.none"), tr("duplicates.none_text")),
                ),
                awaited(160, 160),
            ),
            confirm(
                "merge",
                Duplicates.keeping != "",
                tr("duplicates.ask", phone=Duplicates.keeping_phone),
                tr("duplicates.ask_text"),
                tr("duplicates.keep"),
                Duplicates.merge,
                Duplicates.ask("", ""),
            ),
            lead=tr("duplicates.lead"),
            above=link(
                icon("chevron-left", 16), tr("contacts.title"), href="/contacts", class_name="back"
            ),
        ),
        title=tr("duplicates.title"),
    )


def _set(found: rx.Var) -> rx.Component:
    return card(
        rx.el.ul(
            rx.foreach(
                found,
                lambda one: rx.el.li(
                    rx.el.div(
                        link(rx.el.strong(one.name), href=f"/contacts/{one.id}"),
                        rx.el.span(one.phone, class_name="number"),
                        rx.el.span(one.groups, class_name="hint"),
                        standing(one),
                        class_name="person",
                    ),
                    for_senders(
                        button(
                            icon("merge", 16),
                            tr("duplicates.keep"),
                            on_click=Duplicates.ask(one.id, one.phone),
                            aria_label=tr("duplicates.keep_this", phone=one.phone),
                        ),
                    ),
                    key=one.id,
                ),
            ),
            class_name="plain-list",
        )
    )
