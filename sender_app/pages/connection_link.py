"""Linking a telephone on the WhatsApp page: by QR code, or by a code to type."""

import reflex as rx

from sender_app.components.at_once import segment
from sender_app.components.ui import button, card, field, icon
from sender_app.components.words import tr, tr_n
from sender_app.states.connection import Connection


def link_form() -> rx.Component:
    """The QR code or the pairing code, with what to do on the telephone."""
    return card(
        rx.el.div(
            *[
                segment(
                    icon(name, 16),
                    words,
                    own=own,
                    chosen=Connection.with_code,
                    on_choose=Connection.show_code_tab(own),
                )
                for own, name, words in (
                    (False, "qr-code", tr("connection.by_qr")),
                    (True, "keyboard", tr("connection.by_code")),
                )
            ],
            class_name="segments link-how",
            role="group",
            aria_label=tr("connection.how"),
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
        title=rx.cond(
            Connection.accounts.length() > 1,
            tr("connection.link_this", name=Connection.current.label),
            tr("connection.link_title"),
        ),
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
                rx.cond(
                    Connection.qr_seconds > 0,
                    tr_n("connection.qr_left", Connection.qr_seconds),
                    tr("connection.qr_renewing"),
                ),
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
            rx.el.div(
                rx.el.output(Connection.code, class_name="pairing-code"),
                rx.el.p(tr("connection.code_use"), class_name="hint"),
                class_name="code-box",
            ),
            rx.el.p(tr("connection.code_hint"), class_name="hint"),
        ),
        class_name="qr-box",
    )
