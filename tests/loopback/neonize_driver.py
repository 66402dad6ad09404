"""Runs one real neonize client; obeys JSON commands on stdin, reports events on stdout.

A program, not a test: the tests start it with the loopback server's environment, so that
the Go library is never loaded into pytest's own process.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
import uuid
from typing import Any

from google.protobuf.json_format import MessageToDict
from neonize import events
from neonize.client import NewClient
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import AudioMessage, Message, MessageContextInfo
from neonize.utils.enum import MediaType
from neonize.utils.jid import build_jid

_output = threading.Lock()


def report(**fields: Any) -> None:
    """Write one line of JSON for the test."""
    with _output:
        sys.__stdout__.write(json.dumps(fields) + "\n")  # type: ignore[union-attr]
        sys.__stdout__.flush()  # type: ignore[union-attr]


class Driver:
    """The commands; each runs in a thread of its own, since neonize's calls block."""

    def __init__(self, dsn: str) -> None:
        self.client = NewClient(dsn, uuid=uuid.uuid4().hex)
        self.client.event.qr(lambda _, code: report(event="QR", code=code.decode()))
        for event in events.EVENT_TO_INT:
            if event.__name__ not in ("QR", "Device"):
                self.client.event(event)(self._handler(event.__name__))

    @staticmethod
    def _handler(name: str) -> Any:
        def handle(_: NewClient, event: Any) -> None:
            report(event=name, **MessageToDict(event))

        return handle

    def connect(self) -> str:
        """Block until the connection is over for good."""
        self.client.connect()
        return "returned"

    def send(self, to: str, text: str, secret: str = "") -> str:
        """Send a text; returns the message id."""
        message = Message(conversation=text)
        if secret:
            info = MessageContextInfo(messageSecret=bytes.fromhex(secret))
            message.messageContextInfo.CopyFrom(info)
        return self.client.send_message(build_jid(to), message).ID

    def send_many(self, first: int, count: int, text: str) -> int:
        """Send a text to ``count`` consecutive numbers."""
        for number in range(first, first + count):
            self.send(str(number), text)
        return count

    def send_image(self, to: str, path: str, caption: str) -> str:
        """Send an image file."""
        return self.client.send_image(build_jid(to), _read(path), caption).ID

    def send_document(self, to: str, path: str, caption: str, filename: str) -> str:
        """Send any file as a document."""
        return self.client.send_document(
            build_jid(to), _read(path), caption=caption, filename=filename
        ).ID

    def send_audio(self, to: str, path: str, mimetype: str) -> str:
        """Send a voice note; built by hand, since neonize's own builder needs ffmpeg."""
        data = _read(path)
        upload = self.client.upload(data, MediaType.MediaAudio)
        audio = AudioMessage(
            URL=upload.url,
            directPath=upload.DirectPath,
            mediaKey=upload.MediaKey,
            fileEncSHA256=upload.FileEncSHA256,
            fileSHA256=upload.FileSHA256,
            fileLength=upload.FileLength,
            mimetype=mimetype,
            PTT=True,
        )
        return self.client.send_message(build_jid(to), Message(audioMessage=audio)).ID

    def is_on_whatsapp(self, numbers: list[str]) -> list[list[Any]]:
        """[query, LID, whether it is there] for each number."""
        found = self.client.is_on_whatsapp(*numbers)
        return [[each.Query, each.JID.User, each.IsIn] for each in found]

    def pair_phone(self, number: str) -> str:
        """Ask for a pairing code."""
        return self.client.PairPhone(number, True)

    def mark_read(self, message_id: str, chat_lid: str) -> None:
        """Tell a phone that its message was read."""
        from neonize.utils.enum import ReceiptType

        jid = build_jid(chat_lid, "lid")
        self.client.mark_read(message_id, chat=jid, sender=jid, receipt=ReceiptType.READ)

    def numbers(self, number: str) -> list[str]:
        """The LID of a number, and the number of that LID."""
        lid = self.client.get_lid_from_pn(build_jid(number))
        return [lid.User, self.client.get_pn_from_lid(lid).User]

    def logout(self) -> None:
        """Unlink from our side."""
        self.client.logout()

    def state(self) -> list[bool]:
        """Whether it is connected and logged in."""
        return [self.client.is_connected, self.client.is_logged_in]


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def run(driver: Driver, command: dict[str, Any]) -> None:
    """Obey one command and report how it ended."""
    call = command["call"]
    try:
        value = getattr(driver, command["do"])(*command["args"])
        report(call=call, value=value)
    except BaseException as error:  # noqa: BLE001 (whatever it is, the test is told)
        traceback.print_exc()
        report(call=call, error=str(error), error_type=type(error).__name__)


def main() -> None:
    """Obey until stdin is closed, then end at once."""
    driver = Driver(sys.argv[1])
    report(event="Ready")
    for line in sys.stdin:
        threading.Thread(target=run, args=(driver, json.loads(line)), daemon=True).start()
    os._exit(0)


if __name__ == "__main__":
    main()
