"""Whether the servers and the database's revision allow work, asked on fresh connections.

A pool may be exhausted or hold a connection that hangs; what is asked here is the server.
"""

from functools import cached_property
from pathlib import Path
from typing import Any

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
        return Parts(
            {"postgres": postgres, "redis": _redis(self._redis_url)[0], "migrations": migrations}
        )

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

    @cached_property
    def _scripts(self) -> ScriptDirectory:
        return ScriptDirectory.from_config(Config(_ROOT / "alembic.ini"))


class RedisProbes:
    """See ports.telemetry.Probes; where Redis is the only store."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url

    def look(self) -> Parts:
        redis, lasting = _redis(self._redis_url)
        return Parts({"redis": redis, "durability": lasting}, store="redis")


def _redis(url: str) -> tuple[str, str]:
    """Whether Redis answers, and whether what it is told lasts."""
    patience = {"socket_connect_timeout": _PATIENCE, "socket_timeout": _PATIENCE}
    try:
        with Redis.from_url(url, **patience) as redis:
            return "ok", durability(redis)
    except RedisError:
        return "unreachable", "unknown"


def durability(redis: Redis) -> str:
    """ "ok", or why a store on this Redis alone would lose what it was told."""
    known: Any = redis.info("memory") | redis.info("persistence")
    if known.get("maxmemory") and known.get("maxmemory_policy") != "noeviction":
        return "keys may be evicted: set maxmemory-policy noeviction"
    return "ok" if known.get("aof_enabled") else "nothing is on disk: set appendonly yes"
