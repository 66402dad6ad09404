"""The address book."""

import reflex as rx

from sender_app.components.at_once import choice, tick
from sender_app.components.browser import pulse, typed_field
from sender_app.components.frame import for_senders, frame
from sender_app.components.ui import (
    awaited,
    button,
    card,
    confirm,
    download_link,
    empty,
    icon,
    link,
    link_button,
    notice,
    page,
    pager,
    question,
    table,
)
from sender_app.components.words import number, tr, tr_n
from sender_app.states.contacts import ContactBook

_STANDINGS = ("in", "out", "present", "absent", "unknown")
_BEHIND_EVERY = 2_000  # milliseconds between looks at who was taken in
_SORTS = ("name", "newest", "phone", "group")


def contacts() -> rx.Component:
    """Everybody, to search, filter, order, and to pick for something to be done."""
    return frame(
        "/contacts",
        page(
            tr("contacts.title"),
            rx.cond(
                ContactBook.loaded,
                rx.cond(
                    ContactBook.is_empty,
                    empty(
                        "contact",
                        tr("contacts.none"),
                        tr("contacts.none_text"),
                        for_senders(link_button(tr("contacts.bring"), href="/contacts/import")),
                    ),
                    card(_filters(), _behind(), _picked(), _people(), _questions()),
                ),
                awaited(560),
            ),
            actions=_actions(),
            lead=rx.cond(ContactBook.loaded, _count(), "\u00a0"),
        ),
        title=tr("contacts.title"),
    )


def _count() -> rx.Var:
    return rx.cond(
        ContactBook.counted,
        tr_n("contacts.count", ContactBook.total),
        tr("contacts.about", n=number(ContactBook.total)),
    )


def _actions() -> rx.Component:
    return rx.fragment(
        link_button(icon("ban"), tr("contacts.opt_outs"), href="/opt-outs", kind="quiet"),
        for_senders(
            link_button(icon("copy"), tr("contacts.duplicates"), href="/duplicates", kind="quiet"),
            link_button(
                icon("file-up"), tr("contacts.bring"), href="/contacts/import", kind="plain"
            ),
            link_button(icon("plus"), tr("contacts.add"), href="/contacts/new"),
        ),
    )


def _filters() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            typed_field(
                ContactBook.search,
                ContactBook.find,
                type="search",
                placeholder=tr("contacts.search"),
                aria_label=tr("contacts.search"),
                class_name="search",
            ),
            for_senders(rx.cond(ContactBook.total > 0, _write())),
            class_name="search-line",
        ),
        rx.el.div(
            _choice(
                "contacts.of_group",
                ContactBook.group,
                ContactBook.show_group,
                rx.el.option(tr("contacts.all_groups"), value=""),
                rx.foreach(
                    ContactBook.groups,
                    lambda pair: rx.el.option(pair[1], value=pair[0], key=pair[0]),
                ),
            ),
            _choice(
                "contacts.standing",
                ContactBook.standing,
                ContactBook.show_standing,
                rx.el.option(tr("contacts.standing.all"), value=""),
                *[rx.el.option(tr(f"contacts.standing.{one}"), value=one) for one in _STANDINGS],
            ),
            rx.cond(
                ContactBook.search == "",
                rx.fragment(
                    _choice(
                        "contacts.order",
                        ContactBook.sort,
                        ContactBook.order,
                        *[rx.el.option(tr(f"contacts.sort.{one}"), value=one) for one in _SORTS],
                    ),
                    rx.el.button(
                        rx.cond(
                            ContactBook.backwards, icon("arrow-up-z-a"), icon("arrow-down-a-z")
                        ),
                        type="button",
                        on_click=ContactBook.turn_around,
                        class_name="icon-button",
                        aria_label=tr("contacts.turn"),
                        aria_pressed=ContactBook.backwards,
                        title=tr("contacts.turn"),
                    ),
                ),
                rx.el.span(tr("contacts.likeness"), class_name="hint"),
            ),
            rx.el.span(class_name="spring"),
            _download("csv"),
            _download("xlsx"),
            class_name="filters",
        ),
    )


def _behind() -> rx.Component:
    return rx.cond(
        ContactBook.behind,
        rx.fragment(
            notice(rx.el.p(tr("contacts.behind"))), pulse(_BEHIND_EVERY, ContactBook.look_again)
        ),
    )


def _write() -> rx.Component:
    """A campaign for everybody whom the filters find."""
    return button(
        icon("send", 16),
        rx.cond(
            ContactBook.counted,
            tr_n("contacts.write_to", ContactBook.total),
            tr("contacts.write_all"),
        ),
        on_click=ContactBook.write_to_found,
    )


def _choice(label: str, value: rx.Var, on_change: object, *options: rx.Component) -> rx.Component:
    return choice(value, on_change, *options, label=tr(label))


def _download(kind: str) -> rx.Component:
    return download_link(
        icon("download", 16),
        kind.upper(),
        href=f"/export/contacts.{kind}?{ContactBook.export_query}",
        class_name="button button-quiet",
        aria_label=tr("contacts.download", kind=kind.upper()),
    )


def _picked() -> rx.Component:
    count = ContactBook.selected.length()
    return rx.cond(
        count > 0,
        rx.el.div(
            rx.el.strong(tr_n("contacts.picked", count)),
            button(icon("send", 16), tr("contacts.write"), on_click=ContactBook.write_to_picked),
            button(icon("users", 16), tr("contacts.join"), on_click=ContactBook.ask("group")),
            rx.cond(
                ContactBook.group_name != "",
                button(
                    icon("user-minus", 16),
                    tr("contacts.leave", name=ContactBook.group_name),
                    on_click=ContactBook.leave,
                ),
            ),
            button(icon("search-check", 16), tr("contacts.check"), on_click=ContactBook.check),
            button(icon("ban", 16), tr("contacts.opt_out"), on_click=ContactBook.ask("opt_out")),
            button(icon("trash-2", 16), tr("contacts.delete"), on_click=ContactBook.ask("delete")),
            button(tr("contacts.unpick"), kind="quiet", on_click=ContactBook.unpick),
            class_name="picked",
            role="region",
            aria_label=tr("contacts.picked_label"),
        ),
    )


def _people() -> rx.Component:
    all_here = for_senders(
        tick(
            ContactBook.page_picked,
            ContactBook.pick_page,
            custom_attrs={"aria-label": tr("contacts.pick_page")},
        )
    )
    return rx.fragment(
        table(
            [
                all_here,
                tr("contacts.name"),
                tr("contacts.phone"),
                tr("contacts.group"),
                tr("contacts.standing"),
            ],
            rx.foreach(ContactBook.rows, _person),
            tr("contacts.title"),
            kind="people book",
        ),
        rx.cond(
            (ContactBook.rows.length() == 0) & ~ContactBook.behind,
            rx.el.p(tr("contacts.nobody"), class_name="hint center"),
        ),
        pager(ContactBook.page, ContactBook.more, ContactBook.previous_page, ContactBook.next_page),
    )


def _person(row: rx.Var) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            for_senders(
                tick(
                    ContactBook.selected.contains(row.id),
                    ContactBook.pick(row.id),
                    custom_attrs={
                        "aria-label": tr(
                            "contacts.pick", name=rx.cond(row.name != "", row.name, row.phone)
                        )
                    },
                ),
            ),
            class_name="pick",
        ),
        rx.el.td(
            link(
                rx.el.strong(rx.cond(row.name != "", row.name, tr("contacts.nameless"))),
                href=f"/contacts/{row.id}",
            ),
            rx.el.span(row.treatment, class_name="hint"),
            class_name="person",
        ),
        rx.el.td(row.phone, class_name="number"),
        rx.el.td(row.groups, class_name="group"),
        rx.el.td(standing(row), class_name="standing"),
        key=row.id,
    )


def standing(row: rx.Var) -> rx.Component:
    """Chips: opted out, and what WhatsApp said of the number."""
    return rx.fragment(
        rx.cond(
            row.opted_out,
            rx.el.span(icon("ban", 14), tr("contacts.standing.out"), class_name="chip chip-warn"),
        ),
        rx.match(
            row.whatsapp,
            (
                "present",
                rx.el.span(icon("check", 14), "WhatsApp", class_name="chip chip-good"),
            ),
            (
                "absent",
                rx.el.span(
                    icon("x", 14), tr("contacts.standing.absent"), class_name="chip chip-bad"
                ),
            ),
            rx.fragment(),
        ),
    )


def _questions() -> rx.Component:
    count = ContactBook.selected.length()
    close = ContactBook.ask("")
    return rx.fragment(
        confirm(
            "delete",
            ContactBook.asking == "delete",
            tr_n("contacts.delete_ask", count),
            tr("contacts.delete_text"),
            tr("contacts.delete"),
            ContactBook.delete,
            close,
            kind="danger",
        ),
        confirm(
            "opt-out",
            ContactBook.asking == "opt_out",
            tr_n("contacts.opt_out_ask", count),
            tr("contacts.opt_out_text"),
            tr("contacts.opt_out"),
            ContactBook.opt_out,
            close,
            kind="danger",
        ),
        question(
            "join",
            ContactBook.asking == "group",
            tr_n("contacts.join_ask", count),
            tr("contacts.join_text"),
            tr("contacts.join"),
            ContactBook.join,
            close,
            typed_field(
                ContactBook.joining,
                ContactBook.name_group,
                max_length=200,
                aria_label=tr("contacts.group"),
                custom_attrs={"list": "groups"},
            ),
            rx.el.datalist(
                rx.foreach(
                    ContactBook.groups, lambda pair: rx.el.option(value=pair[1], key=pair[0])
                ),
                id="groups",
            ),
        ),
    )
