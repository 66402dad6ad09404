"""Where nobody is signed in."""

import reflex as rx

from sender_app.components.browser import document_words
from sender_app.components.frame import language_choice
from sender_app.components.ui import icon, notice, outward_link
from sender_app.components.words import tr, tr_of
from sender_app.states.session import PROBLEMS, Session


def sign_in() -> rx.Component:
    """The ways in, and what to do about a sign-in that failed."""
    return rx.el.main(
        document_words(Session.lang, tr("sign_in.title"), Session.loaded),
        rx.el.div(
            rx.el.img(src="/logo.svg", alt="", width="56", height="56", class_name="mark"),
            rx.el.h1("Sender"),
            rx.el.p(tr("sign_in.lead"), class_name="lead"),
            rx.cond(Session.problem != "", _problem()),
            rx.cond(Session.team_login, _team(), _local()),
            rx.el.label(icon("languages", 16), language_choice(), class_name="door-foot"),
            class_name="card door",
        ),
        class_name="threshold",
    )


def _problem() -> rx.Component:
    return notice(
        rx.el.strong(tr_of("sign_in_problem", Session.problem, list(PROBLEMS))),
        rx.cond(
            Session.problem == "used",
            rx.el.p(tr("sign_in.used_text"), " ", rx.el.code("make link")),
        ),
        tone="warning",
        name="triangle-alert",
    )


def _team() -> rx.Component:
    """Plain links: they lead out of the application, to the provider."""
    return rx.el.div(
        outward_link(tr("sign_in.team"), href=Session.door, class_name="button button-primary"),
        rx.cond(
            (Session.problem == "no_role") | (Session.problem == "denied"),
            outward_link(
                tr("sign_in.other"), href=f"{Session.door}&other=true", class_name="button"
            ),
        ),
        class_name="door-ways",
    )


def _local() -> rx.Component:
    """How to come by a link. After a link that was used, the notice above says it."""
    return rx.cond(
        Session.link_works & (Session.problem != "used"),
        notice(
            rx.el.p(tr("sign_in.how")),
            rx.el.p(tr("sign_in.again"), " ", rx.el.code("make link"), class_name="hint"),
            name="terminal",
        ),
        rx.cond(
            Session.link_works, rx.fragment(), notice(rx.el.p(tr("sign_in.none")), name="lock")
        ),
    )
