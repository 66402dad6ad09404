"""The RQ worker of accounts: one process that forks an account's process for each job it takes."""

import os
import signal
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import DequeueTimeout
from rq.executions import Execution
from rq.job import Job
from rq.suspension import is_suspended
from rq.utils import now
from rq.worker import WorkerStatus

from sender_app import bootstrap
from sender_app.adapters.processes import owner_name
from sender_app.adapters.redis_leases import LockedLeases
from sender_app.adapters.rq_queues import PLACES
from sender_app.jobs.preload import warm_up

_LOOK = 0.5  # seconds at most between two looks at the accounts' processes
_STOPPING_LOOK = 0.1
_AFTER_TROUBLE = 1.0  # seconds before a Redis that is away is tried again
_STOPS = {signal.SIGTERM, signal.SIGINT}
_log = structlog.get_logger()
_Reaped = tuple[int, int, Any]  # process id, wait status, resource usage


@dataclass(frozen=True, slots=True)
class _Serving:
    """A job, and how the account's process that does it signs: a dead one cannot be asked."""

    job: Job
    queue: Queue
    execution: Execution
    owner: str


class AccountsWorker(Worker):
    """Serves up to `most` accounts at once, each in a process forked for its job.

    RQ's own worker waits for the one process that it forked; this one takes the next job and looks
    after all of them: signs of life, SIGTERM passed on, and RQ told how each ended, by RQ's own
    code. A Redis that is away ends nothing.
    """

    def __init__(self, queues: list[Queue], *, most: int, **options: Any) -> None:
        super().__init__(queues, **options)
        self._most = most
        self._serving: dict[int, _Serving] = {}  # by process id
        self._ended: deque[tuple[_Serving, _Reaped]] = deque()  # RQ does not know yet
        self._taken: tuple[Job, Queue] | None = None  # from the queue, not begun yet
        self._beat_at = 0.0  # monotonic seconds
        self._is_warm = False

    def serialize(self) -> dict[str, Any]:
        """What RQ keeps of a worker, and how many jobs this one takes at once."""
        return super().serialize() | {PLACES: self._most}

    def work(self, *_: Any, logging_level: str | None = None, **__: Any) -> bool:
        """Take jobs until SIGTERM, then wait for the accounts' processes."""
        self.bootstrap(logging_level)
        self._install_signal_handlers()
        self._is_warm = warm_up()
        try:
            while not self._stop_requested or self._serving:
                try:
                    self._turn()
                except RedisError as error:
                    _log.warning("the accounts' queue cannot be reached", error=str(error))
                    time.sleep(_STOPPING_LOOK if self._stop_requested else _AFTER_TROUBLE)
        finally:
            self.teardown()
        return True

    def _turn(self) -> None:
        self._reap()
        if time.monotonic() >= self._beat_at:
            self._beat()
        if self._stop_requested:
            time.sleep(_STOPPING_LOOK)
        elif len(self._serving) >= self._most or is_suspended(self.connection, self):
            time.sleep(_LOOK)
        else:
            self._taken = self._taken or self._take()
            if self._taken is not None:
                self._begin(*self._taken)
                self._taken = None

    def _take(self) -> tuple[Job, Queue] | None:
        with suppress(DequeueTimeout):
            return self.queue_class.dequeue_any(
                self.queues,
                _LOOK,  # type: ignore[arg-type] # Redis takes fractions
                connection=self.connection,
                job_class=self.job_class,
                serializer=self.serializer,
                death_penalty_class=self.death_penalty_class,
            )
        return None

    def _begin(self, job: Job, queue: Queue) -> None:
        """Fork the account's process. A SIGTERM meanwhile waits until both know of each other."""
        self._is_warm = self._is_warm or warm_up()
        execution = self.prepare_execution(job)
        others, self.executions = self.executions, {execution.id: execution}
        del others[execution.id]
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        try:
            self.fork_work_horse(job, queue)  # which does the one execution that it finds
            pid = self._horse_pid
            self._serving[pid] = _Serving(job, queue, execution, owner_name(pid))
        except OSError as error:  # no memory, or too many processes
            _log.error("no process for an account", job_id=job.id, error=str(error))
            self.handle_job_failure(job, queue, exc_string=str(error), execution=execution)
        finally:
            self.executions |= others
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)

    def setup_work_horse_signals(self) -> None:
        """In the account's process, before it does anything: SIGTERM ends it from now on."""
        super().setup_work_horse_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)

    def _beat(self) -> None:
        """Give signs of life, of each job too; look after the queue's lists now and then."""
        self.heartbeat()
        for serving in self._serving.values():
            self.maintain_heartbeats(serving.job, serving.execution)
        if self.should_run_maintenance_tasks:
            self.run_maintenance_tasks()
        self._beat_at = time.monotonic() + self.job_monitoring_interval

    def _reap(self) -> None:
        for pid in list(self._serving):
            reaped = os.wait4(pid, os.WNOHANG)
            if reaped[0]:
                self._ended.append((self._serving.pop(pid), reaped))
        while self._ended:
            serving, _ = self._ended[0]
            self.monitor_work_horse(serving.job, serving.queue, serving.execution)
            self._ended.popleft()
            if not self._serving:
                self.set_state(WorkerStatus.IDLE)

    def wait_for_horse(self) -> _Reaped:
        """RQ asks how the process ended whose job it is settling; it has ended already."""
        return self._ended[0][1]

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        """Give back the lease of a process that is surely dead, so that nobody waits for its end.

        Uses connections of its own, since those of this process would be shared by the next fork.
        """
        owner = self._ended[0][0].owner
        store = bootstrap.new_store(most=2)
        try:
            LockedLeases(store.leases, self.connection).release_of(UUID(job.args[0]), owner)
        except Exception as error:  # noqa: BLE001 - the lease then just runs out
            _log.warning("lease not released", owner=owner, error=str(error))
        finally:
            store.close()

    @property
    def horse_pid(self) -> int:
        """One of the accounts' processes; 0 when there is none."""
        return next(iter(self._serving), 0)

    def kill_horse(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """End the process of the job that somebody stopped, or of all jobs when it is this worker
        that is to end at once."""
        for pid, serving in list(self._serving.items()):
            if self._stopped_job_id in (None, serving.job.id):
                with suppress(ProcessLookupError):
                    os.killpg(pid, sig)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Pass SIGTERM on to the accounts' processes, which record and release what they hold."""
        self._shutdown_requested_date = now()
        for number in _STOPS:
            signal.signal(number, self.request_force_stop)
        self._stop_requested = True
        for pid in self._serving:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """End at once, together with the accounts' processes; RQ sends each signal twice."""
        asked = self._shutdown_requested_date
        if asked is None or (now() - asked).total_seconds() >= 1:
            self.kill_horse()
            raise SystemExit
