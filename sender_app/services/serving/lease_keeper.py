"""Keeps an account's lease alive from a thread, and says when it is lost."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog

from sender_app.domain.delivery import Lease
from sender_app.domain.errors import LeaseLost
from sender_app.ports.store import LeaseStore

_log = structlog.get_logger()


class LeaseKeeper:
    """Renews three times per TTL. A holder that was stalled finds out by the clock at `guard`."""

    def __init__(
        self,
        leases: LeaseStore,
        lease: Lease,
        ttl: timedelta,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._lease = lease
        self._ttl = ttl
        self._clock = clock
        self._good_until = clock() + ttl.total_seconds()
        self._lost = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def __enter__(self) -> "LeaseKeeper":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def guard(self) -> None:
        """Raise LeaseLost unless the lease surely is still ours."""
        if self._lost or self._clock() >= self._good_until:
            raise LeaseLost(f"epoch {self._lease.epoch} of account {self._lease.account_id}")

    def renew(self) -> None:
        """Prolong the lease once; a store that cannot be reached leaves it to run out."""
        asked = self._clock()
        try:
            kept = self._leases.renew(self._lease, self._ttl)
        except Exception as error:  # noqa: BLE001 - whatever it is, the lease just runs on
            _log.warning("lease not renewed", error=str(error))
            return
        if kept:
            self._good_until = asked + self._ttl.total_seconds()
        else:
            self._lost = True

    def _run(self) -> None:
        while not self._stop.wait(self._ttl.total_seconds() / 3) and not self._lost:
            self.renew()
