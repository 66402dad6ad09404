"""The dashboard: the month's figures, three charts, and what they are narrowed to."""

from typing import Any
from urllib.parse import urlencode

import reflex as rx

from sender_app.domain.phone import pretty
from sender_app.domain.reporting import OF_GROUP, Only, Span, chosen, month_before, narrowed
from sender_app.states.access import handler, use
from sender_app.states.board_views import (
    Choice,
    Kpi,
    Line,
    days_between,
    kpis,
    line,
    month_name,
    period_name,
)
from sender_app.states.figures import moment, pie, timeline_bars
from sender_app.states.session import Session
from sender_app.text import translate


class Board(rx.State):
    """What the dashboard shows; figures are plain plotly dictionaries."""

    kpis: list[Kpi] = []
    month: str = ""
    compared: str = ""  # the days that the month is held against
    days: str = "30"  # how many last days, or "dates"
    start: str = ""
    end: str = ""
    step: str = "day"
    account: str = ""  # an account's id, or blank for all
    group: str = ""  # OF_GROUP and a group's name, or blank for all
    accounts: list[Choice] = []
    group_names: list[Choice] = []
    timeline: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    contacts: list[Line] = []
    period: str = ""  # of the contacts
    time_rows: list[Line] = []
    group_rows: list[Line] = []
    export: str = ""  # the query of the files to download
    empty: bool = False
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
        """Another range; "dates" keeps the one in view until others are given."""
        self.days = days
        if days != "dates":
            await self._look()

    @rx.event
    @handler
    async def choose_dates(self, form: dict[str, Any]) -> Any:
        """From one day to another, both ISO dates."""
        start, end = (str(form.get(name, "")) for name in ("start", "end"))
        chosen("dates", start, end)
        self.days, self.start, self.end = "dates", start, end
        await self._look()

    @rx.event
    @handler
    async def choose_account(self, text: str) -> Any:
        """Only one account, or blank for all."""
        self.account = text
        await self._look()

    @rx.event
    @handler
    async def choose_group(self, text: str) -> Any:
        """Only one group, or blank for all."""
        self.group = text
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
        """Read everything; what did not change is not sent again."""
        lang = (await self.get_state(Session)).lang
        asked = (self.days, self.start, self.end), (self.account, self.group)

        def read(services: Any, actor: Any) -> dict[str, Any]:
            board = services.dashboard
            span, only = board.span(actor, chosen(*asked[0])), narrowed(*asked[1])
            found = _figures(board, actor, span, only, lang)
            names = [group.name for group in services.contacts.groups(actor)]
            linked = services.accounts.list_accounts(actor)
            return found | {
                "accounts": [
                    Choice(str(one.id), pretty(one.phone) if one.phone else one.label)
                    for one in linked
                ],
                "group_names": [
                    Choice(OF_GROUP, translate(lang, "dashboard.no_group")),
                    *(Choice(OF_GROUP + name, name) for name in names),
                ],
            }

        found = await use(self, read)
        choice = {"days": self.days, "account": self.account, "group": self.group}
        if self.days == "dates":
            choice |= {"start": self.start, "end": self.end}
        for name, value in (found | {"export": urlencode(choice), "loaded": True}).items():
            if getattr(self, name) != value:
                setattr(self, name, value)


def _figures(board: Any, actor: Any, span: Span, only: Only, lang: str) -> dict[str, Any]:
    """Everything that is drawn."""
    now, before = board.current_month(actor, only), board.month_before(actor, only)
    timeline, groups = board.timeline(actor, span, only), board.by_group(actor, span, only)
    contacts = board.by_contact(actor, span, only=only)
    today = board.today(actor)
    same_days = month_before(today)
    blank = translate(lang, "dashboard.no_group")
    most = max((tally.sent for tally in contacts), default=0)
    return {
        "kpis": kpis(now, before, lang),
        "month": month_name(today, lang),
        "compared": days_between(same_days.start, same_days.end, lang),
        "start": str(span.start),
        "end": str(span.end),
        "step": span.step.value,
        "timeline": timeline_bars(timeline, span.step, lang),
        "groups": pie(groups, lang),
        "time_rows": [
            line(tally, moment(tally.key, span.step, lang), lang)
            for tally in reversed(timeline)
            if tally.sent or tally.errors
        ],
        "group_rows": [line(tally, tally.label or blank, lang) for tally in groups],
        "contacts": [
            line(tally, tally.label or pretty(tally.key), lang, most) for tally in contacts
        ],
        "period": period_name(span.period, lang),
        "empty": not any(tally.sent or tally.errors for tally in timeline),
    }
