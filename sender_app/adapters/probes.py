"""Whether the servers and the database's revision allow work, asked on fresh connections.

A pool may be exhausted or hold a connection that hangs; what is asked here is the server.
"""

import re
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory
from redis import Redis
from redis.exceptions import RedisError, ResponseError

from sender_app.domain.errors import ConfigurationError
from sender_app.ports.telemetry import Parts, PartState

_PATIENCE = 2  # seconds
_ROOT = Path(__file__).resolve().parents[2]
# How the server refuses one more (53300, which libpq does not pass on).
_FULL = re.compile("too many (clients|connections)|connection slots are reserved")
_REVISION = "SELECT version_num FROM alembic_version"


class ServerProbes:
    """See ports.telemetry.Probes."""

    def __init__(self, postgres_url: str, redis_url: str) -> None:
        self._postgres_url = postgres_url
        self._redis_url = redis_url

    def look(self) -> Parts:
        postgres, migrations = self._postgres()
        return Parts({"postgres": postgres, "redis": self._redis(), "migrations": migrations})

    def _postgres(self) -> tuple[PartState, PartState]:
        try:
            with psycopg.connect(
                self._postgres_url,
                connect_timeout=_PATIENCE,
                options=f"-c statement_timeout={_PATIENCE}s",
            ) as connection:
                rows = connection.execute(_REVISION).fetchall()
        except psycopg.errors.UndefinedTable:
            return PartState.OK, PartState.NEVER_MIGRATED
        except psycopg.Error as error:
            full = _FULL.search(str(error)) is not None
            return PartState.FULL if full else PartState.UNREACHABLE, PartState.UNKNOWN
        return PartState.OK, self._judge({str(row[0]) for row in rows})

    def _redis(self) -> PartState:
        try:
            with _patient(self._redis_url) as redis:
                redis.ping()
        except RedisError:
            return PartState.UNREACHABLE
        return PartState.OK

    def _judge(self, found: set[str]) -> PartState:
        """A revision that these sources do not know is a newer one, and what is newer still fits:
        migrations run before the first new replica starts, while old ones go on serving."""
        if found == set(self._scripts.get_heads()):
            return PartState.OK
        known = {script.revision for script in self._scripts.walk_revisions()}
        return PartState.BEHIND if found <= known else PartState.OK

    @cached_property
    def _scripts(self) -> ScriptDirectory:
        return ScriptDirectory.from_config(Config(_ROOT / "alembic.ini"))


class RedisProbes:
    """See ports.telemetry.Probes; where Redis is the only store.

    With `everysec`, a Redis that writes to its disk once a second will do; see `durability`.
    """

    def __init__(self, redis_url: str, *, everysec: bool) -> None:
        self._redis_url = redis_url
        self._everysec = everysec

    def look(self) -> Parts:
        try:
            with _patient(self._redis_url) as redis:
                lasting = durability(redis, everysec=self._everysec)
                states = {"redis": PartState.OK, "durability": lasting}
        except RedisError:
            states = {"redis": PartState.UNREACHABLE, "durability": PartState.UNKNOWN}
        return Parts(states, store="redis")


def _patient(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE)


def durability(redis: Redis, *, everysec: bool) -> PartState:
    """Whether a store on this Redis alone keeps what it was told, else why not.

    Where it waits for its disk once a second only (`appendfsync everysec`), a power cut takes back
    what WhatsApp was told meanwhile, and it would be told again: usable only where `everysec` says
    that somebody accepts that. Raises RedisError where Redis does not answer.
    """
    known: Any = redis.info("memory") | redis.info("persistence")
    if known.get("maxmemory") and known.get("maxmemory_policy") != "noeviction":
        return PartState.EVICTS
    if not known.get("aof_enabled"):
        return PartState.FORGETS_ALL
    return _synced(redis, everysec=everysec)


def _synced(redis: Redis, *, everysec: bool) -> PartState:
    """How long what is written to the log waits for the disk."""
    try:
        told: Any = redis.config_get("*appendfsync*")
    except ResponseError:  # hosted ones do not let everybody ask
        told = {}
    if told.get("no-appendfsync-on-rewrite") == "yes":
        return PartState.FORGETS_IN_REWRITE
    match told.get("appendfsync"):
        case "always":
            return PartState.OK
        case "everysec" | None if everysec:
            return PartState.AT_RISK
        case None:
            return PartState.UNTOLD
        case _:
            return PartState.FORGETS_SECONDS


def check_durability(redis: Redis, *, everysec: bool) -> PartState:
    """What `durability` says; raises ConfigurationError where nobody should work with that."""
    state = durability(redis, everysec=everysec)
    if not state.usable:
        raise ConfigurationError(f"REDIS_URL: Redis is the only store here, and in it {state}")
    return state
