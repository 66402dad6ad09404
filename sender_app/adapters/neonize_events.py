"""neonize's protobuf events as the port's events. Pure: imports nothing of neonize."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sender_app.domain.errors import SessionProblem
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind, SessionEnded, Stopped

_DELIVERED = 1
_READ = (4, 6)  # read, played
_TRY_AGAIN = (8, 10)  # internal server error, service unavailable: whatsmeow reconnects by itself
_UNNAMED = {
    "TemporaryBan.Code not set": SessionProblem.BANNED,
    "ConnectFailure.Reason not set": SessionProblem.REFUSED,
}
_TEXT_FIELDS = ("imageMessage", "videoMessage", "documentMessage")


def receipt(event: Any) -> Receipt | None:
    """A person's receipt; None for those of our own other devices and of retries."""
    kind = {_DELIVERED: ReceiptKind.DELIVERED}.get(event.Type)
    if event.Type in _READ:
        kind = ReceiptKind.READ
    if kind is None or event.MessageSource.IsFromMe:
        return None
    return Receipt(tuple(event.MessageIDs), kind, datetime.fromtimestamp(event.Timestamp, UTC))


def is_from_person(event: Any) -> bool:
    """Whether a message comes from one person to us: no group, no broadcast, not our own."""
    source = event.Info.MessageSource
    return not (source.IsFromMe or source.IsGroup) and source.Chat.Server in (
        "lid",
        "s.whatsapp.net",
    )


def incoming(event: Any, phone: str) -> Incoming:
    """A person's message; `phone` is the sender's number in E.164."""
    message = event.Message
    context = message.extendedTextMessage.contextInfo
    return Incoming(
        message_id=event.Info.ID,
        phone=phone,
        text=text_of(message),
        quoted_id=context.stanzaID or None,
        at=datetime.fromtimestamp(event.Info.Timestamp / 1000, UTC),
        name=event.Info.Pushname,
    )


def text_of(message: Any) -> str:
    """The words of a message: its text, or its caption."""
    if message.conversation:
        return message.conversation
    if message.extendedTextMessage.text:
        return message.extendedTextMessage.text
    for field in _TEXT_FIELDS:
        caption = getattr(message, field).caption
        if caption:
            return caption
    return ""


def sender_digits(source: Any) -> str | None:
    """The sender's phone digits, or None when only a LID is known."""
    for jid in (source.Sender, source.SenderAlt):
        if jid.Server == "s.whatsapp.net" and jid.User:
            return jid.User.split(":")[0]
    return None


def banned(event: Any, now: datetime) -> SessionEnded:
    """A temporary ban; `Expire` is in seconds from now."""
    until = now + timedelta(seconds=event.Expire) if event.Expire else None
    return SessionEnded(SessionProblem.BANNED, until, f"ban code {event.Code}")


def stopped(detail: str) -> SessionEnded | Stopped:
    """Why the connection ended for good.

    neonize gives up with a protobuf error where WhatsApp's reason is none that it has a name for;
    the message at fault tells what it was about, and trying again at once would make it worse.
    """
    for message, problem in _UNNAMED.items():
        if message in detail:
            return SessionEnded(problem, None, detail)
    return Stopped(detail)


def connect_failure(event: Any) -> SessionEnded | None:
    """A refused login; None when whatsmeow tries again by itself."""
    if event.Reason in _TRY_AGAIN:
        return None
    return SessionEnded(SessionProblem.REFUSED, None, event.Message or f"reason {event.Reason}")
