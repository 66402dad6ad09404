"""What is ordered of a campaign: the buttons, the questions they ask, and its approval."""

from typing import Any

import reflex as rx

from sender_app.components.at_once import shown, wish
from sender_app.components.browser import typed_field
from sender_app.components.ui import button, confirm, download_link, icon, notice, question
from sender_app.components.words import tr, tr_n
from sender_app.components.writing import flap
from sender_app.states.campaign import Campaign
from sender_app.states.session import Session

STATUS = "campaign-status"  # what shows it does so before the server


def controls() -> rx.Component:
    """The buttons at the top, as the status has it."""
    return rx.fragment(
        rx.cond(Session.may_send, _orders()),
        _more(),
    )


def questions() -> rx.Component:
    """What is asked before an order that cannot be taken back."""
    view = Campaign.campaign
    return rx.fragment(
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
            tr_n("campaign.again", view.unconfirmed),
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
            [wish(STATUS, "cancelled"), Campaign.cancel],
            Campaign.ask_cancel(False),
            kind="danger",
        ),
    )


def approval() -> rx.Component:
    """Whether somebody lets it start."""
    own = Campaign.campaign.by == Session.user_id
    return notice(
        rx.el.strong(tr("campaign.awaiting")),
        rx.el.p(
            rx.cond(
                own | ~Session.may_send,
                tr("campaign.awaiting_own"),
                tr("campaign.awaiting_text"),
            )
        ),
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


def doubt() -> rx.Component:
    """What to do about messages of which nobody knows whether they arrived."""
    n = Campaign.campaign.unconfirmed
    return notice(
        rx.el.strong(tr_n("campaign.doubt", n)),
        rx.el.p(tr_n("campaign.doubt_text", n)),
        rx.cond(
            Session.may_send,
            rx.el.div(
                button(icon("check"), tr_n("campaign.mark_sent", n), on_click=Campaign.mark_sent),
                button(
                    icon("rotate-cw"), tr_n("campaign.again", n), on_click=Campaign.ask_again(True)
                ),
                class_name="actions",
            ),
        ),
        tone="warning",
        name="circle-help",
    )


def _orders() -> rx.Component:
    view = Campaign.campaign
    return rx.fragment(
        shown(
            STATUS,
            view.status,
            {
                "running": button(
                    icon("pause"),
                    tr("campaign.pause"),
                    on_click=[wish(STATUS, "paused"), Campaign.pause],
                ),
                "paused": button(
                    icon("play"),
                    tr("campaign.resume"),
                    kind="primary",
                    on_click=[wish(STATUS, "running"), Campaign.resume],
                ),
                "scheduled": button(
                    icon("play"),
                    tr("campaign.start"),
                    kind="primary",
                    on_click=[wish(STATUS, "running"), Campaign.start_now],
                ),
            },
        ),
        rx.cond(
            view.can_retry,
            button(icon("rotate-cw"), tr_n("campaign.retry", view.errors), on_click=Campaign.retry),
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
