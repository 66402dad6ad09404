"""One account's process: take the lease, serve, give it back."""

import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from sender_app.domain.errors import LeaseLost
from sender_app.domain.pacing import Pace
from sender_app.ports.events import Control, Events
from sender_app.ports.media import MediaStore
from sender_app.ports.pairing import PairingBoard
from sender_app.ports.store import Store
from sender_app.ports.store.leases import LeaseStore
from sender_app.ports.whatsapp import Gateway
from sender_app.services.clock import Clock, system_clock
from sender_app.services.serving.desk import Desk, Timings
from sender_app.services.serving.lease_keeper import LeaseKeeper
from sender_app.services.serving.session import Session

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Serving:
    """Serves accounts, one at a time; the parts that a process needs for that."""

    store: Store
    leases: LeaseStore
    gateway: Gateway
    files: MediaStore
    board: PairingBoard
    control: Control
    events: Events
    default_pace: Pace
    timings: Timings = field(default_factory=Timings)
    clock: Clock = system_clock
    draw: Callable[[], float] = random.random
    end_owner: Callable[[str], None] = lambda _owner: None  # ends a process that let its lease go
    on_stuck: Callable[[], None] = lambda: os._exit(75)  # a thread in the library cannot be ended

    def serve(self, account_id: UUID, owner: str, stop: threading.Event) -> bool:
        """Serve the account until nothing is due, `stop` is set or it needs a person.

        Returns False when another process serves it already.
        """
        lease = self.leases.take(account_id, owner, self.timings.lease_ttl)
        if lease is None:
            return False
        structlog.contextvars.bind_contextvars(account_id=str(account_id), epoch=lease.epoch)
        if lease.previous is not None:
            self.end_owner(lease.previous)
        try:
            with LeaseKeeper(
                self.leases, lease, self.timings.lease_ttl, self.timings.send, self.on_stuck
            ) as keeper:
                account = self.store.accounts.get(account_id)
                workspace = self.store.workspaces.get(account.workspace_id)
                desk = Desk(
                    self.store,
                    self.events,
                    self.clock,
                    self.timings,
                    lease,
                    keeper,
                    account,
                    workspace,
                    self.default_pace,
                    stop,
                )
                unlisten = self.control.listen(account_id, desk.nudge)
                try:
                    _log.info("serving")
                    Session(desk, self.gateway, self.files, self.board, self.draw).run()
                finally:
                    unlisten()
        except LeaseLost as lost:
            _log.warning("lease lost", error=str(lost))
        finally:
            self.leases.release(lease)
            _log.info("served")
            structlog.contextvars.unbind_contextvars("account_id", "epoch")
        return True
