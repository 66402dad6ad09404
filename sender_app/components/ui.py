"""The visual language: cards, buttons, chips, tables, dialogs. Classes are in assets/sender.css."""

from typing import Any, cast

import reflex as rx

from sender_app.components.words import tr


def icon(name: str, size: int = 18) -> rx.Component:
    """A decorative icon."""
    return rx.icon(name, size=size, aria_hidden="true")


def button(*children: Any, kind: str = "plain", **props: Any) -> rx.Component:
    """A button; `kind` is primary, plain, danger or quiet."""
    return rx.el.button(
        *children, class_name=f"button button-{kind}", type=props.pop("type", "button"), **props
    )


def link_button(*children: Any, href: str | rx.Var, kind: str = "primary") -> rx.Component:
    """A link that looks like a button."""
    return rx.link(*children, href=href, class_name=f"button button-{kind}", underline="none")


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


def page(title: Any, *children: Any, actions: Any = None, lead: Any = None) -> rx.Component:
    """A page's heading and content."""
    return rx.fragment(
        rx.el.header(
            rx.el.div(
                rx.el.h1(title),
                *([rx.el.p(lead, class_name="lead")] if lead is not None else []),
            ),
            *([rx.el.div(actions, class_name="actions")] if actions is not None else []),
            class_name="page-head",
        ),
        *children,
    )


def stat(label: Any, value: Any, tone: str = "") -> rx.Component:
    """A figure with its name."""
    return rx.el.div(
        rx.el.span(label, class_name="stat-label"),
        rx.el.strong(value, class_name=f"stat-value {tone}"),
        class_name="stat",
    )


def notice(*children: Any, tone: str = "info", name: str = "info") -> rx.Component:
    """A message within the page; `tone` is info, warning or danger."""
    return rx.el.div(
        icon(name), rx.el.div(*children), class_name=f"notice notice-{tone}", role="status"
    )


def empty(name: str, title: Any, text: Any, action: Any = None) -> rx.Component:
    """What stands where there is nothing yet, with the next step."""
    return rx.el.div(
        rx.el.div(icon(name, 28), class_name="empty-icon"),
        rx.el.h2(title),
        rx.el.p(text),
        *([action] if action is not None else []),
        class_name="empty",
    )


def skeleton(lines: int = 3) -> rx.Component:
    """The shape of what is being loaded."""
    return rx.el.div(
        *[rx.el.div(class_name="bone") for _ in range(lines)], class_name="bones", aria_busy="true"
    )


def field(label: Any, control: rx.Component, hint: Any = None) -> rx.Component:
    """A labelled control."""
    return rx.el.label(
        rx.el.span(label, class_name="field-label"),
        control,
        *([rx.el.span(hint, class_name="hint")] if hint is not None else []),
        class_name="field",
    )


def table(heads: list[Any], body: Any) -> rx.Component:
    """A table that scrolls within itself on narrow screens."""
    return rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in heads])),
            rx.el.tbody(body),
        ),
        class_name="table-wrap",
        tab_index=0,
        role="group",
    )


def pager(page_number: rx.Var, more: rx.Var, back: Any, forth: Any) -> rx.Component:
    """Back and forth through the pages of a table."""
    return rx.cond(
        (page_number > 1) | (more != ""),
        rx.el.nav(
            button(icon("chevron-left"), tr("page.back"), on_click=back, disabled=page_number == 1),
            rx.el.span(tr("page.number", n=page_number)),
            button(tr("page.forth"), icon("chevron-right"), on_click=forth, disabled=more == ""),
            class_name="pager",
            aria_label="pages",
        ),
    )


def confirm(
    open_: rx.Var, title: Any, text: Any, yes: Any, on_yes: Any, on_no: Any, kind: str = "primary"
) -> rx.Component:
    """A question over the page. Escape and the backdrop say no."""
    return rx.cond(
        open_,
        rx.el.div(
            rx.el.div(class_name="backdrop", on_click=on_no),
            rx.el.div(
                rx.el.h2(title),
                rx.el.p(text),
                rx.el.div(
                    button(tr("no"), on_click=on_no),
                    button(yes, kind=kind, on_click=on_yes, auto_focus=True),
                    class_name="dialog-actions",
                ),
                class_name="dialog",
                role="alertdialog",
                aria_modal="true",
            ),
            rx.window_event_listener(
                on_key_down=lambda key, _info: rx.cond(key == "Escape", on_no, rx.noop())
            ),
            class_name="dialog-layer",
        ),
    )


_CHIPS = {
    "queued": ("clock", ""),
    "sending": ("send", "chip-info"),
    "sent": ("check", "chip-good"),
    "delivered": ("check-check", "chip-good"),
    "read": ("eye", "chip-good"),
    "replied": ("message-circle", "chip-good"),
    "error": ("circle-alert", "chip-bad"),
    "skipped": ("ban", ""),
    "unconfirmed": ("circle-help", "chip-warn"),
    "draft": ("pencil", ""),
    "scheduled": ("calendar-clock", "chip-info"),
    "running": ("send", "chip-info"),
    "paused": ("pause", "chip-warn"),
    "finished": ("check-check", "chip-good"),
    "cancelled": ("ban", ""),
}


def chip(status: rx.Var[str], kinds: list[str], prefix: str = "status") -> rx.Component:
    """A status with an icon and a word, never by colour alone."""
    cases = [
        (
            kind,
            rx.el.span(
                icon(_CHIPS[kind][0], 14),
                tr(f"{prefix}.{kind}"),
                class_name=f"chip {_CHIPS[kind][1]}".strip(),
            ),
        )
        for kind in kinds
    ]
    return cast(rx.Component, rx.match(status, *cases, rx.el.span(status, class_name="chip")))


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
