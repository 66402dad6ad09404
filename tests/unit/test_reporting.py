"""What a dashboard counts over."""

from datetime import date

import pytest

from sender_app.domain.errors import RuleViolation
from sender_app.domain.reporting import Span, Step, last_days, month_before, month_so_far

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("days", "step", "bars", "period"),
    [
        (1, Step.HOUR, 24, "2026-11"),
        (2, Step.HOUR, 48, "2026-11"),
        (3, Step.DAY, 3, "2026-11"),
        (31, Step.DAY, 31, "2026-11"),
        (32, Step.DAY, 32, "2026"),
        (124, Step.DAY, 124, "2026"),
        (125, Step.MONTH, 5, "2026"),
        (365, Step.MONTH, 13, "2026"),
    ],
)
def test_a_span_has_the_step_that_suits_its_length(days: int, step: Step, bars: int, period: str):
    span = last_days(days, TODAY)
    found = (span.days, span.step, len(list(span.steps())), span.period)
    assert found == (days, step, bars, period)


def test_its_keys_are_whole_and_in_order():
    hours = list(Span(date(2026, 2, 28), date(2026, 3, 1)).steps())
    assert (hours[0], hours[24], hours[-1]) == ("2026-02-28T00", "2026-03-01T00", "2026-03-01T23")
    months = list(Span(date(2025, 12, 30), date(2026, 6, 1)).steps())
    assert (months[0], months[-1], len(months)) == ("2025-12", "2026-06", 7)


def test_a_span_by_the_month_begins_with_a_whole_one():
    assert last_days(365, TODAY).whole == Span(date(2025, 11, 1), TODAY)
    assert last_days(124, TODAY).whole == last_days(124, TODAY)


@pytest.mark.parametrize(
    ("today", "before"),
    [
        (TODAY, Span(date(2026, 10, 1), date(2026, 10, 24))),
        (date(2026, 3, 31), Span(date(2026, 2, 1), date(2026, 2, 28))),
        (date(2026, 1, 1), Span(date(2025, 12, 1), date(2025, 12, 1))),
    ],
)
def test_a_month_is_held_against_the_same_days_of_the_one_before(today: date, before: Span):
    assert month_so_far(today).days == today.day
    assert month_before(today) == before


@pytest.mark.parametrize(
    ("start", "end"), [("2026-11-25", "2026-11-24"), ("0001-01-01", "2026-11-24")]
)
def test_no_days_and_too_many_are_refused(start: str, end: str):
    with pytest.raises(RuleViolation):
        Span(date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize("days", [0, -1, 3661, 10**9])
def test_a_number_of_days_has_its_bounds_too(days: int):
    with pytest.raises(RuleViolation):
        last_days(days, TODAY)
