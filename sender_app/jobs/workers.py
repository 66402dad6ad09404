"""RQ workers as Sender uses them: quick to come back, and sure to take their account along."""

import os
import signal
from types import FrameType
from typing import Any
from uuid import UUID

from rq import Queue, SimpleWorker, Worker
from rq.job import Job

from sender_app import bootstrap
from sender_app.adapters.processes import owner_name
from sender_app.adapters.redis_leases import LockedLeases


class PatientWorker(SimpleWorker):
    """Runs short jobs in its own process; tries a Redis that is away every second or two."""

    max_connection_wait_time = 2.0


class AccountWorker(Worker):
    """Forks a process for each account that it serves, one at a time."""

    max_connection_wait_time = 2.0
    _horse_owner = ""

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Remember how the account's process signs, since a dead one cannot be asked."""
        super().fork_work_horse(job, queue)
        self._horse_owner = owner_name(self.horse_pid)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Pass SIGTERM on to the account's process, which records and releases what it holds."""
        if self.horse_pid:
            os.kill(self.horse_pid, signal.SIGTERM)
        super().request_stop(signum, frame)

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        """Give back the lease of a process that is surely dead, so that nobody waits for its end.

        Uses connections of its own, since those of this process would be shared by the next fork.
        """
        store = bootstrap.new_store(most=2)
        try:
            leases = LockedLeases(store.leases, self.connection)
            leases.release_of(UUID(job.args[0]), self._horse_owner)
        finally:
            store.close()


class JobWorker(Worker):
    """Forks a process for each job, whose memory and accidents end with it."""

    max_connection_wait_time = 2.0

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        """Let another job begin at once where a file of contacts killed this one."""
        if job.func_name != "sender_app.jobs.run_import":
            return
        store = bootstrap.new_store(most=2)
        try:
            store.imports.release(UUID(job.args[0]))
        finally:
            store.close()
