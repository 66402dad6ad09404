"""Between WhatsApp's Message protobuf and what a phone shows."""

from __future__ import annotations

import json
import logging
import mimetypes
from typing import Any

from whatsapp_loopback.media import MediaError, MediaFiles
from whatsapp_loopback.message_store import Content
from whatsapp_loopback.protobufs import Message

log = logging.getLogger(__name__)
_MEDIA_FIELDS = {
    "image": "imageMessage",
    "document": "documentMessage",
    "audio": "audioMessage",
    "video": "videoMessage",
    "sticker": "stickerMessage",
}
_WRAPPERS = ("documentWithCaptionMessage", "ephemeralMessage", "viewOnceMessage")


def read_content(message: Any, media: MediaFiles) -> Content:
    """What a decrypted Message says; its media is decrypted as well."""
    secret = message.messageContextInfo.messageSecret.hex()
    for wrapper in _WRAPPERS:
        if message.HasField(wrapper):
            message = getattr(message, wrapper).message
    secret = secret or message.messageContextInfo.messageSecret.hex()
    for kind, field in _MEDIA_FIELDS.items():
        if message.HasField(field):
            return _media_content(kind, getattr(message, field), media, secret)
    extended = message.extendedTextMessage
    text = message.conversation or extended.text
    return Content(
        kind="text" if text else "other",
        text=text,
        secret_hex=secret,
        quoted_id=extended.contextInfo.stanzaID,
    )


def _media_content(kind: str, part: Any, media: MediaFiles, secret: str) -> Content:
    try:
        digest = media.decrypt(kind, part)
    except MediaError as error:
        log.error("the media of a message is unusable: %s", error)
        digest = ""
    caption = getattr(part, "caption", "")
    filename = getattr(part, "fileName", "") or getattr(part, "title", "")
    return Content(
        kind="image" if kind == "sticker" else kind,
        text=caption,
        caption=caption,
        filename=filename or f"{kind}{mimetypes.guess_extension(part.mimetype) or ''}",
        mimetype=part.mimetype,
        media_sha256=digest,
        secret_hex=secret,
        quoted_id=part.contextInfo.stanzaID,
        shown=json.dumps(_shown(part)),
    )


def _shown(part: Any) -> dict[str, Any]:
    """Size, length and pictures, where the kind of file has them."""
    numbers = {name: getattr(part, name, 0) for name in ("width", "height", "seconds")}
    return numbers | {
        "voice": getattr(part, "PTT", False),
        "thumbnail_hex": getattr(part, "JPEGThumbnail", b"").hex(),
        "waveform_hex": getattr(part, "waveform", b"").hex(),
    }


def phone_message(
    kind: str, text: str, quoted_id: str | None, quoted_sender: str, quoted_text: str
) -> bytes:
    """The serialized message of a phone; with ``quoted_id`` it is a reply to that message.

    Of a kind of media it tells of a file, with ``text`` as its caption, that was left
    with nobody: a client that does not load files notices nothing.
    """
    message = Message()
    if kind == "text" and quoted_id is None:
        message.conversation = text
        return message.SerializeToString()
    part = getattr(message, _MEDIA_FIELDS.get(kind, "extendedTextMessage"))
    part.SetInParent()
    if kind == "text":
        part.text = text
    elif hasattr(part, "caption"):
        part.caption = text
    if quoted_id is not None:
        part.contextInfo.stanzaID = quoted_id
        part.contextInfo.participant = quoted_sender
        part.contextInfo.quotedMessage.conversation = quoted_text
    return message.SerializeToString()
