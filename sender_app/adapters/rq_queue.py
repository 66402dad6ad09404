"""RQ as the waker of processes: one job per account, its id unique while it waits or runs."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue as JobQueue
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus

ACCOUNTS = "accounts"  # one serve_account job per account, for as long as it is connected
DEFAULT = "default"  # imports
WEBHOOKS = "webhooks"  # deliveries, which wait for strangers' servers and hold up nothing else
CONTROL = "control"  # short and frequent: the reconciler

_STARTING = timedelta(seconds=4)  # a process that started this long ago holds its lease
_DELIVERING = timedelta(minutes=1)  # no job that delivers webhooks takes that long
_WAITING = frozenset({JobStatus.QUEUED, JobStatus.DEFERRED, JobStatus.SCHEDULED})
_log = structlog.get_logger()


class RqQueue:
    """See ports.queue.Queue."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._accounts = JobQueue(ACCOUNTS, connection=redis)
        self._default = JobQueue(DEFAULT, connection=redis)
        self._webhooks = JobQueue(WEBHOOKS, connection=redis)

    def serve_account(self, account_id: UUID, *, unattended: bool = False) -> bool:
        job_id = f"serve-{account_id}"
        try:
            if self._enqueue(job_id, account_id):
                return True
            dead_after = _STARTING if unattended else None
            return self._clear_dead(job_id, dead_after) and self._enqueue(job_id, account_id)
        except RedisError as error:
            # The account's wish is in the store, so the reconciler wakes it when Redis is back.
            _log.warning("account not woken", account_id=str(account_id), error=str(error))
            return False

    def run_import(self, import_id: UUID, attempt: int) -> None:
        try:
            self._default.enqueue(
                "sender_app.jobs.run_import",
                str(import_id),
                job_id=f"import-{import_id}-{attempt}",
                unique=True,
                job_timeout=-1,  # it gives signs of life to the store instead
                result_ttl=0,
                failure_ttl=60,
            )
        except DuplicateJobError:
            _log.debug("import asked for already", import_id=str(import_id))
        except RedisError as error:
            _log.warning("import not woken", import_id=str(import_id), error=str(error))

    def deliver_webhooks(self) -> None:
        job_id = "deliver-webhooks"
        try:
            if not self._enqueue_delivery(job_id) and self._clear_dead(job_id, _DELIVERING):
                self._enqueue_delivery(job_id)
        except RedisError as error:
            _log.warning("webhooks not woken", error=str(error))

    def _enqueue_delivery(self, job_id: str) -> bool:
        try:
            self._webhooks.enqueue(
                "sender_app.jobs.deliver_webhooks",
                job_id=job_id,
                unique=True,
                job_timeout=2 * int(_DELIVERING.total_seconds()),
                result_ttl=0,
                failure_ttl=60,
            )
        except DuplicateJobError:
            return False
        return True

    def _enqueue(self, job_id: str, account_id: UUID) -> bool:
        try:
            self._accounts.enqueue(
                "sender_app.jobs.serve_account",
                str(account_id),
                job_id=job_id,
                unique=True,
                job_timeout=-1,  # ends by itself; a signal could fall between a send and its record
                result_ttl=0,
                failure_ttl=60,
            )
        except DuplicateJobError:
            return False
        return True

    def _clear_dead(self, job_id: str, dead_after: timedelta | None) -> bool:
        """Remove the job of that id if nobody waits for it or works at it any more.

        One that was started longer ago than `dead_after` must have died.
        """
        try:
            job = Job.fetch(job_id, connection=self._redis)
            status = job.get_status()
            if status in _WAITING:
                return False
            if status is JobStatus.STARTED and not (dead_after and _is_old(job, dead_after)):
                return False
            job.delete()
        except (NoSuchJobError, InvalidJobOperation):
            _log.debug("job gone by itself", job_id=job_id)
        return True


def _is_old(job: Job, age: timedelta) -> bool:
    return job.started_at is None or datetime.now(UTC) - job.started_at > age
