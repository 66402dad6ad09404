"""The last steps of a campaign being written: when it starts, what it will take, and the start."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import reflex as rx
from babel.dates import get_timezone_location

from sender_app.domain.errors import RuleViolation
from sender_app.domain.pacing import Pace
from sender_app.domain.phone import pretty
from sender_app.services.drafts import Preflight
from sender_app.states.access import handler, use
from sender_app.text import language_of, translate


@dataclass(frozen=True)
class GapView:
    """Somebody who lacks something that the message uses."""

    row: int
    name: str
    phone: str
    missing: str


@dataclass(frozen=True)
class Look:
    """The look before the start; times are ISO."""

    people: int = 0
    reached: int = 0
    opted_out: int = 0
    resting: int = 0
    known: int = 0
    cold: int = 0
    days: int = 0
    ends_at: str = ""
    gap_count: int = 0
    problem: str = ""


@dataclass(frozen=True)
class PaceView:
    """The workspace's limits: seconds, messages, local times as HH:MM; 0 or blank is no limit."""

    least: float = 0
    most: float = 0
    per_minute: int = 0
    per_hour: int = 0
    per_day: int = 0
    opens: str = ""
    closes: str = ""
    days: list[int] = field(default_factory=list)  # Monday is 0; blank: every day


def pace_view(pace: Pace) -> PaceView:
    """The limits for the browser."""
    return PaceView(
        least=round(pace.interval, 1),
        most=round(pace.interval + pace.jitter, 1),
        per_minute=pace.per_minute or 0,
        per_hour=pace.per_hour or 0,
        per_day=pace.per_day or 0,
        opens=f"{pace.opens:%H:%M}" if pace.opens else "",
        closes=f"{pace.closes:%H:%M}" if pace.closes else "",
        days=sorted(pace.weekdays) if len(pace.weekdays) < 7 else [],
    )


def place_of(zone: str, lang: str) -> str:
    """The town that an IANA name of a time zone is called after: Asunción."""
    return get_timezone_location(zone, locale=lang, return_city=True).rpartition("/")[2]


class Takeoff(rx.State, mixin=True):
    """When and how a draft starts. `_draft_id` and `_keep` are the page's."""

    starts_later: bool = False
    starts_at: str = ""  # as the field shows it, local to the workspace
    zone: str = ""
    place: str = ""  # whose time that is, as the page says it
    pace: PaceView = PaceView()
    look: Look = Look()
    gaps: list[GapView] = []
    looked: bool = False
    confirming: bool = False

    @rx.event
    @handler
    async def choose_start(self, later: bool) -> Any:
        """At once, or at a time."""
        self.starts_later = later
        await self._keep()
        await self._look_ahead()

    @rx.event
    @handler
    async def start_at(self, local: str) -> Any:
        """The time, in the workspace's zone."""
        self.starts_at, self.starts_later = local[:16], True
        await self._keep()
        await self._look_ahead()

    @rx.event
    @handler
    async def ask(self, open_: bool) -> Any:
        """Open or close the question before the start; it says how many people it is for."""
        if open_:
            await self._look_ahead()
        self.confirming = open_ and not self.look.problem

    @rx.event
    @handler
    async def send(self) -> Any:
        """Start, and go to the live page. Of two presses, the second finds no draft any more.

        When others than were confirmed would be written to, it says so and asks again.
        """
        self.confirming = False
        if not self._draft_id or self.look.problem:
            return None
        campaign_id, people = UUID(self._draft_id), self.look.reached
        try:
            await use(self, lambda s, actor: s.drafts.launch(actor, campaign_id, people))
        except RuleViolation as problem:
            await self._look_ahead()
            self.confirming = problem.code == "audience_changed" and not self.look.problem
            raise
        self._begin_anew()
        return rx.redirect(f"/campaigns/{campaign_id}")

    async def _look_ahead(self) -> None:
        if not self._draft_id:
            return
        campaign_id = UUID(self._draft_id)
        found = await use(self, lambda s, actor: s.drafts.preflight(actor, campaign_id))
        self.look, self.looked = self._view(found), True
        self.gaps = [
            GapView(gap.row, gap.nombre, pretty(gap.phone), ", ".join(gap.missing))
            for gap in found.gaps
        ]

    def _view(self, found: Preflight) -> Look:
        problem = found.problem
        if problem is None and self.starts_later and not self.starts_at:
            problem = RuleViolation("schedule_missing")
        return Look(
            people=found.counts.people,
            reached=found.counts.reached,
            opted_out=found.counts.opted_out,
            resting=found.counts.resting,
            known=found.known,
            cold=found.cold,
            days=found.plan.days if found.plan else 0,
            ends_at=found.plan.ends_at.isoformat() if found.plan else "",
            gap_count=found.gap_count,
            problem=self._words(problem) if problem else "",
        )

    def _words(self, problem: RuleViolation) -> str:
        lang = language_of(self.router.headers.cookie, self.router.headers.raw_headers)
        return translate(lang, f"error.{problem.code}", **problem.params)

    def _local_start(self) -> datetime | None:
        """The chosen time, without a zone."""
        if not self.starts_later or not self.starts_at:
            return None
        try:
            return datetime.fromisoformat(self.starts_at)
        except ValueError as error:
            raise RuleViolation("schedule_unreadable") from error

    async def _keep(self) -> None:
        raise NotImplementedError

    def _begin_anew(self) -> None:
        raise NotImplementedError
