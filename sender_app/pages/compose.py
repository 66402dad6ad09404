"""The Messages page."""

import reflex as rx

from sender_app.components.browser import insert_text, typed_field
from sender_app.components.frame import frame
from sender_app.components.ui import (
    button,
    card,
    confirm,
    field,
    icon,
    link_button,
    notice,
    page,
    pager,
    table,
)
from sender_app.components.words import moment, number, tr, tr_n
from sender_app.states.compose import Compose

_UPLOAD = "contacts"
_TEXT = "message"


def compose() -> rx.Component:
    """Choose people, write, look, send."""
    return frame(
        "/messages",
        page(
            tr("compose.title"),
            rx.cond(
                Compose.loaded & ~Compose.linked,
                notice(
                    rx.el.p(tr("compose.not_linked")),
                    link_button(tr("compose.go_link"), href="/whatsapp"),
                    tone="warning",
                    name="smartphone",
                ),
            ),
            rx.el.div(
                rx.el.div(_people(), _message(), class_name="stack"),
                rx.el.div(_preview(), class_name="stack sticky"),
                class_name="split",
            ),
            confirm(
                "send",
                Compose.confirming,
                tr_n("compose.ask", Compose.good),
                rx.fragment(tr("compose.ask_text", account=Compose.account), _plan()),
                tr_n("compose.send", Compose.good),
                Compose.send,
                Compose.ask(False),
            ),
            lead=tr("compose.lead"),
        ),
        title=tr("compose.title"),
    )


def _plan() -> rx.Component:
    return rx.el.strong(
        rx.cond(
            Compose.plan_days > 0,
            rx.fragment(
                rx.cond(
                    Compose.plan_days == 1,
                    tr("compose.plan_one"),
                    tr("compose.plan", days=number(Compose.plan_days)),
                ),
                " ",
                moment(Compose.ends_at),
                ".",
            ),
            tr("compose.plan_never"),
        ),
        class_name="plan",
    )


def _people() -> rx.Component:
    return card(
        rx.cond(Compose.file_id == "", _drop(), _file()),
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


def _message() -> rx.Component:
    chips = [_chip(f"{{{name}}}") for name in ("sustantivo", "nombre", "grupo")]
    return card(
        field(
            tr("compose.text"),
            typed_field(Compose.message, Compose.write, rows=7, id=_TEXT, max_length=4096),
        ),
        rx.el.div(
            rx.el.span(tr("compose.insert"), class_name="hint"),
            *chips,
            rx.foreach(Compose.columns, lambda name: _chip("{" + name + "}", key=name)),
            class_name="chips",
        ),
        field(
            tr("compose.name"),
            typed_field(Compose.name, Compose.rename, id="campaign-name", max_length=120),
        ),
        title=tr("compose.message"),
    )


def _chip(mark: rx.Var | str, **props: rx.Var) -> rx.Component:
    return button(mark, kind="chip", on_click=insert_text(_TEXT, mark), **props)


def _preview() -> rx.Component:
    return card(
        rx.el.div(
            rx.el.div(Compose.preview, class_name="bubble"),
            class_name="chat",
            aria_live="polite",
        ),
        rx.cond(
            Compose.holes != "",
            notice(tr("compose.holes", names=Compose.holes), tone="warning", name="triangle-alert"),
        ),
        rx.cond(
            Compose.good > 0,
            rx.el.div(
                button(icon("chevron-left"), on_click=Compose.step(-1), aria_label=tr("page.back")),
                rx.el.span(
                    rx.el.strong(Compose.sample[Compose.at]["nombre"]),
                    rx.el.span(Compose.sample[Compose.at]["telefono"], class_name="hint"),
                    class_name="person center-text",
                ),
                button(
                    icon("chevron-right"), on_click=Compose.step(1), aria_label=tr("page.forth")
                ),
                class_name="pager wide",
            ),
            rx.el.p(tr("compose.preview_hint"), class_name="hint"),
        ),
        button(
            icon("send"),
            rx.cond(Compose.good > 0, tr_n("compose.send", Compose.good), tr("compose.send_none")),
            kind="primary",
            on_click=Compose.ask(True),
            disabled=~Compose.ready,
            id="send",
        ),
        title=tr("compose.preview"),
    )
