"""The dashboard: the month's figures, three charts, and the first steps."""

from typing import Any

import reflex as rx
from babel.numbers import format_decimal, format_percent

from sender_app.domain.phone import pretty
from sender_app.ports.store import Tally
from sender_app.states.access import handler, use
from sender_app.states.figures import day, pie, timeline_bars
from sender_app.states.session import Session
from sender_app.text import translate


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
    async def refresh(self) -> Any:
        """The figures as they are now."""
        if self.loaded:
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
                services.contacts.count(actor).n,
            )

        month, timeline, groups, contacts, accounts, book = await use(self, read)
        self.sent, self.errors = month.sent, month.errors
        rate = month.success_rate
        self.rate = "—" if rate is None else format_percent(rate, "#,##0.#\u202f%", locale=lang)
        self.average = format_decimal(month.daily_average, "#,##0.#", locale=lang)
        self.timeline = timeline_bars(timeline, lang)
        self.groups = pie(groups, lang)
        self.day_rows = [
            _row(t, day(t.key, lang), lang) for t in reversed(timeline) if t.sent or t.errors
        ]
        blank = translate(lang, "dashboard.no_group")
        self.group_rows = [_row(t, t.label or blank, lang) for t in groups]
        most = max((t.sent for t in contacts), default=0) or 1
        self.contacts = [
            _row(t, t.label or pretty(t.key), lang) | {"share": f"{100 * t.sent / most:.1f}%"}
            for t in contacts
        ]
        self.empty = not any(t.sent or t.errors for t in timeline)
        self.linked = any(account.is_linked for account in accounts)
        self.has_contacts = book > 0
        self.loaded = True


def _row(tally: Tally, label: str, lang: str) -> dict[str, str]:
    """A line of a table; `phone` is there for contacts."""
    return {
        "key": tally.key,
        "label": label,
        "phone": pretty(tally.key) if tally.key.startswith("+") else "",
        "sent": format_decimal(tally.sent, locale=lang),
        "errors": format_decimal(tally.errors, locale=lang),
    }
