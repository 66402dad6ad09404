"""Figures about Sender itself, for whoever runs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol


class Meter(Protocol):
    """Counts and times what happens, over all processes together. Never raises."""

    def count(self, name: str, number: int, **labels: str) -> None:
        """So many more of `name`, a counter's name in Prometheus' style."""
        ...

    def time(self, name: str, seconds: Sequence[float], **labels: str) -> None:
        """So many more observations of the histogram `name`."""
        ...

    def is_due(self) -> bool:
        """Whether the last `flush` was a few seconds ago."""
        ...

    def flush(self) -> None:
        """Hand over what was counted so far."""
        ...


@dataclass(frozen=True, slots=True)
class Observation:
    """The installation at one moment, over all workspaces."""

    campaigns: Mapping[str, int]  # by status
    accounts: Mapping[str, int]  # by status
    accounts_to_serve: int  # with something to do now, and no process
    accounts_served: int  # with a live lease
    waiting: int  # recipients of running campaigns that are not settled
    unconfirmed: int  # recipients that a receipt or a person has to settle
    oldest_lease: timedelta  # how long the longest serving process has been at it
    leases_run_out: int  # never given back: their process died or stalled
    longest_wait: timedelta  # since when an account with something to do has had no process
    database_bytes: int


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """One job queue."""

    name: str
    waiting: int
    running: int
    failed: int
    workers: int  # jobs that can run at once


class PartState(StrEnum):
    """How something is that Sender depends on, in the words of `/ready`."""

    OK = "ok"
    FULL = "no connection is left: raise max_connections, or lower WORKERS"
    UNREACHABLE = "unreachable"  # no answer within the patience of the probe
    UNKNOWN = "unknown"  # what is asked through another part that gives no answer
    NEVER_MIGRATED = "never migrated"  # a database without our tables
    BEHIND = "behind: run alembic upgrade head"
    # Of a Redis that is the only store:
    EVICTS = "keys may be evicted: set maxmemory-policy noeviction"
    FORGETS_ALL = "nothing is on disk: set appendonly yes"
    FORGETS_IN_REWRITE = "the disk is not waited for: set no-appendfsync-on-rewrite no"
    FORGETS_SECONDS = (
        "a power cut may have messages sent twice: set appendfsync always, or accept it with"
        " REDIS_FSYNC=everysec"
    )
    UNTOLD = (
        "CONFIG GET appendfsync is refused: allow it, or accept with REDIS_FSYNC=everysec that a"
        " power cut may have messages sent twice"
    )
    AT_RISK = "accepted by REDIS_FSYNC: a power cut may have messages sent twice"

    @property
    def usable(self) -> bool:
        """Whether work may go on."""
        return self in (PartState.OK, PartState.AT_RISK)


@dataclass(frozen=True, slots=True)
class Parts:
    """Whether what Sender depends on can be used, by part."""

    states: Mapping[str, PartState] = field(default_factory=dict)
    store: str = "postgres"  # or "redis": where everything is

    @property
    def ready(self) -> bool:
        """Whether every part can be used."""
        return all(state.usable for state in self.states.values())


class Observer(Protocol):
    """Looks at the installation."""

    def observe(self) -> Observation:
        """One look, cheap however large the ledger is."""
        ...


class Queues(Protocol):
    """Looks at the job queues."""

    def depths(self) -> list[QueueDepth]:
        """Every queue."""
        ...


class Probes(Protocol):
    """Looks at what Sender depends on."""

    def look(self) -> Parts:
        """Each part, within a few seconds; never raises."""
        ...
