"""The list of campaigns."""

import reflex as rx

from sender_app.components.browser import pulse
from sender_app.components.frame import frame
from sender_app.components.ui import (
    button,
    chip,
    empty,
    icon,
    link,
    link_button,
    page,
    progress,
    skeleton,
)
from sender_app.components.words import moment, number, tr
from sender_app.states.campaigns import CampaignList

STATUSES = ["draft", "scheduled", "running", "paused", "finished", "cancelled"]


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
                    CampaignList.rows.length() > 0,
                    rx.el.div(
                        rx.foreach(CampaignList.rows, _row),
                        rx.cond(
                            CampaignList.more != "",
                            button(tr("page.more"), on_click=CampaignList.load_more),
                        ),
                        class_name="stack",
                    ),
                    empty(
                        "megaphone",
                        tr("campaigns.none"),
                        tr("campaigns.none_text"),
                        link_button(tr("campaigns.new"), href="/messages"),
                    ),
                ),
                skeleton(78, 78, 78, 78),
            ),
            actions=link_button(icon("plus"), tr("campaigns.new"), href="/messages"),
            lead=tr("campaigns.lead"),
        ),
        title=tr("campaigns.title"),
    )


def _row(campaign: rx.Var) -> rx.Component:
    return link(
        rx.el.div(
            rx.el.strong(campaign.name),
            rx.el.span(moment(campaign.created_at), class_name="hint"),
            class_name="campaign-name",
        ),
        chip(campaign.status, STATUSES, "campaign_status"),
        rx.el.div(
            progress(campaign),
            rx.el.span(
                tr(
                    "campaigns.counts",
                    sent=number(campaign.sent),
                    total=number(campaign.total),
                    errors=number(campaign.errors),
                ),
                class_name="hint",
            ),
            class_name="campaign-progress",
        ),
        href="/campaigns/" + campaign.id.to(str),
        class_name="card campaign-row",
        key=campaign.id,
    )
