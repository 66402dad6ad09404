"""The WhatsApp page."""

from typing import cast

import reflex as rx

from sender_app.components.frame import frame
from sender_app.components.ui import button, card, confirm, field, icon, notice, page
from sender_app.components.words import moment, tr, tr_of
from sender_app.states.connection import Connection

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
_TROUBLE = ("logged_out", "replaced", "banned", "outdated", "refused")


def connection() -> rx.Component:
    """Link the account, or see how it is."""
    return frame(
        "/whatsapp",
        page(
            tr("connection.title"),
            rx.moment(interval=1000, on_change=Connection.poll, display="none"),
            _trouble(),
            rx.cond(
                Connection.cold_until != "",
                notice(
                    rx.el.strong(tr("account.cold_locked")),
                    rx.el.p(
                        tr("account_help.cold_locked"), " ", moment(Connection.cold_until), "."
                    ),
                    tone="warning",
                    name="snowflake",
                ),
            ),
            rx.cond(
                Connection.status == "",
                card(rx.el.div(class_name="qr-wait"), class_name="skeleton-card"),
                rx.cond(Connection.linking, _link(), _linked()),
            ),
            confirm(
                Connection.confirming,
                tr("connection.unlink_ask"),
                tr("connection.unlink_text"),
                tr("connection.unlink"),
                Connection.unlink,
                Connection.ask_unlink(False),
                kind="danger",
            ),
            lead=tr("connection.lead"),
        ),
    )


def _trouble() -> rx.Component:
    cases = [
        (
            name,
            notice(
                rx.el.strong(tr(f"account.{name}")),
                rx.el.p(tr(f"account_help.{name}")),
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
    shown = rx.match(Connection.status, *cases, ("unreachable", away), rx.fragment())
    return cast(rx.Component, shown)


def _link() -> rx.Component:
    return card(
        rx.el.div(
            button(
                icon("qr-code"),
                tr("connection.by_qr"),
                on_click=Connection.show_code_tab(False),
                aria_pressed=~Connection.with_code,
            ),
            button(
                icon("keyboard"),
                tr("connection.by_code"),
                on_click=Connection.show_code_tab(True),
                aria_pressed=Connection.with_code,
            ),
            class_name="tabs",
            role="group",
        ),
        rx.el.div(
            rx.el.ol(
                rx.el.li(tr("connection.step1")),
                rx.el.li(tr("connection.step2")),
                rx.el.li(
                    rx.cond(
                        Connection.with_code, tr("connection.step3_code"), tr("connection.step3")
                    )
                ),
                class_name="steps",
            ),
            rx.cond(Connection.with_code, _code(), _qr()),
            class_name="link-grid",
        ),
        title=tr("connection.link_title"),
    )


def _qr() -> rx.Component:
    return rx.el.div(
        rx.cond(
            Connection.qr != "",
            rx.el.img(src=Connection.qr, alt=tr("connection.qr_alt"), class_name="qr"),
            rx.el.div(class_name="qr qr-wait", role="status", aria_label=tr("connection.qr_wait")),
        ),
        rx.el.p(
            rx.cond(
                Connection.qr != "",
                tr("connection.qr_left", n=Connection.qr_seconds),
                rx.cond(
                    Connection.status == "unreachable",
                    tr("connection.trying"),
                    tr("connection.qr_wait"),
                ),
            ),
            class_name="hint",
        ),
        class_name="qr-box",
    )


def _code() -> rx.Component:
    return rx.el.div(
        rx.el.form(
            field(
                tr("connection.code_phone"),
                rx.el.input(
                    name="phone",
                    type="tel",
                    autocomplete="tel",
                    placeholder="0981 000 001",
                    required=True,
                ),
            ),
            button(tr("connection.code_ask"), kind="primary", type="submit"),
            on_submit=Connection.ask_code,
            class_name="inline-form",
        ),
        rx.cond(
            Connection.code != "",
            rx.el.output(Connection.code, class_name="pairing-code"),
            rx.el.p(tr("connection.code_hint"), class_name="hint"),
        ),
        class_name="qr-box",
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
            rx.el.div(rx.el.dt(tr("connection.since")), rx.el.dd(moment(Connection.since))),
            class_name="facts",
        ),
        rx.el.p(tr_of("account_help", Connection.status, _STATES), class_name="hint"),
        title=tr("connection.linked_title"),
        aside=button(
            icon("unlink"),
            tr("connection.unlink"),
            kind="quiet",
            on_click=Connection.ask_unlink(True),
        ),
    )
