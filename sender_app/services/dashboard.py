"""The dashboard: a month's figures, a timeline, groups and contacts, from rollups only."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import cast

from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import RuleViolation
from sender_app.ports.cache import Cache
from sender_app.ports.store import Store, Tally
from sender_app.services.clock import Clock, system_clock

LONGEST = 3660  # days


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
    """Figures of the actor's workspace; days are those of its time zone."""

    store: Store
    cache: Cache
    clock: Clock = system_clock

    def current_month(self, actor: Actor) -> Month:
        """This month, up to now."""
        actor.require(Role.VIEWER)
        today = self._today(actor)
        month = f"{today:%Y-%m}"
        tally = self._cached(
            actor, f"month:{month}", lambda: [self.store.metrics.month(actor.workspace_id, month)]
        )[0]
        tried = tally.sent + tally.errors
        rate = tally.sent / tried if tried else None
        return Month(month, tally.sent, tally.errors, rate, tally.sent / today.day)

    def timeline(self, actor: Actor, days: int = 30) -> list[Tally]:
        """Each of the last `days` days, today included, the empty ones too."""
        start, end = self._range(actor, days)
        found = self._cached(
            actor,
            f"timeline:{start}:{end}",
            lambda: self.store.metrics.timeline(actor.workspace_id, start, end),
        )
        by_day = {tally.key: tally for tally in found}
        every = (start + timedelta(days=n) for n in range(days))
        return [by_day.get(str(day)) or Tally(str(day), 0, 0) for day in every]

    def by_group(self, actor: Actor, days: int = 30) -> list[Tally]:
        """Groups with the most messages first; the group of people without one is blank."""
        start, end = self._range(actor, days)
        return self._cached(
            actor,
            f"by-group:{start}:{end}",
            lambda: self.store.metrics.by_group(actor.workspace_id, start, end),
        )

    def by_contact(self, actor: Actor, days: int = 30, limit: int = 10) -> list[Tally]:
        """Contacts with the most messages first, by whole months."""
        start, end = self._range(actor, days)
        return self._cached(
            actor,
            f"by-contact:{start:%Y-%m}:{end:%Y-%m}:{limit}",
            lambda: self.store.metrics.by_contact(
                actor.workspace_id, f"{start:%Y-%m}", f"{end:%Y-%m}", limit
            ),
        )

    def clear_cache(self, actor: Actor) -> int:
        """Forget the person's cached reads; returns how many keys were deleted."""
        actor.require(Role.VIEWER)
        return self.cache.clear(actor.user_id)

    def _today(self, actor: Actor) -> date:
        zone = self.store.workspaces.get(actor.workspace_id).zone
        return self.clock().astimezone(zone).date()

    def _range(self, actor: Actor, days: int) -> tuple[date, date]:
        actor.require(Role.VIEWER)
        if not 1 <= days <= LONGEST:
            raise RuleViolation("range_invalid", days=days, limit=LONGEST)
        today = self._today(actor)
        return today - timedelta(days=days - 1), today

    def _cached(self, actor: Actor, key: str, read: Callable[[], Sequence[Tally]]) -> list[Tally]:
        scoped = f"metrics:{actor.workspace_id}:{key}"
        values = self.cache.remember(
            actor.user_id, scoped, lambda: [asdict(tally) for tally in read()]
        )
        return [Tally(**value) for value in cast("list[dict[str, object]]", values)]  # type: ignore[arg-type]
