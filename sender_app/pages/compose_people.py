"""The first step of a campaign: who gets it."""

import reflex as rx

from sender_app.components.browser import typed_field
from sender_app.components.ui import button, card, field, icon, pager, table
from sender_app.components.words import number, tr, tr_n
from sender_app.states.compose import Compose

_UPLOAD = "contacts"


def people() -> rx.Component:
    """A file of contacts, and the campaign's name."""
    return card(
        rx.cond(Compose.file_id == "", _drop(), _file()),
        rx.el.div(
            field(
                tr("compose.name"),
                typed_field(Compose.name, Compose.rename, id="campaign-name", max_length=120),
            ),
            class_name="below",
        ),
        title=tr("compose.people"),
    )


def _drop() -> rx.Component:
    return rx.upload.root(
        rx.el.div(
            icon("file-up", 28),
            rx.el.strong(rx.cond(Compose.checking, tr("compose.checking"), tr("compose.drop"))),
            rx.el.span(tr("compose.columns"), class_name="hint"),
            class_name="drop",
        ),
        id=_UPLOAD,
        max_files=1,
        multiple=False,
        on_drop=[
            Compose.wait_for_file,
            Compose.upload(rx.upload_files(upload_id=_UPLOAD)),
        ],
        border="none",
        padding="0",
    )


def _file() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            icon("file-check-2", 22),
            rx.el.div(
                rx.el.strong(Compose.filename),
                rx.el.span(tr_n("compose.good", Compose.good)),
            ),
            button(icon("x"), tr("compose.other_file"), kind="quiet", on_click=Compose.forget_file),
            class_name="file",
        ),
        rx.cond(
            Compose.duplicates > 0,
            rx.el.p(tr("compose.duplicates", n=number(Compose.duplicates)), class_name="hint"),
        ),
        rx.cond(
            Compose.bad_count > 0,
            rx.el.details(
                rx.el.summary(
                    icon("triangle-alert"), tr("compose.bad", n=number(Compose.bad_count))
                ),
                table(
                    [tr("compose.row"), tr("compose.value"), tr("compose.reason")],
                    rx.foreach(
                        Compose.bad_rows,
                        lambda bad: rx.el.tr(
                            rx.el.td(bad["row"], class_name="number"),
                            rx.el.td(bad["value"]),
                            rx.el.td(bad["reason"]),
                            key=bad["row"],
                        ),
                    ),
                    tr("compose.bad_label"),
                ),
                pager(
                    Compose.bad_page,
                    Compose.more_bad,
                    Compose.turn_bad(-1),
                    Compose.turn_bad(1),
                ),
                open=True,
                class_name="bad-rows",
            ),
        ),
    )
