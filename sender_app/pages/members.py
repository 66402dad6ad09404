"""Who belongs to the workspace; for its admins."""

from typing import Any

import reflex as rx

from sender_app.components.at_once import choice
from sender_app.components.frame import for_admins, frame
from sender_app.components.ui import awaited, button, card, confirm, icon, link, page, table
from sender_app.components.words import moment, tr, tr_of
from sender_app.states.members import Team

_ROLES = ("viewer", "sender", "admin")


def members() -> rx.Component:
    """A table of people with their roles, and what may be changed here."""
    return frame(
        "/settings",
        page(
            tr("members.title"),
            for_admins(
                rx.cond(
                    Team.loaded,
                    card(
                        table(
                            [
                                tr("members.person"),
                                tr("members.role"),
                                tr("members.seen"),
                                rx.el.span(tr("members.actions"), class_name="hidden"),
                            ],
                            rx.foreach(Team.rows, _row),
                            tr("members.title"),
                            kind="people members",
                        ),
                        rx.el.p(tr("members.joins"), class_name="hint"),
                    ),
                    awaited(320),
                )
            ),
            confirm(
                "remove",
                Team.leaving != "",
                tr("members.remove_ask", name=Team.leaving_name),
                tr("members.remove_text"),
                tr("members.remove"),
                Team.remove,
                Team.ask_remove("", ""),
                kind="danger",
            ),
            lead=tr("members.lead"),
            above=link(
                icon("chevron-left", 16), tr("settings.title"), href="/settings", class_name="back"
            ),
        ),
        title=tr("members.title"),
    )


def _row(row: Any) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.strong(row.name, rx.cond(row.me, rx.el.span(" · ", tr("members.you")))),
            rx.el.span(row.login, class_name="hint"),
            class_name="person",
        ),
        rx.el.td(_role(row), class_name="role"),
        rx.el.td(moment(row.seen_at, only="date"), class_name="number"),
        rx.el.td(
            rx.cond(
                row.removed,
                button(tr("members.let_in"), on_click=Team.let_in(row.id)),
                rx.el.button(
                    icon("user-minus"),
                    type="button",
                    class_name="icon-button",
                    title=tr("members.remove"),
                    aria_label=tr("members.remove_who", name=row.name),
                    on_click=Team.ask_remove(row.id, row.name),
                ),
            ),
            class_name="why",
        ),
        key=row.id,
    )


def _role(row: Any) -> rx.Component:
    """The role: chosen here, or shown as the provider's."""
    return rx.cond(
        row.removed,
        rx.el.span(icon("ban", 14), tr("members.removed"), class_name="chip"),
        rx.cond(
            row.from_provider,
            rx.el.span(
                icon("key-round", 14),
                tr_of("role", row.role, list(_ROLES)),
                class_name="chip chip-info",
                title=tr("members.from_provider"),
            ),
            choice(
                row.role,
                lambda role: Team.set_role(row.id, role),
                *[rx.el.option(tr(f"role.{role}"), value=role) for role in _ROLES],
                label=tr("members.role_of", name=row.name),
            ),
        ),
    )
