"""Alembic's environment: migrates the database named by the settings."""

from sqlalchemy import create_engine, pool, text
from sqlmodel import SQLModel

import sender_app.stores.postgres.tables  # noqa: F401 - registers the tables
from alembic import context
from sender_app.config import settings
from sender_app.stores.postgres.engine import OLDEST, sqlalchemy_url


def _ours(_object: object, name: str | None, type_: str, _reflected: bool, _to: object) -> bool:
    """Leave the linked devices' own tables (whatsmeow_*) to their library."""
    return not (type_ == "table" and (name or "").startswith("whatsmeow_"))


def _run() -> None:
    url = context.config.get_main_option("sqlalchemy.url") or settings().postgres_url
    engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool)
    with engine.begin() as connection:
        version = int(connection.execute(text("SHOW server_version_num")).scalar_one())
        if version < OLDEST:
            raise SystemExit(f"PostgreSQL 18 or newer is needed; the server is {version // 10000}")
        context.configure(
            connection=connection, target_metadata=SQLModel.metadata, include_object=_ours
        )
        with context.begin_transaction():
            # Two replicas that start together migrate one after the other.
            connection.execute(text("SELECT pg_advisory_xact_lock(126879480964466)"))
            context.run_migrations()


_run()
