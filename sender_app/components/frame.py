"""The frame around every page: navigation, demonstration banner, language and theme."""

from typing import Any

import reflex as rx
from reflex.style import color_mode, set_color_mode
from reflex_components_core.core.banner import has_too_many_connection_errors

from sender_app.components.at_once import choice
from sender_app.components.browser import document_words, pulse
from sender_app.components.navigation import palette, palette_button, sheet
from sender_app.components.ui import awaited, empty, icon, link, posting_form
from sender_app.components.undoing import undo_offers
from sender_app.components.words import number, tr, tr_n
from sender_app.states.finder import Finder
from sender_app.states.session import Session
from sender_app.states.unread import Unread

_PLACES = (
    ("/", "layout-dashboard", "nav.dashboard", "viewer"),
    ("/whatsapp", "smartphone", "nav.whatsapp", "viewer"),
    ("/messages", "message-square-plus", "nav.messages", "sender"),
    ("/campaigns", "megaphone", "nav.campaigns", "viewer"),
    ("/inbox", "messages-square", "nav.inbox", "viewer"),
    ("/contacts", "contact", "nav.contacts", "viewer"),
    ("/settings", "settings", "nav.settings", "viewer"),
)
_IN_BAR = ("/", "/messages", "/campaigns", "/inbox")  # of a phone; the others are behind "more"
_FURTHER = (
    ("/templates", "library", "templates.title", "viewer"),
    ("/contacts/import", "file-up", "import.title", "sender"),
    ("/opt-outs", "ban", "opt_outs.title", "viewer"),
    ("/duplicates", "copy", "duplicates.title", "viewer"),
    ("/members", "users", "members.title", "admin"),
    ("/api-keys", "key-round", "api_keys.title", "admin"),
    ("/webhooks", "webhook", "webhooks.title", "admin"),
    ("/audit", "scroll-text", "audit.title", "admin"),
    ("/system", "activity", "system.title", "admin"),
)
_LOOK_EVERY = 15_000  # milliseconds between two looks at what is unread
_THEMES = (("system", "monitor"), ("light", "sun"), ("dark", "moon"))


def frame(here: str, *children: Any, title: Any) -> rx.Component:
    """A page of the application at `here`, one of the places of the navigation."""
    return rx.el.div(
        document_words(Session.lang, f"{title} · Sender", Session.loaded),
        rx.el.a(tr("nav.skip"), href="#main", class_name="skip"),
        pulse(_LOOK_EVERY, Unread.look),
        rx.el.header(_offline(), _banner(), _failing(), class_name="top-bars"),
        rx.el.div(
            _navigation(here), rx.el.main(*children, id="main", tab_index=-1), class_name="columns"
        ),
        _palette(),
        undo_offers(),
        class_name="app",
    )


def _offline() -> rx.Component:
    return rx.cond(
        has_too_many_connection_errors,
        rx.el.div(
            icon("wifi-off", 16), rx.el.span(tr("offline")), class_name="banner", role="alert"
        ),
    )


def _banner() -> rx.Component:
    return rx.cond(
        Session.demo,
        rx.el.div(
            icon("flask-conical", 16),
            rx.el.span(tr("demo.notice")),
            rx.el.a(
                tr("demo.phone"),
                icon("external-link", 14),
                href=Session.phone_url,
                target="_blank",
                rel="noopener",
            ),
            class_name="banner",
            role="note",
        ),
    )


def _failing() -> rx.Component:
    return rx.cond(
        Session.failing_webhooks > 0,
        rx.el.div(
            icon("webhook", 16),
            rx.el.span(tr("webhooks.banner")),
            link(tr("webhooks.banner_look"), href="/webhooks"),
            class_name="banner",
            role="alert",
        ),
    )


def _navigation(here: str) -> rx.Component:
    return rx.el.nav(
        link(
            rx.el.img(src="/logo.svg", alt="", width="28", height="28"),
            rx.el.span("Sender"),
            href="/",
            class_name="brand",
        ),
        palette_button(
            icon("search", 18), rx.el.span(tr("find.open")), rx.el.kbd("Ctrl K"), class_name="seek"
        ),
        rx.el.div(
            *[_place(one, here, "" if one[0] in _IN_BAR else "wide") for one in _PLACES],
            _more(here),
            class_name="places",
        ),
        _foot(),
        class_name="side",
        aria_label=tr("nav.label"),
    )


def _more(here: str) -> rx.Component:
    """A phone's further places."""
    further = [one for one in _PLACES if one[0] not in _IN_BAR] + list(_FURTHER)
    return sheet(
        palette_button(icon("search", 20), rx.el.span(tr("find.open")), class_name="place"),
        *[_place(one, here) for one in further],
        _foot(),
        label=tr("nav.more"),
        icon=icon("ellipsis", 20),
        current=here not in _IN_BAR,
    )


def _foot() -> rx.Component:
    return rx.el.div(
        rx.el.span(
            icon("circle-user-round", 20),
            rx.el.span(
                Session.name,
                rx.cond(Session.places.length() > 1, rx.el.span(Session.place, class_name="hint")),
                class_name="who-where",
            ),
            class_name="who",
        ),
        sign_out_button(),
        class_name="foot",
    )


def _place(one: tuple[str, str, str, str], here: str, kind: str = "") -> rx.Component:
    href, name, key, need = one
    badge = [_unread()] if href == "/inbox" else []
    place = link(
        icon(name, 20),
        rx.el.span(tr(key)),
        *badge,
        *([_waiting()] if href == "/campaigns" else []),
        href=href,
        class_name=f"place {kind}".strip(),
        custom_attrs={"aria-current": "page"} if href == here else {},
    )
    allowed = {"sender": Session.may_send, "admin": Session.is_admin}
    return place if need == "viewer" else _with_room(allowed[need], place)


def _palette() -> rx.Component:
    pages = [
        {"label": tr(key), "hint": tr("find.page"), "href": href, "need": need}
        for href, _, key, need in (*_PLACES, *_FURTHER)
    ]
    return palette(
        pages,
        Finder.found,
        Finder.found_for,
        Session.role,
        Finder.find,
        title=tr("find.title"),
        results=tr("find.results"),
        nothing=tr("find.nothing"),
    )


def _unread() -> rx.Component:
    return rx.cond(
        Unread.count > 0,
        rx.el.strong(
            number(Unread.count),
            rx.el.span(tr("inbox.unread_hint"), class_name="hidden"),
            class_name="badge",
        ),
    )


def _waiting() -> rx.Component:
    """How many campaigns wait for the person's approval."""
    words = tr_n("nav.waiting", Session.waiting)
    return rx.cond(
        Session.waiting > 0,
        rx.el.span(Session.waiting, class_name="badge", title=words, aria_label=words),
    )


def for_senders(*children: Any) -> rx.Component:
    """Orders that only those who may send have; nothing for others."""
    return _with_room(Session.may_send, *children)


def for_admins_only(*children: Any) -> rx.Component:
    """Orders that only admins have; nothing for others."""
    return _with_room(Session.is_admin, *children)


def _with_room(may: rx.Var, *children: Any) -> rx.Component:
    """Until the role is known the room is kept, so that nothing on the page moves later."""
    unready = rx.el.div(*children, class_name="unready")
    return rx.cond(may, rx.fragment(*children), rx.cond(Session.role == "", unready))


def senders_only(*children: Any) -> rx.Component:
    """A page that only those who may send have any use for."""
    return _only_for(Session.may_send, tr("senders.only"), *children)


def for_admins(*children: Any) -> rx.Component:
    """What only an admin has any use for; the services refuse the others in any case."""
    return _only_for(Session.is_admin, tr("admins.only"), *children)


def _only_for(may: rx.Var, words: rx.Var, *children: Any) -> rx.Component:
    return rx.cond(
        may,
        rx.fragment(*children),
        rx.cond(
            Session.role == "",
            awaited(320),
            empty("lock", words, tr("admins.only_text")),
        ),
    )


def language_choice() -> rx.Component:
    """Chooses the language."""
    return choice(
        Session.lang,
        Session.choose_language,
        *[
            rx.el.option(name, value=lang)
            for lang, name in (("es", "Español"), ("en", "English"), ("pt", "Português"))
        ],
        label=tr("settings.language"),
    )


def theme_choice() -> rx.Component:
    """Light, dark, or as the system has it."""
    return rx.el.div(
        *[
            rx.el.button(
                icon(name, 16),
                tr(f"settings.theme_{mode}"),
                type="button",
                on_click=set_color_mode(mode),
                aria_pressed=color_mode == mode,
            )
            for mode, name in _THEMES
        ],
        class_name="segments",
        role="group",
        aria_label=tr("settings.theme"),
    )


def sign_out_button(*, with_word: bool = False) -> rx.Component:
    """Ends the session."""
    word = [tr("sign_out")] if with_word else []
    return posting_form(
        rx.el.button(
            icon("log-out"),
            *word,
            type="submit",
            class_name="button button-plain" if with_word else "icon-button",
            aria_label=tr("sign_out"),
            title=tr("sign_out"),
        ),
        action="/auth/sign-out",
    )
