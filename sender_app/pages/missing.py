"""What an address shows that leads nowhere."""

import reflex as rx

from sender_app.components.frame import frame
from sender_app.components.ui import empty, link_button
from sender_app.components.words import tr


def missing() -> rx.Component:
    """That there is nothing, and the way back."""
    return frame(
        "",
        empty(
            "search-x",
            tr("missing.title"),
            tr("missing.text"),
            link_button(tr("missing.home"), href="/"),
            heading=rx.el.h1,
        ),
        title=tr("missing.title"),
    )
