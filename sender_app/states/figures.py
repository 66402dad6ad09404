"""Figures as plain plotly dictionaries: cheap to make, light to send, in the reader's language."""

from datetime import date
from functools import cache
from typing import Any

from babel.core import Locale
from babel.dates import format_date, get_day_names, get_month_names

from sender_app.domain.reporting import Step
from sender_app.ports.store.metrics import Tally
from sender_app.text import translate

GREEN, RED = "#1f9d6b", "#d64545"
PALETTE = ["#1f9d6b", "#3b82c4", "#e0a030", "#8b6fc0", "#3aa6a6", "#b5628f", "#c97b4a", "#7a8b99"]
_GREY = "#7a8b88"  # readable on a light and on a dark card
_INK = "#0b1512"  # on every colour of the palette; white is too faint on half of them
_FAINT = "rgba(128,140,138,.18)"
_CLEAR = "rgba(0,0,0,0)"


def moment(key: str, step: Step, lang: str) -> str:
    """A step of a timeline as a table shows it."""
    match step:
        case Step.HOUR:
            day, hour = key.split("T")
            return f"{moment(day, Step.DAY, lang)}, {hour}:00"
        case Step.DAY:
            return format_date(date.fromisoformat(key), "EEE d MMM y", locale=lang)
        case Step.MONTH:
            return format_date(date.fromisoformat(f"{key}-01"), "LLLL y", locale=lang)


# How plotly writes a step on the axis, and above the bars that the mouse is over.
_WRITTEN = {
    Step.HOUR: ("%H:%M\n%-d %b", "%a %-d %b, %H:%M"),
    Step.DAY: ("%-d %b", "%a %-d %b %Y"),
    Step.MONTH: ("%b\n%Y", "%B %Y"),
}


def timeline_bars(tallies: list[Tally], step: Step, lang: str) -> dict[str, Any]:
    """Sent and errors of each step, one above the other."""
    keys = [f"{tally.key}:00" if step is Step.HOUR else tally.key for tally in tallies]
    tick, hover = _WRITTEN[step]
    bars = [
        {
            "type": "bar",
            "name": translate(lang, f"dashboard.{name}"),
            "x": keys,
            "y": values,
            "marker": {"color": colour},
            "hovertemplate": "%{y:,}",
        }
        for name, values, colour in (
            ("sent", [tally.sent for tally in tallies], GREEN),
            ("errors", [tally.errors for tally in tallies], RED),
        )
    ]
    layout = _layout(
        barmode="stack",
        bargap=0.25,
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        margin={"l": 44, "r": 8, "t": 28, "b": 28},
        xaxis={
            "type": "date",
            "showgrid": False,
            "tickformat": tick,
            "hoverformat": hover,
            "nticks": 7,
            "fixedrange": True,
        },
        yaxis={
            "gridcolor": _FAINT,
            "zeroline": False,
            "rangemode": "tozero",
            "tickformat": ",d",
            "nticks": 5,
            "fixedrange": True,
        },
    )
    return {"data": bars, "layout": layout, "config": _config(lang)}


def pie(groups: list[Tally], lang: str) -> dict[str, Any]:
    """Sent by group; beyond the palette the small ones are put together."""
    blank, rest = translate(lang, "dashboard.no_group"), translate(lang, "dashboard.other_groups")
    shown, small = groups, groups[len(PALETTE) :]
    if small:
        shown, small = groups[: len(PALETTE) - 1], groups[len(PALETTE) - 1 :]
    labels = [tally.label or blank for tally in shown]
    values = [tally.sent for tally in shown]
    if small:
        labels.append(rest)
        values.append(sum(tally.sent for tally in small))
    slices = {
        "type": "pie",
        "labels": labels,
        "values": values,
        "hole": 0.6,
        "sort": False,
        "direction": "clockwise",
        "textinfo": "percent",
        "textposition": "inside",
        "insidetextorientation": "horizontal",
        "insidetextfont": {"color": _INK},
        "hovertemplate": "%{label}: %{value:,} (%{percent})<extra></extra>",
        "marker": {"colors": PALETTE},
    }
    layout = _layout(
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "x": 0.5, "xanchor": "center", "y": -0.04, "yanchor": "top"},
        uniformtext={"minsize": 11, "mode": "hide"},
    )
    return {"data": [slices], "layout": layout, "config": _config(lang)}


def _layout(**more: Any) -> dict[str, Any]:
    return {
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": _GREY},
        "autosize": True,
        "dragmode": False,
        **more,
    }


@cache
def _config(lang: str) -> dict[str, Any]:
    """How plotly behaves, and how it writes days and numbers (its own words are English)."""
    symbols = Locale.parse(lang).number_symbols["latn"]
    months = [get_month_names(width, locale=lang) for width in ("wide", "abbreviated")]
    days = [get_day_names(width, locale=lang) for width in ("wide", "abbreviated")]
    words = {
        "months": [months[0][n] for n in range(1, 13)],
        "shortMonths": [months[1][n].rstrip(".") for n in range(1, 13)],
        "days": [days[0][(n - 1) % 7] for n in range(7)],  # plotly's week begins on Sunday
        "shortDays": [days[1][(n - 1) % 7].rstrip(".") for n in range(7)],
        "decimal": symbols["decimal"],
        "thousands": symbols["group"],
    }
    return {
        "displayModeBar": False,
        "responsive": True,
        "locale": lang,
        "locales": {lang: {"dictionary": {}, "format": words}},
    }
