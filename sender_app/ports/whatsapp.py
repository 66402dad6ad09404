"""The WhatsApp gateway: one connection of one linked device, and what it tells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from sender_app.domain.conversation import MessageKind
from sender_app.domain.delivery import Lease
from sender_app.domain.errors import SessionProblem
from sender_app.domain.media import MediaKind, Upload


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file that the account has uploaded, with what a phone shows before it loads it."""

    kind: MediaKind
    mime: str
    filename: str
    upload: Upload
    thumbnail: bytes = b""  # JPEG
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    waveform: bytes = b""


class OutgoingMessage(NamedTuple):
    """A rendered message, ready to be sent to one person; with a file, `text` is its caption."""

    text: str
    file: OutgoingFile | None = None


class ReceiptKind(StrEnum):
    """What a receipt says about a message."""

    DELIVERED = "delivered"  # it reached the person's phone
    READ = "read"  # the person opened it


@dataclass(frozen=True, slots=True)
class QrShown:
    """A QR code to scan, good until `expires_at`."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Paired:
    """The device is linked. `session_id` resumes it later."""

    phone: str  # E.164
    session_id: str


@dataclass(frozen=True, slots=True)
class Connected:
    """Logged in and ready to send."""


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Everything that waited on the server while the account was away has been handed over."""

    count: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The line dropped; the gateway tries again by itself."""


@dataclass(frozen=True, slots=True)
class PairingExpired:
    """Nobody scanned in time; a new connection is needed for new codes."""


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The session cannot go on until a person acts."""

    problem: SessionProblem
    until: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The gateway's connection ended for good (no further events): replace the process."""

    detail: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt for messages of ours."""

    message_ids: tuple[str, ...]
    kind: ReceiptKind
    at: datetime


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from a person to the account."""

    message_id: str
    phone: str  # E.164 of the sender, LIDs resolved
    text: str  # or the caption of what is no text
    quoted_id: str | None
    at: datetime
    name: str = ""
    kind: MessageKind = MessageKind.TEXT


GatewayEvent = (
    QrShown
    | Paired
    | Connected
    | CaughtUp
    | Disconnected
    | PairingExpired
    | SessionEnded
    | Stopped
    | Receipt
    | Incoming
)


class Connection(Protocol):
    """One device's connection; one per process. Not thread-safe but for `close`, `upload`."""

    def start(self) -> None:
        """Begin to connect, or to pair when no device is linked; returns at once.

        When WhatsApp cannot be reached, Stopped follows.
        """
        ...

    def request_code(self, phone: str) -> str:
        """A code (`ABCD-EFGH`) to type into `phone` (E.164); allowed after the first QrShown.

        Raises Unavailable, or RecipientRejected when WhatsApp refuses the number.
        """
        ...

    def events(self, timeout: float) -> Iterator[GatewayEvent]:
        """Events that have come, in order; waits up to `timeout` seconds for the first."""
        ...

    def wake(self) -> None:
        """Have whoever waits for events go on now, with none; called from any thread."""
        ...

    def is_ready(self) -> bool:
        """Whether a message can be sent now."""
        ...

    def upload(self, kind: MediaKind, content: bytes) -> Upload:
        """Encrypt a file and leave it with WhatsApp, for any number of messages; blocks for long.

        May run beside the other methods. Raises Unavailable.
        """
        ...

    def send(self, phone: str, message: OutgoingMessage, secret: bytes) -> str:
        """Send to `phone` (E.164) with `secret` (32 bytes) as the message secret; blocks.

        Gives the message's id once WhatsApp's server took it: it is *sent*, not yet *delivered*.
        Raises any GatewayError; OutcomeUnknown when the frame may have left.
        """
        ...

    def find_message_ids(self, secrets: Sequence[bytes]) -> Mapping[bytes, str]:
        """The ids of messages sent with `secrets`; one that never reached the socket is absent."""
        ...

    def are_on_whatsapp(self, phones: Sequence[str]) -> Mapping[str, bool]:
        """Whether each of `phones` (E.164) is registered; numbers without an answer are left out.

        Raises any GatewayError.
        """
        ...

    def log_out(self) -> None:
        """Unlink the device. Raises Unavailable when the phone's server was not told."""
        ...

    def close(self) -> None:
        """Disconnect; credentials stay. Never raises, may be called twice.

        `events` still gives what came before the end.
        """
        ...


class Gateway(Protocol):
    """Opens connections to WhatsApp."""

    def open(self, session_id: str | None, lease: Lease) -> Connection:
        """A connection for a linked device, or for a new one when `session_id` is None.

        Under a `lease` on its account: the process of an older one changes no session any more.
        Raises SessionUnusable(LOGGED_OUT) when the session store no longer has the device,
        Unavailable when it cannot be read.
        """
        ...
