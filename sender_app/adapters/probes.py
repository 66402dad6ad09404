"""Whether Postgres, Redis and the database's revision allow work, asked on fresh connections.

A pool may be exhausted or hold a connection that hangs; what is asked here is the server.
"""

from functools import cached_property
from pathlib import Path

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory
from redis import Redis
from redis.exceptions import RedisError

from sender_app.ports.telemetry import Parts

_PATIENCE = 2  # seconds
_ROOT = Path(__file__).resolve().parents[2]
_REVISION = "SELECT version_num FROM alembic_version"


class ServerProbes:
    """See ports.telemetry.Probes."""

    def __init__(self, postgres_url: str, redis_url: str) -> None:
        self._postgres_url = postgres_url
        self._redis_url = redis_url

    def look(self) -> Parts:
        postgres, migrations = self._postgres()
        return Parts({"postgres": postgres, "redis": self._redis(), "migrations": migrations})

    def _postgres(self) -> tuple[str, str]:
        try:
            with psycopg.connect(
                self._postgres_url,
                connect_timeout=_PATIENCE,
                options=f"-c statement_timeout={_PATIENCE}s",
            ) as connection:
                rows = connection.execute(_REVISION).fetchall()
        except psycopg.errors.UndefinedTable:
            return "ok", "never migrated"
        except psycopg.Error:
            return "unreachable", "unknown"
        return "ok", self._judge({str(row[0]) for row in rows})

    def _judge(self, found: set[str]) -> str:
        """A revision that these sources do not know is a newer one, and what is newer still fits:
        migrations run before the first new replica starts, while old ones go on serving."""
        if found == set(self._scripts.get_heads()):
            return "ok"
        known = {script.revision for script in self._scripts.walk_revisions()}
        return "behind: run alembic upgrade head" if found <= known else "ok"

    def _redis(self) -> str:
        patience = {"socket_connect_timeout": _PATIENCE, "socket_timeout": _PATIENCE}
        try:
            with Redis.from_url(self._redis_url, **patience) as redis:
                redis.ping()
        except RedisError:
            return "unreachable"
        return "ok"

    @cached_property
    def _scripts(self) -> ScriptDirectory:
        return ScriptDirectory.from_config(Config(_ROOT / "alembic.ini"))
