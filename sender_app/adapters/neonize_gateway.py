"""WhatsApp through neonize: with `neonize_messages` the only module that loads its Go library.

One connection per operating-system process, and never before a fork: the library's runtime
survives neither a fork nor two clients that start and stop beside each other.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

import pylibmagic  # noqa: F401 - brings the libmagic that neonize asks for
import structlog
from neonize import client as neonize_client
from neonize import events as ev
from neonize.proto.Neonize_pb2 import JID
from neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2 import DeviceProps
from neonize.utils.jid import build_jid

from sender_app.adapters import neonize_events as translate
from sender_app.adapters.linked_devices import Devices, DeviceStore
from sender_app.adapters.neonize_errors import send_error
from sender_app.adapters.neonize_messages import MEDIA_TYPES, message_of
from sender_app.domain.delivery import Lease
from sender_app.domain.errors import SessionProblem, SessionUnusable, Unavailable
from sender_app.domain.media import MediaKind, Upload
from sender_app.ports.whatsapp import (
    CaughtUp,
    Connected,
    Disconnected,
    GatewayEvent,
    OutgoingMessage,
    Paired,
    PairingExpired,
    QrShown,
    SessionEnded,
    Stopped,
)

_FIRST_QR = timedelta(seconds=60)
_NEXT_QR = timedelta(seconds=20)
_CLOSE = 5.0  # seconds for the library to stop; then the process ends without it
_QUIET = 0.5  # seconds without an event after which nothing is in the library's hands any more
_log = structlog.get_logger()
# It asks whoever reads the log to install what only its own builders of messages need.
logging.getLogger("neonize.utils.ffmpeg").setLevel(logging.ERROR)


class NeonizeGateway:
    """See ports.whatsapp.Gateway. Sessions live in the `whatsmeow_*` tables of `devices`."""

    def __init__(self, devices: DeviceStore) -> None:
        self._devices = devices

    def open(self, session_id: str | None, lease: Lease) -> "NeonizeConnection":
        devices = self._devices.open(lease, linked=session_id is not None)
        try:
            jid = _find(devices.dsn, session_id)
            devices.ready()
            return NeonizeConnection(devices, jid)
        except BaseException:
            devices.close()
            raise


def _find(dsn: str, session_id: str | None) -> JID | None:
    """The device's address as the library wants it; brings the library's tables up to date."""
    try:
        known = neonize_client.ClientFactory.get_all_devices_from_db(dsn)
    except ValueError as error:  # it takes the library's complaint for a list
        raise Unavailable("the session store cannot be read") from error
    if session_id is None:
        return None
    for device in known:
        if _session_id(device.JID) == session_id:
            return device.JID
    raise SessionUnusable(SessionProblem.LOGGED_OUT, "the session store has no such device")


class NeonizeConnection:
    """See ports.whatsapp.Connection."""

    def __init__(self, devices: Devices, jid: JID | None) -> None:
        self._devices = devices
        self._events: SimpleQueue[GatewayEvent | Callable[[], GatewayEvent | None]] = SimpleQueue()
        self._qr_expires: datetime | None = None
        self._connected, self._closed = threading.Event(), threading.Event()
        props = DeviceProps(os="Sender", platformType=DeviceProps.CHROME)
        name = f"sender-{id(self)}"
        self._client = neonize_client.NewClient(
            devices.dsn, jid=jid, props=props, uuid=name, new_device=jid is None
        )
        self._subscribe()

    def start(self) -> None:
        threading.Thread(target=self._run, name="neonize", daemon=True).start()

    def request_code(self, phone: str) -> str:
        try:
            return self._client.PairPhone(phone.lstrip("+"), True)
        except Exception as error:
            raise Unavailable(str(error)) from error

    def events(self, timeout: float) -> Iterator[GatewayEvent]:
        wait = timeout
        while True:
            try:
                waiting = self._events.get(timeout=wait) if wait else self._events.get_nowait()
            except Empty:
                break
            wait = 0.0
            event = waiting() if callable(waiting) else waiting
            if event is not None:
                yield event
        if self._qr_expires and datetime.now(UTC) > self._qr_expires + timedelta(seconds=3):
            self._qr_expires = None
            yield PairingExpired()
        if not self._closed.is_set() and not self._devices.are_kept():
            yield Stopped("the process that keeps the devices is gone")

    def wake(self) -> None:
        self._events.put(lambda: None)

    def is_ready(self) -> bool:
        return bool(self._client.is_connected and self._client.is_logged_in)

    def upload(self, kind: MediaKind, content: bytes) -> Upload:
        try:
            told = self._client.upload(content, MEDIA_TYPES[kind])
        except Exception as error:
            raise Unavailable(str(error)) from error
        return Upload(
            url=told.url,
            direct_path=told.DirectPath,
            media_key=told.MediaKey,
            sha256=told.FileSHA256,
            enc_sha256=told.FileEncSHA256,
            length=told.FileLength,
            at=datetime.now(UTC),
        )

    def send(self, phone: str, message: OutgoingMessage, secret: bytes) -> str:
        outgoing = message_of(message, secret)
        try:
            response = self._client.send_message(build_jid(phone.lstrip("+")), outgoing)
        except Exception as error:
            raise send_error(str(error)) from error
        return response.ID

    def find_message_ids(self, secrets: Sequence[bytes]) -> Mapping[bytes, str]:
        return self._devices.find_message_ids(secrets)

    def are_on_whatsapp(self, phones: Sequence[str]) -> Mapping[str, bool]:
        try:
            answers = self._client.is_on_whatsapp(*phones)
        except Exception as error:
            raise send_error(str(error)) from error
        said = {re.sub(r"\D", "", answer.Query.split("@")[0]): answer.IsIn for answer in answers}
        return {phone: said[phone[1:]] for phone in phones if phone[1:] in said}

    def log_out(self) -> None:
        try:
            self._client.logout()
        except Exception as error:
            raise Unavailable(str(error)) from error

    def close(self) -> None:
        if self._closed.is_set():
            return
        self._closed.set()
        stopping = threading.Thread(target=self._stop, name="neonize-stop", daemon=True)
        stopping.start()
        stopping.join(_CLOSE)
        self._devices.close()

    def _stop(self) -> None:
        """Hang up, and stop only when the library has told what it was dealing with.

        A stopped library says no more; but what it has decrypted it cannot decrypt again when
        WhatsApp repeats it, so that a message in its hands would be lost.
        """
        if self._connected.is_set():  # before that it has nothing to hang up, and would panic
            self._client.disconnect()
            heard = -1
            while (now := self._events.qsize()) != heard:
                heard = now
                time.sleep(_QUIET)
        self._client.stop()

    def _run(self) -> None:
        """neonize's `connect` blocks for as long as the connection lives; its end is final."""
        try:
            self._client.connect(self._way())
            detail = "the connection ended"
        except Exception as error:  # noqa: BLE001 - told to the account's loop, which acts on it
            detail = str(error)
        if not self._closed.is_set():
            self._events.put(translate.stopped(detail))

    def _way(self) -> neonize_client.ProxySettings | None:
        """Files go their own way: nothing in the session store depends on them."""
        proxy = self._devices.proxy
        return neonize_client.ProxySettings(proxy_address=proxy, no_media=True) if proxy else None

    def _subscribe(self) -> None:
        """Handlers run on the library's threads: they only put what they hear into the queue."""
        client, put = self._client, self._events.put
        client.event.qr(lambda _client, code: put(self._qr(code.decode())))
        for kind, make in self._translations().items():
            client.event(kind)(lambda _client, event, make=make: put(make(event)))

    def _translations(self) -> dict[Any, Callable[[Any], Any]]:
        return {
            ev.PairStatusEv: lambda event: lambda: self._paired(event),
            ev.ConnectedEv: lambda _: self._online(),
            ev.OfflineSyncCompletedEv: lambda event: CaughtUp(event.Count),
            ev.DisconnectedEv: lambda _: Disconnected(),
            ev.LoggedOutEv: lambda event: SessionEnded(
                SessionProblem.LOGGED_OUT, None, f"reason {event.Reason}"
            ),
            ev.StreamReplacedEv: lambda _: SessionEnded(SessionProblem.REPLACED),
            ev.TemporaryBanEv: lambda event: translate.banned(event, datetime.now(UTC)),
            ev.ClientOutdatedEv: lambda _: SessionEnded(SessionProblem.OUTDATED),
            ev.ConnectFailureEv: lambda event: lambda: translate.connect_failure(event),
            ev.ReceiptEv: lambda event: lambda: translate.receipt(event),
            ev.MessageEv: lambda event: lambda: self._incoming(event),
        }

    def _online(self) -> Connected:
        self._connected.set()
        return Connected()

    def _qr(self, code: str) -> QrShown:
        lives = _NEXT_QR if self._qr_expires else _FIRST_QR
        self._qr_expires = datetime.now(UTC) + lives
        return QrShown(code, self._qr_expires)

    def _paired(self, event: Any) -> GatewayEvent:
        self._qr_expires = None
        if event.Error:
            return Stopped(event.Error)
        self._devices.save()
        return Paired(f"+{event.ID.User.split(':')[0]}", _session_id(event.ID))

    def _incoming(self, event: Any) -> GatewayEvent | None:
        """Runs on the loop's thread, since resolving a LID asks the library."""
        if not translate.is_from_person(event):
            return None
        source = event.Info.MessageSource
        digits = translate.sender_digits(source)
        if digits is None and self._closed.is_set():  # the library can be asked no more
            _log.warning("sender not resolved", error="the connection is closed")
            return None
        if digits is None:
            try:
                digits = self._client.get_pn_from_lid(source.Sender).User.split(":")[0]
            except Exception as error:  # noqa: BLE001 - the library raises what it likes
                _log.warning("sender not resolved", error=str(error))
                return None
        return translate.incoming(event, f"+{digits}")


def _session_id(jid: JID) -> str:
    """`digits:device`, however the library splits them over the fields of a JID."""
    user, _, device = jid.User.partition(":")
    return f"{user}:{device or jid.Device}"
