"""Words, numbers and times on the page, in the language of the session."""

import reflex as rx
from reflex.vars import VarData

from sender_app.states.session import Session
from sender_app.text import texts


def tr(key: str, **params: rx.Var | str | int) -> rx.Var[str]:
    """The text of `key` in the session's language, its `{name}` marks filled with vars."""
    es, en, pt = (_filled(lang, key, params) for lang in ("es", "en", "pt"))
    lang = Session.lang
    return _expression(
        f'({lang!s} === "en" ? {en!s} : {lang!s} === "pt" ? {pt!s} : {es!s})', lang, es, en, pt
    )


def tr_n(key: str, n: rx.Var, **params: rx.Var | str | int) -> rx.Var[str]:
    """The text of `key`, or of `key_one` when `n` is 1; `{n}` is the number, written out."""
    one = tr(f"{key}_one", **params)
    many = tr(key, n=number(n), **params)
    return _expression(f"({n!s} === 1 ? {one!s} : {many!s})", n, one, many)


def tr_of(prefix: str, value: rx.Var[str], values: list[str]) -> rx.Var[str]:
    """The text `prefix.value` for a value known only in the browser, one of `values`."""
    cases = [(one, tr(f"{prefix}.{one}")) for one in values]
    entries = ", ".join(f'"{one}": {text!s}' for one, text in cases)
    return _expression(f"(({{{entries}}})[{value!s}] ?? {value!s})", value, cases[0][1])


def number(n: rx.Var) -> rx.Var[str]:
    """A number as the session's language writes it."""
    style = '{useGrouping: "always"}'  # Spanish would leave 1.234 without its point
    return _expression(f"(({n!s}) ?? 0).toLocaleString({Session.lang!s}, {style})", n, Session.lang)


def file_size(size: rx.Var) -> rx.Var[str]:
    """A number of bytes as people speak of it: in kilobytes, or from one on in megabytes."""
    kilobytes = _in_unit(f"Math.max(1, Math.round(({size!s}) / 1024))", "kilobyte")
    megabytes = _in_unit(f"(({size!s}) / 1048576)", "megabyte")
    return _expression(f"(({size!s}) < 1048576 ? {kilobytes} : {megabytes})", size, Session.lang)


def _in_unit(n: str, unit: str) -> str:
    style = f'{{style: "unit", unit: "{unit}", maximumFractionDigits: 1}}'
    return f"{n}.toLocaleString({Session.lang!s}, {style})"


def moment(iso: rx.Var[str], *, only: str = "") -> rx.Component:
    """A time from an ISO string, on the workspace's clock; `only` "date", "time" or, as short as
    lists want it, "lately": the time if it is of today, otherwise the day."""
    return rx.el.time(written(iso, only=only), date_time=iso)


def written(iso: rx.Var[str], *, only: str = "") -> rx.Var[str]:
    """The text of `moment`.

    The workspace's clock is also that of quiet hours, chosen times, days of the dashboard and
    exports: two people who look from different places see the same.
    """
    style = _lately(iso) if only == "lately" else _STYLE[only]
    return _written(iso, f"{{...{style}, timeZone: {_ZONE}}}")


def clock(local: rx.Var[str]) -> rx.Var[str]:
    """A time that has no zone, such as a person types it, written as `written` does."""
    return _written(local, f'{{...{_STYLE[""]}, timeZone: "UTC"}}', suffix="Z")


def weekday(n: int) -> rx.Var[str]:
    """The short name of a day of the week; Monday is 0."""
    date = f"new Date(2024, 0, {1 + n})"  # the first of January 2024 was a Monday
    return _expression(
        f'{date}.toLocaleDateString({Session.lang!s}, {{weekday: "short"}})', Session.lang
    )


_STYLE = {
    "": '{dateStyle: "medium", timeStyle: "short"}',
    "date": '{dateStyle: "long"}',
    "time": '{hour: "2-digit", minute: "2-digit", second: "2-digit"}',
}
_ZONE = f"({Session.zone!s} || undefined)"


def _lately(iso: rx.Var[str]) -> str:
    day = f'.toLocaleDateString("sv", {{timeZone: {_ZONE}}})'
    is_today = f"new Date({iso!s}){day} === new Date(){day}"
    return f'({is_today} ? {{timeStyle: "short"}} : {{day: "numeric", month: "short"}})'


def _written(iso: rx.Var[str], style: str, suffix: str = "") -> rx.Var[str]:
    date = f'new Date({iso!s} + "{suffix}")'
    text = f"{date}.toLocaleString({Session.lang!s}, {style})"
    return _expression(f'({iso!s} ? {text} : "")', iso, Session.lang, Session.zone)


def _filled(lang: str, key: str, params: dict[str, rx.Var | str | int]) -> rx.Var:
    """A var within an f-string is encoded by Reflex, and decoded again by `Var.create`."""
    text = texts(lang)[key]
    return rx.Var.create(text.format_map({name: f"{value}" for name, value in params.items()}))


def _expression(text: str, *of: rx.Var) -> rx.Var[str]:
    data = VarData.merge(*(var._get_all_var_data() for var in of))
    return rx.Var(text, _var_data=data).to(str)
