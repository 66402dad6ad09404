"""The system page: what runs, what waits, and whether something is wrong."""

from dataclasses import dataclass
from typing import Any

import reflex as rx
from babel.units import format_unit

from sender_app.domain.account import AccountStatus
from sender_app.ports.telemetry import QueueDepth
from sender_app.states.access import opening, use
from sender_app.states.session import Session


@dataclass(frozen=True)
class PartView:
    """Something that Sender depends on."""

    name: str
    state: str  # the name of a PartState, in small letters
    usable: bool


@dataclass(frozen=True)
class AccountsView:
    """How many accounts have a status."""

    status: str
    n: int


@dataclass(frozen=True)
class QueueView:
    """One job queue."""

    name: str
    waiting: int
    running: int
    failed: int
    workers: int


class Machinery(rx.State):
    """What the page shows."""

    version: str = ""
    store: str = ""
    parts: list[PartView] = []
    queues: list[QueueView] = []
    accounts: list[AccountsView] = []
    served: int = 0
    to_serve: int = 0
    waiting: int = 0
    unconfirmed: int = 0
    run_out: int = 0
    longest_wait: str = ""
    oldest_lease: str = ""
    database: str = ""
    loaded: bool = False

    @rx.event
    @opening
    async def load(self) -> Any:
        """On opening the page, and every few seconds after that."""
        now = await use(self, lambda services, actor: services.system.look(actor))
        lang = (await self.get_state(Session)).lang
        seen = now.seen
        self.version, self.store = now.version, now.parts.store
        self.parts = [
            PartView(name, state.name.lower(), state.usable)
            for name, state in now.parts.states.items()
        ]
        self.queues = [_queue(queue) for queue in now.queues]
        counted = [
            AccountsView(one.value, seen.accounts.get(one.value, 0)) for one in AccountStatus
        ]
        self.accounts = [one for one in counted if one.n]
        self.served, self.to_serve = seen.accounts_served, seen.accounts_to_serve
        self.waiting, self.unconfirmed = seen.waiting, seen.unconfirmed
        self.run_out = seen.leases_run_out
        self.longest_wait = _duration(seen.longest_wait.total_seconds(), lang)
        self.oldest_lease = _duration(seen.oldest_lease.total_seconds(), lang)
        self.database = format_unit(
            round(seen.database_bytes / 1_000_000, 1), "digital-megabyte", "short", locale=lang
        )
        self.loaded = True


def _queue(queue: QueueDepth) -> QueueView:
    return QueueView(queue.name, queue.waiting, queue.running, queue.failed, queue.workers)


def _duration(seconds: float, lang: str) -> str:
    """Whole seconds, minutes or hours, whichever is readable."""
    for unit, length in (("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= length or unit == "second":
            return format_unit(round(seconds / length), f"duration-{unit}", "long", locale=lang)
    raise AssertionError("seconds always fit")
