"""Retention: events and replies are forgotten after a time that the installation chooses."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sender_app.ports.store import Store
from sender_app.services.clock import Clock, system_clock

KEEP_ANSWERS = timedelta(hours=24)  # to requests with an idempotency key
KEEP_LOOSE = timedelta(hours=24)  # recipients: longer than any campaign takes to be written
_BATCH = 10_000  # rows a transaction: nobody waits long for a lock


@dataclass(frozen=True, slots=True)
class Retention:
    """Runs every night; zero keeps for good. Statistics, recipients and opt-outs always stay."""

    store: Store
    keep_events: timedelta
    keep_replies: timedelta
    keep_webhooks: timedelta
    clock: Clock = system_clock

    def run(self) -> dict[str, int]:
        """Forget what is too old; returns how many rows went, by what they were."""
        upkeep = self.store.upkeep
        return {
            "answers": self._forget(upkeep.forget_answers, KEEP_ANSWERS),
            "events": self._forget(upkeep.forget_events, self.keep_events),
            "loose_recipients": self._forget(upkeep.forget_loose_recipients, KEEP_LOOSE),
            "replies": self._forget(upkeep.forget_replies, self.keep_replies),
            "webhook_events": self._forget(upkeep.forget_webhook_events, self.keep_webhooks),
        }

    def _forget(self, forget: Callable[[datetime, int], int], keep: timedelta) -> int:
        if not keep:
            return 0
        before, forgotten = self.clock() - keep, 0
        while gone := forget(before, _BATCH):
            forgotten += gone
        return forgotten
