"""The workspace's preferences, and the reader's own."""

import reflex as rx

from sender_app.components.browser import countries, time_zones
from sender_app.components.frame import (
    for_admins_only,
    frame,
    language_choice,
    sign_out_button,
    theme_choice,
)
from sender_app.components.ui import (
    awaited,
    button,
    card,
    field,
    icon,
    link,
    link_button,
    page,
    posting_form,
)
from sender_app.components.words import tr, tr_of, weekday
from sender_app.states.session import Session
from sender_app.states.settings import COUNTRIES, Preferences

_STORES = ["postgres", "redis"]
_PAUSES = ("interval", "jitter")
_CAPS = ("per_minute", "per_hour", "per_day")


def settings() -> rx.Component:
    """Language and theme; name, country, zone, and the pace of sending."""
    return frame(
        "/settings",
        page(
            tr("settings.title"),
            _yours(),
            for_admins_only(_team()),
            rx.cond(
                Preferences.loaded,
                rx.el.form(
                    _workspace(),
                    _pace(),
                    rx.cond(
                        Session.is_admin,
                        rx.el.div(
                            button(tr("settings.save"), kind="primary", type="submit"),
                            class_name="save-bar",
                        ),
                    ),
                    on_submit=Preferences.save,
                    class_name="stack",
                    key=Preferences.filled.to_string(),
                ),
                awaited(196, 420),
            ),
            rx.cond(
                Preferences.loaded,
                rx.el.form(
                    _campaigns(),
                    on_submit=Preferences.save_campaigns,
                    class_name="below",
                    key=f"campaigns-{Preferences.filled}",
                ),
            ),
            rx.cond(
                Preferences.loaded,
                rx.el.form(
                    _opt_out(),
                    on_submit=Preferences.save_opt_out,
                    class_name="below",
                    key=f"opt-out-{Preferences.filled}",
                ),
            ),
            rx.el.div(
                link(
                    icon("activity", 16), tr("settings.system"), href="/system", class_name="back"
                ),
                rx.el.p(tr_of("settings.store", Preferences.store, _STORES), class_name="hint"),
                class_name="below",
            ),
            lead=tr("settings.lead"),
        ),
        title=tr("settings.title"),
    )


def _yours() -> rx.Component:
    return card(
        rx.el.div(
            field(tr("settings.language"), language_choice()),
            rx.el.div(
                rx.el.span(tr("settings.theme"), class_name="field-label"),
                theme_choice(),
                class_name="field",
            ),
            rx.el.div(
                rx.el.span(Session.name, class_name="field-label"),
                sign_out_button(with_word=True),
                class_name="field",
            ),
            rx.cond(Session.places.length() > 1, _places()),
            class_name="form-row",
        ),
        title=tr("settings.yours"),
    )


def _team() -> rx.Component:
    return card(
        rx.el.div(
            link_button(icon("users"), tr("settings.members_link"), href="/members", kind="plain"),
            link_button(
                icon("scroll-text"), tr("settings.audit_link"), href="/audit", kind="plain"
            ),
            link_button(icon("key-round"), tr("api_keys.title"), href="/api-keys", kind="plain"),
            link_button(
                icon("webhook"), tr("settings.webhooks_link"), href="/webhooks", kind="plain"
            ),
            class_name="door-ways",
        ),
        title=tr("settings.team"),
    )


def _places() -> rx.Component:
    """Chooses the workspace, where there are several. A form: the page is loaded anew for it."""
    return posting_form(
        rx.el.label(tr("settings.choose_workspace"), html_for="place", class_name="field-label"),
        rx.el.div(
            rx.el.select(
                rx.foreach(
                    Session.places,
                    lambda place: rx.el.option(place.name, value=place.id, key=place.id),
                ),
                id="place",
                name="workspace_id",
                default_value=Session.workspace,
                class_name="select",
            ),
            button(tr("settings.switch"), type="submit"),
            class_name="door-ways",
        ),
        action="/auth/workspace",
        class_name="field",
        key=Session.workspace,
    )


def _workspace() -> rx.Component:
    return card(
        rx.el.div(
            field(
                tr("settings.name"),
                rx.el.input(
                    name="name", default_value=Preferences.name, required=True, max_length=120
                ),
            ),
            field(
                tr("settings.country"),
                rx.el.select(
                    rx.foreach(
                        countries(rx.Var.create(COUNTRIES), Session.lang),
                        lambda pair: rx.el.option(pair[1], value=pair[0], key=pair[0]),
                    ),
                    name="country",
                    default_value=Preferences.country,
                    class_name="select",
                ),
                tr("settings.country_hint"),
            ),
            field(
                tr("settings.time_zone"),
                rx.el.select(
                    rx.foreach(
                        time_zones(Preferences.time_zone),
                        lambda zone: rx.el.option(zone, value=zone, key=zone),
                    ),
                    name="time_zone",
                    default_value=Preferences.time_zone,
                    class_name="select",
                ),
                tr("settings.time_zone_hint"),
            ),
            class_name="form-grid",
        ),
        title=tr("settings.workspace"),
    )


def _campaigns() -> rx.Component:
    return card(
        rx.el.div(
            field(
                tr("settings.rest"),
                rx.el.input(
                    name="rest_days",
                    type="number",
                    min="0",
                    max="365",
                    required=True,
                    default_value=Preferences.rest_days.to_string(),
                ),
                tr("settings.rest_hint"),
            ),
            rx.el.label(
                rx.el.input(
                    type="checkbox",
                    name="needs_approval",
                    default_checked=Preferences.needs_approval,
                ),
                rx.el.span(
                    tr("settings.approval"),
                    rx.el.span(tr("settings.approval_hint"), class_name="hint"),
                ),
                class_name="tick",
            ),
            class_name="form-grid",
        ),
        rx.cond(
            Session.is_admin,
            rx.el.div(button(tr("settings.campaigns_save"), type="submit"), class_name="save-bar"),
        ),
        title=tr("settings.campaigns"),
    )


def _opt_out() -> rx.Component:
    return card(
        rx.el.p(tr("settings.opt_out_lead"), class_name="hint"),
        rx.el.div(
            field(
                tr("settings.opt_out_words"),
                rx.el.textarea(
                    name="words", default_value=Preferences.opt_out_words, rows=2, required=True
                ),
                tr("settings.opt_out_words_hint"),
            ),
            field(
                tr("settings.opt_out_answer"),
                rx.el.textarea(
                    name="answer",
                    default_value=Preferences.opt_out_answer,
                    rows=2,
                    max_length=500,
                ),
                tr("settings.opt_out_answer_hint"),
            ),
            class_name="form-grid",
        ),
        rx.cond(
            Session.is_admin,
            rx.el.div(
                button(tr("settings.opt_out_save"), type="submit"),
                class_name="save-bar",
            ),
        ),
        title=tr("settings.opt_out"),
    )


def _pace() -> rx.Component:
    limits = {
        name: field(
            tr(f"settings.{name}"),
            rx.el.input(
                name=name,
                type="number",
                min="0" if name in _PAUSES else "1",
                step="any" if name in _PAUSES else "1",
                default_value=Preferences.pace[name],
                required=name in _PAUSES,
            ),
            tr(f"settings.{name}_hint") if name in _PAUSES else None,
        )
        for name in (*_PAUSES, *_CAPS)
    }
    hours = [
        field(
            tr(f"settings.{name}"),
            rx.el.input(name=name, type="time", default_value=Preferences.pace[name]),
        )
        for name in ("opens", "closes")
    ]
    days = [
        rx.el.label(
            rx.el.input(
                type="checkbox",
                name=f"weekday{n}",
                default_checked=Preferences.weekdays.contains(n),
            ),
            rx.el.span(weekday(n)),
            class_name="day",
        )
        for n in range(7)
    ]
    return card(
        rx.el.p(tr("settings.pace_lead"), class_name="hint"),
        rx.el.div(*(limits[name] for name in _PAUSES), class_name="form-grid"),
        rx.el.div(*(limits[name] for name in _CAPS), class_name="form-grid"),
        rx.el.div(*hours, class_name="form-grid"),
        rx.el.fieldset(
            rx.el.legend(tr("settings.weekdays"), class_name="field-label"),
            rx.el.div(*days, class_name="days"),
        ),
        title=tr("settings.pace"),
    )
