"""Pacing: when may an account send its next message? Pure functions of limits, history and now."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from heapq import merge

from sender_app.domain.account import Account
from sender_app.domain.errors import RuleViolation
from sender_app.domain.workspace import Workspace

UNLIMITED = 1_000_000  # messages that may follow each other where nothing limits them
_EVERY_DAY = frozenset(range(7))
_STEP = timedelta(microseconds=1)  # of times
_HORIZON = 400  # days looked ahead before saying that no day is open


class Wait(StrEnum):
    """Why a message has to wait."""

    INTERVAL = "interval"  # the pause between two messages
    PER_MINUTE = "per_minute"
    PER_HOUR = "per_hour"
    PER_DAY = "per_day"  # the day's cap, or the warm-up's cap for that day
    QUIET_HOURS = "quiet_hours"
    WEEKDAY = "weekday"


@dataclass(frozen=True, slots=True)
class Pace:
    """Limits of one account; None means no limit. Times of day are the workspace's local time."""

    interval: float = 6.0  # seconds between the starts of two messages, at least
    jitter: float = 6.0  # seconds, at most, added to each interval, evenly drawn
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    opens: time | None = None  # both or none; closes may be earlier than opens (over midnight)
    closes: time | None = None
    weekdays: frozenset[int] = _EVERY_DAY  # Monday is 0
    warm_up: tuple[int, ...] = ()  # caps of a new account's first, second, … day

    @property
    def unhurried(self) -> bool:
        """Whether there is any pause between two messages."""
        return self.interval > 0 or self.jitter > 0

    @property
    def looks_back(self) -> bool:
        """Whether anything here depends on what was sent before."""
        caps = (self.per_minute, self.per_hour, self.per_day)
        return self.unhurried or bool(self.warm_up) or any(cap is not None for cap in caps)


@dataclass(frozen=True, slots=True)
class History:
    """What an account has sent: `recent` ascending over the last hour, `today` since midnight."""

    recent: Sequence[datetime] = ()
    today: int = 0
    day: date | None = None  # the local date that `today` counts
    first_day: date | None = None  # the local date of the first message ever (warm-up)

    def sent_on(self, day: date) -> int:
        """Messages sent on the local date `day` (known for the latest day only)."""
        return self.today if day == self.day else 0

    def with_sent(self, at: datetime, zone: tzinfo) -> "History":
        """The history after one more message at `at`."""
        day = at.astimezone(zone).date()
        horizon = at - timedelta(hours=1)
        recent = [*self.recent[bisect_right(self.recent, horizon) :], at]
        return History(recent, self.sent_on(day) + 1, day, self.first_day or day)


@dataclass(frozen=True, slots=True)
class SendNow:
    """Up to `count` messages may go now, one after the other without waiting."""

    count: int = 1


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Nothing may be sent before `at`."""

    at: datetime
    why: Wait


@dataclass(frozen=True, slots=True)
class Never:
    """These limits let nothing through on any day."""


Decision = SendNow | WaitUntil | Never


def decide(pace: Pace, history: History, now: datetime, zone: tzinfo, draw: float) -> Decision:
    """What the account may do at `now` (aware). `draw` in [0, 1) picks this message's jitter."""
    at, why = now, Wait.INTERVAL
    while True:
        moved = _earliest(pace, history, at, zone, draw)
        if moved is None:
            break
        if moved.at - now > timedelta(days=_HORIZON):
            return Never()
        at, why = moved.at, moved.why
    if at > now:
        return WaitUntil(at, why)
    return SendNow(_room(pace, history, now, zone))


def _earliest(
    pace: Pace, history: History, at: datetime, zone: tzinfo, draw: float
) -> WaitUntil | None:
    """The first limit that forbids `at`, with the next moment that it allows."""
    recent = history.recent
    if recent:
        gap = recent[-1] + timedelta(seconds=pace.interval + pace.jitter * draw)
        if at < gap:
            return WaitUntil(gap, Wait.INTERVAL)
    for cap, span, why in (
        (pace.per_minute, timedelta(minutes=1), Wait.PER_MINUTE),
        (pace.per_hour, timedelta(hours=1), Wait.PER_HOUR),
    ):
        if cap is not None and len(recent) >= cap and recent[-cap] + span > at:
            return WaitUntil(recent[-cap] + span, why)
    return _day_limit(pace, history, at, zone)


def _day_limit(pace: Pace, history: History, at: datetime, zone: tzinfo) -> WaitUntil | None:
    local = at.astimezone(zone)
    cap = day_cap(pace, history, local.date())
    if cap is not None and history.sent_on(local.date()) >= cap:
        return WaitUntil(_local(local.date() + timedelta(days=1), time(0), zone), Wait.PER_DAY)
    if local.weekday() not in pace.weekdays:
        return WaitUntil(_local(local.date() + timedelta(days=1), time(0), zone), Wait.WEEKDAY)
    if pace.opens is None or pace.closes is None or pace.opens == pace.closes:
        return None
    clock = local.time()
    over_midnight = pace.closes < pace.opens
    if over_midnight:
        is_open = clock >= pace.opens or clock < pace.closes
    else:
        is_open = pace.opens <= clock < pace.closes
    if is_open:
        return None
    later = over_midnight or clock < pace.opens
    day = local.date() if later else local.date() + timedelta(days=1)
    opening = _local(day, pace.opens, zone)
    # A clock put forward can leave the opening in the past of the hour that was skipped.
    return WaitUntil(max(opening, at + timedelta(seconds=1)), Wait.QUIET_HOURS)


def day_cap(pace: Pace, history: History, day: date) -> int | None:
    """The cap of the local date `day`: the smaller of the daily cap and the warm-up's step."""
    caps = [] if pace.per_day is None else [pace.per_day]
    age = (day - (history.first_day or day)).days
    if age < len(pace.warm_up):
        caps.append(pace.warm_up[age])
    return min(caps, default=None)


def _local(day: date, clock: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def _room(pace: Pace, history: History, now: datetime, zone: tzinfo) -> int:
    """How many messages may follow each other at once; 1 whenever there is a pause between two."""
    if pace.unhurried:
        return 1
    room = UNLIMITED
    for cap, span in ((pace.per_minute, timedelta(minutes=1)), (pace.per_hour, timedelta(hours=1))):
        if cap is not None:
            room = min(room, cap - len(history.recent) + bisect_right(history.recent, now - span))
    day = now.astimezone(zone).date()
    cap = day_cap(pace, history, day)
    if cap is not None:
        room = min(room, cap - history.sent_on(day))
    return max(room, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """When a campaign will end under its limits, and on how many days it sends."""

    ends_at: datetime
    days: int
    by_day: Mapping[date, int] = field(default_factory=dict)


def plan(pace: Pace, history: History, count: int, now: datetime, zone: tzinfo) -> Plan | None:
    """The expected course of `count` messages from `now`; None when the limits let nothing through.

    Steps through the sending in strides of equal gaps, so that the cost grows with the days needed
    and not with `count`.
    """
    return shared_plan([(pace, history)], count, now, zone)


def shared_plan(
    accounts: Sequence[tuple[Pace, History]], count: int, now: datetime, zone: tzinfo
) -> Plan | None:
    """The same when several accounts send together, each whenever its own limits let it."""
    if count == 0:
        return Plan(now, 0)
    strides = merge(
        *(_strides(pace, history, now, zone) for pace, history in accounts), key=lambda s: s.at
    )
    taken: list[_Stride] = []
    under_way: list[_Stride] = []  # of these some messages are still to be sent
    before = 0  # messages of the others
    for stride in strides:
        ended = [one for one in under_way if one.ends_at <= stride.at]
        under_way = [one for one in under_way if one.ends_at > stride.at]
        before += sum(one.count for one in ended)
        if before + _sent_by(under_way, stride.at) >= count:
            under_way += ended
            before -= sum(one.count for one in ended)
            break
        taken.append(stride)
        under_way.append(stride)
    if before + sum(stride.count for stride in under_way) < count:
        return None
    ends_at = _end(under_way, count - before)
    left, by_day = count, dict[date, int]()
    for stride in taken:
        if sent := min(left, stride.sent_by(ends_at)):  # the last may come several at once
            by_day[stride.day] = by_day.get(stride.day, 0) + sent
            left -= sent
    return Plan(ends_at, len(by_day), by_day)


@dataclass(frozen=True, slots=True)
class _Stride:
    """Messages of one account with the same gap between every two."""

    at: datetime  # of the first
    count: int
    gap: timedelta
    day: date

    @property
    def ends_at(self) -> datetime:
        """When the last of them is sent."""
        return self.at + self.gap * (self.count - 1)

    def sent_by(self, at: datetime) -> int:
        """How many of them are sent at `at`, that moment included."""
        if at < self.at:
            return 0
        return min(self.count, (at - self.at) // self.gap + 1) if self.gap else self.count


def _strides(pace: Pace, history: History, now: datetime, zone: tzinfo) -> Iterator[_Stride]:
    """What an account sends that always has something to send; ends where nothing is let through.

    With the mean jitter, and the mean pause that the rolling caps allow.
    """
    gap = timedelta(seconds=max(pace.interval + pace.jitter / 2, _mean_gap(pace)))
    steady = replace(pace, per_minute=None, per_hour=None, jitter=0.0)
    at = now
    while True:
        decision = decide(steady, history, at, zone, 0.0)
        if isinstance(decision, Never):
            return
        if isinstance(decision, WaitUntil):
            at = decision.at
            continue
        day = at.astimezone(zone).date()
        sent = _stride(steady, history, at, zone, gap)
        yield _Stride(at, sent, gap, day)
        history = History(
            (at + gap * (sent - 1),), history.sent_on(day) + sent, day, history.first_day or day
        )
        at += gap * sent


def _sent_by(strides: Sequence[_Stride], at: datetime) -> int:
    return sum(stride.sent_by(at) for stride in strides)


def _end(strides: Sequence[_Stride], count: int) -> datetime:
    """When the `count`th of these messages is sent."""
    first = min(stride.at for stride in strides)
    span = (max(stride.ends_at for stride in strides) - first) // _STEP
    steps = bisect_left(range(span + 1), count, key=lambda n: _sent_by(strides, first + n * _STEP))
    return first + steps * _STEP


def _mean_gap(pace: Pace) -> float:
    """Seconds between two messages that the rolling caps allow in the long run."""
    gaps = [60 / pace.per_minute] if pace.per_minute else []
    if pace.per_hour:
        gaps.append(3600 / pace.per_hour)
    return max(gaps, default=0.0)


def _stride(pace: Pace, history: History, at: datetime, zone: tzinfo, gap: timedelta) -> int:
    """Messages that fit from `at` until the day ends, quiet hours begin or the cap is reached."""
    local = at.astimezone(zone)
    ends = _local(local.date() + timedelta(days=1), time(0), zone)
    if pace.closes is not None and pace.opens is not None and pace.closes != pace.opens:
        closing = _local(local.date(), pace.closes, zone)
        if closing > at:
            ends = min(ends, closing)
    fits = int((ends - at) / gap) + 1 if gap else 10**9
    cap = day_cap(pace, history, local.date())
    if cap is not None:
        fits = min(fits, cap - history.sent_on(local.date()))
    return max(fits, 1)


def pace_from(values: Mapping[str, object], default: Pace) -> Pace:
    """A Pace from stored JSON, `default` filling what is absent.

    Raises RuleViolation("pace_invalid", field=…) naming the first field that makes no sense.
    """
    known = {name: value for name, value in values.items() if name in Pace.__dataclass_fields__}
    try:
        return replace(default, **{name: _READ[name](value) for name, value in known.items()})
    except (TypeError, ValueError, KeyError) as error:
        raise RuleViolation("pace_invalid", field=str(error)) from error


def pace_of(account: Account, workspace: Workspace, default: Pace) -> Pace:
    """What an account goes by: its own limits, else its workspace's, else `default`."""
    return pace_from(workspace.pacing | account.pacing, default)


def _number(name: str, least: float) -> object:
    def read(value: object) -> float:
        number = float(value)  # type: ignore[arg-type]
        if not least <= number < 1e9:
            raise ValueError(name)
        return number

    return read


def _cap(name: str) -> object:
    def read(value: object) -> int | None:
        if value in (None, ""):
            return None
        number = int(value)  # type: ignore[call-overload]
        if number < 1:
            raise ValueError(name)
        return number

    return read


def _clock(value: object) -> time | None:
    return None if value in (None, "") else time.fromisoformat(str(value))


_READ: Mapping[str, object] = {
    "interval": _number("interval", 0),
    "jitter": _number("jitter", 0),
    "per_minute": _cap("per_minute"),
    "per_hour": _cap("per_hour"),
    "per_day": _cap("per_day"),
    "opens": _clock,
    "closes": _clock,
    "weekdays": lambda value: frozenset(int(day) for day in value),  # type: ignore[attr-defined]
    "warm_up": lambda value: tuple(int(cap) for cap in value),  # type: ignore[attr-defined]
}


def rest_after(last: timedelta, shortest: timedelta, longest: timedelta) -> timedelta:
    """How long an account with nothing to send stays offline before it comes for what people wrote:
    twice as long as the `last` time, which is zero when something has happened since."""
    return min(max(shortest, 2 * last), longest)
