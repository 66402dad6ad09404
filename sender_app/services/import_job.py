"""Files of contacts, as a job deals with them: read through, and brought into the address book."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID

import structlog

from sender_app.domain import rejected
from sender_app.domain.audience import AudienceRow, BadRow
from sender_app.domain.contact_import import MOST_TRIES, ContactImport, Counts, ImportStatus
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.ports.contact_reader import ContactBatch, ContactReader
from sender_app.ports.events import Changed, Events
from sender_app.ports.media import MediaStore
from sender_app.ports.queue import Queue
from sender_app.ports.store import Store
from sender_app.services.clock import Clock, system_clock
from sender_app.services.imports import BAD_SHOWN, SAMPLE, file_key, rejects_key

Explain = Callable[[str, str, dict[str, object]], str]  # language, code, params → a person's words
_SILENT = timedelta(seconds=60)  # without a sign of life until a job counts as dead
_WAITING = timedelta(seconds=5)  # until a job that did not begin is asked for again
_READING = 0.7  # the part of an import's time that reading takes; writing takes the rest
_log = structlog.get_logger()


class _Superseded(Exception):
    """A person cancelled, or another job took over: stop, and leave nothing behind."""


@dataclass(slots=True)
class _Found:
    """What a file turned out to hold."""

    good: int = 0
    bad: int = 0
    repeated: int = 0
    good_rows: list[AudienceRow] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ImportJob:
    """Does what people ordered by `Imports`."""

    store: Store
    media: MediaStore
    reader: ContactReader
    events: Events
    explain: Explain

    def run(self, import_id: UUID) -> None:
        """Do the next step of an import, unless somebody else does or nobody wants it any more."""
        work = self.store.imports.begin(import_id)
        if work is None:
            return
        log = _log.bind(import_id=str(import_id), step=work.status.value)
        try:
            if work.tries > MOST_TRIES:
                raise RuleViolation("import_interrupted")
            with self.media.local(file_key(work)) as path:
                self._do(work, path)
        except _Superseded:
            log.info("import given up")
        except RuleViolation as problem:
            self.store.imports.fail(work, problem.code, problem.params)
        except NotFound:
            self.store.imports.fail(work, "import_file_gone", {})
        self._announce(work)

    def _do(self, work: ContactImport, path: Path) -> None:
        if work.status is ImportStatus.CHECKING:
            self._check(work, path)
        else:
            self._import(work, path)

    def _check(self, work: ContactImport, path: Path) -> None:
        found = _Found()
        language = self.store.workspaces.get(work.workspace_id).language

        def reason(row: BadRow) -> str:
            return self.explain(language, row.code, row.params)

        sink = self.media.writer(rejects_key(work))
        sink.write(rejected.first_line(work.layout).encode())

        def batches() -> Iterator[ContactBatch]:
            for rows in self.reader.read(path, work.layout, work.columns, work.country):
                found.good += rows.good.count
                found.bad += len(rows.bad)
                found.repeated += rows.good.repeated
                found.good_rows += islice(rows.good.rows(), SAMPLE - len(found.good_rows))
                found.bad_rows += rows.bad[: BAD_SHOWN - len(found.bad_rows)]
                if rows.bad:
                    sink.write(rejected.lines(rows.bad, reason).encode())
                self._beat(work, rows.done)
                yield rows.good

        book = self.store.imports.compare(work.workspace_id, batches())
        sink.close()
        counts = Counts(
            found.good, found.bad, found.repeated, book.created, book.updated, book.unchanged
        )
        if not self.store.imports.checked(work, counts, found.good_rows, found.bad_rows):
            self._drop_rejects(work)
            raise _Superseded

    def _import(self, work: ContactImport, path: Path) -> None:
        def batches() -> Iterator[ContactBatch]:
            for rows in self.reader.read(path, work.layout, work.columns, work.country):
                self._beat(work, rows.done * _READING)
                yield rows.good

        def on_step(part: float) -> None:
            self._beat(work, _READING + part * (1 - _READING))

        if self.store.imports.commit(work, batches(), on_step):
            self.media.delete(file_key(work))

    def _drop_rejects(self, work: ContactImport) -> None:
        """Nobody waits for them, unless another job of the same import wrote them meanwhile."""
        now = self.store.imports.get(work.workspace_id, work.id)
        if now.status is ImportStatus.CANCELLED:
            self.media.delete(rejects_key(work))

    def _beat(self, work: ContactImport, part: float) -> None:
        """Say how far it got, and hear whether it is still wanted."""
        if not self.store.imports.beat(work, min(99, int(part * 100))):
            raise _Superseded
        self._announce(work)

    def _announce(self, work: ContactImport) -> None:
        self.events.publish(Changed(work.workspace_id, "import", work.id))


@dataclass(frozen=True, slots=True)
class ImportWatch:
    """Looks after imports whose job was lost; part of the reconciler."""

    store: Store
    queue: Queue
    events: Events
    clock: Clock = system_clock

    def run(self) -> int:
        """Ask again for jobs that died or never began; returns how many.

        A file over which jobs keep dying fails, so that a person hears of it.
        """
        lost = self.store.imports.unattended(self.clock(), _SILENT, _WAITING)
        for work in lost:
            if work.tries >= MOST_TRIES:
                self.store.imports.fail(work, "import_interrupted", {})
                self.events.publish(Changed(work.workspace_id, "import", work.id))
            else:
                self.queue.run_import(work.id, work.attempt)
        return len(lost)
