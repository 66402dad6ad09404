"""A gateway around another one: counts, times and traces each message that it sends."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from opentelemetry.trace import Span

from sender_app.adapters.tracing import is_traced, span
from sender_app.domain.delivery import Lease
from sender_app.domain.errors import GatewayError
from sender_app.domain.media import MediaKind, Upload
from sender_app.ports.telemetry import Meter
from sender_app.ports.whatsapp import (
    Connection,
    Gateway,
    GatewayEvent,
    OutgoingMessage,
)


class ObservedGateway:
    """See ports.whatsapp.Gateway."""

    def __init__(self, gateway: Gateway, meter: Meter) -> None:
        self._gateway = gateway
        self._meter = meter

    def open(self, session_id: str | None, lease: Lease) -> Connection:
        return _ObservedConnection(self._gateway.open(session_id, lease), self._meter)


class _ObservedConnection:
    def __init__(self, connection: Connection, meter: Meter) -> None:
        self._connection = connection
        self._meter = meter
        # Told to the meter every few seconds: by the message it would cost two microseconds.
        self._outcomes: Counter[str] = Counter()
        self._took: list[float] = []  # seconds

    def start(self) -> None:
        self._connection.start()

    def request_code(self, phone: str) -> str:
        return self._connection.request_code(phone)

    def events(self, timeout: float) -> Iterator[GatewayEvent]:
        if self._meter.is_due():
            self._tell()
        return self._connection.events(timeout)

    def wake(self) -> None:
        self._connection.wake()

    def is_ready(self) -> bool:
        return self._connection.is_ready()

    def upload(self, kind: MediaKind, content: bytes) -> Upload:
        with span("whatsapp.upload"):
            return self._connection.upload(kind, content)

    def send(self, phone: str, message: OutgoingMessage, secret: bytes) -> str:
        if not is_traced():
            return self._observed_send(phone, message, secret, None)
        with span("whatsapp.send") as traced:
            return self._observed_send(phone, message, secret, traced)

    def _observed_send(
        self, phone: str, message: OutgoingMessage, secret: bytes, traced: Span | None
    ) -> str:
        began = time.monotonic()
        outcome = "fault"  # what is no GatewayError, a defect, say
        try:
            message_id = self._connection.send(phone, message, secret)
            outcome = "accepted"
            return message_id
        except GatewayError as error:
            outcome = error.code
            raise
        finally:
            if traced is not None:
                traced.set_attribute("sender.outcome", outcome)
            self._outcomes[outcome] += 1
            self._took.append(time.monotonic() - began)

    def find_message_ids(self, secrets: Sequence[bytes]) -> Mapping[bytes, str]:
        return self._connection.find_message_ids(secrets)

    def are_on_whatsapp(self, phones: Sequence[str]) -> Mapping[str, bool]:
        return self._connection.are_on_whatsapp(phones)

    def log_out(self) -> None:
        self._connection.log_out()

    def close(self) -> None:
        self._connection.close()
        self._tell()

    def _tell(self) -> None:
        """Hand over what was seen."""
        outcomes, self._outcomes = self._outcomes, Counter()
        took, self._took = self._took, []
        for outcome, number in outcomes.items():
            self._meter.count("sender_messages_total", number, outcome=outcome)
        if took:
            self._meter.time("sender_send_duration_seconds", took)
        self._meter.flush()
