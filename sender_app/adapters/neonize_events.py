"""neonize's protobuf events as the port's events. Pure: imports nothing of neonize."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sender_app.domain.conversation import MessageKind
from sender_app.domain.errors import SessionProblem
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind, SessionEnded, Stopped

_DELIVERED = 1
_READ = (4, 6)  # read, played
_TRY_AGAIN = (8, 10)  # internal server error, service unavailable: whatsmeow reconnects by itself
_UNNAMED = {
    "TemporaryBan.Code not set": SessionProblem.BANNED,
    "ConnectFailure.Reason not set": SessionProblem.REFUSED,
}
# Fields of a message by what a person sent, and where its words are.
_KINDS: dict[str, tuple[MessageKind, tuple[str, ...]]] = {
    "extendedTextMessage": (MessageKind.TEXT, ("text",)),
    "imageMessage": (MessageKind.IMAGE, ("caption",)),
    "videoMessage": (MessageKind.VIDEO, ("caption",)),
    "ptvMessage": (MessageKind.VIDEO, ("caption",)),
    "audioMessage": (MessageKind.AUDIO, ()),
    "documentMessage": (MessageKind.DOCUMENT, ("caption", "fileName")),
    "stickerMessage": (MessageKind.STICKER, ()),
    "locationMessage": (MessageKind.LOCATION, ("name", "address")),
    "liveLocationMessage": (MessageKind.LOCATION, ("caption",)),
    "contactMessage": (MessageKind.CONTACT, ("displayName",)),
    "contactsArrayMessage": (MessageKind.CONTACT, ("displayName",)),
    "reactionMessage": (MessageKind.REACTION, ("text",)),
    "buttonsResponseMessage": (MessageKind.TEXT, ("selectedDisplayText",)),
    "templateButtonReplyMessage": (MessageKind.TEXT, ("selectedDisplayText",)),
    "listResponseMessage": (MessageKind.TEXT, ("title",)),
}
# They say something about another message, or nothing to anybody.
_NO_MESSAGES = (
    *("protocolMessage", "senderKeyDistributionMessage", "encReactionMessage"),
    *("pollUpdateMessage", "keepInChatMessage", "pinInChatMessage"),
)


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


def incoming(event: Any, phone: str) -> Incoming | None:
    """A person's message; `phone` is the sender's number in E.164. None where nobody said
    anything: another message was deleted, or a reaction taken back."""
    kind, text, quoted = read_message(event.Message)
    if kind is None or (kind is MessageKind.REACTION and not text):
        return None
    return Incoming(
        message_id=event.Info.ID,
        phone=phone,
        text=text,
        quoted_id=quoted or None,
        at=datetime.fromtimestamp(event.Info.Timestamp / 1000, UTC),
        name=event.Info.Pushname,
        kind=kind,
    )


def read_message(message: Any) -> tuple[MessageKind | None, str, str]:
    """What was sent, its words, and the id of the message that it answers; blank where none."""
    if message.conversation:
        return MessageKind.TEXT, message.conversation, ""
    for field, (kind, words) in _KINDS.items():
        if message.HasField(field):
            part = getattr(message, field)
            text = next((said for word in words if (said := getattr(part, word))), "")
            if kind is MessageKind.REACTION:
                return kind, text, part.key.ID
            return kind, text, part.contextInfo.stanzaID
    if any(message.HasField(field) for field in _NO_MESSAGES):
        return None, "", ""
    return MessageKind.OTHER, "", ""


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
