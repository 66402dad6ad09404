"""The visual language: cards, buttons, chips, tables, dialogs. Classes are in assets/sender.css."""

from collections.abc import Iterable
from typing import Any, cast

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML
from reflex_components_core.react_router import link as router_link

from sender_app.components.at_once import press, segment
from sender_app.components.browser import arrival, modal, reload
from sender_app.components.words import number, tr
from sender_app.states.access import answers
from sender_app.states.session import Session


def icon(name: str, size: int = 18) -> rx.Component:
    """A decorative icon."""
    return rx.icon(name, size=size, aria_hidden="true")


def button(
    *children: Any, kind: str = "plain", repeats: bool = False, **props: Any
) -> rx.Component:
    """A button; `kind` is primary, plain, danger or quiet. One that has the server do something is
    busy for as long as that takes, unless it `repeats`: then one may press ahead."""
    props |= {"class_name": f"button button-{kind}", "type": props.get("type", "button")}
    if props["type"] == "submit":
        return press(*children, **props)
    if not repeats and answers(props.get("on_click")):
        return press(*children, on_press=props.pop("on_click"), **props)
    return rx.el.button(*children, **props)


def link(*children: Any, href: str | rx.Var, **props: Any) -> rx.Component:
    """A link to another page of the application, which opens without loading it anew."""
    return router_link(*children, to=href, **props)


def link_button(*children: Any, href: str | rx.Var, kind: str = "primary") -> rx.Component:
    """A link that looks like a button."""
    return link(*children, href=href, class_name=f"button button-{kind}")


def outward_link(*children: Any, href: str | rx.Var, **props: Any) -> rx.Component:
    """A link that leads to no page of the application: the browser asks the server."""
    attrs = props.pop("custom_attrs", {}) | {"reloadDocument": True}
    return rx.el.a(*children, href=href, custom_attrs=attrs, **props)


def download_link(*children: Any, href: str | rx.Var, **props: Any) -> rx.Component:
    """A link to a file."""
    return outward_link(*children, href=href, download=True, **props)


class _PostingForm(BaseHTML):
    tag = "form"
    action: rx.Var[str]
    method: rx.Var[str]


def posting_form(*children: Any, action: str, **props: Any) -> rx.Component:
    """A form that the browser itself posts to the server; Reflex's own never leaves the page."""
    return _PostingForm.create(*children, action=action, method="post", **props)


def card(*children: Any, title: Any = None, aside: Any = None, **props: Any) -> rx.Component:
    """A card with an optional title and something beside it."""
    head = []
    if title is not None:
        head = [
            rx.el.header(
                rx.el.h2(title), *([aside] if aside is not None else []), class_name="card-head"
            )
        ]
    extra = props.pop("class_name", "")
    return rx.el.section(*head, *children, class_name=f"card {extra}".strip(), **props)


def page(
    title: Any, *children: Any, actions: Any = None, lead: Any = None, above: Any = None
) -> rx.Component:
    """A page's heading and content; `above` is the way back."""
    return rx.fragment(
        rx.el.header(
            rx.el.div(
                *([above] if above is not None else []),
                rx.el.h1(title),
                *([rx.el.p(lead, class_name="lead")] if lead is not None else []),
            ),
            *([rx.el.div(actions, class_name="actions")] if actions is not None else []),
            class_name="page-head",
        ),
        *children,
    )


def stat(label: Any, value: Any, tone: str = "") -> rx.Component:
    """A figure with its name; the tone shows only when the figure is not nought."""
    quiet = value == 0 if isinstance(value, rx.Var) and value._var_type is int else False
    text = number(value) if quiet is not False else value
    return rx.el.div(
        rx.el.span(label, class_name="stat-label"),
        rx.el.strong(
            text, class_name=f"stat-value {tone}".strip(), custom_attrs={"data-nought": quiet}
        ),
        class_name="stat",
    )


def notice(*children: Any, tone: str = "info", name: str = "info") -> rx.Component:
    """A message within the page; `tone` is info, warning or danger."""
    return rx.el.div(
        icon(name), rx.el.div(*children), class_name=f"notice notice-{tone}", role="status"
    )


def empty(
    name: str, title: Any, text: Any, action: Any = None, *, heading: Any = rx.el.h2
) -> rx.Component:
    """What stands where there is nothing yet, with the next step; `heading` is an h1 where the page
    has no other."""
    return rx.el.div(
        rx.el.div(icon(name, 28), class_name="empty-icon"),
        heading(title),
        rx.el.p(text),
        *([action] if action is not None else []),
        class_name="empty",
    )


def skeleton(*heights: int) -> rx.Component:
    """The shape of what is being loaded: blocks as high as what takes their place, in pixels."""
    bones = [rx.el.div(class_name="bone", style={"height": f"{height}px"}) for height in heights]
    return rx.el.div(*bones, class_name="bones", role="status", aria_label=tr("loading"))


def awaited(*heights: int, heading: Any = rx.el.h2) -> rx.Component:
    """What stands in the place of what the page's load brings: its shape, as `skeleton` has it, and
    once the load has ended without it, the way to try again; `heading` as of `empty`."""
    failure = empty(
        "cloud-alert",
        tr("load.failed"),
        tr("load.failed_text"),
        button(icon("rotate-cw", 16), tr("load.again"), kind="primary", on_click=reload()),
        heading=heading,
    )
    # Whoever is not signed in is on the way to where one signs in.
    return arrival(skeleton(*heights), rx.cond(Session.signed_out, skeleton(*heights), failure))


def drop_zone(*children: Any, label: Any, **props: Any) -> rx.Component:
    """Takes files that are dropped or chosen; `label` names the field behind it."""
    zone = rx.upload.root(*children, **props)
    field_behind = zone.children[0].children[0]  # Reflex makes it, and gives it no name
    field_behind.custom_attrs = {**field_behind.custom_attrs, "aria-label": label}
    return zone


def drop_words() -> rx.Component:
    """What to do with a drop zone, as whoever has a mouse does it, or a finger."""
    return rx.fragment(
        rx.el.span(tr("drop.mouse"), class_name="by-mouse"),
        rx.el.span(tr("drop.touch"), class_name="by-touch"),
    )


def field(label: Any, control: rx.Component, hint: Any = None) -> rx.Component:
    """A labelled control."""
    return rx.el.label(
        rx.el.span(label, class_name="field-label"),
        control,
        *([rx.el.span(hint, class_name="hint")] if hint is not None else []),
        class_name="field",
    )


def segments(
    choices: Iterable[tuple[str, Any]], chosen: rx.Var, choose: Any, label: Any
) -> rx.Component:
    """Buttons of values and their texts, one of which is pressed."""
    return rx.el.div(
        *[
            segment(text, own=value, chosen=chosen, on_choose=choose(value))
            for value, text in choices
        ],
        class_name="segments",
        role="group",
        aria_label=label,
    )


def table(heads: list[Any], body: Any, label: Any, *, kind: str = "") -> rx.Component:
    """A table named `label`. On a phone it scrolls within itself; of the `kind` "people" its rows
    fold into lines instead."""
    return rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in heads])),
            rx.el.tbody(body),
            class_name=kind,
            aria_label=label,
        ),
        class_name="table-wrap",
    )


def pager(page_number: rx.Var, more: rx.Var, back: Any, forth: Any) -> rx.Component:
    """Back and forth through the pages of a table."""
    return rx.cond(
        (page_number > 1) | (more != ""),
        rx.el.nav(
            button(
                icon("chevron-left"),
                tr("page.back"),
                on_click=back,
                disabled=page_number == 1,
                repeats=True,
            ),
            rx.el.span(tr("page.number", n=page_number)),
            button(
                tr("page.forth"),
                icon("chevron-right"),
                on_click=forth,
                disabled=more == "",
                repeats=True,
            ),
            class_name="pager",
            aria_label=tr("page.label"),
        ),
    )


def confirm(
    name: str,
    open_: rx.Var,
    title: Any,
    text: Any,
    yes: Any,
    on_yes: Any,
    on_no: Any,
    kind: str = "primary",
) -> rx.Component:
    """A question over the page. Escape and the backdrop say no; "no" has the focus at first."""
    return modal(
        open_,
        on_no,
        rx.el.div(
            rx.el.h2(title, id=f"{name}-title"),
            rx.el.p(text, id=f"{name}-text"),
            rx.el.div(
                button(tr("no"), on_click=on_no),
                button(yes, kind=kind, on_click=on_yes),
                class_name="dialog-actions",
            ),
            class_name="dialog-body",
        ),
        name=name,
    )


def question(
    name: str,
    open_: rx.Var,
    title: Any,
    text: Any,
    yes: Any,
    on_yes: Any,
    on_no: Any,
    *controls: Any,
) -> rx.Component:
    """A question over the page that takes more than yes or no: `controls` take the answer."""
    return modal(
        open_,
        on_no,
        rx.el.form(
            rx.el.h2(title, id=f"{name}-title"),
            rx.el.p(text, id=f"{name}-text"),
            *controls,
            rx.el.div(
                button(tr("no"), on_click=on_no),
                button(yes, kind="primary", type="submit"),
                class_name="dialog-actions",
            ),
            on_submit=lambda _form: on_yes,
            class_name="dialog-body",
        ),
        name=name,
    )


_CHIPS = {
    "queued": ("clock", ""),
    "sending": ("send", "chip-info"),
    "sent": ("check", "chip-good"),
    "delivered": ("check-check", "chip-good"),
    "read": ("eye", "chip-good"),
    "replied": ("message-circle", "chip-good"),
    "reply": ("message-circle", "chip-info"),
    "error": ("circle-alert", "chip-bad"),
    "skipped": ("ban", ""),
    "unconfirmed": ("circle-help", "chip-warn"),
    "draft": ("pencil", ""),
    "awaiting": ("user-check", "chip-warn"),
    "scheduled": ("calendar-clock", "chip-info"),
    "running": ("send", "chip-info"),
    "paused": ("pause", "chip-warn"),
    "finished": ("check-check", "chip-good"),
    "cancelled": ("ban", ""),
    "pending": ("clock", ""),
    "failed": ("circle-alert", "chip-bad"),
}


def chip(status: rx.Var[str], kinds: list[str], prefix: str = "status") -> rx.Component:
    """A status with an icon and a word, never by colour alone."""
    cases = chips(kinds, prefix).items()
    return cast(rx.Component, rx.match(status, *cases, rx.el.span(status, class_name="chip")))


def chips(kinds: list[str], prefix: str = "status") -> dict[str, rx.Component]:
    """The chip of each kind."""
    return {
        kind: rx.el.span(
            icon(_CHIPS[kind][0], 14),
            tr(f"{prefix}.{kind}"),
            class_name=f"chip {_CHIPS[kind][1]}".strip(),
        )
        for kind in kinds
    }


def progress(view: Any) -> rx.Component:
    """A campaign's progress: sent, in error, otherwise settled."""
    return rx.el.div(
        rx.el.span(class_name="bar-sent", style={"width": view.sent_width}),
        rx.el.span(class_name="bar-other", style={"width": view.other_width}),
        rx.el.span(class_name="bar-error", style={"width": view.error_width}),
        class_name="bar",
        role="progressbar",
        aria_valuenow=view.percent,
        aria_valuemin=0,
        aria_valuemax=100,
        aria_label=tr("campaign.progress"),
    )
