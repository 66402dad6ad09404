"""How many jobs wait, run or failed in RQ's queues, and how many can run at once."""

from redis import Redis
from rq import Queue
from rq.registry import StartedJobRegistry
from rq.worker_registration import get_keys

from sender_app.adapters.rq_queue import ACCOUNTS, CONTROL, DEFAULT, WEBHOOKS
from sender_app.ports.telemetry import QueueDepth

PLACES = "places"  # field of a worker's hash


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
            workers=self._places(queue),
        )

    def _places(self, queue: Queue) -> int:
        """A worker that takes more than one job at once says so where RQ keeps what it is."""
        with self._redis.pipeline(transaction=False) as pipe:
            for key in get_keys(queue=queue):
                pipe.hget(key, PLACES)
            return sum(int(places or 1) for places in pipe.execute())
