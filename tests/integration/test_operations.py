"""What whoever runs Sender asks: is it alive, can it work, how is it, why does it not start."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg.conninfo import make_conninfo
from redis import Redis

from sender_app import __version__
from sender_app.adapters.probes import ServerProbes, durability
from sender_app.local.valkey import start_valkey
from sender_app.ports.telemetry import PartState
from sender_app.stores.postgres.store import PostgresStore
from tests.contract.clinic import Clinic, sent
from tests.delivery.test_monitoring import EXPRESSIONS
from tests.integration.test_local_processes import gone
from tests.stack import ROOT, Stack, Web, children, eventually, free_ports


@pytest.fixture
def web(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Web]:
    env = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DATA_DIR": str(tmp_path / "data"),
        "LOG_LEVEL": "INFO",
    }
    running = Web(env, tmp_path / "web.log", free_ports(1))
    yield running
    if running.process.poll() is None:
        running.stop()


def ready(web: Web) -> tuple[int, dict[str, str]]:
    answer = web.get("/ready")
    return answer.status_code, answer.json()


def figures(web: Web) -> dict[str, dict[str, float]]:
    """Samples of /metrics by name, then by their labels written `a=1,b=2`."""
    answer = web.get("/metrics")
    assert answer.status_code == 200, answer.text
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_it_is_ready_only_with_a_migrated_database(web: Web, database_url: str):
    assert ready(web) == (
        200,
        {
            "status": "ready",
            "store": "postgres",
            "postgres": "ok",
            "redis": "ok",
            "migrations": "ok",
        },
    )
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'a newer one'")
        assert ready(web)[0] == 200, "an older replica serves on while a new one rolls out"
        connection.execute("DELETE FROM alembic_version")
        assert ready(web)[1]["migrations"] == "behind: run alembic upgrade head"
        connection.execute("DROP TABLE alembic_version")
        status, parts = ready(web)
    assert (status, parts["migrations"]) == (503, "never migrated")


def test_it_says_that_postgres_has_no_connection_left(database_url: str, redis_url: str):
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
        try:
            found = ServerProbes(make_conninfo(database_url, user="crowded"), redis_url).look()
        finally:
            connection.execute("DROP ROLE crowded")
    assert found.states["postgres"] is PartState.FULL
    assert not found.ready


def test_it_is_alive_but_not_ready_without_redis(database_url: str, data: Path, tmp_path: Path):
    valkey = start_valkey(tmp_path / "valkey", tmp_path / "valkey.log")
    env = {"DATABASE_URL": database_url, "REDIS_URL": valkey.url}
    web = Web(env, tmp_path / "web.log", free_ports(1))
    assert ready(web)[0] == 200
    valkey.child.stop(60)
    status, parts = ready(web)
    assert (status, parts["redis"], parts["postgres"]) == (503, "unreachable", "ok")
    assert web.get("/health").json() == {"status": "alive", "store": "postgres"}
    assert web.stop() == 0


def test_on_redis_alone_it_is_ready_only_where_nothing_is_forgotten(redis_url: str, tmp_path: Path):
    env = {"REDIS_URL": redis_url, "SECRET_KEY": "k" * 32}  # and no Postgres
    web = Web(env, tmp_path / "web.log", free_ports(1))
    good = {"status": "ready", "store": "redis", "redis": "ok", "durability": "ok"}
    with Redis.from_url(redis_url) as redis:
        assert ready(web)[0] == 503, "the run's Valkey has everysec"
        redis.config_set("appendfsync", "always")
        assert ready(web) == (200, good)
        redis.config_set("appendfsync", "everysec")
    assert web.get("/health").json() == {"status": "alive", "store": "redis"}
    assert web.get("/metrics").status_code == 200
    assert web.stop() == 0
    web = Web(env | {"REDIS_FSYNC": "everysec"}, tmp_path / "web.log", free_ports(1))
    assert ready(web) == (200, good | {"durability": str(PartState.AT_RISK)})
    assert web.stop() == 0


def test_what_a_redis_alone_would_forget_is_found_out(redis_url: str):
    cases: list[tuple[dict[str, str], PartState, PartState]] = [  # as it is, and with everysec
        ({}, PartState.FORGETS_SECONDS, PartState.AT_RISK),
        ({"appendfsync": "always"}, PartState.OK, PartState.OK),
        ({"appendfsync": "no"}, PartState.FORGETS_SECONDS, PartState.FORGETS_SECONDS),
        (
            {"appendfsync": "always", "no-appendfsync-on-rewrite": "yes"},
            *(PartState.FORGETS_IN_REWRITE, PartState.FORGETS_IN_REWRITE),
        ),
        ({"appendonly": "no"}, PartState.FORGETS_ALL, PartState.FORGETS_ALL),
        (
            {"maxmemory": "1gb", "maxmemory-policy": "allkeys-lru"},
            *(PartState.EVICTS, PartState.EVICTS),
        ),
    ]
    with Redis.from_url(redis_url) as redis:
        for configured, strictly, everysec in cases:
            before = {name: redis.config_get(name)[name] for name in configured}
            for name, value in configured.items():
                redis.config_set(name, value)
            found = [durability(redis, everysec=accepted) for accepted in (False, True)]
            for name, value in before.items():
                redis.config_set(name, value)
            assert found == [strictly, everysec], configured


def test_a_redis_alone_that_may_not_be_asked_is_only_for_who_accepts_that(redis_url: str):
    with Redis.from_url(redis_url) as redis:
        redis.acl_setuser(
            "guest", enabled=True, nopass=True, categories=["+@all"], commands=["-config"]
        )
        try:
            with Redis.from_url(redis_url, username="guest", password="") as guest:
                assert durability(guest, everysec=False) is PartState.UNTOLD
                assert durability(guest, everysec=True) is PartState.AT_RISK
        finally:
            redis.acl_deluser("guest")


def test_figures_are_for_those_who_may_see_them(
    database_url: str, redis_url: str, tmp_path: Path, web: Web
):
    assert web.get("/metrics").status_code == 200
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    assert web.get("/metrics", headers=forwarded).status_code == 403
    env = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "METRICS_TOKEN": "secret"}
    guarded = Web(env, tmp_path / "guarded.log", free_ports(1))
    assert guarded.get("/metrics").status_code == 403
    shown = forwarded | {"Authorization": "Bearer secret"}
    assert guarded.get("/metrics", headers=shown).status_code == 200
    wrong = {"Authorization": "Bearer wrong"}
    assert guarded.get("/metrics", headers=wrong).status_code == 403
    assert guarded.stop() == 0


def test_every_request_has_an_id_in_its_answer_and_its_log_line(web: Web):
    given = web.get("/sign-in", headers={"X-Request-ID": "from-the-proxy.1"})
    assert given.headers["x-request-id"] == "from-the-proxy.1"
    made = web.get("/auth/local?token=secret", headers={"X-Request-ID": "not\tone"})
    assert re.fullmatch("[0-9a-f]{32}", made.headers["x-request-id"])

    def logged(answer: httpx.Response) -> dict[str, object]:
        """The line of a request: it comes when the answer is out."""
        wanted = answer.headers["x-request-id"]

        def lines() -> list[dict[str, object]]:
            noted = [line for line in web.log.read_text().splitlines() if wanted in line]
            return [line for line in map(json.loads, noted) if line["event"] == "request"]

        return eventually(lines, what="the line")[0]

    assert logged(given)["path"] == "/sign-in"
    assert logged(made)["status"] == 303
    assert "secret" not in web.log.read_text()


def test_a_workers_lines_name_the_account_and_the_campaign_and_nobody(stack: Stack):
    account = stack.link()
    stack.loopback.fail("not_on_whatsapp", recipient="595982000003")
    campaign = stack.finished(stack.send(6, "Un texto que nadie más lee"))
    log = stack.log.read_text()
    raw = [line for line in log.splitlines() if not line.startswith("{")]
    assert set(raw) <= {"Press Ctrl+C to exit"}, "the library's own, before it can be told"
    lines = [json.loads(line) for line in log.splitlines() if line not in raw]
    [line] = [one for one in lines if one["event"] == "not sent"]
    assert (line["account_id"], line["campaign_id"]) == (str(account.id), str(campaign.id))
    assert line["epoch"] >= 1
    assert line["code"] == "not_on_whatsapp"
    assert not re.search(r"982000\d{3}|981000\d{3}", log), "a whole number"
    assert "nadie" not in log


def test_the_figures_tell_what_was_sent_and_what_waits(
    stack: Stack, database_url: str, redis_url: str, tmp_path: Path
):
    stack.link()
    stack.finished(stack.send(7))
    env = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    web = Web(env, tmp_path / "web.log", free_ports(1))

    def sent() -> float:
        return figures(web).get("sender_messages_total", {}).get("outcome=accepted", 0)

    eventually(lambda: sent() == 7, what="the figures of a process that has ended or goes on")
    seen = figures(web)
    assert seen["sender_build_info"] == {f"version={__version__}": 1}
    assert seen["sender_campaigns"] == {"status=finished": 1}
    assert sum(seen["sender_accounts"].values()) == 1
    assert seen["sender_recipients_waiting"] == {"": 0}
    assert seen["sender_send_duration_seconds_count"] == {"": 7}
    assert seen["sender_send_duration_seconds_bucket"]["le=+Inf"] == 7
    assert 0 < seen["sender_send_duration_seconds_sum"][""] < 70
    assert seen["sender_queue_workers"]["queue=accounts"] == 2
    assert seen["sender_http_requests_total"]["route=/health,status=200"] >= 1
    asked = {name for one in EXPRESSIONS for name in re.findall(r"\bsender_\w+", one)}
    assert asked - seen.keys() == set(), "what the dashboard and the alerts ask for is there"
    stack.stop_worker()
    stack.send(3, start=100)
    late = figures(web)
    assert late["sender_recipients_waiting"] == {"": 3}
    assert late["sender_accounts_to_serve"] == {"": 1}
    assert late["sender_accounts_served"] == {"": 0}
    assert late["sender_account_wait_seconds"][""] > 0
    assert web.stop() == 0


def test_what_is_older_than_the_settings_is_forgotten_where_no_worker_runs(
    database_url: str, redis_url: str
):
    store = PostgresStore(database_url)
    clinic = Clinic(store, people=2)
    lease = clinic.lease()
    clinic.settle(lease, [sent(one) for one in clinic.claim(lease)])
    store.close()
    env = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "KEEP_EVENTS": "30"}

    def events() -> int:
        with psycopg.connect(database_url) as connection:
            row = connection.execute("SELECT count(*) FROM metric_events").fetchone()
        assert row is not None
        return row[0]

    def forgotten() -> int:
        done = subprocess.run(
            [sys.executable, "-m", "sender_app.jobs.retention"],
            cwd=ROOT,
            env=os.environ | env,
            check=True,
            capture_output=True,
            text=True,
        )
        return json.loads(done.stderr.splitlines()[-1])["events"]

    assert (forgotten(), events()) == (0, 2)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE metric_events SET id = uuidv7(interval '-31 days')")
    assert (forgotten(), events()) == (2, 0)
    with psycopg.connect(database_url) as connection:
        kept = connection.execute("SELECT sent_count FROM campaigns").fetchone()
    assert kept == (2,), "the figures stay"


def refusal(script: str, **env: str) -> tuple[int, str]:
    """The exit code and the one line of a tier that does not start."""
    names = ("DATABASE_URL", "POSTGRES_HOST", "STORE", "SECRET_KEY")
    clean = {k: v for k, v in os.environ.items() if k not in names}
    done = subprocess.run(
        [sys.executable, script],
        cwd=ROOT,
        env=clean | env,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    lines = (done.stdout + done.stderr).strip().splitlines()
    assert len(lines) == 1, lines
    return done.returncode, lines[0]


@pytest.mark.parametrize("script", ["worker.py", "web.py"])
def test_a_tier_refuses_to_start_without_a_database(script: str, redis_url: str):
    code, line = refusal(script, REDIS_URL=redis_url)
    assert code == os.EX_CONFIG
    assert "SECRET_KEY" in line, "without a database, Redis is the store, and needs a key"
    assert "DATABASE_URL or POSTGRES_HOST" in line
    code, line = refusal(script, REDIS_URL=redis_url, STORE="postgres", SECRET_KEY="k" * 32)
    assert code == os.EX_CONFIG
    assert "DATABASE_URL or POSTGRES_HOST" in line
    code, line = refusal(script, REDIS_URL=redis_url, DATABASE_URL="postgresql://x", PORT="none")
    assert code == os.EX_CONFIG
    assert "PORT" in line


def test_a_worker_does_not_send_from_a_redis_alone_that_may_forget_it(redis_url: str):
    code, line = refusal("worker.py", REDIS_URL=redis_url, SECRET_KEY="k" * 32)
    assert code == os.EX_CONFIG
    assert "set appendfsync always" in line
    assert "REDIS_FSYNC" in line


def test_a_worker_says_that_redis_is_away(database_url: str):
    url = f"redis://127.0.0.1:{free_ports(1)}/0"
    code, line = refusal("worker.py", DATABASE_URL=database_url, REDIS_URL=url)
    assert code == os.EX_UNAVAILABLE
    assert "REDIS_URL" in line


def test_granians_worker_ends_when_its_main_process_is_killed(web: Web):
    workers = children(web.process.pid)
    assert workers
    web.process.kill()
    web.process.wait()
    for worker in workers:
        gone(worker)
