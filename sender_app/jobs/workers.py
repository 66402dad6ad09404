"""RQ workers for jobs that are no account's: quick to come back when Redis was away."""

from typing import Any
from uuid import UUID

from rq import SimpleWorker, Worker
from rq.job import Job

from sender_app import bootstrap


class PatientWorker(SimpleWorker):
    """Runs short jobs in its own process; tries a Redis that is away every second or two."""

    max_connection_wait_time = 2.0


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
