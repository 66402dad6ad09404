"""What the pages of webhooks have in common."""

from typing import Any

import reflex as rx

from sender_app.components.ui import icon
from sender_app.components.words import tr


def webhook_state(webhook: Any) -> rx.Component:
    """On, switched off by a person, or off since it fails."""
    by_person = rx.el.span(icon("pause", 14), tr("webhooks.off"), class_name="chip")
    failing = rx.el.span(icon("circle-alert", 14), tr("webhooks.off"), class_name="chip chip-bad")
    return rx.cond(
        webhook.disabled == "",
        rx.el.span(icon("check", 14), tr("webhooks.on"), class_name="chip chip-good"),
        rx.cond(webhook.disabled == "person", by_person, failing),
    )
