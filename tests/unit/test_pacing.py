"""Pacing."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender_app.domain.errors import RuleViolation
from sender_app.domain.pacing import (
    UNLIMITED,
    History,
    Never,
    Pace,
    SendNow,
    Wait,
    WaitUntil,
    decide,
    pace_from,
    plan,
    rest_after,
    shared_plan,
)

ZONE = ZoneInfo("America/Asuncion")
NOON = datetime(2026, 11, 24, 12, tzinfo=ZONE).astimezone(UTC)
FREE = Pace(interval=0, jitter=0)


def ago(*seconds: float) -> list[datetime]:
    return [NOON - timedelta(seconds=s) for s in sorted(seconds, reverse=True)]


def today(count: int) -> History:
    return History((), count, NOON.astimezone(ZONE).date(), NOON.astimezone(ZONE).date())


@pytest.mark.parametrize(
    ("pace", "history", "draw", "expected"),
    [
        (FREE, History(), 0.5, SendNow(UNLIMITED)),
        (Pace(6, 6), History(ago(5)), 0.5, WaitUntil(NOON + timedelta(seconds=4), Wait.INTERVAL)),
        (Pace(6, 6), History(ago(10)), 0.5, SendNow(1)),
        (
            Pace(0, 0, per_minute=2),
            History(ago(30, 10)),
            0,
            WaitUntil(NOON + timedelta(seconds=30), Wait.PER_MINUTE),
        ),
        (Pace(0, 0, per_minute=2), History(ago(70, 10)), 0, SendNow(1)),
        (
            Pace(0, 0, per_hour=1),
            History(ago(600)),
            0,
            WaitUntil(NOON + timedelta(minutes=50), Wait.PER_HOUR),
        ),
        (
            Pace(0, 0, per_day=10),
            today(10),
            0,
            WaitUntil(datetime(2026, 11, 25, tzinfo=ZONE), Wait.PER_DAY),
        ),
        (Pace(0, 0, per_day=10), today(7), 0, SendNow(3)),
        (
            Pace(0, 0, warm_up=(20, 40)),
            today(20),
            0,
            WaitUntil(datetime(2026, 11, 25, tzinfo=ZONE), Wait.PER_DAY),
        ),
        (
            Pace(0, 0, opens=time(13), closes=time(20)),
            History(),
            0,
            WaitUntil(datetime(2026, 11, 24, 13, tzinfo=ZONE), Wait.QUIET_HOURS),
        ),
        (
            Pace(0, 0, opens=time(8), closes=time(11)),
            History(),
            0,
            WaitUntil(datetime(2026, 11, 25, 8, tzinfo=ZONE), Wait.QUIET_HOURS),
        ),
        (Pace(0, 0, opens=time(22), closes=time(13)), History(), 0, SendNow(UNLIMITED)),
        (
            Pace(0, 0, weekdays=frozenset({0})),
            History(),
            0,
            WaitUntil(datetime(2026, 11, 30, tzinfo=ZONE), Wait.WEEKDAY),
        ),
        (Pace(0, 0, weekdays=frozenset()), History(), 0, Never()),
    ],
)
def test_it_decides(pace: Pace, history: History, draw: float, expected: object):
    decision = decide(pace, history, NOON, ZONE, draw)
    if isinstance(expected, WaitUntil):
        assert isinstance(decision, WaitUntil)
        assert (decision.at, decision.why) == (expected.at.astimezone(UTC), expected.why)
    else:
        assert decision == expected


def test_it_opens_at_the_wall_clock_over_a_change_of_daylight_saving():
    zone = ZoneInfo("America/New_York")
    pace = Pace(0, 0, opens=time(9), closes=time(17))
    night = datetime(2026, 3, 7, 22, tzinfo=zone).astimezone(UTC)  # clocks change that night
    decision = decide(pace, History(), night, zone, 0)
    assert isinstance(decision, WaitUntil)
    assert decision.at.astimezone(zone) == datetime(2026, 3, 8, 9, tzinfo=zone)
    assert decision.at - night == timedelta(hours=10)


def test_it_counts_a_new_day_from_nothing():
    yesterday = History((), 10, date(2026, 11, 23), date(2026, 11, 1))
    assert decide(Pace(0, 0, per_day=10), yesterday, NOON, ZONE, 0) == SendNow(10)


@given(
    st.integers(1, 400),
    st.floats(0, 20),
    st.one_of(st.none(), st.integers(1, 60)),
    st.one_of(st.none(), st.integers(1, 100)),
    st.booleans(),
)
def test_its_plan_ends_when_a_simulation_ends(
    count: int, interval: float, per_minute: int | None, per_day: int | None, office: bool
):
    hours = {"opens": time(8), "closes": time(18)} if office else {}
    pace = Pace(interval, 0, per_minute=per_minute, per_day=per_day, **hours)
    expected = plan(pace, History(), count, NOON, ZONE)
    assert expected is not None
    at, history, days = NOON, History(), set()
    for _ in range(count):
        while not isinstance(decision := decide(pace, history, at, ZONE, 0), SendNow):
            assert isinstance(decision, WaitUntil)
            at = decision.at
        history = history.with_sent(at, ZONE)
        days.add(at.astimezone(ZONE).date())
    assert sum(expected.by_day.values()) == count
    assert abs(expected.days - len(days)) <= 1
    assert abs(expected.ends_at - at) <= timedelta(days=1, minutes=2)


def test_accounts_that_share_a_campaign_each_send_what_their_limits_let():
    brisk, capped = Pace(10, 0), Pace(10, 0, per_day=5)
    together = shared_plan([(brisk, History()), (capped, History())], 25, NOON, ZONE)
    assert together is not None
    assert together.ends_at == NOON + 19 * timedelta(seconds=10)  # 20 and 5
    assert together.by_day == {NOON.astimezone(ZONE).date(): 25}
    halves = shared_plan([(brisk, History()), (brisk, History())], 25, NOON, ZONE)
    assert halves is not None
    assert halves.ends_at == NOON + 12 * timedelta(seconds=10)
    only_capped = shared_plan([(capped, History()), (capped, History())], 25, NOON, ZONE)
    assert only_capped is not None
    assert list(only_capped.by_day.values()) == [10, 10, 5]


def test_it_names_the_field_that_makes_no_sense():
    with pytest.raises(RuleViolation) as problem:
        pace_from({"per_day": "0"}, FREE)
    assert problem.value.params == {"field": "per_day"}


def test_an_account_comes_for_answers_soon_at_first_and_ever_more_seldom():
    soon, day = timedelta(minutes=5), timedelta(hours=20)
    rests = [timedelta()]
    while rests[-1] < day:
        rests.append(rest_after(rests[-1], soon, day))
    minutes = [rest.total_seconds() / 60 for rest in rests[1:]]
    assert minutes == [5, 10, 20, 40, 80, 160, 320, 640, 1200]
    assert rest_after(day, soon, day) == day
