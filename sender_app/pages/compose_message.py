"""The second step of a campaign: the message, and its preview beside every step."""

import reflex as rx

from sender_app.components.attachments import attachments, file_bubbles
from sender_app.components.browser import pulse, typed_field
from sender_app.components.message_editor import message_editor
from sender_app.components.reasons import reason
from sender_app.components.ui import button, card, chip, field, icon, notice
from sender_app.components.words import tr
from sender_app.components.writing import bubble
from sender_app.states.compose import Compose
from sender_app.states.library import Library
from sender_app.states.preview import WRITING
from sender_app.states.trial import Trial

_TRIAL = ["queued", "sending", "sent", "delivered", "error", "skipped", "unconfirmed"]


def message() -> rx.Component:
    """The editor, or a message of the library."""
    return card(
        message_editor(Compose, Compose.columns),
        attachments(Compose),
        title=tr("compose.message"),
        aside=rx.cond(
            Compose.library.length() > 0,
            rx.el.select(
                rx.el.option(tr("compose.from_library"), value=""),
                rx.foreach(
                    Compose.library,
                    lambda one: rx.el.option(one.name, value=one.id, key=one.id),
                ),
                value="",
                on_change=Compose.use_template,
                class_name="select",
                aria_label=tr("compose.from_library"),
            ),
        ),
    )


def preview() -> rx.Component:
    """What the person in view will get."""
    return card(
        rx.el.div(
            rx.cond(
                (Compose.preview != "") & ~Compose.text_is_caption,
                bubble(Compose.preview),
                rx.cond(
                    Compose.attachments.length() == 0,
                    rx.el.div(
                        rx.el.p(tr("compose.nothing_yet"), class_name="hint"), class_name="chat"
                    ),
                ),
            ),
            rx.cond(
                Compose.attachments.length() > 0,
                file_bubbles(
                    Compose.shown_attachments,
                    rx.cond(Compose.text_is_caption, Compose.preview, ""),
                ),
            ),
            aria_live="polite",
        ),
        rx.cond(
            Compose.holes != "",
            notice(tr("compose.holes", names=Compose.holes), tone="warning", name="triangle-alert"),
        ),
        rx.cond(
            Compose.sample.length() > 0,
            _person(),
            rx.el.p(tr("compose.preview_hint"), class_name="hint below"),
        ),
        rx.cond(
            Compose.linked & ((Compose.preview != "") | (Compose.attachments.length() > 0)),
            trial(Compose),
        ),
        title=tr("compose.preview"),
    )


def _person() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            button(
                icon("chevron-left"), on_click=Compose.step_person(-1), aria_label=tr("page.back")
            ),
            rx.el.span(
                rx.el.strong(Compose.sample[Compose.at]["nombre"]),
                rx.el.span(Compose.sample[Compose.at]["telefono"], class_name="hint"),
                class_name="person center-text",
            ),
            button(
                icon("chevron-right"), on_click=Compose.step_person(1), aria_label=tr("page.forth")
            ),
            class_name="pager wide",
        ),
        rx.cond(
            Compose.texts.length() > 1,
            rx.el.p(
                rx.cond(
                    (Compose.step == WRITING) & (Compose.variant != Compose.chosen_variant),
                    tr("compose.other_variant", n=Compose.chosen_variant + 1),
                    tr("compose.this_variant", n=Compose.chosen_variant + 1),
                ),
                class_name="hint center-text",
            ),
        ),
        finder(Compose),
    )


def finder(state: type[Compose] | type[Library]) -> rx.Component:
    """Looks somebody up, to see the message of."""
    return rx.el.div(
        rx.el.input(
            type="search",
            placeholder=tr("compose.search"),
            aria_label=tr("compose.search"),
            on_change=state.search.debounce(250),
            id="search",
        ),
        rx.cond(
            state.found.length() > 0,
            rx.el.div(
                rx.foreach(
                    state.found,
                    lambda one: rx.el.button(
                        rx.el.span(one["nombre"]),
                        rx.el.span(one["telefono"], class_name="hint"),
                        type="button",
                        on_click=[state.look_at(one["numero"]), rx.set_value("search", "")],
                        key=one["numero"],
                    ),
                ),
                class_name="found",
            ),
        ),
        class_name="finder",
    )


def trial(state: type[Trial]) -> rx.Component:
    """Sends what the preview shows to oneself."""
    return rx.el.details(
        rx.el.summary(icon("flask-conical", 16), tr("trial.title")),
        rx.el.div(
            field(
                tr("trial.phone"),
                typed_field(
                    state.trial_phone, state.dial, id="trial-phone", type="tel", max_length=40
                ),
            ),
            button(icon("send", 16), tr("trial.send"), on_click=state.try_out, id="try-out"),
            class_name="trial",
        ),
        rx.cond(
            state.trial_status != "",
            rx.el.p(
                chip(state.trial_status, _TRIAL),
                reason(state.trial_reason),
                rx.cond(state.trial_open, pulse(1500, state.follow_trial)),
                class_name="trial-status",
                role="status",
            ),
        ),
        class_name="behind trial-box",
    )
