"""The worker's processes: RQ workers for accounts, jobs, webhooks and control, and RQ's cron."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.context import ForkProcess
from types import FrameType

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.cron import CronScheduler
from rq.worker import BaseWorker

from sender_app import jobs, logs
from sender_app.adapters.probes import check_durability
from sender_app.adapters.processes import die_with_parent
from sender_app.adapters.redis_client import connect
from sender_app.adapters.rq_queue import ACCOUNTS, CONTROL, DEFAULT, WEBHOOKS
from sender_app.config import settings
from sender_app.domain.errors import ConfigurationError
from sender_app.jobs import retention
from sender_app.jobs.accounts_worker import AccountsWorker
from sender_app.jobs.preload import preload
from sender_app.jobs.workers import JobWorker, PatientWorker
from sender_app.ports.telemetry import PartState

RECONCILE_EVERY = 2  # seconds
BOOK_EVERY = 3  # seconds
ALIVE = "worker.alive"  # in DATA_DIR: touched for as long as the worker looks after its processes
_NIGHTLY = "47 3 * * *"  # local time
CLEAR_EVERY = 3600  # seconds
_GRACE = 30  # seconds between SIGTERM and SIGKILL
_log = structlog.get_logger()
_fork = multiprocessing.get_context("fork")


@dataclass(slots=True)
class _Part:
    """One process of the pool, started again when it ends by itself."""

    name: str
    run: Callable[[], None]
    process: ForkProcess | None = None
    started: float = 0.0
    ended: int = field(default=0)

    def start(self) -> None:
        self.process = _fork.Process(target=self._main, name=self.name)
        self.process.start()
        self.started = time.monotonic()

    def revive(self) -> None:
        """Start anew when it has ended, a little later each time that it ends at once."""
        if self.process is not None and self.process.is_alive():
            return
        lived = time.monotonic() - self.started
        self.ended = self.ended + 1 if lived < 10 else 0
        if lived >= min(0.2 * self.ended, 2.0):
            _log.warning("restarted", part=self.name)
            self.start()

    def _main(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        die_with_parent(signal.SIGTERM)
        self.run()


def main() -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    try:
        logs.configure(settings().log_level)
        settings().check_store()
        redis = connect(settings().redis_url)
        redis.ping()
        if settings().in_redis:
            _check_durability(redis)
        redis.close()
    except ConfigurationError as error:
        print(f"worker: {error}", file=sys.stderr)
        return os.EX_CONFIG
    except RedisError as error:
        print(f"worker: REDIS_URL cannot be reached: {error}", file=sys.stderr)
        return os.EX_UNAVAILABLE
    preload()
    parts = [
        _Part("cron", _cron),
        _Part("control", lambda: _work(PatientWorker, CONTROL)),
        _Part("jobs", lambda: _work(JobWorker, DEFAULT)),
        _Part("webhooks", lambda: _work(JobWorker, WEBHOOKS)),
        _Part("accounts", lambda: _work(AccountsWorker, ACCOUNTS, most=settings().workers)),
    ]
    return _supervise(parts)


def _check_durability(redis: Redis) -> None:
    """Raise ConfigurationError where a message that was sent could be forgotten and sent again."""
    state = check_durability(redis, everysec=settings().may_forget_a_second)
    if state is not PartState.OK:
        _log.warning("durability", state=state)


def _supervise(parts: list[_Part]) -> int:
    stopping = False

    def stop(_signum: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for part in parts:
        part.start()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    _log.info("working", accounts=settings().workers)
    alive = settings().data_dir / ALIVE
    alive.parent.mkdir(parents=True, exist_ok=True)
    while not stopping:
        time.sleep(0.2)
        alive.touch()
        for part in parts:
            part.revive()
    alive.unlink(missing_ok=True)
    _end(parts)
    return 0


def _end(parts: list[_Part]) -> None:
    alive = [part.process for part in parts if part.process and part.process.is_alive()]
    for process in alive:
        process.terminate()
    deadline = time.monotonic() + _GRACE
    for process in alive:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            _log.warning("killed, it did not end in time", part=process.name)
            process.kill()


def _work(worker_class: Callable[..., BaseWorker], queue: str, **options: int) -> None:
    redis = connect(settings().redis_url)
    worker = worker_class([Queue(queue, connection=redis)], connection=redis, **options)
    worker.log_job_description = False
    worker.work(logging_level="WARNING")


def _cron() -> None:
    cron = CronScheduler(connection=connect(settings().redis_url), logging_level="WARNING")
    cron.register(
        jobs.reconcile,
        CONTROL,
        interval=RECONCILE_EVERY,
        result_ttl=0,
        failure_ttl=60,
        ttl=30,
        job_timeout=30,
    )
    cron.register(
        jobs.keep_book_up,
        DEFAULT,
        interval=BOOK_EVERY,
        result_ttl=0,
        failure_ttl=60,
        ttl=30,
        job_timeout=120,
    )
    cron.register(
        jobs.clear_media,
        DEFAULT,
        interval=CLEAR_EVERY,
        result_ttl=0,
        failure_ttl=CLEAR_EVERY,
        ttl=CLEAR_EVERY,
        job_timeout=CLEAR_EVERY,
    )
    cron.register(retention.run, DEFAULT, cron=_NIGHTLY, result_ttl=0, job_timeout=7200)
    cron.start()
