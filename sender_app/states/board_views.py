"""What the dashboard shows, as the browser gets it: numbers and days written in its language."""

from dataclasses import dataclass
from datetime import date

from babel.dates import format_date, format_interval
from babel.numbers import format_decimal, format_percent

from sender_app.domain.phone import pretty
from sender_app.ports.store.metrics import Tally
from sender_app.services.dashboard import Month


@dataclass(frozen=True)
class Kpi:
    """A figure of the month, held against the same days of the month before."""

    name: str = ""  # sent, errors, rate or average
    value: str = ""
    before: str = ""
    change: str = ""  # blank where there is nothing to hold it against
    trend: str = "same"  # up, down or same
    tone: str = ""  # good or bad news


@dataclass(frozen=True)
class Choice:
    """One of a list to choose from."""

    value: str
    label: str


@dataclass(frozen=True)
class Line:
    """A line of a table behind a chart, or of the ranking, where `share` is the bar's width."""

    key: str
    label: str
    sent: str
    errors: str
    phone: str = ""
    share: str = ""


def kpis(now: Month, before: Month, lang: str) -> list[Kpi]:
    """The month's figures."""
    points = None
    if now.success_rate is not None and before.success_rate is not None:
        points = 100 * (now.success_rate - before.success_rate)
    return [
        _count("sent", now.sent, before.sent, lang, up="good"),
        _count("errors", now.errors, before.errors, lang, up="bad"),
        Kpi(
            "rate",
            _percent(now.success_rate, lang),
            _percent(before.success_rate, lang),
            "" if points is None else f"{format_decimal(points, '+#,##0.#;−#,##0.#', lang)} pp",
            *_direction(points or 0, up="good"),
        ),
        _count("average", now.daily_average, before.daily_average, lang, up="good"),
    ]


def _count(name: str, now: float, before: float, lang: str, *, up: str) -> Kpi:
    change = (
        "" if not before else format_percent(now / before - 1, "+#,##0\u202f%;−#,##0\u202f%", lang)
    )
    return Kpi(
        name,
        format_decimal(now, "#,##0.#", lang),
        format_decimal(before, "#,##0.#", lang),
        change,
        *_direction(now - before if before else 0, up=up),
    )


def _direction(difference: float, *, up: str) -> tuple[str, str]:
    """The trend, and whether that is good news; `up` says what rising is."""
    if abs(difference) < 0.05:
        return "same", ""
    down = "bad" if up == "good" else "good"
    return ("up", up) if difference > 0 else ("down", down)


def _percent(share: float | None, lang: str) -> str:
    return "—" if share is None else format_percent(share, "#,##0.#\u202f%", lang)


def month_name(day: date, lang: str) -> str:
    """`noviembre de 2026`."""
    return format_date(day, {"es": "LLLL 'de' y", "pt": "LLLL 'de' y"}.get(lang, "LLLL y"), lang)


def days_between(start: date, end: date, lang: str) -> str:
    """`1–24 oct`; one day alone is no interval."""
    if start == end:
        return format_date(start, "d MMM", lang)
    return format_interval(start, end, "MMMd", locale=lang)


def period_name(period: str, lang: str) -> str:
    """A month or a year as people say it."""
    return period if "-" not in period else month_name(date.fromisoformat(f"{period}-01"), lang)


def line(tally: Tally, label: str, lang: str, most: int = 0) -> Line:
    """A tally in words; `most` is what the longest bar stands for."""
    return Line(
        tally.key,
        label,
        format_decimal(tally.sent, locale=lang),
        format_decimal(tally.errors, locale=lang),
        pretty(tally.key) if tally.key.startswith("+") else "",
        f"{100 * tally.sent / most:.1f}%" if most else "",
    )
