"""A gateway that accepts everything at once: measures Sender's own cost (`GATEWAY=noop`)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import Event

from sender_app.domain.delivery import Lease
from sender_app.domain.media import MediaKind, Upload
from sender_app.ports.whatsapp import CaughtUp, Connected, GatewayEvent, OutgoingMessage


class NoopConnection:
    """See ports.whatsapp.Connection. Nothing leaves the process."""

    def __init__(self) -> None:
        self._waiting: list[GatewayEvent] = []
        self._woken = Event()

    def start(self) -> None:
        self._waiting += [Connected(), CaughtUp(0)]

    def request_code(self, phone: str) -> str:
        return "NOOP-0000"

    def events(self, timeout: float) -> Iterator[GatewayEvent]:
        waiting, self._waiting = self._waiting, []
        if not waiting and timeout and self._woken.wait(timeout):
            self._woken.clear()
        yield from waiting

    def wake(self) -> None:
        self._woken.set()

    def is_ready(self) -> bool:
        return True

    def upload(self, kind: MediaKind, content: bytes) -> Upload:
        now = datetime.now(UTC)
        return Upload("https://noop", "/noop", b"", b"", b"", len(content), now)

    def send(self, phone: str, message: OutgoingMessage, secret: bytes) -> str:
        return secret[:8].hex().upper()

    def find_message_ids(self, secrets: Sequence[bytes]) -> Mapping[bytes, str]:
        return {secret: secret[:8].hex().upper() for secret in secrets}

    def are_on_whatsapp(self, phones: Sequence[str]) -> Mapping[str, bool]:
        return dict.fromkeys(phones, True)

    def log_out(self) -> None:
        return

    def close(self) -> None:
        return


class NoopGateway:
    """See ports.whatsapp.Gateway."""

    def open(self, session_id: str | None, lease: Lease) -> NoopConnection:
        return NoopConnection()
