"""How many jobs wait, run or failed in RQ's queues, and who works there."""

from redis import Redis
from rq import Queue, Worker
from rq.registry import StartedJobRegistry

from sender_app.adapters.rq_queue import ACCOUNTS, CONTROL, DEFAULT, WEBHOOKS
from sender_app.ports.telemetry import QueueDepth


class RqQueues:
    """See ports.telemetry.Queues. Raises RedisError where Redis cannot be reached."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def depths(self) -> list[QueueDepth]:
        return [self._depth(name) for name in (ACCOUNTS, DEFAULT, WEBHOOKS, CONTROL)]

    def _depth(self, name: str) -> QueueDepth:
        queue = Queue(name, connection=self._redis)
        return QueueDepth(
            name=name,
            waiting=queue.count,
            running=StartedJobRegistry(queue=queue).get_job_count(cleanup=False),
            failed=queue.failed_job_registry.get_job_count(cleanup=False),
            workers=Worker.count(queue=queue),
        )
