"""Words on the page, in the language of the session."""

from typing import cast

import reflex as rx
from reflex.vars import VarData

from sender_app.states.session import Session
from sender_app.text import texts


def tr(key: str, **params: rx.Var | str | int) -> rx.Var:
    """The text of `key` in the session's language, its `{name}` marks filled with vars."""
    return cast(
        rx.Var,
        rx.match(
            Session.lang,
            ("en", _filled("en", key, params)),
            ("pt", _filled("pt", key, params)),
            _filled("es", key, params),
        ),
    )


def tr_of(prefix: str, value: rx.Var[str], values: list[str]) -> rx.Var:
    """The text `prefix.value` for a value known only in the browser, one of `values`."""
    cases = [(one, tr(f"{prefix}.{one}")) for one in values]
    return cast(rx.Var, rx.match(value, *cases, value))


def _filled(lang: str, key: str, params: dict[str, rx.Var | str | int]) -> rx.Var:
    """A var within an f-string is encoded by Reflex, and decoded again by `Var.create`."""
    text = texts(lang)[key]
    return rx.Var.create(text.format_map({name: f"{value}" for name, value in params.items()}))


def moment(iso: rx.Var[str], *, only: str = "") -> rx.Component:
    """A time from an ISO string, written in the browser's zone; `only` "date" or "time"."""
    written = f"({iso!s} ? new Date({iso!s}).toLocaleString({Session.lang!s}, {_STYLE[only]}) : '')"
    used = VarData.merge(iso._get_all_var_data(), Session.lang._get_all_var_data())
    return rx.el.time(rx.Var(written, _var_data=used).to(str), date_time=iso)


_STYLE = {
    "": "{dateStyle: 'medium', timeStyle: 'short'}",
    "date": "{dateStyle: 'long'}",
    "time": "{hour: '2-digit', minute: '2-digit', second: '2-digit'}",
}
