"""Keys of programs that use the API; for the workspace's admins."""

from typing import Any

import reflex as rx

from sender_app.components.frame import for_admins, for_admins_only, frame
from sender_app.components.told_once import told_once
from sender_app.components.ui import (
    awaited,
    button,
    card,
    confirm,
    empty,
    field,
    icon,
    link,
    outward_link,
    page,
    table,
)
from sender_app.components.words import moment, tr, tr_of
from sender_app.states.api_keys import NEW_KEY, Keys

_ROLES = ("viewer", "sender", "admin")
_DAYS = (30, 90, 365, 0)


def api_keys() -> rx.Component:
    """The keys, a new one's secret for once, and the way to revoke one."""
    return frame(
        "/settings",
        page(
            tr("api_keys.title"),
            for_admins(
                rx.cond(Keys.adding, _form()),
                _secret(),
                rx.cond(
                    Keys.loaded,
                    rx.cond(
                        Keys.rows.length() > 0,
                        card(_table()),
                        empty("key-round", tr("api_keys.none"), tr("api_keys.none_text")),
                    ),
                    awaited(240),
                ),
            ),
            confirm(
                "revoke",
                Keys.revoking != "",
                tr("api_keys.revoke_ask", name=Keys.revoking_name),
                tr("api_keys.revoke_text"),
                tr("api_keys.revoke"),
                Keys.revoke,
                Keys.ask_revoke("", ""),
                kind="danger",
            ),
            actions=for_admins_only(
                outward_link(
                    icon("book-open"),
                    tr("api_keys.docs"),
                    href="/api/docs",
                    class_name="button button-plain",
                ),
                button(
                    icon("plus"),
                    tr("api_keys.new"),
                    kind="primary",
                    on_click=Keys.ask_new(True),
                ),
            ),
            lead=tr("api_keys.lead"),
            above=link(
                icon("chevron-left", 16), tr("settings.title"), href="/settings", class_name="back"
            ),
        ),
        title=tr("api_keys.title"),
    )


def _form() -> rx.Component:
    return rx.el.form(
        card(
            rx.el.div(
                field(
                    tr("api_keys.name"),
                    rx.el.input(name="name", required=True, max_length=60, auto_focus=True),
                    tr("api_keys.name_hint"),
                ),
                field(
                    tr("api_keys.role"),
                    rx.el.select(
                        *[rx.el.option(tr(f"role.{role}"), value=role) for role in _ROLES],
                        name="role",
                        default_value="sender",
                        class_name="select",
                    ),
                ),
                field(
                    tr("api_keys.expires"),
                    rx.el.select(
                        *[
                            rx.el.option(tr(f"api_keys.days_{days}"), value=str(days))
                            for days in _DAYS
                        ],
                        name="days",
                        default_value="365",
                        class_name="select",
                    ),
                ),
                class_name="form-row",
            ),
            rx.el.div(
                button(tr("api_keys.cancel"), on_click=Keys.ask_new(False)),
                button(tr("api_keys.create"), kind="primary", type="submit"),
                class_name="dialog-actions",
            ),
            title=tr("api_keys.new"),
        ),
        on_submit=Keys.create,
        class_name="above",
    )


def _secret() -> rx.Component:
    return told_once(
        NEW_KEY,
        Keys.made != "",
        Keys.forget_secret,
        title=tr("api_keys.created", name=Keys.made),
        text=tr("api_keys.created_text"),
        label=tr("api_keys.key"),
    )


def _table() -> rx.Component:
    return table(
        [
            tr("api_keys.name"),
            tr("api_keys.key"),
            tr("api_keys.role"),
            tr("api_keys.used"),
            tr("api_keys.expires"),
            "",
        ],
        rx.foreach(Keys.rows, _row),
        tr("api_keys.title"),
        kind="people keys",
    )


def _row(row: Any) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.strong(row.name),
            rx.el.span(tr("api_keys.by", name=row.owner), class_name="hint"),
            class_name="person",
        ),
        rx.el.td(row.hint, class_name="number"),
        rx.el.td(tr_of("role", row.role, list(_ROLES))),
        rx.el.td(
            rx.cond(row.used_at != "", moment(row.used_at), tr("api_keys.never")),
            class_name="number",
            custom_attrs={"data-head": tr("api_keys.used")},
        ),
        rx.el.td(
            _end(row), class_name="number", custom_attrs={"data-head": tr("api_keys.expires")}
        ),
        rx.el.td(
            rx.cond(
                row.standing != "revoked",
                rx.el.button(
                    icon("trash-2"),
                    type="button",
                    class_name="icon-button",
                    title=tr("api_keys.revoke"),
                    aria_label=tr("api_keys.revoke_this", name=row.name),
                    on_click=Keys.ask_revoke(row.id, row.name),
                ),
            ),
            class_name="why",
        ),
        key=row.id,
    )


def _end(row: Any) -> Any:
    """When the key ends, or that it has."""
    return rx.match(
        row.standing,
        ("revoked", rx.el.span(icon("ban", 14), tr("api_keys.revoked"), class_name="chip")),
        ("expired", rx.el.span(icon("clock", 14), tr("api_keys.expired"), class_name="chip")),
        rx.cond(row.expires_at != "", moment(row.expires_at, only="date"), tr("api_keys.days_0")),
    )
