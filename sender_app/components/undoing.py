"""Toasts, and the component of assets/undoing.js: those that take back what was just done."""

import reflex as rx
from reflex.event import EventHandler, passthrough_event_spec

from sender_app.components.words import tr
from sender_app.states.campaigns import CampaignList
from sender_app.states.contacts import ContactBook
from sender_app.states.library import Library
from sender_app.states.opt_outs import OptOutList

_SECRET = passthrough_event_spec(str)


class _UndoOffers(rx.Component):
    library = "$/public/undoing.js"
    tag = "UndoOffers"
    on_contacts: EventHandler[_SECRET]
    on_joined: EventHandler[_SECRET]
    on_left: EventHandler[_SECRET]
    on_template: EventHandler[_SECRET]
    on_opt_out: EventHandler[_SECRET]
    on_campaign: EventHandler[_SECRET]


def toaster() -> rx.Component:
    """Where toasts appear."""
    return rx.toast.provider(
        rich_colors=True,
        close_button=True,
        position="bottom-right",
        custom_attrs={
            "containerAriaLabel": tr("toasts"),
            "toastOptions": rx.Var.create({"closeButtonAriaLabel": tr("toasts.close")}),
        },
    )


def undo_offers() -> rx.Component:
    """Who takes back which kind of thing; see `say_done`."""
    return _UndoOffers.create(
        on_contacts=ContactBook.bring_back,
        on_joined=ContactBook.leave_again,
        on_left=ContactBook.join_again,
        on_template=Library.bring_back,
        on_opt_out=OptOutList.bring_back,
        on_campaign=CampaignList.bring_back,
    )
