"""The dashboard: a month's figures, a timeline, groups and contacts, from rollups only."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import cast

from sender_app.domain.actor import Actor, Role
from sender_app.domain.reporting import (
    EVERYTHING,
    Only,
    Span,
    Step,
    last_days,
    month_before,
    month_so_far,
)
from sender_app.ports.cache import Cache
from sender_app.ports.store import Store
from sender_app.ports.store.metrics import Tally
from sender_app.services.clock import Clock, system_clock


@dataclass(frozen=True, slots=True)
class Month:
    """A month so far. `success_rate` is a share from 0 to 1, None while nothing was tried."""

    month: str
    sent: int
    errors: int
    success_rate: float | None
    daily_average: float  # messages sent a day, over the days gone by, today included


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Figures of the actor's workspace; days are those of its time zone.

    Where `days` is asked for, it is a number of last days, today included, or a span of them;
    RuleViolation if that is none or more than ten years.
    """

    store: Store
    cache: Cache
    clock: Clock = system_clock

    def current_month(self, actor: Actor, only: Only = EVERYTHING) -> Month:
        """This month, up to now."""
        span = month_so_far(self.today(actor))
        if only != EVERYTHING:
            return self._month(actor, span, only)
        month = f"{span.start:%Y-%m}"
        found = self._cached(
            actor, f"month:{month}", lambda: [self.store.metrics.month(actor.workspace_id, month)]
        )
        return _month(span, found[0])

    def month_before(self, actor: Actor, only: Only = EVERYTHING) -> Month:
        """The same days of the month before, or as many of them as it has."""
        return self._month(actor, month_before(self.today(actor)), only)

    def span(self, actor: Actor, days: int | Span, by: Step | None = None) -> Span:
        """The days that `days` means today; by the month they begin with a whole one."""
        span = days if isinstance(days, Span) else last_days(days, self.today(actor), by)
        return span.whole

    def timeline(
        self,
        actor: Actor,
        days: int | Span = 30,
        only: Only = EVERYTHING,
        by: Step | None = None,
    ) -> list[Tally]:
        """Each hour, day or month, `by` what is asked for or what suits, the empty ones too."""
        span = self.span(actor, days, by)
        found = self._cached(
            actor,
            f"timeline:{_key(span, only)}",
            lambda: self.store.metrics.timeline(actor.workspace_id, span, only),
        )
        by_key = {tally.key: tally for tally in found}
        return [by_key.get(key) or Tally(key, 0, 0) for key in span.steps()]

    def by_group(self, actor: Actor, days: int | Span = 30, only: Only = EVERYTHING) -> list[Tally]:
        """Groups with the most messages first; the group of people without one is blank."""
        span = self.span(actor, days)
        return self._cached(
            actor,
            f"by-group:{_key(span, only)}",
            lambda: self.store.metrics.by_group(actor.workspace_id, span, only),
        )

    def by_contact(
        self, actor: Actor, days: int | Span = 30, limit: int = 10, only: Only = EVERYTHING
    ) -> list[Tally]:
        """Contacts with the most messages first, in the span's `period`."""
        period = self.span(actor, days).period
        return self._cached(
            actor,
            f"by-contact:{period}:{limit}:{_name(only)}",
            lambda: self.store.metrics.by_contact(actor.workspace_id, period, limit, only),
        )

    def clear_cache(self, actor: Actor) -> int:
        """Forget the person's cached reads; returns how many keys were deleted."""
        actor.require(Role.VIEWER)
        return self.cache.clear(actor.user_id)

    def _month(self, actor: Actor, span: Span, only: Only) -> Month:
        found = self._cached(
            actor,
            f"total:{_key(span, only)}",
            lambda: [self.store.metrics.total(actor.workspace_id, span, only)],
        )
        return _month(span, found[0])

    def today(self, actor: Actor) -> date:
        """The day in the workspace's time zone."""
        actor.require(Role.VIEWER)
        zone = self.store.workspaces.get(actor.workspace_id).zone
        return self.clock().astimezone(zone).date()

    def _cached(self, actor: Actor, key: str, read: Callable[[], Sequence[Tally]]) -> list[Tally]:
        actor.require(Role.VIEWER)
        scoped = f"metrics:{actor.workspace_id}:{key}"
        values = self.cache.remember(
            actor.user_id, scoped, lambda: [asdict(tally) for tally in read()]
        )
        return [Tally(**value) for value in cast("list[dict[str, object]]", values)]  # type: ignore[arg-type]


def _month(span: Span, tally: Tally) -> Month:
    tried = tally.sent + tally.errors
    rate = tally.sent / tried if tried else None
    return Month(f"{span.start:%Y-%m}", tally.sent, tally.errors, rate, tally.sent / span.days)


def _key(span: Span, only: Only) -> str:
    return f"{span.start}:{span.end}:{span.step}:{_name(only)}"


def _name(only: Only) -> str:
    """As a part of a key; a group may be called anything, also nothing."""
    return f"{only.account_id or ''}:{'' if only.group is None else repr(only.group)}"
