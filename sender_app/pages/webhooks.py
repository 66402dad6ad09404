"""Webhooks: the systems that are told what happens here; for the workspace's admins."""

from typing import Any

import reflex as rx

from sender_app.components.frame import for_admins, frame
from sender_app.components.ui import awaited, card, empty, icon, link, link_button, page, table
from sender_app.components.webhooks import webhook_state
from sender_app.components.words import moment, tr, tr_n
from sender_app.states.webhooks import WebhookList


def webhooks() -> rx.Component:
    """Every endpoint with how it is doing, and the way to a new one."""
    add = link_button(icon("plus"), tr("webhooks.add"), href="/webhooks/new")
    return frame(
        "/settings",
        page(
            tr("webhooks.title"),
            for_admins(
                rx.cond(
                    WebhookList.loaded,
                    rx.cond(
                        WebhookList.rows.length() > 0,
                        card(
                            table(
                                [
                                    tr("webhooks.address"),
                                    tr("webhooks.state"),
                                    tr("webhooks.last"),
                                ],
                                rx.foreach(WebhookList.rows, _row),
                                tr("webhooks.title"),
                                kind="people webhooks",
                            )
                        ),
                        empty("webhook", tr("webhooks.none"), tr("webhooks.none_text")),
                    ),
                    awaited(320),
                )
            ),
            actions=add,
            lead=tr("webhooks.lead"),
            above=link(
                icon("chevron-left", 16), tr("settings.title"), href="/settings", class_name="back"
            ),
        ),
        title=tr("webhooks.title"),
    )


def _row(row: Any) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            link(row.url, href=f"/webhooks/{row.id}", class_name="url"),
            rx.el.span(tr_n("webhooks.count_events", row.events.length()), class_name="hint"),
            class_name="person",
        ),
        rx.el.td(webhook_state(row)),
        rx.el.td(
            rx.cond(
                row.last_at == "",
                rx.el.span(tr("webhooks.never"), class_name="hint"),
                rx.fragment(row.last, " ", rx.el.span(moment(row.last_at), class_name="hint")),
            ),
            class_name="why",
        ),
        key=row.id,
    )
