"""What people send, as WhatsApp's protobufs say it."""

from collections.abc import Callable
from typing import Any

import pytest

from sender_app.adapters.neonize_events import read_message
from sender_app.domain.conversation import MessageKind
from whatsapp_loopback.protobufs import Message


def made(change: Callable[[Any], object]) -> Any:
    message = Message()
    change(message)
    return message


def quoting(message: Any) -> None:
    message.imageMessage.caption = "Mi orden"
    message.imageMessage.contextInfo.stanzaID = "M1"


def reacting(message: Any) -> None:
    message.reactionMessage.text = "👍"
    message.reactionMessage.key.ID = "M2"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda m: setattr(m, "conversation", "hola"), (MessageKind.TEXT, "hola", "")),
        (quoting, (MessageKind.IMAGE, "Mi orden", "M1")),
        (reacting, (MessageKind.REACTION, "👍", "M2")),
        (
            lambda m: setattr(m.documentMessage, "fileName", "factura.pdf"),
            (MessageKind.DOCUMENT, "factura.pdf", ""),
        ),
        (lambda m: m.audioMessage.SetInParent(), (MessageKind.AUDIO, "", "")),
        (
            lambda m: setattr(m.locationMessage, "address", "Calle 1"),
            (MessageKind.LOCATION, "Calle 1", ""),
        ),
        (lambda m: m.pollCreationMessage.SetInParent(), (MessageKind.OTHER, "", "")),
        (lambda m: m.protocolMessage.SetInParent(), (None, "", "")),
    ],
)
def test_it_reads_what_was_sent_its_words_and_what_it_answers(change: Any, found: object):
    assert read_message(made(change)) == found
