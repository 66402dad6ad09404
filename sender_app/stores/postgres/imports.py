"""Imports of contact files in Postgres: their states, and the one transaction that counts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sender_app.domain.audience import AudienceRow, BadRow
from sender_app.domain.contact_import import ContactImport, Counts, ImportStatus, Layout
from sender_app.domain.errors import NotFound
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store.imports import NewImport
from sender_app.stores.postgres.engine import Database
from sender_app.stores.postgres.staging import Stage

_CREATE = """
INSERT INTO imports (id, workspace_id, user_id, filename, size, country, layout, columns, status)
VALUES (%(id)s, %(workspace)s, %(user)s, %(filename)s, %(size)s, %(country)s, %(layout)s,
  %(columns)s, 'ready')
RETURNING *
"""
_MOVE = """
UPDATE imports SET status = %(target)s::text, tries = 0, progress = 0, beat_at = NULL,
  error_code = NULL, error_params = '{}', columns = coalesce(%(columns)s, columns),
  queued_at = CASE WHEN %(target)s::text IN ('checking', 'importing') THEN now() END,
  finished_at = CASE WHEN %(target)s::text = 'cancelled' THEN now() END
WHERE id = %(id)s AND status = ANY(%(sources)s) RETURNING *
"""
# A job that still gives signs of life keeps its place; of two that come at once one goes away.
_BEGIN = """
UPDATE imports SET attempt = attempt + 1, tries = tries + 1, beat_at = clock_timestamp(),
  progress = 0
WHERE id = %(id)s AND status IN ('checking', 'importing') AND beat_at IS NULL RETURNING *
"""
_OURS = "id = %(id)s AND attempt = %(attempt)s AND status = %(status)s::text"
_BEAT = f"""
UPDATE imports SET beat_at = clock_timestamp(), progress = %(progress)s WHERE {_OURS}
"""
_CHECKED = f"""
UPDATE imports SET status = 'checked', beat_at = NULL, progress = 100, sample = %(sample)s,
  good = %(good)s, bad = %(bad)s, repeated = %(repeated)s,
  created = %(created)s, updated = %(updated)s, unchanged = %(unchanged)s
WHERE {_OURS}
"""
_DONE = f"""
UPDATE imports SET status = 'done', beat_at = NULL, progress = 100, finished_at = now(),
  created = %(created)s, updated = %(updated)s, unchanged = %(unchanged)s
WHERE {_OURS}
"""
_FAIL = f"""
UPDATE imports SET status = 'failed', beat_at = NULL, error_code = %(code)s,
  error_params = %(params)s
WHERE {_OURS}
"""
_RELEASE = """
UPDATE imports SET beat_at = NULL, queued_at = now()
WHERE id = %(id)s AND status IN ('checking', 'importing')
"""
_UNATTENDED = """
UPDATE imports SET beat_at = NULL, queued_at = now()
WHERE status IN ('checking', 'importing')
  AND coalesce(beat_at < %(silent)s, queued_at < %(waiting)s)
RETURNING *
"""


class PostgresImports:
    """See ports.store.imports.ImportStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, workspace_id: UUID, user_id: str, new: NewImport) -> ContactImport:
        values = {
            "id": new.id,
            "workspace": workspace_id,
            "user": user_id,
            "filename": new.filename,
            "size": new.size,
            "country": new.country,
            "layout": Jsonb(asdict(new.layout)),
            "columns": Jsonb(new.layout.columns),
        }
        with self._database.transaction() as cursor:
            return _import(cursor.execute(_CREATE, values).fetchone())

    def get(self, workspace_id: UUID, import_id: UUID) -> ContactImport:
        return self._one("id = %s AND workspace_id = %s", import_id, workspace_id)

    def find_latest(self, workspace_id: UUID, user_id: str) -> ContactImport | None:
        query = (
            "SELECT * FROM imports WHERE workspace_id = %s AND user_id = %s AND NOT dismissed"
            " AND status <> 'cancelled' ORDER BY created_at DESC LIMIT 1"
        )
        with self._database.transaction() as cursor:
            row = cursor.execute(query, (workspace_id, user_id)).fetchone()
            return _import(row) if row else None

    def dismiss(self, import_id: UUID) -> None:
        with self._database.transaction() as cursor:
            cursor.execute("UPDATE imports SET dismissed = true WHERE id = %s", (import_id,))

    def move(
        self,
        import_id: UUID,
        sources: frozenset[ImportStatus],
        target: ImportStatus,
        columns: Sequence[str] | None = None,
    ) -> ContactImport | None:
        values = {
            "id": import_id,
            "sources": [status.value for status in sources],
            "target": target.value,
            "columns": Jsonb(list(columns)) if columns is not None else None,
        }
        with self._database.transaction() as cursor:
            row = cursor.execute(_MOVE, values).fetchone()
            return _import(row) if row else None

    def begin(self, import_id: UUID) -> ContactImport | None:
        with self._database.transaction() as cursor:
            row = cursor.execute(_BEGIN, {"id": import_id}).fetchone()
            return _import(row) if row else None

    def beat(self, work: ContactImport, progress: int) -> bool:
        return self._ours(_BEAT, work, {"progress": progress})

    def checked(
        self,
        work: ContactImport,
        counts: Counts,
        good: Sequence[AudienceRow],
        bad: Sequence[BadRow],
    ) -> bool:
        sample = {"good": [asdict(row) for row in good], "bad": [asdict(row) for row in bad]}
        return self._ours(_CHECKED, work, asdict(counts) | {"sample": Jsonb(sample)})

    def fail(self, work: ContactImport, code: str, params: dict[str, object]) -> bool:
        return self._ours(_FAIL, work, {"code": code, "params": Jsonb(params)})

    def compare(self, workspace_id: UUID, batches: Iterable[ContactBatch]) -> Counts:
        with self._database.transaction() as cursor:
            stage = Stage(cursor, workspace_id)
            stage.fill(batches)
            found = stage.compare()
            return Counts(created=found.created, updated=found.updated, unchanged=found.unchanged)

    def commit(
        self,
        work: ContactImport,
        batches: Iterable[ContactBatch],
        on_step: Callable[[float], None],
    ) -> bool:
        with self._database.transaction() as cursor:
            stage = Stage(cursor, work.workspace_id)
            stage.fill(batches)
            written = stage.write(work.user_id, on_step)
            values = {
                "created": written.created,
                "updated": written.updated,
                "unchanged": written.unchanged,
            }
            cursor.execute(_DONE, _fence(work) | values)
            if cursor.rowcount == 1:
                return True
            cursor.connection.rollback()
            return False

    def release(self, import_id: UUID) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(_RELEASE, {"id": import_id})

    def unattended(
        self, now: datetime, silent: timedelta, waiting: timedelta
    ) -> Sequence[ContactImport]:
        limits = {"silent": now - silent, "waiting": now - waiting}
        with self._database.transaction() as cursor:
            return [_import(row) for row in cursor.execute(_UNATTENDED, limits).fetchall()]

    def _one(self, where: str, *values: object) -> ContactImport:
        with self._database.transaction() as cursor:
            row = cursor.execute(f"SELECT * FROM imports WHERE {where}", values).fetchone()
        if row is None:
            raise NotFound("import", values[0])
        return _import(row)

    def _ours(self, statement: str, work: ContactImport, values: dict[str, object]) -> bool:
        with self._database.transaction() as cursor:
            cursor.execute(statement, _fence(work) | values)
            return cursor.rowcount == 1


def _fence(work: ContactImport) -> dict[str, object]:
    return {"id": work.id, "attempt": work.attempt, "status": work.status.value}


def _import(row: Any) -> ContactImport:
    layout = row.layout
    sample = row.sample
    return ContactImport(
        id=row.id,
        workspace_id=row.workspace_id,
        user_id=row.user_id,
        filename=row.filename,
        size=row.size,
        country=row.country,
        layout=Layout(
            **layout
            | {name: tuple(layout[name]) for name in ("header", "columns")}
            | {"sample": tuple(map(tuple, layout["sample"]))}
        ),
        columns=tuple(row.columns),
        status=ImportStatus(row.status),
        attempt=row.attempt,
        tries=row.tries,
        progress=row.progress,
        counts=Counts(row.good, row.bad, row.repeated, row.created, row.updated, row.unchanged),
        created_at=row.created_at,
        good_rows=tuple(AudienceRow(**one) for one in sample.get("good", ())),
        bad_rows=tuple(
            BadRow(**one | {"cells": tuple(one["cells"])}) for one in sample.get("bad", ())
        ),
        error_code=row.error_code,
        error_params=dict(row.error_params),
        finished_at=row.finished_at,
    )
