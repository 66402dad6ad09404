"""Every revision goes down and up again, with something in every table."""

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from alembic import command
from sender_app.stores.postgres import tables
from tests.integration.personas import make_world, services_on
from tests.stack import ROOT

KEPT = ("workspaces", "accounts", "contacts", "campaigns", "campaign_recipients")
assert tables  # its tables are in the metadata


def configured(url: str) -> Config:
    """Alembic for the database at `url`, in this process."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def columns(url: str) -> list[tuple[str, ...]]:
    """Everything of the schema that a mistaken way down would leave or take."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT 'column', table_name || '.' || column_name, data_type || is_nullable"
            " || coalesce(column_default, '') FROM information_schema.columns"
            " WHERE table_schema = 'public'"
            " UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes"
            " WHERE schemaname = 'public'"
            " UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger"
            " WHERE NOT tgisinternal"
            " UNION ALL SELECT 'check', conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace"
            " UNION ALL SELECT 'function', p.proname, md5(pg_get_functiondef(p.oid)) FROM pg_proc p"
            " WHERE p.pronamespace = 'public'::regnamespace ORDER BY 1, 2, 3"
        ).fetchall()


def kept(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        counts = " UNION ALL ".join(f"SELECT count(*) FROM {one}" for one in KEPT)  # noqa: S608
        return [n for (n,) in connection.execute(counts)]


@pytest.fixture
def filled(database_url: str, redis_url: str, tmp_path) -> str:
    """A database with something in every table that a workspace has."""
    with services_on(database_url, redis_url, DATA_DIR=str(tmp_path)) as services:
        make_world(services)
    return database_url


def test_each_revision_goes_down_and_up_again_with_what_there_is(filled: str):
    config = configured(filled)
    script = ScriptDirectory.from_config(config)
    revisions = [one.revision for one in script.walk_revisions()]  # the newest first
    with psycopg.connect(filled) as connection:
        full = {
            one.name
            for one in SQLModel.metadata.sorted_tables
            if connection.execute(f"SELECT 1 FROM {one.name} LIMIT 1").fetchone()  # noqa: S608
        }
    assert full >= {*KEPT, "replies", "answers", "webhooks", "media", "imports", "templates"}
    before, people = columns(filled), kept(filled)
    for revision in revisions[1:]:
        command.downgrade(config, revision)
        low = columns(filled)
        assert kept(filled) == people, revision
        command.upgrade(config, "+1")
        command.downgrade(config, "-1")
        assert columns(filled) == low, revision
    command.upgrade(config, "head")
    assert columns(filled) == before
    assert kept(filled) == people
