"""Imports of contact files in Redis: their states, and the one transaction that counts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from sender_app.domain.audience import AudienceRow, BadRow
from sender_app.domain.contact_import import BUSY, ContactImport, Counts, ImportStatus
from sender_app.domain.errors import NotFound
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store.imports import NewImport
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.finding import in_time, key_in
from sender_app.stores.redis.keys import of, place
from sender_app.stores.redis.rows import Row, at, compact, dict_of, read
from sender_app.stores.redis.staging import Stage
from sender_app.stores.redis.turns import change_much
from sender_app.stores.redis.view import View

_BUSY = "imports:busy"  # index of the installation: imports that a job is at, or should be
_PLACES = place("imports")
_COUNTS = tuple(asdict(Counts()))
_STEP = 10  # of a person's imports, looked at in one go


class _NotOurs(Exception):
    """A person cancelled, or another job took over: nothing may be left of this one's work."""


class RedisImports:
    """See ports.store.imports.ImportStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def create(self, workspace_id: UUID, user_id: str, new: NewImport) -> ContactImport:
        def work(tx: Transaction) -> ContactImport:
            row = dict_of(_new_row(workspace_id, user_id, new, tx.now()))
            tx.put(_imports(workspace_id), new.id, row)
            tx.put(_PLACES, new.id, {"workspace": str(workspace_id)})
            tx.add(_newest(workspace_id, user_id), in_time(row["created_at"], new.id))
            return _import(row)

        return self._database.transact(work)

    def get(self, workspace_id: UUID, import_id: UUID) -> ContactImport:
        row = self._database.view().row(_imports(workspace_id), import_id)
        if row is None:
            raise NotFound("import", import_id)
        return _import(row)

    def find_latest(self, workspace_id: UUID, user_id: str) -> ContactImport | None:
        view, before = self._database.view(), None
        index = _newest(workspace_id, user_id)
        while names := view.names(index, before=before, limit=_STEP, descending=True):
            ids = [key_in(name) for name in names]
            for row in compact(view.rows(_imports(workspace_id), ids)):
                if not row["dismissed"] and row["status"] != ImportStatus.CANCELLED:
                    return _import(row)
            before = names[-1]
        return None

    def dismiss(self, import_id: UUID) -> None:
        def work(tx: Transaction) -> None:
            row = _row(tx, import_id)
            if row is not None:
                _put(tx, row | {"dismissed": True})

        self._database.transact(work)

    def move(
        self,
        import_id: UUID,
        sources: frozenset[ImportStatus],
        target: ImportStatus,
        columns: Sequence[str] | None = None,
    ) -> ContactImport | None:
        def work(tx: Transaction) -> ContactImport | None:
            row, now = _row(tx, import_id), tx.now()
            if row is None or row["status"] not in sources:
                return None
            moved = row | {
                "status": target,
                "tries": 0,
                "progress": 0,
                "beat_at": None,
                "error_code": None,
                "error_params": {},
                "columns": row["columns"] if columns is None else list(columns),
                "queued_at": now if target in BUSY else None,
                "finished_at": now if target is ImportStatus.CANCELLED else None,
            }
            return _put(tx, moved)

        return self._database.transact(work)

    def begin(self, import_id: UUID) -> ContactImport | None:
        def work(tx: Transaction) -> ContactImport | None:
            row = _row(tx, import_id)
            if row is None or row["status"] not in BUSY or row["beat_at"] is not None:
                return None
            begun = {"attempt": row["attempt"] + 1, "tries": row["tries"] + 1}
            return _put(tx, row | begun | {"beat_at": tx.now(), "progress": 0})

        return self._database.transact(work)

    def beat(self, work: ContactImport, progress: int) -> bool:
        return self._ours(work, lambda now: {"beat_at": now, "progress": progress})

    def checked(
        self,
        work: ContactImport,
        counts: Counts,
        good: Sequence[AudienceRow],
        bad: Sequence[BadRow],
    ) -> bool:
        sample = {"good": [asdict(row) for row in good], "bad": [asdict(row) for row in bad]}
        end = _end(ImportStatus.CHECKED) | {"sample": sample} | asdict(counts)
        return self._ours(work, lambda _now: end)

    def fail(self, work: ContactImport, code: str, params: dict[str, object]) -> bool:
        end = {"status": ImportStatus.FAILED, "beat_at": None}
        return self._ours(work, lambda _now: end | {"error_code": code, "error_params": params})

    def compare(self, workspace_id: UUID, batches: Iterable[ContactBatch]) -> Counts:
        found = Stage(batches).compare(self._database.view(), workspace_id)
        return Counts(created=found.created, updated=found.updated, unchanged=found.unchanged)

    def commit(
        self,
        work: ContactImport,
        batches: Iterable[ContactBatch],
        on_step: Callable[[float], None],
    ) -> bool:
        stage = Stage(batches)
        stage.plan(self._database.view(), work.workspace_id, work.user_id, on_step)

        def write(tx: Transaction) -> None:
            written = stage.write(tx, work.workspace_id, work.user_id)
            # Looked at last, as the signs of life of other imports are in the same table.
            row = _ours(tx, work)
            if row is None:
                raise _NotOurs
            done = _end(ImportStatus.DONE) | asdict(written) | {"finished_at": tx.now()}
            _put(tx, row | done)

        try:
            change_much(self._database, work.workspace_id, write)
        except _NotOurs:
            return False
        return True

    def release(self, import_id: UUID) -> None:
        def work(tx: Transaction) -> None:
            row = _row(tx, import_id)
            if row is not None and row["status"] in BUSY:
                _put(tx, row | {"beat_at": None, "queued_at": tx.now()})

        self._database.transact(work)

    def unattended(
        self, now: datetime, silent: timedelta, waiting: timedelta
    ) -> Sequence[ContactImport]:
        def work(tx: Transaction) -> list[ContactImport]:
            rows = compact([_row(tx, import_id) for import_id in tx.names(_BUSY)])
            lost = [row for row in rows if _is_lost(row, now - silent, now - waiting)]
            return [_put(tx, row | {"beat_at": None, "queued_at": tx.now()}) for row in lost]

        return self._database.transact(work)

    def _ours(self, work: ContactImport, change: Callable[[datetime], Row]) -> bool:
        def write(tx: Transaction) -> bool:
            row = _ours(tx, work)
            if row is None:
                return False
            _put(tx, row | change(tx.now()))
            return True

        return self._database.transact(write)


def _ours(tx: Transaction, work: ContactImport) -> Row | None:
    """The row while it is still the attempt's that began `work`."""
    row = tx.row(_imports(work.workspace_id), work.id)
    ours = row is not None and (row["attempt"], row["status"]) == (work.attempt, work.status)
    return row if ours else None


def _is_lost(row: Row, silent: datetime, waiting: datetime) -> bool:
    beat, queued = at(row["beat_at"]), at(row["queued_at"])
    if beat is not None:
        return beat < silent
    return queued is not None and queued < waiting


def _end(status: ImportStatus) -> Row:
    return {"status": status, "beat_at": None, "progress": 100}


def _row(view: View, import_id: UUID | str) -> Row | None:
    found = view.row(_PLACES, import_id)
    return view.row(_imports(found["workspace"]), import_id) if found else None


def _put(tx: Transaction, row: Row) -> ContactImport:
    tx.put(_imports(row["workspace_id"]), row["id"], row)
    if row["status"] in BUSY:
        tx.add(_BUSY, row["id"])
    else:
        tx.take_out(_BUSY, row["id"])
    return _import(row)


def _new_row(workspace_id: UUID, user_id: str, new: NewImport, now: datetime) -> Row:
    return {
        "id": new.id,
        "workspace_id": workspace_id,
        "user_id": user_id,
        "filename": new.filename,
        "size": new.size,
        "country": new.country,
        "layout": asdict(new.layout),
        "columns": new.layout.columns,
        "status": ImportStatus.READY,
        "queued_at": None,
        "beat_at": None,
        "attempt": 0,
        "tries": 0,
        "progress": 0,
        "sample": {},
        "error_code": None,
        "error_params": {},
        "dismissed": False,
        "created_at": now,
        "finished_at": None,
    } | asdict(Counts())


def _import(row: Row) -> ContactImport:
    sample = row["sample"]
    counts = {name: row[name] for name in _COUNTS}
    rows = {"good_rows": sample.get("good", ()), "bad_rows": sample.get("bad", ())}
    return read(ContactImport, row | rows | {"counts": counts})


def _imports(workspace: UUID | str) -> str:
    return of(workspace, "contacts", "imports")


def _newest(workspace: UUID | str, user_id: str) -> str:
    return of(workspace, "contacts", "imports", "newest", user_id)
