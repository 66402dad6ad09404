"""What a dashboard counts over: a span of days, in steps, and the calendar period of a ranking."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from sender_app.domain.errors import RuleViolation

LONGEST = 3660  # days
OF_GROUP = "="  # before a group's name in a choice, so that the group without a name is one too
_BY_HOUR = 2  # days at most that are shown by the hour
_BY_DAY = 124  # days at most that are shown by the day
_A_MONTH = 31  # days at most whose ranking is that of a month


class Step(StrEnum):
    """What one bar of a timeline stands for."""

    HOUR = "hour"  # key 2026-11-24T09, on the clocks of the workspace
    DAY = "day"  # key 2026-11-24
    MONTH = "month"  # key 2026-11


@dataclass(frozen=True, slots=True)
class Only:
    """What is counted: everything, or only one account's, or one group's ("" is no group)."""

    account_id: UUID | None = None
    group: str | None = None


EVERYTHING = Only()


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `start` to `end`, both included. Raises RuleViolation for none and for too many."""

    start: date
    end: date
    by: Step | None = None  # the step that is asked for, whatever the length

    def __post_init__(self) -> None:
        if not 1 <= self.days <= LONGEST:
            raise RuleViolation("range_invalid", days=self.days, limit=LONGEST)

    @property
    def days(self) -> int:
        """How many."""
        return (self.end - self.start).days + 1

    @property
    def step(self) -> Step:
        """The step that gives a timeline neither a handful of bars nor hundreds."""
        if self.by is not None:
            return self.by
        if self.days <= _BY_HOUR:
            return Step.HOUR
        return Step.DAY if self.days <= _BY_DAY else Step.MONTH

    @property
    def period(self) -> str:
        """The calendar month (`2026-11`) or year (`2026`) whose ranking goes with this span."""
        return f"{self.end:%Y-%m}" if self.days <= _A_MONTH else f"{self.end:%Y}"

    @property
    def whole(self) -> "Span":
        """This span, from the first of its first month on where it goes by months."""
        if self.step is not Step.MONTH:
            return self
        return replace(self, start=self.start.replace(day=1))

    def steps(self) -> Iterator[str]:
        """Every key of the timeline, oldest first."""
        seen = ""
        for n in range(self.days):
            day = self.start + timedelta(days=n)
            match self.step:
                case Step.HOUR:
                    yield from (f"{day}T{hour:02d}" for hour in range(24))
                case Step.DAY:
                    yield str(day)
                case Step.MONTH if (month := f"{day:%Y-%m}") != seen:
                    seen = month
                    yield month


def last_days(days: int, today: date, by: Step | None = None) -> Span:
    """The last `days` days, today included."""
    if not 1 <= days <= LONGEST:
        raise RuleViolation("range_invalid", days=days, limit=LONGEST)
    return Span(today - timedelta(days=days - 1), today, by)


def month_so_far(today: date) -> Span:
    """From the first of the month."""
    return Span(today.replace(day=1), today)


def month_before(today: date) -> Span:
    """The same days of the month before, or as many of them as it has."""
    last = today.replace(day=1) - timedelta(days=1)
    day = min(today.day, monthrange(last.year, last.month)[1])
    return Span(last.replace(day=1), last.replace(day=day))


def chosen(days: str, start: str, end: str) -> int | Span:
    """The days that were chosen. Raises RuleViolation for what cannot be."""
    if days == "dates":
        return Span(_day(start), _day(end))
    try:
        return int(days)
    except ValueError as error:
        raise RuleViolation("range_invalid", days=0, limit=LONGEST) from error


def narrowed(account: str, group: str) -> Only:
    """What was chosen to look at alone. Raises RuleViolation for what is no account."""
    try:
        account_id = UUID(account) if account else None
    except ValueError as error:
        raise RuleViolation("account_unknown") from error
    return Only(account_id, group.removeprefix(OF_GROUP) if group else None)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RuleViolation("range_invalid", days=0, limit=LONGEST) from error
