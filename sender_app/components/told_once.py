"""A secret that is shown once: the browser holds it, the pages' state never does."""

from typing import Any

import reflex as rx

from sender_app.components.browser import copy_field
from sender_app.components.ui import button, card, icon
from sender_app.components.words import tr


def told_once(
    field_id: str, shown: rx.Var, on_done: Any, *, title: Any, text: Any, label: Any
) -> rx.Component:
    """Where the browser puts a secret (`states/secrets.py`). Always there, or there would be no
    field to put it into; hidden until it is `shown`."""
    return rx.el.div(
        card(
            rx.el.p(text, class_name="hint"),
            rx.el.div(
                rx.el.input(
                    id=field_id,
                    read_only=True,
                    aria_label=label,
                    auto_complete="off",
                    spell_check=False,
                    class_name="number",
                ),
                button(
                    icon("copy"),
                    tr("secret.copy"),
                    kind="primary",
                    on_click=[copy_field(field_id), rx.toast.success(tr("secret.copied"))],
                ),
                class_name="made-key",
            ),
            rx.el.div(
                button(icon("check"), tr("secret.done"), on_click=on_done),
                class_name="dialog-actions",
            ),
            title=title,
        ),
        hidden=~shown,
        class_name="above",
        role="status",
    )
