"""The frame around every page: navigation, demonstration banner, language and theme."""

from typing import Any

import reflex as rx

from sender_app.components.ui import icon
from sender_app.components.words import tr
from sender_app.states.session import Session

_PLACES = (
    ("/", "layout-dashboard", "nav.dashboard"),
    ("/whatsapp", "smartphone", "nav.whatsapp"),
    ("/messages", "message-square-plus", "nav.messages"),
    ("/campaigns", "megaphone", "nav.campaigns"),
    ("/contacts", "contact", "nav.contacts"),
    ("/settings", "settings", "nav.settings"),
)


def frame(here: str, *children: Any) -> rx.Component:
    """A page of the application at `here`, one of the places of the navigation."""
    return rx.el.div(
        rx.el.a(tr("nav.skip"), href="#main", class_name="skip"),
        _banner(),
        rx.el.div(
            _navigation(here), rx.el.main(*children, id="main", tab_index=-1), class_name="columns"
        ),
        class_name="app",
    )


def _banner() -> rx.Component:
    return rx.cond(
        Session.demo,
        rx.el.div(
            icon("flask-conical", 16),
            rx.el.span(tr("demo.notice")),
            rx.el.a(tr("demo.phone"), href=Session.phone_url, target="_blank", rel="noopener"),
            class_name="banner",
            role="note",
        ),
    )


def _navigation(here: str) -> rx.Component:
    places = [
        rx.link(
            icon(name, 20),
            rx.el.span(tr(key)),
            href=href,
            underline="none",
            class_name="place",
            custom_attrs={"aria-current": "page"} if href == here else {},
        )
        for href, name, key in _PLACES
    ]
    return rx.el.nav(
        rx.link(
            rx.el.img(src="/logo.svg", alt="", width="28", height="28"),
            rx.el.span("Sender"),
            href="/",
            underline="none",
            class_name="brand",
        ),
        rx.el.div(*places, class_name="places"),
        rx.el.div(language_choice(), theme_button(), sign_out_button(), class_name="foot"),
        class_name="side",
        aria_label=tr("nav.label"),
    )


def language_choice() -> rx.Component:
    """Chooses the language."""
    return rx.el.select(
        *[
            rx.el.option(name, value=lang)
            for lang, name in (("es", "Español"), ("en", "English"), ("pt", "Português"))
        ],
        value=Session.lang,
        on_change=Session.choose_language,
        aria_label=tr("settings.language"),
        class_name="select",
    )


def theme_button() -> rx.Component:
    """Switches between light and dark."""
    return rx.el.button(
        rx.color_mode_cond(icon("moon"), icon("sun")),
        on_click=rx.toggle_color_mode,
        class_name="icon-button",
        type="button",
        aria_label=tr("settings.theme"),
        title=tr("settings.theme"),
    )


def sign_out_button() -> rx.Component:
    """Ends the session."""
    return rx.el.form(
        rx.el.button(
            icon("log-out"),
            type="submit",
            class_name="icon-button",
            aria_label=tr("sign_out"),
            title=tr("sign_out"),
        ),
        action="/auth/sign-out",
        method="post",
    )
