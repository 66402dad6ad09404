"""The Messages page: a campaign in four steps beside a preview."""

import reflex as rx

from sender_app.components.browser import arrival
from sender_app.components.frame import frame, senders_only
from sender_app.components.ui import button, confirm, icon, link_button, notice, page, skeleton
from sender_app.components.words import tr, tr_n, written
from sender_app.pages.compose_message import message, preview
from sender_app.pages.compose_people import people
from sender_app.pages.compose_start import plan, review, start
from sender_app.states.compose import STEPS, Compose

_STEPS = ("people", "message", "start", "review")


def compose() -> rx.Component:
    """Choose people, write, choose when, look, send."""
    return frame(
        "/messages",
        page(
            tr("compose.title"),
            senders_only(arrival(skeleton(48, 420), _notes(), _stepper(), _step())),
            _question(),
            actions=rx.fragment(
                link_button(
                    icon("library", 16), tr("templates.title"), href="/templates", kind="plain"
                ),
                rx.cond(
                    Compose.saved_at != "",
                    button(icon("plus", 16), tr("compose.anew"), on_click=Compose.start_over),
                ),
            ),
            lead=rx.cond(
                rx.State.is_hydrated & (Compose.saved_at != ""),
                tr("compose.saved", time=written(Compose.saved_at, only="time")),
                tr("compose.lead"),
            ),
        ),
        title=tr("compose.title"),
    )


def _notes() -> rx.Component:
    return rx.fragment(
        rx.cond(
            ~Compose.linked,
            notice(
                rx.el.p(tr("compose.not_linked")),
                link_button(tr("compose.go_link"), href="/whatsapp"),
                tone="warning",
                name="smartphone",
            ),
        ),
        rx.cond(
            Compose.note != "",
            notice(
                rx.el.strong(tr("compose.sent_back")),
                rx.el.p(Compose.note),
                tone="warning",
                name="undo-2",
            ),
        ),
    )


def _step() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.match(Compose.step, (1, people()), (2, message()), (3, start()), review()),
            _onward(),
            class_name="stack",
        ),
        rx.el.div(preview(), class_name="stack sticky"),
        class_name="split",
    )


def _stepper() -> rx.Component:
    return rx.el.ol(
        *[
            rx.el.li(
                rx.el.button(
                    rx.el.span(str(n), class_name="step-number"),
                    tr(f"compose.step_{name}"),
                    type="button",
                    on_click=Compose.go(n),
                    custom_attrs={"aria-current": rx.cond(Compose.step == n, "step", "false")},
                ),
            )
            for n, name in enumerate(_STEPS, start=1)
        ],
        class_name="stepper",
        aria_label=tr("compose.steps"),
    )


def _onward() -> rx.Component:
    return rx.el.div(
        rx.cond(
            Compose.step > 1,
            button(icon("chevron-left"), tr("compose.back"), on_click=Compose.go(Compose.step - 1)),
            rx.el.span(),
        ),
        rx.cond(
            Compose.step < STEPS,
            button(
                tr("compose.onward"),
                icon("chevron-right"),
                kind="primary",
                on_click=Compose.go(Compose.step + 1),
                id="onward",
            ),
            button(
                rx.cond(Compose.starts_later, icon("calendar-clock"), icon("send")),
                _go_words(),
                kind="primary",
                on_click=Compose.ask(True),
                disabled=~Compose.looked | (Compose.look.problem != ""),
                id="send",
            ),
        ),
        class_name="onward",
    )


def _go_words() -> rx.Var:
    count = Compose.look.reached
    return rx.cond(
        count > 0,
        rx.cond(Compose.needs_approval, tr_n("compose.request", count), _start_words(count)),
        tr("compose.send_none"),
    )


def _start_words(count: rx.Var) -> rx.Var:
    return rx.cond(
        Compose.starts_later, tr_n("compose.schedule", count), tr_n("compose.send", count)
    )


def _question() -> rx.Component:
    count = Compose.look.reached
    return confirm(
        "send",
        Compose.confirming,
        rx.cond(
            Compose.starts_later,
            tr_n("compose.ask_later", count),
            tr_n("compose.ask", count),
        ),
        rx.fragment(
            rx.cond(Compose.needs_approval, rx.fragment(tr("review.needs_approval"), " "), ""),
            tr("compose.ask_text", account=Compose.account),
            plan(class_name="plan"),
        ),
        _go_words(),
        Compose.send,
        Compose.ask(False),
    )
