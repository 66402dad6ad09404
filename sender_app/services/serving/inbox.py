"""What an account hears: receipts and replies, recorded as they come."""

from collections.abc import Iterable

import structlog

from sender_app.domain.opt_out import asks_to_stop
from sender_app.domain.phone import masked
from sender_app.ports.whatsapp import GatewayEvent, Incoming, Receipt
from sender_app.services.serving.desk import Desk

_log = structlog.get_logger()


def record(desk: Desk, events: Iterable[GatewayEvent]) -> list[GatewayEvent]:
    """Record receipts and replies among `events`; returns the other events, in order.

    A reply that is one of the workspace's words opts its sender out in the same transaction.
    """
    receipts: list[Receipt] = []
    others: list[GatewayEvent] = []
    for event in events:
        match event:
            case Receipt():
                receipts.append(event)
            case Incoming():
                _reply(desk, event)
            case _:
                others.append(event)
    if receipts:
        campaigns = desk.store.receipts.receipts(desk.account.id, receipts)
        desk.announce_campaigns(*campaigns)
        if desk.store.answering.receipts(desk.account.id, receipts):
            desk.announce_inbox()
    return others


def _reply(desk: Desk, message: Incoming) -> None:
    opt_out = asks_to_stop(message.text, desk.workspace.opt_out_words)
    campaign_id = desk.store.receipts.reply(
        desk.account.id, message, opt_out, desk.timings.reply_window
    )
    if opt_out:
        desk.opted_out.add(message.phone)  # who is claimed already is not written to either
        desk.answers_due = True
    _log.info("reply", phone=masked(message.phone), kind=message.kind.value, opt_out=opt_out)
    desk.announce_campaigns(campaign_id)
    desk.announce_inbox()
