"""The workspace's preferences."""

import reflex as rx

from sender_app.components.frame import frame, language_choice, sign_out_button, theme_button
from sender_app.components.ui import button, card, field, page, skeleton
from sender_app.components.words import tr
from sender_app.states.settings import Preferences

_NUMBERS = ("interval", "jitter", "per_minute", "per_hour", "per_day")


def settings() -> rx.Component:
    """Name, country, zone, and the pace of sending."""
    pace = [
        field(
            tr(f"settings.{name}"),
            rx.el.input(
                name=name, type="number", min="0", step="any", default_value=Preferences.pace[name]
            ),
            tr(f"settings.{name}_hint") if name in ("interval", "jitter") else None,
        )
        for name in _NUMBERS
    ]
    hours = [
        field(
            tr(f"settings.{name}"),
            rx.el.input(name=name, type="time", default_value=Preferences.pace[name]),
        )
        for name in ("opens", "closes")
    ]
    return frame(
        "/settings",
        page(
            tr("settings.title"),
            card(
                rx.el.div(
                    language_choice(), theme_button(), sign_out_button(), class_name="actions"
                ),
                title=tr("settings.yours"),
            ),
            rx.cond(
                Preferences.loaded,
                rx.el.form(
                    card(
                        rx.el.div(
                            field(
                                tr("settings.name"),
                                rx.el.input(
                                    name="name", default_value=Preferences.name, required=True
                                ),
                            ),
                            field(
                                tr("settings.country"),
                                rx.el.input(
                                    name="country",
                                    default_value=Preferences.country,
                                    max_length=2,
                                    required=True,
                                ),
                                tr("settings.country_hint"),
                            ),
                            field(
                                tr("settings.time_zone"),
                                rx.el.input(
                                    name="time_zone",
                                    default_value=Preferences.time_zone,
                                    required=True,
                                ),
                                tr("settings.time_zone_hint"),
                            ),
                            class_name="form-grid",
                        ),
                        title=tr("settings.workspace"),
                    ),
                    card(
                        rx.el.p(tr("settings.pace_lead"), class_name="hint"),
                        rx.el.div(*pace, *hours, class_name="form-grid"),
                        title=tr("settings.pace"),
                    ),
                    button(tr("settings.save"), kind="primary", type="submit"),
                    on_submit=Preferences.save,
                    class_name="stack",
                ),
                skeleton(6),
            ),
        ),
    )
