"""What servers and a folder hold at a moment, to be put back before each test of a module."""

import shutil
from pathlib import Path

from redis import Redis

from sender_app.ports.store import Store
from sender_app.stores.postgres.store import PostgresStore

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_COLUMNS = """SELECT table_name, string_agg(quote_ident(column_name), ', ') AS columns
    FROM information_schema.columns
    WHERE table_schema = 'kept' AND is_generated = 'NEVER' GROUP BY table_name"""


class Kept:
    """The rows, keys and files that there are when it is made: a new world takes a hundred times
    as long as putting one back."""

    def __init__(self, store: Store, redis: Redis, folder: Path) -> None:
        self._redis, self._folder = redis, folder
        self._rows = _Rows(store) if isinstance(store, PostgresStore) else None
        self._copy = folder.with_name(f"{folder.name}-kept")
        shutil.copytree(folder, self._copy)
        names = list(redis.scan_iter())
        with redis.pipeline() as pipeline:
            for name in names:
                pipeline.dump(name).pexpiretime(name)
            found = pipeline.execute()
        self._keys = list(zip(names, found[::2], found[1::2], strict=True))

    def put_back(self) -> None:
        """Everything as it was; what came since is gone."""
        if self._rows is not None:
            self._rows.put_back()
        with self._redis.pipeline() as pipeline:
            pipeline.flushall()
            for name, value, ends in self._keys:
                pipeline.restore(name, max(ends, 0), value, absttl=ends > 0)
            pipeline.execute()
        shutil.rmtree(self._folder)
        shutil.copytree(self._copy, self._folder)


class _Rows:
    """The rows of a Postgres."""

    def __init__(self, store: PostgresStore) -> None:
        self._database = store.database
        with self._database.transaction() as cursor:
            tables = [row.tablename for row in cursor.execute(_TABLES)]
            cursor.execute("CREATE SCHEMA kept")
            for table in tables:
                cursor.execute(f"CREATE TABLE kept.{table} (LIKE public.{table})")
                cursor.execute(f"INSERT INTO kept.{table} TABLE public.{table}")
            filled = {row.table_name: row.columns for row in cursor.execute(_COLUMNS)}
        statements = ["SET LOCAL session_replication_role = replica"]  # no references, no triggers
        statements += [f"DELETE FROM public.{table}" for table in tables]  # noqa: S608 - our own
        statements += [
            f"INSERT INTO public.{table} ({columns}) OVERRIDING SYSTEM VALUE"  # noqa: S608
            f" SELECT {columns} FROM kept.{table}"
            for table, columns in filled.items()
        ]
        self._statements = "; ".join(statements)

    def put_back(self) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(self._statements)
