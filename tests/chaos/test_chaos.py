"""Everything goes wrong at random, and still nobody is lost and nobody gets a message twice.

Short by default. `make chaos` runs it with CHAOS_KILLS=100 over CHAOS_PEOPLE=2000. CHAOS_SEED
replays a run: the same blows in the same order, at the same distances.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from redis.exceptions import RedisError

from sender_app.domain.campaign import Campaign, CampaignStatus
from sender_app.local.postgres import Postgres, start_postgres
from sender_app.local.valkey import Valkey, start_valkey
from tests.stack import (
    NUMBER,
    ROOT,
    Stack,
    Whatsapp,
    account_processes,
    children,
    eventually,
    start_over,
    store_variables,
)

KILLS = int(os.environ.get("CHAOS_KILLS", "8"))
PEOPLE = int(os.environ.get("CHAOS_PEOPLE", "240"))
SEED = int(os.environ.get("CHAOS_SEED", "20261124"))
LEASE_TTL = 3.0


class Chaos:
    """The stack on servers of its own, and what can happen to it."""

    def __init__(self, folder: Path, kept_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self.alone = kept_in == "redis"
        self.postgres: Postgres | None = None
        self.valkey = self.started_valkey()
        env = store_variables(kept_in, self.valkey.url, self.started_postgres) | {
            "DATA_DIR": str(folder / "data"),
            "PACE_INTERVAL": "0",
            "PACE_JITTER": "0",
            "LINGER": "3",
            "LEASE_TTL": str(LEASE_TTL),
            "SEND_LIMIT": "4",
            "WORKERS": "2",
        }
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        if self.postgres is not None:
            subprocess.run(
                [sys.executable, "-m", "alembic", "upgrade", "head"],
                cwd=ROOT,
                check=True,
                capture_output=True,
            )
        from sender_app import bootstrap

        start_over()
        self.whatsapp = Whatsapp(folder / "whatsapp", self.logs / "whatsapp.log")
        self.whatsapp.client.receipts_after(400)
        services = bootstrap.services()
        actor = services.workspaces.actor_for("alice", "Alice")
        log = self.logs / "worker.log"
        self.stack = Stack(env, log, self.whatsapp, services, bootstrap.store(), actor)
        self.stack.start_worker()

    def close(self) -> None:
        if self.stack.process.poll() is None:
            self.stack.kill_worker()
        start_over()
        self.whatsapp.stop()
        self.valkey.child.stop(10)
        if self.postgres is not None:
            self.postgres.child.stop(10)

    def started_postgres(self) -> str:
        self.postgres = start_postgres(self.folder / "postgres", self.logs / "postgres.log")
        return self.postgres.url

    def started_valkey(self) -> Valkey:
        folder, log = self.folder / "valkey", self.logs / "valkey.log"
        return start_valkey(folder, log, alone=self.alone)

    # The blows.

    def kill_account(self) -> None:
        for pid in account_processes(self.stack.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_worker(self) -> None:
        self.stack.kill_worker()
        self.stack.start_worker()

    def lose_valkey(self) -> None:
        """Killed, and everything in it is gone."""
        self.valkey.child.kill()
        shutil.rmtree(self.folder / "valkey")
        self.valkey = self.started_valkey()

    def kill_valkey(self) -> None:
        """The only store dies, and comes back with what it had said."""
        self.valkey.child.kill()
        time.sleep(0.5)
        self.valkey = self.started_valkey()

    def kill_keeper(self) -> None:
        """The process that keeps an account's devices, but not the account's own."""
        for pid in account_processes(self.stack.process.pid):
            for keeper in children(pid):
                with suppress(ProcessLookupError):
                    os.kill(keeper, signal.SIGKILL)

    def restart_postgres(self) -> None:
        assert self.postgres is not None
        self.postgres.child.stop(20)
        self.started_postgres()

    def cut_line(self) -> None:
        self.stack.loopback.happen(NUMBER, "disconnect")

    def refuse(self) -> None:
        self.stack.loopback.happen(NUMBER, "refuse_connections")
        self.cut_line()
        time.sleep(0.5)
        self.stack.loopback.happen(NUMBER, "refuse_connections", on=False)

    def withhold_ack(self) -> None:
        self.stack.loopback.fail("ack_withheld", count=1)

    def drop_before(self) -> None:
        self.stack.loopback.fail("drop_before_delivery", count=1)

    def drop_after(self) -> None:
        self.stack.loopback.fail("drop_after_delivery", count=1)

    def stall(self) -> None:
        """Stopped for longer than its lease, then awake again beside its successor."""
        pids = account_processes(self.stack.process.pid)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(LEASE_TTL + 3)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def blows(self) -> dict[str, Callable[[], None]]:
        servers = [self.kill_valkey, self.kill_keeper] if self.alone else [self.lose_valkey]
        servers += [] if self.alone else [self.restart_postgres]
        return {
            "kill_account": self.kill_account,
            "kill_worker": self.kill_worker,
            **{blow.__name__: blow for blow in servers},
            "cut_line": self.cut_line,
            "refuse": self.refuse,
            "withhold_ack": self.withhold_ack,
            "drop_before": self.drop_before,
            "drop_after": self.drop_after,
            "stall": self.stall,
        }


@pytest.fixture(params=["postgres", "redis"])
def chaos(
    request: pytest.FixtureRequest, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Chaos]:
    chaos = Chaos(data / f"chaos-{request.param}", request.param, monkeypatch)
    yield chaos
    chaos.close()
    shutil.copytree(chaos.logs, tmp_path / "logs")


def now(chaos: Chaos, campaign: Campaign) -> Campaign | None:
    """The campaign, or None while Postgres or Redis is away."""
    with suppress(psycopg.OperationalError, RedisError, OSError):
        return chaos.stack.now(campaign)
    return None


@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_nothing_is_lost_and_nothing_is_sent_twice(chaos: Chaos):
    dice = random.Random(SEED)  # noqa: S311 - a replayable order is wanted
    stack = chaos.stack
    stack.link()
    campaign = stack.send(PEOPLE)
    blows = chaos.blows()
    order = [name for _ in range(KILLS) for name in blows]
    dice.shuffle(order)
    struck: list[str] = []
    for name in order[:KILLS]:
        time.sleep(dice.uniform(0.1, 1.5))
        before = now(chaos, campaign)
        if before is not None and before.status is CampaignStatus.FINISHED:
            campaign = stack.send(PEOPLE, start=PEOPLE * (len(struck) + 1))
        blows[name]()
        struck.append(name)
    print(f"\nseed {SEED}: {', '.join(struck)}")
    everything = [*stack.services.campaigns.list_campaigns(stack.actor, limit=200).rows]
    for one in everything:
        eventually(
            lambda one=one: (found := now(chaos, one)) and found.status is CampaignStatus.FINISHED,
            240,
            "the end",
        )
    judge(chaos, everything, struck)


def judge(chaos: Chaos, campaigns: list[Campaign], struck: list[str]) -> None:
    """0 lost, 0 duplicates, and counters equal to rows."""
    stack = chaos.stack
    eventually(lambda: unconfirmed(chaos, campaigns) <= len(struck), what="late receipts")
    got = stack.loopback.count()
    tally: Counter[str] = Counter()
    wrong = []
    for campaign in campaigns:
        rows = stack.services.campaigns.recipients(stack.actor, campaign.id, limit=10**6).rows
        statuses = Counter(row.status.value for row in rows)
        tally += statuses
        for row in rows:
            times = got.get(row.phone[1:], 0)
            fine = (
                times == 1 if row.status == "sent" else row.status == "unconfirmed" and times <= 1
            )
            if not fine:
                wrong.append((row.phone, row.status.value, row.error_code, times))
        counted = stack.now(campaign)
        assert counted.sent_count == statuses["sent"]
        assert counted.unconfirmed_count == statuses["unconfirmed"]
        assert counted.error_count == statuses["error"]
    print(f"{dict(tally)} after {Counter(struck)}; duplicates: {sum(n > 1 for n in got.values())}")
    assert wrong == []
    assert max(got.values()) == 1
    assert tally["unconfirmed"] <= len(struck)
    zone = stack.store.workspaces.get(stack.actor.workspace_id).zone
    month = f"{campaigns[0].created_at.astimezone(zone):%Y-%m}"
    assert stack.store.metrics.month(stack.actor.workspace_id, month).sent == tally["sent"]


def unconfirmed(chaos: Chaos, campaigns: list[Campaign]) -> int:
    return sum(chaos.stack.now(campaign).unconfirmed_count for campaign in campaigns)
