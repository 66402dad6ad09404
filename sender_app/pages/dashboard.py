"""The dashboard."""

import reflex as rx

from sender_app.components.browser import pulse
from sender_app.components.charts import chart
from sender_app.components.frame import frame
from sender_app.components.ui import (
    button,
    card,
    confirm,
    empty,
    icon,
    link,
    link_button,
    page,
    skeleton,
    stat,
)
from sender_app.components.words import tr
from sender_app.states.dashboard import Board


def dashboard() -> rx.Component:
    """The month at a glance."""
    return frame(
        "/",
        pulse(15_000, Board.refresh),
        page(
            tr("dashboard.title"),
            rx.cond(
                Board.loaded,
                rx.cond(Board.empty & (Board.sent == 0), _first_steps(), _figures()),
                skeleton(88, 400, 400),
            ),
            confirm(
                "cache",
                Board.clearing,
                tr("dashboard.cache_ask"),
                tr("dashboard.cache_text"),
                tr("dashboard.cache_clear"),
                Board.clear_cache,
                Board.ask_clear(False),
            ),
            actions=button(
                icon("eraser"),
                tr("dashboard.cache_clear"),
                kind="quiet",
                on_click=Board.ask_clear(True),
            ),
            lead=tr("dashboard.lead"),
        ),
        title=tr("dashboard.title"),
    )


def _figures() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            card(stat(tr("dashboard.sent_month"), Board.sent, "good")),
            card(stat(tr("dashboard.errors_month"), Board.errors, "bad")),
            card(stat(tr("dashboard.rate"), Board.rate)),
            card(stat(tr("dashboard.average"), Board.average)),
            class_name="kpis",
        ),
        rx.el.div(
            rx.el.h2(tr("dashboard.activity")),
            rx.el.select(
                *[
                    rx.el.option(tr("dashboard.days", n=days), value=str(days))
                    for days in (7, 30, 90, 365)
                ],
                value=Board.days.to_string(),
                on_change=Board.choose_days,
                aria_label=tr("dashboard.range"),
                class_name="select",
            ),
            class_name="section-head",
        ),
        card(
            chart(Board.timeline, tr("dashboard.timeline"), Board.day_rows, tr("dashboard.day")),
            title=tr("dashboard.timeline"),
        ),
        rx.el.div(
            card(
                chart(Board.groups, tr("dashboard.groups"), Board.group_rows, tr("contacts.group")),
                title=tr("dashboard.groups"),
            ),
            card(
                rx.el.ol(
                    rx.foreach(
                        Board.contacts,
                        _contact,
                    ),
                    class_name="top",
                ),
                rx.cond(
                    Board.contacts.length() == 0,
                    rx.el.p(tr("dashboard.nobody"), class_name="hint"),
                ),
                title=tr("dashboard.top"),
            ),
            class_name="halves",
        ),
    )


def _contact(row: rx.Var) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.el.strong(row["label"]),
            rx.el.span(row["phone"], class_name="hint"),
            class_name="person",
        ),
        rx.el.span(row["sent"], class_name="number"),
        rx.el.span(class_name="share", style={"width": row["share"]}, aria_hidden="true"),
        key=row["key"],
    )


def _first_steps() -> rx.Component:
    def step(done: rx.Var | bool, key: str, href: str) -> rx.Component:
        return rx.el.li(
            rx.cond(done, icon("circle-check", 22), icon("circle", 22)),
            link(tr(key), href=href),
            class_name="first-step",
            custom_attrs={"data-done": rx.cond(done, "yes", "no")},
        )

    return card(
        empty("send", tr("first.title"), tr("first.text")),
        rx.el.ol(
            step(Board.linked, "first.link", "/whatsapp"),
            step(Board.has_contacts, "first.import", "/messages"),
            step(False, "first.write", "/messages"),
            step(False, "first.send", "/messages"),
            class_name="first-steps",
        ),
        link_button(
            rx.cond(Board.linked, tr("first.go_write"), tr("first.go_link")),
            href=rx.cond(Board.linked, "/messages", "/whatsapp"),
        ),
        class_name="welcome",
    )
