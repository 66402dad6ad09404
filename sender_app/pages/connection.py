"""The WhatsApp page."""

from typing import Any, cast

import reflex as rx

from sender_app.components.accounts import today
from sender_app.components.browser import pulse
from sender_app.components.frame import for_admins, for_senders, frame
from sender_app.components.ui import (
    awaited,
    button,
    card,
    confirm,
    field,
    icon,
    link_button,
    notice,
    page,
)
from sender_app.components.words import moment, tr, tr_of, written
from sender_app.pages.connection_link import link_form
from sender_app.states.connection import Connection
from sender_app.states.session import Session

_STATES = [
    "linking",
    "offline",
    "connecting",
    "online",
    "unreachable",
    "logged_out",
    "replaced",
    "banned",
    "outdated",
    "refused",
    "unlinked",
]
_LOST = "logged_out"  # which goes over into linking as soon as somebody looks
_TROUBLE = (_LOST, "replaced", "banned", "outdated", "refused")


def connection() -> rx.Component:
    """Link the account, or see how it is."""
    return frame(
        "/whatsapp",
        page(
            tr("connection.title"),
            pulse(Connection.rest, Connection.poll),
            rx.cond(Connection.adding, _add_form()),
            rx.cond(Connection.accounts.length() > 1, _accounts()),
            rx.cond(Connection.renaming, _rename_form()),
            _trouble(),
            rx.cond(
                Connection.current.cold_until != "",
                notice(
                    rx.el.strong(tr("account.cold_locked")),
                    rx.el.p(
                        tr("account_help.cold_locked"),
                        " ",
                        moment(Connection.current.cold_until),
                        ".",
                    ),
                    tone="warning",
                    name="snowflake",
                ),
            ),
            rx.cond(
                Connection.status == "",
                awaited(380),
                rx.cond(Connection.linking, for_admins(link_form()), _linked()),
            ),
            confirm(
                "unlink",
                Connection.confirming,
                tr("connection.unlink_ask"),
                tr("connection.unlink_text"),
                tr("connection.unlink"),
                Connection.unlink,
                Connection.ask_unlink(False),
                kind="danger",
            ),
            lead=rx.cond(
                Connection.accounts.length() > 1, tr("connection.lead_many"), tr("connection.lead")
            ),
            actions=rx.cond(
                Session.is_admin & (Connection.status != ""),
                rx.fragment(
                    button(
                        icon("pencil", 16),
                        tr("connection.rename"),
                        kind="quiet",
                        on_click=Connection.ask_rename(True),
                    ),
                    button(icon("plus"), tr("connection.add"), on_click=Connection.ask_add(True)),
                ),
            ),
        ),
        title=tr("connection.title"),
    )


def _accounts() -> rx.Component:
    return card(
        rx.el.ul(rx.foreach(Connection.accounts, _account), class_name="threads"),
        title=tr("connection.accounts"),
        class_name="accounts above",
    )


def _account(account: rx.Var) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            rx.el.span(
                rx.el.strong(account.label),
                rx.el.span(
                    rx.el.span(class_name="dot", custom_attrs={"data-status": account.status}),
                    tr_of("account", account.status, _STATES),
                    class_name="hint",
                ),
                class_name="thread-head",
            ),
            rx.el.span(
                rx.el.span(
                    rx.cond(account.phone != "", account.phone, _no_phone(account)),
                    class_name="excerpt",
                ),
                rx.cond(
                    account.cold_until != "",
                    rx.el.span(
                        icon("snowflake", 12),
                        tr("connection.cold_chip"),
                        class_name="chip chip-warn",
                    ),
                ),
                rx.el.span(today(account), class_name="hint number"),
                class_name="thread-foot",
            ),
            type="button",
            on_click=Connection.choose(account.id),
            custom_attrs={
                "aria-current": rx.cond(Connection.account_id == account.id, "true", "false")
            },
            class_name="thread",
        ),
        key=account.id,
    )


def _add_form() -> rx.Component:
    return _name_form(
        tr("connection.add"),
        tr("connection.add_hint"),
        Connection.add,
        Connection.ask_add(False),
        "",
    )


def _rename_form() -> rx.Component:
    return _name_form(
        tr("connection.rename"),
        tr("connection.rename_hint"),
        Connection.rename,
        Connection.ask_rename(False),
        Connection.current.label,
    )


def _name_form(
    title: rx.Var, hint: rx.Var, on_save: Any, on_cancel: Any, value: rx.Var | str
) -> rx.Component:
    return rx.el.form(
        card(
            field(
                tr("connection.name"),
                rx.el.input(
                    name="name",
                    default_value=value,
                    max_length=60,
                    required=True,
                    auto_focus=True,
                ),
                hint,
            ),
            rx.el.div(
                button(tr("connection.cancel"), on_click=on_cancel),
                button(tr("connection.save"), kind="primary", type="submit"),
                class_name="dialog-actions",
            ),
            title=title,
        ),
        on_submit=on_save,
        class_name="above",
    )


def _trouble() -> rx.Component:
    cases = [
        (
            name,
            notice(
                rx.el.strong(tr(f"account.{name}")),
                rx.el.p(tr(f"account_help.{name}")),
                *([_until()] if name == "banned" else []),
                tone="danger",
                name="triangle-alert",
            ),
        )
        for name in _TROUBLE
    ]
    away = notice(
        rx.el.strong(tr("account.unreachable")),
        rx.el.p(tr("account_help.unreachable")),
        tone="warning",
        name="wifi-off",
    )
    shown = rx.match(
        Connection.status,
        *cases,
        ("unreachable", away),
        rx.cond(
            Connection.linking & (Connection.current.problem == "logged_out"), dict(cases)[_LOST]
        ),
    )
    return cast(rx.Component, shown)


def _until() -> rx.Component:
    return rx.cond(
        Connection.current.until != "",
        rx.el.p(tr("connection.until", when=written(Connection.current.until))),
    )


def _unlink() -> rx.Component:
    return button(
        icon("unlink"),
        rx.cond(Connection.unlinking, tr("connection.unlinking"), tr("connection.unlink")),
        kind="quiet",
        on_click=Connection.ask_unlink(True),
        disabled=Connection.unlinking,
    )


def _no_phone(account: rx.Var) -> rx.Var:
    return rx.cond(
        account.former != "",
        tr("connection.former", phone=account.former),
        tr("connection.no_phone"),
    )


def _online() -> rx.Component:
    is_online = Connection.status == "online"
    return rx.el.div(
        rx.el.dt(rx.cond(is_online, tr("connection.online_since"), tr("connection.last_online"))),
        rx.el.dd(moment(Connection.current.online_at)),
    )


def _last_problem() -> rx.Component:
    return rx.el.div(
        rx.el.dt(tr("connection.last_problem")),
        rx.el.dd(
            tr_of("account", Connection.current.problem, _STATES),
            rx.el.span(moment(Connection.current.problem_at), class_name="hint"),
            class_name="problem",
        ),
    )


def _linked() -> rx.Component:
    return card(
        rx.el.dl(
            rx.el.div(
                rx.el.dt(tr("connection.phone")), rx.el.dd(Connection.phone, class_name="big")
            ),
            rx.el.div(
                rx.el.dt(tr("connection.state")),
                rx.el.dd(
                    rx.el.span(class_name="dot", custom_attrs={"data-status": Connection.status}),
                    tr_of("account", Connection.status, _STATES),
                ),
            ),
            rx.el.div(rx.el.dt(tr("connection.since")), rx.el.dd(moment(Connection.current.since))),
            rx.cond(Connection.current.online_at != "", _online()),
            rx.el.div(rx.el.dt(tr("connection.sent")), rx.el.dd(today(Connection.current))),
            rx.cond(Connection.current.problem != "", _last_problem()),
            class_name="facts",
        ),
        rx.el.p(tr_of("account_help", Connection.status, _STATES), class_name="hint"),
        rx.el.div(
            for_senders(
                link_button(icon("message-square-plus"), tr("connection.write"), href="/messages")
            ),
            rx.cond(Session.is_admin, _unlink()),
            class_name="actions",
        ),
        title=rx.cond(
            Connection.accounts.length() > 1,
            Connection.current.label,
            tr("connection.linked_title"),
        ),
    )
