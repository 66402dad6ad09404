"""Backup and restore: the database, uploads and the secret of one installation in one file.

What is in Redis is no part of it: wake-ups and locks come anew by themselves, people sign in again.
Where Redis is the only store, it is the database.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sender_app.config import settings
from sender_app.domain.campaign import CampaignStatus, PauseReason
from sender_app.domain.errors import ConfigurationError
from sender_app.local import redis_backup
from sender_app.local.failure import StartFailure
from sender_app.local.postgres import binaries, start_postgres
from sender_app.local.running import in_redis, running_environment, the_only_one

_DUMP, _SNAPSHOT, _KEPT = "database.dump", "redis.rdb", ("media", "secret.key")
# The backup does not know what was sent after it was made: nothing may go on by itself.
_PAUSE = "UPDATE campaigns SET status = %s, pause_reason = %s WHERE status = ANY(%s)"
# An answer that waited may have left since: a person decides. A dump of an older version has none.
_HAS_ANSWERS = "SELECT to_regclass('answers') IS NOT NULL"
_DOUBT = """
UPDATE answers SET status = 'unconfirmed', error_code = 'outcome_unknown',
  claimed_at = coalesce(claimed_at, created_at)
WHERE status IN ('waiting', 'sending')
"""
_ACTIVE = [CampaignStatus.RUNNING.value, CampaignStatus.SCHEDULED.value]


def backup(data: Path, target: Path) -> None:
    """Write the installation that lives in `data` to `target`, also while it runs.

    Raises StartFailure, and leaves no half of a file.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        with tempfile.TemporaryDirectory() as folder:
            dump = _saved(data, Path(folder))
            part.touch(mode=0o600)
            with tarfile.open(part, "w") as archive:
                archive.add(dump, dump.name)
                for name in _KEPT:
                    if (data / name).exists():
                        archive.add(data / name, name)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def restore(data: Path, source: Path) -> int:
    """Put the installation in `data` back to what `source` has; it must not run.

    Restores beside the present database, which goes only when all went well. Campaigns that ran
    are paused; returns how many. Raises StartFailure.
    """
    with the_only_one(data), tempfile.TemporaryDirectory() as folder:
        try:
            with tarfile.open(source) as archive:
                archive.extractall(folder, filter="data")
        except tarfile.TarError as error:
            raise StartFailure(f"{source} is no backup") from error
        except OSError as error:
            raise StartFailure(f"{source} cannot be read: {error.strerror}") from error
        alone = in_redis(os.environ)
        dump = Path(folder) / (_SNAPSHOT if alone else _DUMP)
        if not dump.exists():
            raise StartFailure(f"{source} is no backup: it has no {dump.name}")
        if alone:
            paused = _put_into_redis(data, dump)
        else:
            with _database(data) as url:
                paused = _swap(url, dump)
        for name in _KEPT:
            _put(Path(folder) / name, data / name)
    return paused


def _saved(data: Path, folder: Path) -> Path:
    """A dump of the installation's database, whichever it is."""
    running = running_environment(data)
    if not in_redis(running or os.environ):
        dump = folder / _DUMP
        with _reached(data) as url:
            _run("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={url}")
        return dump
    snapshot, url = folder / _SNAPSHOT, running.get("REDIS_URL") or os.environ.get("REDIS_URL")
    if url:
        redis_backup.save(url, snapshot)
        return snapshot
    if not (data / "valkey").exists():
        raise StartFailure(f"there is nothing to save: no Sender ever ran on {data}")
    with the_only_one(data), redis_backup.embedded(data) as url:
        redis_backup.save(url, snapshot)
    return snapshot


def _put_into_redis(data: Path, snapshot: Path) -> int:
    if os.environ.get("REDIS_URL"):
        raise StartFailure(
            "a snapshot is restored only into the embedded Redis: into one of your own, load "
            f"{_SNAPSHOT} of the backup with its own tools, then pause what ran"
        )
    return redis_backup.restore(data, snapshot)


def _swap(url: str, dump: Path) -> int:
    """Restore into a database of its own, then have it take the other one's name."""
    name = str(conninfo_to_dict(url)["dbname"])
    fresh, old = sql.Identifier(f"{name}_restored"), sql.Identifier(name)
    fresh_url = make_conninfo(url, dbname=f"{name}_restored")
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    try:
        with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as admin:
            admin.execute(drop.format(fresh))
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(fresh))
            _run(
                *("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error"),
                *("--single-transaction", f"--dbname={fresh_url}", str(dump)),
            )
            with psycopg.connect(fresh_url) as restored:
                values = (CampaignStatus.PAUSED.value, PauseReason.RESTORED.value, _ACTIVE)
                paused = restored.execute(_PAUSE, values).rowcount
                if restored.execute(_HAS_ANSWERS).fetchone() == (True,):
                    restored.execute(_DOUBT)
            admin.execute(drop.format(old))
            admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(fresh, old))
    except psycopg.Error as error:
        raise StartFailure(f"not restored: {str(error).strip().splitlines()[0]}") from error
    return paused


def _put(source: Path, target: Path) -> None:
    """Have `source` take the place of `target`, file by file."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for one in source.iterdir():
            _put(one, target / one.name)
    elif source.exists():
        fresh = target.with_name(f"{target.name}.restored")
        fresh.touch(mode=source.stat().st_mode & 0o777)
        fresh.write_bytes(source.read_bytes())
        fresh.replace(target)


@contextmanager
def _reached(data: Path) -> Iterator[str]:
    """The URL of the installation's database, whether it runs or not."""
    running = running_environment(data).get("DATABASE_URL")
    if running:
        yield running
        return
    configured = settings().database_url or settings().postgres_host
    if not configured and not (data / "postgres").exists():
        raise StartFailure(f"there is nothing to save: no Sender ever ran on {data}")
    with the_only_one(data), _database(data) as url:
        yield url


@contextmanager
def _database(data: Path) -> Iterator[str]:
    """The URL of the database while nothing runs; an embedded one is started for as long."""
    if settings().database_url or settings().postgres_host:
        yield settings().postgres_url
        return
    server = start_postgres(data / "postgres", data / "logs" / "postgres.log")
    try:
        yield server.url
    finally:
        server.child.stop(30)


def _run(program: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: PLW1510 - the exit code is looked at below
        [str(binaries() / program), *arguments], env=os.environ, capture_output=True, text=True
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise StartFailure(f"{program}: {lines[-1]}")


def command(work: Callable[[], str]) -> int:
    """Run `work` and print what it says, or in one line why it failed; returns the exit code."""
    try:
        print(f"sender: {work()}")
    except (StartFailure, ConfigurationError, OSError) as failure:
        print(f"sender: {failure}", file=sys.stderr)
        return 1
    return 0
