"""One campaign, live."""

from typing import Any

import reflex as rx

from sender_app.components.attachments import file_bubbles
from sender_app.components.browser import typed_field
from sender_app.components.frame import frame
from sender_app.components.live import live
from sender_app.components.ui import (
    button,
    card,
    chip,
    confirm,
    download_link,
    empty,
    icon,
    link,
    link_button,
    notice,
    page,
    pager,
    progress,
    question,
    skeleton,
    stat,
    table,
)
from sender_app.components.words import moment, number, tr, tr_n, tr_of, written
from sender_app.components.writing import bubble, flap, said
from sender_app.domain.campaign import PauseReason
from sender_app.pages.campaigns import STATUSES
from sender_app.states.campaign import Campaign
from sender_app.states.rows import RecipientView
from sender_app.states.session import Session

_FILTERS = ["queued", "sending", "sent", "error", "skipped", "unconfirmed"]
_FUNNEL = ["total", "sent", "delivered", "read", "replied"]
_CHIPS = [*_FILTERS, "delivered", "read", "replied"]
REASONS = [
    "not_on_whatsapp",
    "opted_out",
    "cancelled",
    "written_lately",
    "contact_deleted",
    "placeholder_empty",
    "message_blank",
    "outcome_unknown",
    "unavailable",
    "rate_limited",
    "cold_contact_locked",
    "rejected",
    "rejected_400",
    "rejected_403",
    "rejected_475",
    "rejected_479",
    "sent_in_part",
    "session_unusable",
]
_PAUSES = [reason.value for reason in PauseReason]


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
                rx.cond(view.awaiting, _approval()),
                card(
                    rx.el.div(
                        chip(view.status, STATUSES, "campaign_status"),
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
                rx.cond(view.in_doubt, _doubt()),
                rx.cond(Campaign.replies.length() > 0, _replies()),
                _recipients(),
                question(
                    "back",
                    Campaign.returning,
                    tr("campaign.back_ask"),
                    rx.cond(
                        view.by == Session.user_id,
                        tr("campaign.take_back_text"),
                        tr("campaign.back_text"),
                    ),
                    tr("campaign.send_back"),
                    Campaign.send_back,
                    Campaign.ask_back(False),
                    typed_field(
                        Campaign.returning_note,
                        Campaign.write_note,
                        rows=3,
                        max_length=500,
                        aria_label=tr("campaign.back_note"),
                    ),
                ),
                confirm(
                    "again",
                    Campaign.repeating,
                    tr_n("campaign.again_ask", view.unconfirmed),
                    tr("campaign.again_text"),
                    tr("campaign.again"),
                    Campaign.send_again,
                    Campaign.ask_again(False),
                    kind="danger",
                ),
                confirm(
                    "delete",
                    Campaign.deleting,
                    tr("campaign.delete_ask"),
                    tr("campaign.delete_text"),
                    tr("campaign.delete"),
                    Campaign.delete,
                    Campaign.ask_delete(False),
                    kind="danger",
                ),
                confirm(
                    "cancel",
                    Campaign.cancelling,
                    tr("campaign.cancel_ask"),
                    tr_n("campaign.cancel_text", view.waiting),
                    tr("campaign.cancel"),
                    Campaign.cancel,
                    Campaign.ask_cancel(False),
                    kind="danger",
                ),
                actions=_controls(),
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
                ),
                skeleton(72, 190, 420),
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
                            rx.el.time(written(reply.at), date_time=reply.at, class_name="hint"),
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


def _doubt() -> rx.Component:
    return notice(
        rx.el.strong(tr("campaign.doubt", n=Campaign.campaign.unconfirmed)),
        rx.el.p(tr("campaign.doubt_text")),
        rx.cond(
            Session.may_send,
            rx.el.div(
                button(icon("check"), tr("campaign.mark_sent"), on_click=Campaign.mark_sent),
                button(icon("rotate-cw"), tr("campaign.again"), on_click=Campaign.ask_again(True)),
                class_name="actions",
            ),
        ),
        tone="warning",
        name="circle-help",
    )


def _approval() -> rx.Component:
    """Whether somebody lets it start."""
    own = Campaign.campaign.by == Session.user_id
    return notice(
        rx.el.strong(tr("campaign.awaiting")),
        rx.el.p(rx.cond(own, tr("campaign.awaiting_own"), tr("campaign.awaiting_text"))),
        rx.cond(
            Session.may_send,
            rx.el.div(
                rx.cond(
                    ~own,
                    button(
                        icon("check"),
                        tr("campaign.approve"),
                        kind="primary",
                        on_click=Campaign.approve,
                    ),
                ),
                button(
                    icon("undo-2"),
                    rx.cond(own, tr("campaign.take_back"), tr("campaign.send_back")),
                    on_click=Campaign.ask_back(True),
                ),
                class_name="actions",
            ),
        ),
        tone="warning",
        name="user-check",
    )


def _controls() -> rx.Component:
    return rx.fragment(
        rx.cond(Session.may_send, _orders()),
        _more(),
    )


def _orders() -> rx.Component:
    view = Campaign.campaign
    return rx.fragment(
        rx.cond(
            view.can_pause, button(icon("pause"), tr("campaign.pause"), on_click=Campaign.pause)
        ),
        rx.cond(
            view.can_resume,
            button(icon("play"), tr("campaign.resume"), kind="primary", on_click=Campaign.resume),
        ),
        rx.cond(
            view.can_retry,
            button(icon("rotate-cw"), tr_n("campaign.retry", view.errors), on_click=Campaign.retry),
        ),
        rx.cond(
            view.can_start,
            button(icon("play"), tr("campaign.start"), kind="primary", on_click=Campaign.start_now),
        ),
        rx.cond(
            view.can_cancel,
            button(
                icon("x"), tr("campaign.cancel"), kind="quiet", on_click=Campaign.ask_cancel(True)
            ),
        ),
    )


def _more() -> rx.Component:
    view = Campaign.campaign
    downloads = [
        download_link(
            icon("download", 16),
            tr(f"campaign.export_{kind}"),
            href=f"/results/{view.id}.{kind}",
            custom_attrs={"data-closes": "yes"},
        )
        for kind in ("csv", "xlsx")
    ]
    return flap(
        "⋯",
        tr("campaign.more"),
        *downloads,
        rx.cond(Session.may_send, _more_item("copy", tr("campaign.clone"), Campaign.clone)),
        rx.cond(
            Session.may_send & view.can_delete,
            _more_item("trash-2", tr("campaign.delete"), Campaign.ask_delete(True)),
        ),
        kind="menu more",
    )


def _more_item(name: str, words: rx.Var, on_click: Any) -> rx.Component:
    return rx.el.button(
        icon(name, 16),
        words,
        type="button",
        on_click=on_click,
        custom_attrs={"data-closes": "yes"},
    )


def _variant_name(n: rx.Var[int]) -> rx.Component:
    return rx.cond(
        Campaign.campaign.messages.length() > 1,
        rx.el.span(tr("editor.variant", n=n + 1), class_name="field-label"),
    )


def _in_part(row: rx.Var[RecipientView]) -> rx.Component:
    """How far somebody is who gets several messages and has not got all of them."""
    return rx.cond(
        (row.parts_sent > 0) & (row.parts_sent < Campaign.parts),
        rx.el.span(
            tr("campaign.in_part", sent=row.parts_sent, parts=Campaign.parts), class_name="hint"
        ),
    )


def _recipients() -> rx.Component:
    options = [rx.el.option(tr("campaign.all"), value="")]
    options += [rx.el.option(tr(f"status.{name}"), value=name) for name in _CHIPS]
    return card(
        table(
            [
                tr("campaign.person"),
                tr("campaign.state"),
                tr("campaign.reason"),
                tr("campaign.time"),
            ],
            rx.foreach(
                Campaign.rows,
                lambda row: rx.el.tr(
                    rx.el.td(
                        rx.el.strong(row.name),
                        rx.el.span(
                            row.phone,
                            rx.cond(
                                row.variant > 0,
                                rx.fragment(" · ", tr("editor.variant", n=row.variant)),
                            ),
                            class_name="hint",
                        ),
                        class_name="person",
                    ),
                    rx.el.td(chip(row.status, _CHIPS), _in_part(row)),
                    rx.el.td(
                        tr_of("reason", row.reason, REASONS), title=row.detail, class_name="why"
                    ),
                    rx.el.td(moment(row.at, only="time"), class_name="number"),
                    key=row.id,
                ),
            ),
            tr("campaign.people"),
            kind="people",
        ),
        rx.cond(
            Campaign.rows.length() == 0, rx.el.p(tr("campaign.nobody"), class_name="hint center")
        ),
        pager(Campaign.page, Campaign.more, Campaign.previous_page, Campaign.next_page),
        title=tr("campaign.people"),
        aside=rx.el.div(
            rx.el.input(
                type="search",
                placeholder=tr("campaign.search"),
                aria_label=tr("campaign.search"),
                on_change=Campaign.find.debounce(250),
            ),
            rx.el.select(
                *options,
                value=Campaign.filter,
                on_change=Campaign.show,
                class_name="select",
                aria_label=tr("campaign.filter"),
            ),
            class_name="filters",
        ),
    )
