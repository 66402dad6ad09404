"""Linking a device to an account: codes shown for as long as somebody looks at them."""

from datetime import timedelta

import structlog

from sender_app.domain.account import AccountStatus
from sender_app.domain.errors import GatewayError, Unavailable
from sender_app.ports.pairing import PairingBoard, PairingCodes
from sender_app.ports.whatsapp import (
    Connection,
    Paired,
    PairingExpired,
    QrShown,
    SessionEnded,
    Stopped,
)
from sender_app.services.serving import inbox
from sender_app.services.serving.desk import Desk

_log = structlog.get_logger()
_LOOK = timedelta(seconds=1)  # between two looks at whether the page is still open


def link(desk: Desk, connection: Connection, board: PairingBoard) -> bool:
    """Show codes until a device is linked; False when nobody looks, or new codes need a new
    connection. Raises Unavailable when WhatsApp cannot be reached.

    The codes are gone from the board afterwards, whatever happened.
    """
    connection.start()
    codes = PairingCodes()
    asked_for: str | None = None
    try:
        while _wished(desk):
            for event in inbox.record(desk, connection.events(_LOOK.total_seconds())):
                match event:
                    case QrShown():
                        codes = PairingCodes(event.code, event.expires_at, codes.code)
                        board.show(desk.account.id, codes)
                        desk.show(AccountStatus.LINKING)
                    case Paired():
                        desk.store.accounts.linked(desk.account.id, event.phone, event.session_id)
                        desk.reload()
                        desk.announce()
                        _log.info("device linked", account_id=str(desk.account.id))
                        return True
                    case Stopped():
                        raise Unavailable(event.detail)
                    case SessionEnded() | PairingExpired():
                        return False
                    case _:
                        pass
            wanted = desk.account.pairing_phone
            if codes.qr and wanted and wanted != asked_for:
                asked_for = wanted
                codes = PairingCodes(codes.qr, codes.qr_expires_at, _code(connection, wanted))
                board.show(desk.account.id, codes)
                desk.announce()
        desk.show(AccountStatus.UNLINKED)
        return False
    finally:
        board.clear(desk.account.id)


def _wished(desk: Desk) -> bool:
    desk.nudged.clear()
    until = desk.reload().pairing_until
    return not desk.stop.is_set() and until is not None and until > desk.now()


def _code(connection: Connection, phone: str) -> str | None:
    try:
        return connection.request_code(phone)
    except GatewayError as error:
        _log.warning("no pairing code", error=str(error))
        return None
