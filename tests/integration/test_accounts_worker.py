"""One RQ worker, many processes: what RQ knows of each, and that none depends on another."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue, Worker
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus

from sender_app.adapters.rq_queue import ACCOUNTS
from sender_app.adapters.rq_queues import RqQueues
from tests.stack import (
    ROOT,
    Stack,
    account_processes,
    children,
    eventually,
    loads_go,
    settled_honestly,
)

OTHER = "595981000002"
WORKER = """
from rq import Queue
from sender_app.adapters.redis_client import connect
from sender_app.config import settings
from sender_app.jobs.accounts_worker import AccountsWorker
redis = connect(settings().redis_url)
queue = Queue("accounts", connection=redis)
AccountsWorker([queue], most=2, connection=redis, job_monitoring_interval=1).work()
"""


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture
def queue(store_env: Mapping[str, str]) -> Iterator[Queue]:
    with Redis.from_url(store_env["REDIS_URL"]) as redis:
        yield Queue(ACCOUNTS, connection=redis)


@pytest.fixture
def worker(store_env: Mapping[str, str], queue: Queue) -> Iterator["subprocess.Popen[bytes]"]:
    """Serves two jobs at once, with a sign of life every second."""
    command = [sys.executable, "-c", WORKER]
    worker = subprocess.Popen(command, cwd=ROOT, env=os.environ | dict(store_env))
    eventually(lambda: Worker.count(queue=queue) == 1, what="the worker")
    yield worker
    worker.kill()
    worker.wait()


def asleep(queue: Queue, seconds: float) -> Job:
    return queue.enqueue("time.sleep", seconds, job_timeout=-1, result_ttl=60, failure_ttl=60)


def is_(job: Job, status: JobStatus) -> bool:
    return job.get_status(refresh=True) is status


def is_served(redis: Redis, account_id: str) -> bool:
    """Whether RQ says so; the job of a process that died is gone before it is there anew."""
    with suppress(NoSuchJobError, InvalidJobOperation):
        return is_(Job.fetch(f"serve-{account_id}", connection=redis), JobStatus.STARTED)
    return False


@pytest.mark.parametrize("kept_in", ["redis"])
class TestWhatRqKnows:
    def test_as_many_run_at_once_as_may_and_each_gives_signs_of_life(
        self, queue: Queue, worker: "subprocess.Popen[bytes]"
    ):
        jobs = [asleep(queue, 5), asleep(queue, 300), asleep(queue, 0)]
        eventually(lambda: is_(jobs[0], JobStatus.STARTED) and is_(jobs[1], JobStatus.STARTED))
        assert is_(jobs[2], JobStatus.QUEUED)
        assert len(children(worker.pid)) == 2
        [known] = Worker.all(queue=queue)
        assert known.current_execution_count == 2
        depth = RqQueues(queue.connection).depths()[0]
        assert (depth.name, depth.waiting, depth.running, depth.workers) == (ACCOUNTS, 1, 2, 2)
        jobs[1].refresh()
        heard = jobs[1].last_heartbeat

        def hears_more() -> bool:
            jobs[1].refresh()
            return jobs[1].last_heartbeat != heard

        eventually(hears_more, what="a sign of life")
        eventually(lambda: is_(jobs[2], JobStatus.FINISHED))
        assert is_(jobs[0], JobStatus.FINISHED)
        assert is_(jobs[1], JobStatus.STARTED)
        eventually(lambda: queue.started_job_registry.get_job_ids() == [jobs[1].id])

    def test_one_that_is_killed_has_failed_and_the_other_goes_on(
        self, queue: Queue, worker: "subprocess.Popen[bytes]"
    ):
        lost, kept = asleep(queue, 300), asleep(queue, 300)
        eventually(lambda: is_(lost, JobStatus.STARTED))
        [pid] = children(worker.pid)[:1]
        eventually(lambda: is_(kept, JobStatus.STARTED))
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: is_(lost, JobStatus.FAILED))
        assert is_(kept, JobStatus.STARTED)
        assert queue.started_job_registry.get_job_ids() == [kept.id]
        assert len(children(worker.pid)) == 1
        assert "signal 9" in (lost.latest_result().exc_string or "")

    def test_sigterm_ends_them_all(self, queue: Queue, worker: "subprocess.Popen[bytes]"):
        jobs = [asleep(queue, 300), asleep(queue, 300)]
        eventually(lambda: all(is_(job, JobStatus.STARTED) for job in jobs))
        worker.terminate()
        assert worker.wait(30) == 0
        assert all(is_(job, JobStatus.FAILED) for job in jobs)
        assert Worker.count(queue=queue) == 0


@pytest.fixture
def two(stack: Stack) -> dict[int, str]:
    """Two connected accounts: their processes, and which account each serves."""
    stack.stop_worker()
    stack.start_worker(LINGER="600")
    first = stack.link()
    [pid] = account_processes(stack.process.pid)
    second = stack.link(stack.services.accounts.create_account(stack.actor, "B"), OTHER)
    [further] = set(account_processes(stack.process.pid)) - {pid}
    return {pid: str(first.id), further: str(second.id)}


@pytest.mark.parametrize("kept_in", ["postgres", "redis"])
class TestAccounts:
    def test_no_process_but_its_own_is_there_for_an_account(
        self, stack: Stack, two: dict[int, str]
    ):
        [supervisor] = {parent(pid) for pid in two}
        assert parent(supervisor) == stack.process.pid

    def test_an_account_whose_process_dies_comes_back_and_the_other_notices_nothing(
        self, stack: Stack, two: dict[int, str]
    ):
        lost, kept = two
        os.kill(lost, signal.SIGKILL)
        eventually(lambda: len(set(account_processes(stack.process.pid)) - {lost}) == 2)
        assert kept in account_processes(stack.process.pid)
        with Redis.from_url(stack.env["REDIS_URL"]) as redis:
            for account in two.values():
                eventually(lambda account=account: is_served(redis, account), what="the job")

    def test_when_their_worker_is_killed_they_end_and_come_back(
        self, stack: Stack, two: dict[int, str]
    ):
        campaign = stack.send(60)
        eventually(lambda: stack.now(campaign).sent_count >= 10, what="progress")
        [supervisor] = {parent(pid) for pid in two}
        os.kill(supervisor, signal.SIGKILL)
        eventually(lambda: not any(loads_go(pid) for pid in two), what="their end")
        settled_honestly(stack, campaign, kills=1)
