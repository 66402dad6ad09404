"""The list of campaigns."""

from typing import Any

import reflex as rx

from sender_app.components.at_once import choice
from sender_app.components.browser import pulse
from sender_app.components.frame import for_senders, frame
from sender_app.components.ui import (
    awaited,
    button,
    chip,
    confirm,
    empty,
    icon,
    link,
    link_button,
    page,
    progress,
    segments,
)
from sender_app.components.words import moment, number, tr, tr_n
from sender_app.states.campaigns import KINDS, SPANS, CampaignList
from sender_app.states.session import Session

STATUSES = ["draft", "awaiting", "scheduled", "running", "paused", "finished", "cancelled"]


def campaigns() -> rx.Component:
    """Campaigns, newest first."""
    return frame(
        "/campaigns",
        pulse(5000, CampaignList.refresh),
        page(
            tr("campaigns.title"),
            rx.cond(
                CampaignList.loaded,
                rx.cond(
                    (CampaignList.rows.length() > 0) | CampaignList.narrowed,
                    rx.fragment(_filters(), _rows()),
                    empty(
                        "megaphone",
                        tr("campaigns.none"),
                        tr("campaigns.none_text"),
                        rx.cond(
                            Session.may_send, link_button(tr("campaigns.new"), href="/messages")
                        ),
                    ),
                ),
                awaited(78, 78, 78, 78),
            ),
            confirm(
                "delete",
                CampaignList.deleting != "",
                rx.cond(
                    CampaignList.deleting_draft,
                    tr("campaigns.delete_draft_ask"),
                    tr("campaign.delete_ask"),
                ),
                rx.cond(
                    CampaignList.deleting_draft,
                    tr("campaigns.delete_draft_text"),
                    tr("campaign.delete_text"),
                ),
                tr("campaign.delete"),
                CampaignList.delete,
                CampaignList.ask_delete(""),
                kind="danger",
            ),
            actions=for_senders(
                link_button(icon("plus"), tr("campaigns.new"), href="/messages"),
            ),
            lead=tr("campaigns.lead"),
        ),
        title=tr("campaigns.title"),
    )


def _filters() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            segments(
                [(kind, tr(f"campaigns.{kind}")) for kind in KINDS],
                CampaignList.kind,
                CampaignList.show,
                tr("campaigns.filter"),
            ),
            class_name="line",
        ),
        rx.el.input(
            type="search",
            placeholder=tr("campaigns.search"),
            aria_label=tr("campaigns.search"),
            on_change=CampaignList.find.debounce(250),
        ),
        choice(
            CampaignList.span,
            CampaignList.show_span,
            rx.el.option(tr("campaigns.ever"), value=""),
            *[rx.el.option(tr(f"campaigns.span_{span}"), value=span) for span in SPANS],
            label=tr("campaigns.span"),
        ),
        class_name="filters",
    )


def _rows() -> rx.Component:
    return rx.el.div(
        rx.foreach(CampaignList.rows, _row),
        rx.cond(
            CampaignList.rows.length() == 0,
            rx.el.p(tr("campaigns.nothing"), class_name="hint center"),
        ),
        rx.cond(
            CampaignList.more != "",
            button(tr("page.more"), on_click=CampaignList.load_more),
        ),
        class_name="stack",
    )


def _row(campaign: rx.Var) -> rx.Component:
    return rx.el.div(
        link(
            rx.el.div(
                rx.el.strong(rx.cond(campaign.name != "", campaign.name, tr("campaigns.unnamed"))),
                rx.el.span(moment(campaign.created_at), class_name="hint"),
                class_name="campaign-name",
            ),
            chip(campaign.status, STATUSES, "campaign_status"),
            rx.match(
                campaign.status,
                (
                    "draft",
                    rx.el.span(
                        rx.cond(
                            campaign.review_note != "",
                            rx.el.strong(tr("campaigns.sent_back"), " ", campaign.review_note),
                            campaign.messages[0],
                        ),
                        class_name="hint excerpt",
                    ),
                ),
                ("awaiting", rx.el.span(tr_n("campaign.lead", campaign.total), class_name="hint")),
                (
                    "scheduled",
                    rx.el.span(
                        tr("campaigns.starts"),
                        " ",
                        moment(campaign.scheduled_at),
                        class_name="hint",
                    ),
                ),
                _progress(campaign),
            ),
            href=campaign.href.to(str),
            class_name="card campaign-row",
        ),
        rx.cond(Session.may_send, _orders(campaign)),
        class_name="campaign-line",
        key=campaign.id,
    )


def _orders(campaign: rx.Var) -> rx.Component:
    """What can be done to a campaign of the list."""
    return rx.el.div(
        _order("copy", "campaign.clone", CampaignList.clone(campaign.id)),
        rx.cond(
            campaign.can_delete,
            _order("trash-2", "campaign.delete", CampaignList.ask_delete(campaign.id)),
            rx.el.span(class_name="icon-button", aria_hidden="true"),
        ),
        class_name="campaign-orders",
    )


def _order(name: str, words: str, on_click: Any) -> rx.Component:
    return rx.el.button(
        icon(name),
        type="button",
        class_name="icon-button",
        on_click=on_click,
        aria_label=tr(words),
        title=tr(words),
    )


def _progress(campaign: rx.Var) -> rx.Component:
    return rx.el.div(
        progress(campaign),
        rx.el.span(
            tr(
                "campaigns.counts",
                sent=number(campaign.sent),
                total=number(campaign.total),
                errors=number(campaign.errors),
            ),
            rx.cond(
                campaign.in_doubt,
                rx.fragment(" · ", tr("campaigns.in_doubt", n=number(campaign.unconfirmed))),
            ),
            class_name="hint",
        ),
        class_name="campaign-progress",
    )
