"""One campaign, live."""

import reflex as rx

from sender_app.components.at_once import shown
from sender_app.components.attachments import file_bubbles
from sender_app.components.browser import arrival
from sender_app.components.frame import frame
from sender_app.components.live import live
from sender_app.components.ui import (
    awaited,
    card,
    chips,
    empty,
    icon,
    link,
    link_button,
    notice,
    page,
    progress,
    skeleton,
    stat,
)
from sender_app.components.words import moment, number, tr, tr_n, tr_of, written
from sender_app.components.writing import bubble, said
from sender_app.domain.campaign import PauseReason
from sender_app.pages.campaign_people import recipients
from sender_app.pages.campaign_steering import STATUS, approval, controls, doubt, questions
from sender_app.pages.campaigns import STATUSES
from sender_app.states.campaign import Campaign

_FUNNEL = ["total", "sent", "delivered", "read", "replied"]
_PAUSES = [reason.value for reason in PauseReason]
_BONES = (72, 190, 420)  # heights of what is loaded, in pixels


def campaign() -> rx.Component:
    """Counters and recipients that follow what happens."""
    view = Campaign.campaign
    name = rx.cond(view.name != "", view.name, tr("campaigns.unnamed"))
    return frame(
        "/campaigns",
        rx.cond(
            Campaign.live != "",
            live(
                Campaign,
                Campaign.live,
                ("campaign", "rows", "more", "replies", "senders"),
                Campaign.look_again,
            ),
        ),
        arrival(
            skeleton(*_BONES),
            rx.cond(
                Campaign.loaded,
                page(
                    name,
                    rx.cond(
                        view.status == "paused",
                        notice(
                            tr_of("pause", view.pause_reason, _PAUSES), tone="warning", name="pause"
                        ),
                    ),
                    rx.cond(view.awaiting, approval()),
                    card(
                        rx.el.div(
                            shown(STATUS, view.status, chips(STATUSES, "campaign_status")),
                            rx.el.strong(f"{view.percent}\u202f%", class_name="percent"),
                            class_name="progress-head",
                        ),
                        progress(view),
                        rx.cond(
                            view.status == "scheduled",
                            rx.el.p(
                                icon("calendar-clock", 16),
                                tr("campaigns.starts"),
                                moment(view.scheduled_at),
                                class_name="starts",
                            ),
                        ),
                        _funnel(),
                        rx.el.div(
                            stat(tr("campaign.waiting"), view.waiting),
                            stat(tr("status.error"), view.errors, "bad"),
                            rx.cond(view.skipped > 0, stat(tr("status.skipped"), view.skipped)),
                            rx.cond(
                                view.unconfirmed > 0,
                                stat(tr("status.unconfirmed"), view.unconfirmed, "warn"),
                            ),
                            class_name="stats",
                        ),
                        _message(),
                    ),
                    rx.cond(view.in_doubt, doubt()),
                    rx.cond(Campaign.replies.length() > 0, _replies()),
                    recipients(),
                    questions(),
                    actions=controls(),
                    lead=rx.fragment(
                        tr_n("campaign.lead", view.total),
                        " · ",
                        moment(view.created_at),
                        rx.cond(
                            Campaign.senders != "",
                            rx.fragment(" · ", tr("campaign.senders", names=Campaign.senders)),
                        ),
                    ),
                    above=_back(),
                ),
                rx.cond(
                    Campaign.missing,
                    empty(
                        "search-x",
                        tr("campaign.missing"),
                        tr("campaign.missing_text"),
                        link_button(tr("campaign.all_campaigns"), href="/campaigns"),
                        heading=rx.el.h1,
                    ),
                    awaited(*_BONES, heading=rx.el.h1),
                ),
            ),
        ),
        title=rx.cond(Campaign.loaded, name, tr("campaigns.title")),
    )


def _back() -> rx.Component:
    return link(
        icon("chevron-left", 16), tr("campaign.all_campaigns"), href="/campaigns", class_name="back"
    )


def _funnel() -> rx.Component:
    return rx.el.ol(
        rx.foreach(
            Campaign.campaign.funnel,
            lambda stage: rx.el.li(
                rx.el.span(tr_of("funnel", stage.name, _FUNNEL), class_name="stat-label"),
                rx.el.strong(number(stage.count), class_name="stat-value"),
                rx.el.span(f"{stage.percent}\u202f%", class_name="hint"),
                rx.el.span(class_name="funnel-bar", style={"width": stage.width}),
                key=stage.name,
                custom_attrs={"data-stage": stage.name},
            ),
        ),
        class_name="funnel",
        aria_label=tr("campaign.funnel"),
    )


def _message() -> rx.Component:
    return rx.el.details(
        rx.el.summary(tr("campaign.message")),
        rx.foreach(
            Campaign.campaign.messages,
            lambda text, n: rx.cond(
                (text != "") & ~Campaign.text_is_caption,
                rx.el.div(_variant_name(n), bubble(text), class_name="variant", key=n),
            ),
        ),
        rx.cond(
            Campaign.text_is_caption & (Campaign.campaign.messages.length() > 1),
            rx.foreach(
                Campaign.campaign.messages,
                lambda text, n: rx.el.div(
                    _variant_name(n), bubble(text), class_name="variant", key=n
                ),
            ),
        ),
        rx.cond(
            Campaign.files.length() > 0,
            file_bubbles(
                Campaign.files,
                rx.cond(
                    Campaign.text_is_caption & (Campaign.campaign.messages.length() == 1),
                    Campaign.campaign.messages[0],
                    "",
                ),
            ),
        ),
        open=Campaign.campaign.awaiting,
        class_name="behind",
    )


def _replies() -> rx.Component:
    return card(
        rx.el.ul(
            rx.foreach(
                Campaign.replies,
                lambda reply: rx.el.li(
                    link(
                        rx.el.span(
                            rx.el.strong(reply.name),
                            rx.el.time(
                                written(reply.at, only="lately"),
                                date_time=reply.at,
                                title=written(reply.at),
                                class_name="hint",
                            ),
                            class_name="thread-head",
                        ),
                        rx.el.span(said(reply.kind, reply.text), class_name="excerpt"),
                        href=reply.href,
                        class_name="thread",
                    ),
                    key=reply.id,
                ),
            ),
            class_name="threads",
        ),
        title=tr("campaign.replies"),
        aside=link(tr("campaign.all_replies"), href=f"/inbox?campaign={Campaign.campaign.id}"),
        class_name="replies",
    )


def _variant_name(n: rx.Var[int]) -> rx.Component:
    return rx.cond(
        Campaign.campaign.messages.length() > 1,
        rx.el.span(tr("editor.variant", n=n + 1), class_name="field-label"),
    )
