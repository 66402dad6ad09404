"""Backup and restore, as whoever runs Sender does it."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from sender_app.adapters.redis_client import connect
from sender_app.domain.campaign import CampaignStatus, PauseReason
from sender_app.domain.contact_search import ContactQuery
from sender_app.local.postgres import start_postgres
from sender_app.local.valkey import start_valkey
from sender_app.ports.store.conversations import ConversationFilter
from sender_app.ports.whatsapp import Incoming
from sender_app.stores.postgres.store import PostgresStore
from sender_app.stores.redis.store import RedisStore
from tests.contract.clinic import Clinic
from tests.stack import ROOT


def sender(*words: str, data: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    names = ("DATABASE_URL", "POSTGRES_HOST", "REDIS_URL", "STORE")
    clean = {k: v for k, v in os.environ.items() if k not in names}
    return subprocess.run(
        [sys.executable, "-m", "sender_app.local", *words],
        cwd=ROOT,
        env=clean | {"DATA_DIR": str(data)} | env,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_what_was_saved_comes_back_and_nothing_goes_on_sending_by_itself(
    database_url: str, tmp_path: Path
):
    data, target = tmp_path / "data", tmp_path / "a.backup"
    (data / "media" / "x").mkdir(parents=True)
    (data / "media" / "x" / "file.csv").write_text("0981000001")
    (data / "secret.key").write_text("secret")
    store = PostgresStore(database_url)
    clinic = Clinic(store, people=3)
    finished = clinic.campaign_for(1)
    store.campaigns.move(finished.id, frozenset({CampaignStatus.RUNNING}), CampaignStatus.CANCELLED)
    hello = Incoming("R1", "+595980000001", "hola", None, datetime.now(UTC))
    store.receipts.reply(clinic.account.id, hello, False)
    scope = clinic.workspace.id
    conversation = store.conversations.page(scope, ConversationFilter(), None, 1).rows[0]
    store.conversations.answer(conversation, uuid4(), "alice", "Con gusto")
    saved = sender("backup", str(target), data=data, DATABASE_URL=database_url)
    assert (saved.returncode, saved.stdout) == (0, f"sender: saved to {target}\n"), saved.stderr
    assert target.stat().st_mode & 0o077 == 0, "it holds a secret"

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DELETE FROM contacts")
        connection.execute("CREATE TABLE made_since (id int)")
    shutil.rmtree(data)
    store.close()
    restored = sender("restore", str(target), data=data, DATABASE_URL=database_url)
    assert restored.stdout == "sender: restored; campaigns paused: 1\n", restored.stderr

    store = PostgresStore(database_url)
    assert store.contacts.count(clinic.workspace.id, ContactQuery()).n == 3
    campaign = store.campaigns.get(clinic.workspace.id, clinic.campaign.id)
    assert campaign.status is CampaignStatus.PAUSED
    assert campaign.pause_reason is PauseReason.RESTORED
    assert store.campaigns.get(clinic.workspace.id, finished.id).status is CampaignStatus.CANCELLED
    assert store.conversations.entries(conversation, 1)[0].status == "unconfirmed"
    store.close()
    with psycopg.connect(database_url) as connection:
        found = connection.execute("SELECT to_regclass('made_since')").fetchone()
        assert found == (None,)
    assert (data / "media" / "x" / "file.csv").read_text() == "0981000001"
    assert (data / "secret.key").read_text() == "secret"


def test_an_embedded_installation_is_saved_and_restored_elsewhere(data: Path, tmp_path: Path):
    first, second, target = data / uuid4().hex, data / uuid4().hex, tmp_path / "b.backup"
    assert "nothing to save" in sender("backup", str(target), data=first).stderr
    server = start_postgres(first / "postgres", first / "postgres.log")
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": server.url},
        check=True,
        capture_output=True,
    )
    server.child.stop(10)
    saved = sender("backup", str(target), data=first)
    assert saved.returncode == 0, saved.stderr
    restored = sender("restore", str(target), data=second)
    assert restored.stdout == "sender: restored; campaigns paused: 0\n", restored.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no backup"),
        (b"not a backup", "is no backup"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_backup_changes_nothing(
    content: bytes | None, said: str, database_url: str, tmp_path: Path
):
    target = tmp_path / "c.backup"
    if content is not None:
        target.write_bytes(content)
    refused = sender("restore", str(target), data=tmp_path / "data", DATABASE_URL=database_url)
    assert refused.returncode == 1
    assert refused.stderr == f"sender: {target} {said}\n"
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_a_database_that_cannot_be_reached_leaves_no_file(tmp_path: Path):
    target = tmp_path / "d.backup"
    url = "postgresql://sender@127.0.0.1:1/sender"
    failed = sender("backup", str(target), data=tmp_path / "data", DATABASE_URL=url)
    assert failed.returncode == 1
    assert len(failed.stderr.strip().splitlines()) == 1
    assert not target.exists()
    assert list(tmp_path.glob("*.part")) == []


def test_redis_alone_is_saved_and_restored_elsewhere(data: Path, tmp_path: Path):
    first, second, target = data / uuid4().hex, data / uuid4().hex, tmp_path / "e.backup"
    assert "nothing to save" in sender("backup", str(target), data=first, STORE="redis").stderr
    server = start_valkey(first / "valkey", first / "valkey.log", alone=True)
    store = RedisStore(connect(server.url))
    clinic = Clinic(store, people=3)
    finished = clinic.campaign_for(1)
    store.campaigns.move(finished.id, frozenset({CampaignStatus.RUNNING}), CampaignStatus.CANCELLED)
    hello = Incoming("R1", "+595980000001", "hola", None, datetime.now(UTC))
    store.receipts.reply(clinic.account.id, hello, False)
    conversation = store.conversations.page(
        clinic.workspace.id, ConversationFilter(), None, 1
    ).rows[0]
    store.conversations.answer(conversation, uuid4(), "alice", "Con gusto")
    store.database.redis.set("rq:job:1", "left behind")
    store.close()
    server.child.stop(10)
    (first / "secret.key").write_text("secret")
    saved = sender("backup", str(target), data=first, STORE="redis")
    assert (saved.returncode, saved.stdout) == (0, f"sender: saved to {target}\n"), saved.stderr

    refused = sender("restore", str(target), data=second)
    assert "is no backup: it has no database.dump" in refused.stderr
    (second / "valkey").mkdir(parents=True)
    restored = sender("restore", str(target), data=second, STORE="redis")
    assert restored.stdout == "sender: restored; campaigns paused: 1\n", restored.stderr
    assert (second / "secret.key").read_text() == "secret"
    assert [path.name for path in second.glob("valkey*")] == ["valkey"]
    server = start_valkey(second / "valkey", second / "valkey.log", alone=True)
    store = RedisStore(connect(server.url))
    assert store.contacts.count(clinic.workspace.id, ContactQuery()).n == 3
    campaign = store.campaigns.get(clinic.workspace.id, clinic.campaign.id)
    assert (campaign.status, campaign.pause_reason) == (
        CampaignStatus.PAUSED,
        PauseReason.RESTORED,
    )
    assert store.deliveries.running(clinic.account.id) == []
    assert store.campaigns.get(clinic.workspace.id, finished.id).status is CampaignStatus.CANCELLED
    assert store.conversations.entries(conversation, 1)[0].status == "unconfirmed"
    assert store.database.redis.keys("rq:*") == []
    store.close()
    server.child.stop(10)


def test_redis_of_ones_own_is_saved_but_not_restored_into(redis_url: str, tmp_path: Path):
    target, own = tmp_path / "f.backup", {"STORE": "redis", "REDIS_URL": redis_url}
    saved = sender("backup", str(target), data=tmp_path / "data", **own)
    assert saved.returncode == 0, saved.stderr
    refused = sender("restore", str(target), data=tmp_path / "data", **own)
    assert "only into the embedded Redis" in refused.stderr
    away = {"STORE": "redis", "REDIS_URL": "redis://127.0.0.1:1/0"}
    failed = sender("backup", str(tmp_path / "g"), data=tmp_path / "data", **away)
    assert (failed.returncode, len(failed.stderr.strip().splitlines())) == (1, 1)
