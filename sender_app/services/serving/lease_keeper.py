"""Keeps an account's lease alive from a thread, says when it is lost, and when a send is stuck."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog

from sender_app.domain.delivery import Lease
from sender_app.domain.errors import LeaseLost
from sender_app.ports.store.leases import LeaseStore

_log = structlog.get_logger()
_TICK = 0.5  # seconds between two looks at a send that may be stuck


class LeaseKeeper:
    """Renews three times per TTL. A holder that was stalled finds out by the clock at `guard`."""

    def __init__(
        self,
        leases: LeaseStore,
        lease: Lease,
        ttl: timedelta,
        send_limit: timedelta,
        on_stuck: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases = leases
        self._lease = lease
        self._ttl = ttl
        self._send_limit = send_limit.total_seconds()
        self._on_stuck = on_stuck
        self._called_at: float | None = None  # None: there is no call
        self.last_words: Callable[[], object] = lambda: None  # said before the process ends
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
        self._guard(self._clock())

    def begin_call(self) -> None:
        """Before a call into the library, which cannot be interrupted; `end_call` after it.

        One that lasts longer than the limit has lost its way: the lease is given back, and
        `on_stuck` ends the process. The next one finds out by the secret what became of it.
        Raises LeaseLost as `guard` does.
        """
        now = self._clock()
        self._guard(now)
        self._called_at = now

    def end_call(self) -> None:
        """The call has ended, whatever it came to."""
        self._called_at = None

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Around such a call; by the message it would cost a microsecond more."""
        self.begin_call()
        try:
            yield
        finally:
            self.end_call()

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

    def _guard(self, now: float) -> None:
        if self._lost or now >= self._good_until:
            raise LeaseLost(f"epoch {self._lease.epoch} of account {self._lease.account_id}")

    def _run(self) -> None:
        renewed = self._clock()
        while not self._stop.wait(_TICK) and not self._lost:
            since = self._called_at
            if since is not None and self._clock() - since > self._send_limit:
                self._give_up()
                return
            if self._clock() - renewed >= self._ttl.total_seconds() / 3:
                renewed = self._clock()
                self.renew()

    def _give_up(self) -> None:
        _log.error("a send is stuck; this process ends", account_id=str(self._lease.account_id))
        try:
            self.last_words()
        except Exception as error:  # noqa: BLE001 - recovery will do what was left undone
            _log.warning("last words failed", error=str(error))
        try:
            self._leases.release(self._lease)
        except Exception as error:  # noqa: BLE001 - the lease then just runs out
            _log.warning("lease not released", error=str(error))
        self._on_stuck()
