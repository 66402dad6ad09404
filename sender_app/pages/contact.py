"""One contact: its fields, what to do with it, its history."""

import reflex as rx

from sender_app.components.frame import for_senders, frame, senders_only
from sender_app.components.reasons import reason
from sender_app.components.ui import (
    awaited,
    button,
    card,
    chip,
    confirm,
    empty,
    field,
    icon,
    link,
    link_button,
    page,
    table,
)
from sender_app.components.words import moment, tr, tr_n
from sender_app.pages.contacts import standing
from sender_app.states.contact_card import ContactCard

_STATUSES = [
    *("queued", "sending", "sent", "error", "skipped", "unconfirmed"),
    *("delivered", "read", "replied", "reply"),
]


def contact() -> rx.Component:
    """A contact to read and change, or a new one to be written."""
    view = ContactCard.contact
    is_new = view.id == ""
    title = rx.cond(
        is_new,
        tr("contact.new"),
        rx.cond(view.name != "", view.name, view.phone),
    )
    return frame(
        "/contacts",
        rx.cond(
            ContactCard.here,
            page(
                title,
                rx.cond(is_new, senders_only(_form()), _form()),
                rx.cond(is_new, rx.fragment(), _history()),
                _questions(),
                actions=rx.cond(is_new, rx.fragment(), for_senders(_actions())),
                lead=rx.cond(is_new, tr("contact.new_lead"), _lead()),
                above=_back(),
            ),
            rx.cond(
                ContactCard.missing,
                empty(
                    "search-x",
                    tr("contact.missing"),
                    tr("contact.missing_text"),
                    link_button(tr("contacts.title"), href="/contacts"),
                    heading=rx.el.h1,
                ),
                awaited(72, 300, 300, heading=rx.el.h1),
            ),
        ),
        title=rx.cond(ContactCard.here, title, tr("contacts.title")),
    )


def _back() -> rx.Component:
    return link(icon("chevron-left", 16), tr("contacts.title"), href="/contacts", class_name="back")


def _lead() -> rx.Component:
    view = ContactCard.contact
    return rx.fragment(rx.el.span(view.phone, class_name="number"), " ", standing(view))


def _actions() -> rx.Component:
    view = ContactCard.contact
    return rx.fragment(
        button(icon("search-check"), tr("contacts.check"), on_click=ContactCard.check),
        rx.cond(
            view.opted_out,
            link_button(icon("ban"), tr("contacts.opt_outs"), href="/opt-outs", kind="plain"),
            button(icon("ban"), tr("contacts.opt_out"), on_click=ContactCard.ask("opt_out")),
        ),
        button(
            icon("trash-2"),
            tr("contacts.delete"),
            kind="quiet",
            on_click=ContactCard.ask("delete"),
        ),
    )


def _form() -> rx.Component:
    view = ContactCard.contact
    return rx.el.form(
        card(
            rx.el.div(
                field(
                    tr("contacts.phone"),
                    rx.el.input(
                        name="phone",
                        type="tel",
                        default_value=view.phone,
                        required=True,
                        max_length=40,
                        auto_complete="off",
                    ),
                ),
                field(
                    tr("contacts.name"),
                    rx.el.input(
                        name="name",
                        default_value=view.name,
                        max_length=200,
                        auto_complete="off",
                    ),
                ),
                field(
                    tr("contact.treatment"),
                    rx.el.input(
                        name="treatment",
                        default_value=view.treatment,
                        max_length=200,
                        auto_complete="off",
                    ),
                    tr("contact.treatment_hint"),
                ),
                field(
                    tr("contact.groups"),
                    rx.el.textarea(name="groups", default_value=view.group_lines, rows=3),
                    tr("contact.groups_hint"),
                ),
                class_name="form-grid",
            ),
            _own_fields(),
            for_senders(
                rx.el.div(
                    button(tr("contact.save"), kind="primary", type="submit"),
                    class_name="save-bar",
                ),
            ),
        ),
        on_submit=ContactCard.save,
        key=rx.cond(view.id == "", "new", ContactCard.filled.to_string()),
    )


def _own_fields() -> rx.Component:
    """Values for further placeholders; a blank one goes."""
    return rx.el.fieldset(
        rx.el.legend(tr("contact.own"), class_name="field-label"),
        rx.el.p(tr("contact.own_hint"), class_name="hint"),
        rx.el.div(
            rx.foreach(
                ContactCard.own,
                lambda one: field(
                    rx.el.code("{", one.name, "}"),
                    rx.el.input(
                        name=one.input,
                        default_value=one.value,
                        max_length=1000,
                        auto_complete="off",
                    ),
                ),
            ),
            class_name="form-grid",
        ),
        for_senders(
            rx.el.div(
                field(
                    tr("contact.own_new"),
                    rx.el.input(name="new_field", max_length=40, auto_complete="off"),
                    tr("contact.own_new_hint"),
                ),
                field(
                    tr("contact.own_value"),
                    rx.el.input(name="new_value", max_length=1000, auto_complete="off"),
                ),
                class_name="form-grid",
            ),
        ),
    )


def _history() -> rx.Component:
    return card(
        rx.cond(
            ContactCard.happenings.length() > 0,
            table(
                [tr("campaign.time"), tr("campaign.state"), tr("contact.what"), tr("contact.text")],
                rx.foreach(ContactCard.happenings, _line),
                tr("contact.history"),
                kind="history",
            ),
            rx.el.p(tr("contact.nothing"), class_name="hint"),
        ),
        title=tr("contact.history"),
    )


def _line(one: rx.Var) -> rx.Component:
    return rx.el.tr(
        rx.el.td(moment(one.at), class_name="number"),
        rx.el.td(chip(one.status, _STATUSES)),
        rx.el.td(
            rx.cond(
                one.campaign_id != "",
                link(one.campaign, href=f"/campaigns/{one.campaign_id}"),
                "",
            ),
            class_name="of",
        ),
        rx.el.td(
            rx.cond(one.status == "reply", one.text, reason(one.text)),
            class_name="said",
        ),
    )


def _questions() -> rx.Component:
    close = ContactCard.ask("")
    one = rx.Var.create(1)
    return rx.fragment(
        confirm(
            "delete",
            ContactCard.asking == "delete",
            tr_n("contacts.delete_ask", one),
            tr("contacts.delete_text"),
            tr("contacts.delete"),
            ContactCard.delete,
            close,
            kind="danger",
        ),
        confirm(
            "opt-out",
            ContactCard.asking == "opt_out",
            tr_n("contacts.opt_out_ask", one),
            tr("contacts.opt_out_text"),
            tr("contacts.opt_out"),
            ContactCard.opt_out,
            close,
            kind="danger",
        ),
    )
