"""Where nobody is signed in."""

import reflex as rx

from sender_app.components.ui import icon
from sender_app.components.words import tr


def sign_in() -> rx.Component:
    """How to get in."""
    return rx.el.main(
        rx.el.div(
            rx.el.img(src="/logo.svg", alt="", width="56", height="56"),
            rx.el.h1("Sender"),
            rx.el.p(tr("sign_in.lead")),
            rx.el.div(
                icon("terminal"), rx.el.p(tr("sign_in.how")), class_name="notice notice-info"
            ),
            rx.el.p(tr("sign_in.again"), class_name="hint"),
            class_name="card door",
        ),
        class_name="threshold",
    )
