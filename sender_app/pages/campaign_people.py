"""The people of a campaign: a table with how far each one is."""

import reflex as rx

from sender_app.components.at_once import choice
from sender_app.components.reasons import reason
from sender_app.components.ui import card, chip, pager, table
from sender_app.components.words import moment, tr
from sender_app.states.campaign import Campaign
from sender_app.states.rows import RecipientView

_FILTERS = ["queued", "sending", "sent", "error", "skipped", "unconfirmed"]
_CHIPS = [*_FILTERS, "delivered", "read", "replied"]


def recipients() -> rx.Component:
    """The table, with a search and a filter."""
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
                                rx.el.span(
                                    " · ", tr("editor.variant", n=row.variant), class_name="whole"
                                ),
                            ),
                            class_name="hint",
                        ),
                        class_name="person",
                    ),
                    rx.el.td(chip(row.status, _CHIPS), _in_part(row)),
                    rx.el.td(reason(row.reason), title=row.detail, class_name="why"),
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
            choice(Campaign.filter, Campaign.show, *options, label=tr("campaign.filter")),
            class_name="filters",
        ),
    )


def _in_part(row: rx.Var[RecipientView]) -> rx.Component:
    """How far somebody is who gets several messages and has not got all of them."""
    return rx.cond(
        (row.parts_sent > 0) & (row.parts_sent < Campaign.parts),
        rx.el.span(
            tr("campaign.in_part", sent=row.parts_sent, parts=Campaign.parts), class_name="hint"
        ),
    )
