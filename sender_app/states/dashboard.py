"""The dashboard: the month's figures, three charts, and the first steps."""

from typing import Any

import reflex as rx

from sender_app.ports.store import Tally
from sender_app.states.access import handler, use
from sender_app.states.session import Session
from sender_app.text import translate

GREEN, RED = "#1f9d6b", "#d64545"
_PALETTE = ["#1f9d6b", "#3b82c4", "#e0a030", "#8b6fc0", "#d64545", "#3aa6a6", "#b5628f", "#7a8b99"]


class Board(rx.State):
    """What the dashboard shows; figures are plain plotly dictionaries."""

    sent: int = 0
    errors: int = 0
    rate: str = "—"
    average: str = "0"
    days: int = 30
    timeline: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    contacts: list[dict[str, str]] = []
    day_rows: list[dict[str, str]] = []
    group_rows: list[dict[str, str]] = []
    empty: bool = False
    linked: bool = False
    has_contacts: bool = False
    loaded: bool = False
    clearing: bool = False

    @rx.event
    @handler
    async def load(self) -> Any:
        """On opening the page."""
        self.clearing = False
        await self._look()

    @rx.event
    @handler
    async def choose_days(self, days: str) -> Any:
        """Another range."""
        self.days = int(days)
        await self._look()

    @rx.event
    async def ask_clear(self, open_: bool) -> None:
        """Open or close the question."""
        self.clearing = open_

    @rx.event
    @handler
    async def clear_cache(self) -> Any:
        """Forget cached figures, and read them anew."""
        self.clearing = False
        deleted = await use(self, lambda s, actor: s.dashboard.clear_cache(actor))
        await self._look()
        lang = (await self.get_state(Session)).lang
        return rx.toast.success(translate(lang, "dashboard.cache_cleared", count=deleted))

    async def _look(self) -> None:
        days = self.days
        lang = (await self.get_state(Session)).lang

        def read(services: Any, actor: Any) -> Any:
            board = services.dashboard
            return (
                board.current_month(actor),
                board.timeline(actor, days),
                board.by_group(actor, days),
                board.by_contact(actor, days),
                services.accounts.list_accounts(actor),
                services.contacts.count(actor),
            )

        month, timeline, groups, contacts, accounts, book = await use(self, read)
        self.sent, self.errors = month.sent, month.errors
        self.rate = "—" if month.success_rate is None else f"{100 * month.success_rate:.1f} %"
        self.average = f"{month.daily_average:.1f}"
        self.timeline = _timeline(timeline, lang)
        self.groups = _pie(groups, lang)
        self.day_rows = [_row(t) for t in timeline if t.sent or t.errors]
        self.group_rows = [_row(t, translate(lang, "dashboard.no_group")) for t in groups]
        self.contacts = [_row(t) for t in contacts]
        self.empty = not any(t.sent or t.errors for t in timeline)
        self.linked = any(account.is_linked for account in accounts)
        self.has_contacts = book > 0
        self.loaded = True


def _row(tally: Tally, blank: str = "") -> dict[str, str]:
    return {
        "key": tally.key,
        "label": tally.label or tally.key or blank,
        "sent": str(tally.sent),
        "errors": str(tally.errors),
    }


def _layout(**more: Any) -> dict[str, Any]:
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "inherit", "size": 12, "color": "#7a8b88"},
        "margin": {"l": 36, "r": 12, "t": 12, "b": 36},
        "autosize": True,
        "colorway": _PALETTE,
        "legend": {"orientation": "h", "y": -0.2},
        **more,
    }


def _timeline(tallies: list[Tally], lang: str) -> dict[str, Any]:
    days = [tally.key for tally in tallies]
    bars = [
        {
            "type": "bar",
            "name": translate(lang, f"dashboard.{name}"),
            "x": days,
            "y": values,
            "marker": {"color": colour},
        }
        for name, values, colour in (
            ("sent", [t.sent for t in tallies], GREEN),
            ("errors", [t.errors for t in tallies], RED),
        )
    ]
    grid = {"gridcolor": "rgba(128,140,138,.18)", "zeroline": False}
    axes = {
        "xaxis": {**grid, "type": "date", "showgrid": False},
        "yaxis": {**grid, "rangemode": "tozero"},
    }
    return {"data": bars, "layout": _layout(barmode="stack", bargap=0.25, **axes)}


def _pie(groups: list[Tally], lang: str) -> dict[str, Any]:
    blank = translate(lang, "dashboard.no_group")
    slices = {
        "type": "pie",
        "labels": [tally.label or blank for tally in groups],
        "values": [tally.sent for tally in groups],
        "hole": 0.58,
        "textinfo": "percent",
        "sort": False,
    }
    return {"data": [slices], "layout": _layout(margin={"l": 12, "r": 12, "t": 12, "b": 12})}
