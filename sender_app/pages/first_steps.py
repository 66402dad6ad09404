"""The checklist on the dashboard that leads to the first campaign."""

import reflex as rx

from sender_app.components.ui import button, card, icon, link, link_button
from sender_app.components.words import tr
from sender_app.states.first_steps import FirstSteps


def first_steps() -> rx.Component:
    """Four steps, those behind ticked, and a button for the next."""
    return card(
        rx.el.p(tr("first.text"), class_name="hint"),
        rx.el.ol(
            _step(FirstSteps.linked, "first.link", "/whatsapp"),
            _step(FirstSteps.imported, "first.import", "/contacts/import"),
            _step(FirstSteps.written, "first.write", "/messages"),
            _step(FirstSteps.sent, "first.send", "/messages"),
            class_name="first-steps",
        ),
        rx.cond(
            ~FirstSteps.linked,
            link_button(tr("first.go_link"), href="/whatsapp"),
            rx.cond(
                FirstSteps.imported,
                link_button(tr("first.go_write"), href="/messages"),
                link_button(tr("first.go_import"), href="/contacts/import"),
            ),
        ),
        title=tr("first.title"),
        aside=button(tr("first.away"), kind="quiet", on_click=FirstSteps.wave_away),
        class_name="welcome",
    )


def _step(done: rx.Var, key: str, href: str) -> rx.Component:
    return rx.el.li(
        rx.cond(done, icon("circle-check", 22), icon("circle", 22)),
        link(tr(key), href=href),
        rx.cond(done, rx.el.span(tr("first.done"), class_name="hint")),
        class_name="first-step",
        custom_attrs={"data-done": rx.cond(done, "yes", "no")},
    )
