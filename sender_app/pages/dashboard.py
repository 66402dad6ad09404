"""The dashboard."""

from typing import Any, cast

import reflex as rx

from sender_app.components.at_once import choice
from sender_app.components.browser import pulse
from sender_app.components.charts import chart, picture_button, table_link
from sender_app.components.frame import frame
from sender_app.components.ui import (
    awaited,
    button,
    card,
    confirm,
    empty,
    field,
    icon,
    link_button,
    page,
)
from sender_app.components.words import tr, tr_of
from sender_app.pages.first_steps import first_steps
from sender_app.states.dashboard import Board
from sender_app.states.first_steps import FirstSteps

_RANGES = (7, 30, 90, 365)
_KPIS = ["sent", "errors", "rate", "average"]


def dashboard() -> rx.Component:
    """The month at a glance."""
    return frame(
        "/",
        pulse(15_000, [Board.refresh, FirstSteps.load]),
        page(
            tr("dashboard.title"),
            rx.cond(FirstSteps.shown, first_steps()),
            rx.cond(
                Board.loaded & FirstSteps.loaded,
                rx.cond(FirstSteps.sent, _figures(), rx.cond(FirstSteps.away, _nothing())),
                awaited(44, 122, 44, 440, 440),
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


def _nothing() -> rx.Component:
    return card(
        empty(
            "send",
            tr("dashboard.nothing"),
            tr("dashboard.nothing_text"),
            link_button(tr("first.go_write"), href="/messages"),
        )
    )


def _figures() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            rx.el.div(
                rx.el.h2(Board.month),
                rx.el.p(tr("dashboard.compared", days=Board.compared), class_name="hint"),
            ),
            _narrowing(),
            class_name="section-head first",
        ),
        rx.el.div(rx.foreach(Board.kpis, _kpi), class_name="kpis"),
        rx.el.div(rx.el.h2(tr("dashboard.activity")), _range(), class_name="section-head"),
        rx.cond(Board.days == "dates", _dates()),
        card(
            chart("timeline", Board.timeline, _timeline(), Board.time_rows, tr("dashboard.when")),
            title=_timeline(),
            aside=_files(
                "timeline", _timeline(), picture_button("timeline", "mensajes", _timeline())
            ),
        ),
        rx.el.div(
            card(
                rx.cond(
                    Board.group_rows.length() > 0,
                    chart(
                        "groups",
                        Board.groups,
                        tr("dashboard.groups"),
                        Board.group_rows,
                        tr("contacts.group"),
                    ),
                    rx.el.p(tr("dashboard.nobody"), class_name="hint chart"),
                ),
                title=tr("dashboard.groups"),
                aside=_files(
                    "groups",
                    tr("dashboard.groups"),
                    rx.cond(
                        Board.group_rows.length() > 0,
                        picture_button("groups", "grupos", tr("dashboard.groups")),
                    ),
                ),
            ),
            card(
                rx.el.p(Board.period, class_name="hint"),
                rx.el.ol(rx.foreach(Board.contacts, _contact), class_name="top"),
                rx.cond(
                    Board.contacts.length() == 0,
                    rx.el.p(tr("dashboard.nobody"), class_name="hint"),
                ),
                title=tr("dashboard.top"),
                aside=_files("contacts", tr("dashboard.top")),
            ),
            class_name="halves",
        ),
    )


def _timeline() -> rx.Var[str]:
    return tr_of("dashboard.timeline", Board.step, ["hour", "day", "month"])


def _files(name: str, label: rx.Var, *picture: rx.Component) -> rx.Component:
    href = f"/figures/{name}.csv?{Board.export}"
    return rx.el.div(*picture, table_link(href, label), class_name="files")


def _narrowing() -> rx.Component:
    def select(label: Any, choices: rx.Var, value: rx.Var, choose: Any, blank: Any) -> rx.Component:
        return choice(
            value,
            choose,
            rx.el.option(blank, value=""),
            rx.foreach(choices, lambda one: rx.el.option(one.label, value=one.value)),
            label=label,
        )

    return rx.el.div(
        select(
            tr("dashboard.account"),
            Board.accounts,
            Board.account,
            Board.choose_account,
            tr("dashboard.all_accounts"),
        ),
        select(
            tr("contacts.group"),
            Board.group_names,
            Board.group,
            Board.choose_group,
            tr("dashboard.all_groups"),
        ),
        class_name="filters",
    )


def _range() -> rx.Component:
    return choice(
        Board.days,
        Board.choose_days,
        rx.el.option(tr("dashboard.today"), value="1"),
        *[rx.el.option(tr("dashboard.days", n=days), value=str(days)) for days in _RANGES[:-1]],
        rx.el.option(tr("dashboard.year"), value=str(_RANGES[-1])),
        rx.el.option(tr("dashboard.dates"), value="dates"),
        label=tr("dashboard.range"),
    )


def _dates() -> rx.Component:
    def day(name: str, value: rx.Var) -> rx.Component:
        return field(
            tr(f"dashboard.{name}"),
            rx.el.input(type="date", name=name, default_value=value, required=True),
        )

    return rx.el.form(
        day("start", Board.start),
        day("end", Board.end),
        button(tr("dashboard.show"), kind="primary", type="submit"),
        on_submit=Board.choose_dates,
        class_name="dates",
    )


def _kpi(kpi: Any) -> rx.Component:
    arrow = rx.match(
        kpi.trend,
        ("up", icon("trending-up", 16)),
        ("down", icon("trending-down", 16)),
        icon("minus", 16),
    )
    return rx.el.div(
        rx.el.span(tr_of("dashboard.kpi", kpi.name, _KPIS), class_name="stat-label"),
        rx.el.strong(kpi.value, class_name="stat-value"),
        rx.el.span(
            rx.cond(
                kpi.change != "",
                rx.el.span(cast(rx.Component, arrow), kpi.change, class_name=f"change {kpi.tone}"),
            ),
            rx.el.span(tr("dashboard.before", n=kpi.before), class_name="hint"),
            class_name="against",
        ),
        class_name="card stat",
        key=kpi.name,
    )


def _contact(row: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.el.strong(row.label),
            rx.el.span(row.phone, class_name="hint"),
            class_name="person",
        ),
        rx.el.span(row.sent, class_name="number"),
        rx.el.span(class_name="share", style={"width": row.share}, aria_hidden="true"),
        key=row.key,
    )
