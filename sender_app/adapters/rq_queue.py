"""RQ as the waker of processes: one job per account, its id unique while it waits or runs."""

from uuid import UUID

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue as RqQueueOfJobs
from rq.exceptions import DuplicateJobError

ACCOUNTS = "accounts"  # one serve_account job per account, for as long as it is connected
DEFAULT = "default"  # imports, exports, webhooks
CONTROL = "control"  # short and frequent: the reconciler

_log = structlog.get_logger()


class RqQueue:
    """See ports.queue.Queue."""

    def __init__(self, redis: Redis) -> None:
        self._accounts = RqQueueOfJobs(ACCOUNTS, connection=redis)

    def serve_account(self, account_id: UUID) -> bool:
        try:
            self._accounts.enqueue(
                "sender_app.jobs.serve_account",
                str(account_id),
                job_id=f"serve-{account_id}",
                unique=True,
                job_timeout=-1,  # ends by itself; a signal could fall between a send and its record
                result_ttl=0,
                failure_ttl=3600,
            )
        except DuplicateJobError:
            return False
        except RedisError as error:
            # The account's wish is in the store, so the reconciler wakes it when Redis is back.
            _log.warning("account not woken", account_id=str(account_id), error=str(error))
            return False
        return True
