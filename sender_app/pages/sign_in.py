"""Where nobody is signed in."""

import reflex as rx

from sender_app.components.browser import document_words
from sender_app.components.frame import language_choice
from sender_app.components.ui import icon, notice
from sender_app.components.words import tr
from sender_app.states.session import Session


def sign_in() -> rx.Component:
    """How to get in, and what to do about a link that was used or is too old."""
    return rx.el.main(
        document_words(Session.lang, tr("sign_in.title"), Session.loaded),
        rx.el.div(
            rx.el.img(src="/logo.svg", alt="", width="56", height="56", class_name="mark"),
            rx.el.h1("Sender"),
            rx.el.p(tr("sign_in.lead"), class_name="lead"),
            rx.cond(
                Session.link_used,
                notice(
                    rx.el.strong(tr("sign_in.used")),
                    rx.el.p(tr("sign_in.used_text"), " ", rx.el.code("make link")),
                    tone="warning",
                    name="link-2-off",
                ),
                notice(
                    rx.el.p(tr("sign_in.how")),
                    rx.el.p(tr("sign_in.again"), " ", rx.el.code("make link"), class_name="hint"),
                    name="terminal",
                ),
            ),
            rx.el.label(icon("languages", 16), language_choice(), class_name="door-foot"),
            class_name="card door",
        ),
        class_name="threshold",
    )
