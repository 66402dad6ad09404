"""Delivers what webhooks are told: at least once each, and no endpoint holds up another."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson

from sender_app.domain.webhook import ATTEMPTS, Disabled, Result, retry_at, signature
from sender_app.ports.store import Store
from sender_app.ports.store.webhooks import Destination, Parcel, SealedSecrets
from sender_app.ports.webhooks import SecretBox, SecretUnreadable, WebhookClient
from sender_app.services.clock import Clock, system_clock

_AT_ONCE = 8  # endpoints
_SETTLED_WITHIN = timedelta(seconds=60)  # a request's bound, a slow name server's, and a moment
_PATIENCE = 3  # failures in a row until an endpoint has to wait for the next run
_GONE = 410


@dataclass(frozen=True, slots=True)
class Courier:
    """A delivery is taken, then attempted, then settled. Whatever dies in between, it is taken
    again, with the same event id: endpoints may get an event twice, and tell by its id."""

    store: Store
    client: WebhookClient
    secrets: SecretBox
    clock: Clock = system_clock

    def run(self, seconds: float) -> int:
        """Deliver what is due, for about so many seconds; returns how many attempts were made."""
        until = time.monotonic() + seconds
        done, resting = 0, set[UUID]()
        under_way: dict[UUID, Future[_Served]] = {}
        ending = threading.Event()
        with ThreadPoolExecutor(_AT_ONCE, "webhook") as threads:
            try:
                while time.monotonic() < until:
                    for one in self.store.webhooks.due(self.clock()):
                        if one.webhook_id not in under_way and one.webhook_id not in resting:
                            under_way[one.webhook_id] = threads.submit(self._serve, one, ending)
                    if not under_way:
                        break
                    wait(under_way.values(), timeout=1.0, return_when=FIRST_COMPLETED)
                    for webhook_id in [key for key, one in under_way.items() if one.done()]:
                        served = under_way.pop(webhook_id).result()
                        done += served.attempts
                        if served.in_vain:
                            resting.add(webhook_id)
            finally:
                ending.set()
            return done + sum(one.result().attempts for one in under_way.values())

    def _serve(self, destination: Destination, ending: threading.Event) -> "_Served":
        """Attempt one delivery after the other to one endpoint."""
        store, to = self.store.webhooks, destination.webhook_id
        attempts = failures = 0
        while failures < _PATIENCE and not ending.is_set():
            parcel = store.take(to, self.clock(), _SETTLED_WITHIN)
            if parcel is None:
                break
            result = self._attempt(destination, parcel)
            self._settle(parcel, result)
            attempts += 1
            failures = 0 if result.arrived else failures + 1
        return _Served(attempts, in_vain=failures >= _PATIENCE)

    def _attempt(self, destination: Destination, parcel: Parcel) -> Result:
        body = orjson.dumps(
            {"type": parcel.event_type, "timestamp": parcel.event_at, "data": parcel.data}
        )
        try:
            headers = self._headers(destination, parcel.event_id, body)
        except SecretUnreadable:
            return Result(error="secret_unreadable")
        return self.client.post(destination.url, headers, body)

    def _headers(self, destination: Destination, event_id: UUID, body: bytes) -> Mapping[str, str]:
        now = self.clock()
        signing = [
            self.secrets.open(destination.webhook_id, sealed)
            for sealed in _valid(destination.secrets, now)
        ]
        return {
            "Content-Type": "application/json",
            "webhook-id": str(event_id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(
                signature(secret, event_id, now, body) for secret in signing
            ),
        }

    def _settle(self, parcel: Parcel, result: Result) -> None:
        now = self.clock()
        next_at = None if result.arrived else retry_at(parcel.attempt, now)
        self.store.webhooks.settle(parcel, result, next_at, now)
        if result.status == _GONE:
            self.store.webhooks.disable(parcel.webhook_id, Disabled.GONE, now)
        elif not result.arrived and parcel.attempt >= ATTEMPTS:
            # Since the event came up nothing arrived: it is not this event that is the trouble.
            self.store.webhooks.disable(parcel.webhook_id, Disabled.FAILING, parcel.event_at)


@dataclass(frozen=True, slots=True)
class _Served:
    attempts: int
    in_vain: bool  # the last ones; the endpoint rests for this run


def _valid(kept: SealedSecrets, now: datetime) -> list[str]:
    """The secrets that sign now, the newest first."""
    before = kept.before if kept.before_until is not None and now < kept.before_until else None
    return [kept.now, before] if before is not None else [kept.now]
