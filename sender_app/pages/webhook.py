"""One webhook: what it is told, its secret, and the log of deliveries; for the admins."""

from typing import Any, cast

import reflex as rx

from sender_app.components.at_once import shown, wish
from sender_app.components.browser import pulse
from sender_app.components.frame import for_admins, frame
from sender_app.components.told_once import told_once
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
    notice,
    page,
    pager,
    segments,
    table,
)
from sender_app.components.webhooks import webhook_state
from sender_app.components.words import moment, tr, tr_n, tr_of, written
from sender_app.domain.webhook import TEST, DeliveryStatus, Disabled, EventType
from sender_app.states.webhook import SHOWN_ONCE, WebhookCard, field_of

_KINDS = (  # a group's name, and how its events begin
    ("campaign", ("campaign.",)),
    ("recipient", ("recipient.",)),
    ("people", ("reply.", "opt_out.")),
    ("account", ("account.",)),
)
_EVENTS = [*(event.value for event in EventType), TEST]
_SHOWN = (("", "log_all"), ("pending", "log_waiting"), ("failed", "log_failed"))


def webhook() -> rx.Component:
    """The endpoint's form, and below it, once there is one, its secret and its log."""
    return frame(
        "/settings",
        page(
            rx.cond(_is_made() | WebhookCard.missing, tr("webhooks.one"), tr("webhooks.create")),
            told_once(
                SHOWN_ONCE,
                WebhookCard.telling,
                WebhookCard.forget_secret,
                title=tr("webhooks.secret"),
                text=tr("webhooks.secret_once"),
                label=tr("webhooks.secret"),
            ),
            for_admins(
                rx.cond(
                    WebhookCard.missing,
                    empty("webhook", tr("webhooks.missing"), tr("webhooks.missing_text")),
                    rx.cond(
                        WebhookCard.here,
                        rx.el.div(
                            _standing(),
                            _form(),
                            rx.cond(_is_made(), _log()),
                            class_name="stack",
                        ),
                        awaited(420, 320),
                    ),
                )
            ),
            _questions(),
            actions=rx.cond(_is_made(), _actions()),
            lead=rx.cond(
                _is_made(),
                rx.fragment(WebhookCard.webhook.url, " ", webhook_state(WebhookCard.webhook)),
                rx.cond(WebhookCard.missing, "", tr("webhooks.address_hint")),
            ),
            above=link(
                icon("chevron-left", 16), tr("webhooks.back"), href="/webhooks", class_name="back"
            ),
        ),
        title=tr("webhooks.title"),
    )


def _is_made() -> rx.Var[bool]:
    return cast(rx.Var[bool], WebhookCard.webhook.id != "")


def _actions() -> rx.Component:
    return rx.fragment(
        rx.cond(
            WebhookCard.webhook.disabled == "",
            button(icon("send"), tr("webhooks.test"), on_click=WebhookCard.test),
        ),
        shown(
            "webhook-switch",
            rx.cond(WebhookCard.webhook.disabled == "", "on", "off"),
            {
                "on": button(
                    icon("pause"),
                    tr("webhooks.switch_off"),
                    on_click=[wish("webhook-switch", "off"), WebhookCard.switch(False)],
                ),
                "off": button(
                    icon("play"),
                    tr("webhooks.switch_on"),
                    kind="primary",
                    on_click=[wish("webhook-switch", "on"), WebhookCard.switch(True)],
                ),
            },
        ),
        button(
            icon("trash-2"),
            tr("webhooks.delete"),
            kind="quiet",
            on_click=WebhookCard.ask("delete"),
        ),
    )


def _standing() -> rx.Component:
    """Why nothing is told."""
    why = tr_of("webhook_disabled", WebhookCard.webhook.disabled, [one.value for one in Disabled])
    return rx.cond(
        WebhookCard.webhook.disabled != "",
        notice(why, tone="warning", name="circle-alert"),
    )


def _form() -> rx.Component:
    return rx.el.form(
        card(
            field(
                tr("webhooks.address"),
                rx.el.input(
                    name="url",
                    type="url",
                    default_value=WebhookCard.webhook.url,
                    placeholder="https://",
                    required=True,
                    max_length=2000,
                ),
            ),
            rx.el.fieldset(
                rx.el.legend(tr("webhooks.events"), class_name="field-label"),
                rx.el.div(*[_group(*kind) for kind in _KINDS], class_name="form-grid"),
            ),
            rx.el.div(
                rx.cond(
                    _is_made(),
                    button(tr("webhooks.save"), kind="primary", type="submit"),
                    button(tr("webhooks.create"), kind="primary", type="submit"),
                ),
                class_name="save-bar",
            ),
        ),
        on_submit=WebhookCard.save,
        key=f"webhook-{WebhookCard.filled}",
    )


def _group(name: str, beginnings: tuple[str, ...]) -> rx.Component:
    boxes = [
        rx.el.label(
            rx.el.input(
                type="checkbox",
                name=field_of(event),
                default_checked=~_is_made() | WebhookCard.webhook.events.contains(event.value),
            ),
            rx.el.span(tr(f"webhook_event.{field_of(event)}")),
            class_name="check",
        )
        for event in EventType
        if event.startswith(beginnings)
    ]
    return rx.el.fieldset(
        rx.el.legend(tr(f"webhook_event.{name}"), class_name="hint"), *boxes, class_name="checks"
    )


def _log() -> rx.Component:
    return rx.fragment(
        rx.cond(
            (WebhookCard.webhook.waiting > 0) & (WebhookCard.webhook.disabled == ""),
            pulse(3000, WebhookCard.refresh),
        ),
        card(
            rx.el.p(tr("webhooks.secret_kept"), class_name="hint"),
            rx.el.div(
                button(
                    icon("key-round"),
                    tr("webhooks.rotate"),
                    on_click=WebhookCard.ask("rotate"),
                ),
                class_name="door-ways",
            ),
            title=tr("webhooks.secret"),
        ),
        card(
            _filters(),
            rx.cond(
                WebhookCard.rows.length() > 0,
                rx.fragment(
                    table(
                        [
                            tr("webhooks.event"),
                            tr("webhooks.status"),
                            tr("webhooks.answer"),
                            rx.el.span(tr("members.actions"), class_name="hidden"),
                        ],
                        rx.foreach(WebhookCard.rows, _row),
                        tr("webhooks.log"),
                        kind="people deliveries",
                    ),
                    pager(
                        WebhookCard.page,
                        WebhookCard.more,
                        WebhookCard.previous_page,
                        WebhookCard.next_page,
                    ),
                ),
                rx.el.p(tr("webhooks.log_none"), class_name="hint"),
            ),
            title=tr("webhooks.log"),
            aside=button(icon("refresh-cw"), tr("webhooks.refresh"), on_click=WebhookCard.refresh),
        ),
    )


def _filters() -> rx.Component:
    return rx.el.div(
        segments(
            [(status, tr(f"webhooks.{key}")) for status, key in _SHOWN],
            WebhookCard.status,
            WebhookCard.show,
            tr("webhooks.log"),
        ),
        rx.cond(
            (WebhookCard.webhook.failed > 0) & (WebhookCard.webhook.disabled == ""),
            button(
                icon("rotate-cw"),
                tr_n("webhooks.resend_failed", WebhookCard.webhook.failed),
                on_click=WebhookCard.resend_failed,
            ),
        ),
        class_name="filters",
    )


def _row(row: Any) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.strong(row.event),
            rx.el.span(moment(row.at), class_name="hint"),
            class_name="person",
            title=row.event_id,
        ),
        rx.el.td(chip(row.status, [one.value for one in DeliveryStatus], "delivery_status")),
        rx.el.td(
            rx.el.span(row.answer),
            rx.cond(
                row.attempts > 1,
                rx.el.span(" · ", tr_n("webhooks.attempts", row.attempts), class_name="hint"),
            ),
            rx.cond(
                row.next_at != "",
                rx.el.span(" · ", tr("webhooks.next", at=written(row.next_at)), class_name="hint"),
            ),
            rx.cond(row.excerpt != "", rx.el.code(row.excerpt, class_name="excerpt")),
            class_name="why",
        ),
        rx.el.td(
            rx.cond(
                WebhookCard.webhook.disabled == "",
                rx.el.button(
                    icon("rotate-cw"),
                    type="button",
                    class_name="icon-button",
                    title=tr("webhooks.resend"),
                    aria_label=tr("webhooks.resend"),
                    on_click=WebhookCard.resend(row.id),
                ),
            )
        ),
        key=row.id,
    )


def _questions() -> rx.Component:
    return rx.fragment(
        confirm(
            "rotate",
            WebhookCard.asking == "rotate",
            tr("webhooks.rotate_ask"),
            tr("webhooks.rotate_text"),
            tr("webhooks.rotate"),
            WebhookCard.rotate,
            WebhookCard.ask(""),
        ),
        confirm(
            "delete",
            WebhookCard.asking == "delete",
            tr("webhooks.delete_ask"),
            tr("webhooks.delete_text"),
            tr("webhooks.delete"),
            WebhookCard.delete,
            WebhookCard.ask(""),
            kind="danger",
        ),
    )
