"""The address book."""

import reflex as rx

from sender_app.components.frame import frame
from sender_app.components.ui import card, empty, icon, link_button, page, pager, skeleton, table
from sender_app.components.words import tr, tr_n
from sender_app.states.contacts import ContactBook


def contacts() -> rx.Component:
    """Everybody who was ever imported."""
    return frame(
        "/contacts",
        page(
            tr("contacts.title"),
            rx.cond(
                ContactBook.loaded,
                rx.cond(
                    ContactBook.total > 0,
                    card(
                        rx.el.input(
                            type="search",
                            placeholder=tr("contacts.search"),
                            aria_label=tr("contacts.search"),
                            on_change=ContactBook.find.debounce(250),
                            class_name="search",
                        ),
                        table(
                            [tr("contacts.name"), tr("contacts.phone"), tr("contacts.group")],
                            rx.foreach(
                                ContactBook.rows,
                                lambda row: rx.el.tr(
                                    rx.el.td(
                                        rx.el.strong(row.name),
                                        rx.el.span(row.treatment, class_name="hint"),
                                        class_name="person",
                                    ),
                                    rx.el.td(row.phone, class_name="number"),
                                    rx.el.td(row.group, class_name="group"),
                                    key=row.id,
                                ),
                            ),
                            tr("contacts.title"),
                            kind="people",
                        ),
                        rx.cond(
                            ContactBook.rows.length() == 0,
                            rx.el.p(tr("contacts.nobody"), class_name="hint center"),
                        ),
                        pager(
                            ContactBook.page,
                            ContactBook.more,
                            ContactBook.previous_page,
                            ContactBook.next_page,
                        ),
                    ),
                    empty(
                        "contact",
                        tr("contacts.none"),
                        tr("contacts.none_text"),
                        link_button(tr("contacts.bring"), href="/contacts/import"),
                    ),
                ),
                skeleton(560),
            ),
            actions=link_button(icon("file-up"), tr("contacts.bring"), href="/contacts/import"),
            lead=rx.cond(ContactBook.loaded, tr_n("contacts.count", ContactBook.total), "\u00a0"),
        ),
        title=tr("contacts.title"),
    )
