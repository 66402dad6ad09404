"""Files of contacts, as a person deals with them: keep, map the columns, check, import."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid4

from sender_app.domain import columns as rules
from sender_app.domain import contact_import
from sender_app.domain.actor import Actor, Role
from sender_app.domain.audience import AudienceRow, BadRow, folded
from sender_app.domain.columns import KNOWN
from sender_app.domain.contact_import import BUSY, ContactImport, Layout
from sender_app.domain.errors import RuleViolation
from sender_app.ports.contact_reader import ContactBatch, ContactReader
from sender_app.ports.events import Changed, Events
from sender_app.ports.media import MediaStore, Sink
from sender_app.ports.queue import Queue
from sender_app.ports.store import Store
from sender_app.ports.store.imports import NewImport

LARGEST = 200 * 1024 * 1024  # bytes of a file that is imported in the background
LARGEST_AT_ONCE = 20 * 1024 * 1024  # bytes of a file that is read while somebody waits
_BLOCK = 256 * 1024
SAMPLE = 50  # rows shown in the preview
BAD_SHOWN = 500  # bad rows kept for paging; the file of rejected rows has all


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What a file holds; `file_id` names it when the campaign is sent."""

    file_id: UUID
    filename: str
    good: int  # people; a phone counts once
    bad_count: int
    bad: list[BadRow]  # the first of them
    sample: list[AudienceRow]
    duplicates: int  # good rows merged into another of the same phone
    columns: tuple[str, ...]  # placeholders that the file fills


@dataclass(frozen=True, slots=True)
class Audience:
    """The people of a checked file: placeholders that it fills, and its rows."""

    columns: tuple[str, ...]
    batches: Iterator[ContactBatch]

    def rows(self) -> list[AudienceRow]:
        """Everybody, in memory; a phone comes once."""
        return folded(row for batch in self.batches for row in batch.rows())


@dataclass(slots=True)
class Upload:
    """A file on its way in, written piece by piece."""

    id: UUID
    key: str
    filename: str
    sink: Sink
    size: int = field(default=0)

    def write(self, block: bytes) -> None:
        """Take the next piece; raises RuleViolation once it is too much."""
        self.size += len(block)
        if self.size > LARGEST:
            raise _too_large(LARGEST)
        self.sink.write(block)


@dataclass(frozen=True, slots=True)
class Imports:
    """Files of contacts."""

    store: Store
    media: MediaStore
    reader: ContactReader
    queue: Queue
    events: Events

    # A file for one campaign, read while the person waits.

    def check_file(self, actor: Actor, filename: str, content: bytes) -> FileCheck:
        """Keep the file and say what is in it: good rows counted, bad ones with their reason.

        Raises RuleViolation when it is too large or holds no table of contacts.
        """
        actor.require(Role.SENDER)
        if len(content) > LARGEST_AT_ONCE:
            raise _too_large(LARGEST_AT_ONCE)
        file_id = uuid4()
        self.media.put(_key(actor, file_id), content)
        try:
            return self.check_again(actor, file_id, filename)
        except RuleViolation:
            self.media.delete(_key(actor, file_id))
            raise

    def check_again(self, actor: Actor, file_id: UUID, filename: str) -> FileCheck:
        """What is in a file kept before. Raises NotFound."""
        actor.require(Role.SENDER)
        good = bad_count = repeated = 0
        bad: list[BadRow] = []
        sample: list[AudienceRow] = []
        with self.media.local(_key(actor, file_id)) as path:
            layout = self._layout(path)
            for rows in self.reader.read(path, layout, layout.columns, self._country(actor)):
                good += rows.good.count
                repeated += rows.good.repeated
                bad_count += len(rows.bad)
                bad += rows.bad[: BAD_SHOWN - len(bad)]
                sample += islice(rows.good.rows(), SAMPLE - len(sample))
        columns = tuple(name for name in layout.columns if name)
        return FileCheck(
            file_id, filename, good - repeated, bad_count, bad, sample, repeated, columns
        )

    @contextmanager
    def audience(self, actor: Actor, file_id: UUID) -> Iterator[Audience]:
        """The people of a file checked before. Raises NotFound."""
        actor.require(Role.SENDER)
        with self.media.local(_key(actor, file_id)) as path:
            layout = self._layout(path)
            rows = self.reader.read(path, layout, layout.columns, self._country(actor))
            columns = tuple(dict.fromkeys([*KNOWN, *filter(None, layout.columns)]))
            yield Audience(columns, (one.good for one in rows))

    # A file for the address book, of any size, by a job.

    def open_upload(self, actor: Actor, filename: str) -> Upload:
        """Begin to keep a file. Give it to `keep` when all of it is written."""
        actor.require(Role.SENDER)
        import_id = uuid4()
        key = _key(actor, import_id)
        return Upload(import_id, key, filename[:200] or "contactos.csv", self.media.writer(key))

    def keep(self, actor: Actor, upload: Upload) -> ContactImport:
        """Look at the beginning of a file that was written, and wait for the person's word.

        Raises RuleViolation when it holds no table; then it is not kept.
        """
        actor.require(Role.SENDER)
        upload.sink.close()
        try:
            with self.media.local(upload.key) as path:
                layout = self.reader.detect(path)
        except RuleViolation:
            self.media.delete(upload.key)
            raise
        new = NewImport(upload.id, upload.filename, upload.size, self._country(actor), layout)
        return self.store.imports.create(actor.workspace_id, actor.user_id, new)

    def current(self, actor: Actor) -> ContactImport | None:
        """The import that the person is at, if any."""
        actor.require(Role.VIEWER)
        return self.store.imports.find_latest(actor.workspace_id, actor.user_id)

    def check(self, actor: Actor, import_id: UUID, columns: list[str]) -> ContactImport:
        """Read the file through with `columns` (see domain.columns), changing nothing.

        Raises NotFound, RuleViolation.
        """
        actor.require(Role.SENDER)
        return self._move(actor, "check", import_id, rules.checked(columns))

    def start(self, actor: Actor, import_id: UUID) -> ContactImport:
        """Bring a checked file into the address book. Raises NotFound, RuleViolation."""
        return self._move(actor, "start", import_id)

    def cancel(self, actor: Actor, import_id: UUID) -> None:
        """Nothing of the file is imported. Raises NotFound; RuleViolation when it is too late."""
        self._forget(self._move(actor, "cancel", import_id))

    def dismiss(self, actor: Actor, import_id: UUID) -> None:
        """The person has seen the end and is done with it. Raises NotFound."""
        actor.require(Role.SENDER)
        found = self.store.imports.get(actor.workspace_id, import_id)
        if found.status not in BUSY:
            self.store.imports.dismiss(import_id)
            self._forget(found)

    @contextmanager
    def rejected(self, actor: Actor, import_id: UUID) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Name and content of the file of rejected rows: mended, it can be imported again.

        Raises NotFound.
        """
        actor.require(Role.VIEWER)
        found = self.store.imports.get(actor.workspace_id, import_id)
        with self.media.local(rejects_key(found)) as path, path.open("rb") as file:
            stem = found.filename.rsplit(".", 1)[0]
            yield f"{stem}-{found.counts.bad}.csv", iter(lambda: file.read(_BLOCK), b"")

    def _move(
        self, actor: Actor, move: str, import_id: UUID, columns: tuple[str, ...] | None = None
    ) -> ContactImport:
        actor.require(Role.SENDER)
        found = self.store.imports.get(actor.workspace_id, import_id)
        target = contact_import.after(move, found.status)
        moved = self.store.imports.move(import_id, contact_import.sources(move), target, columns)
        if moved is None:
            raise RuleViolation("import_move_refused")
        if target in BUSY:
            self.queue.run_import(moved.id, moved.attempt)
        self.events.publish(Changed(moved.workspace_id, "import", moved.id))
        return moved

    def _forget(self, found: ContactImport) -> None:
        self.media.delete(file_key(found))
        self.media.delete(rejects_key(found))

    def _layout(self, path: Path) -> Layout:
        layout = self.reader.detect(path)
        if "numero" not in layout.columns:
            named = ", ".join(name for name in layout.header if name)
            raise RuleViolation("file_no_phone_column", columns=named[:300])
        return layout

    def _country(self, actor: Actor) -> str:
        return self.store.workspaces.get(actor.workspace_id).default_country


def file_key(found: ContactImport) -> str:
    """Where the file is kept."""
    return f"imports/{found.workspace_id}/{found.id}"


def rejects_key(found: ContactImport) -> str:
    """Where its rejected rows are kept."""
    return f"{file_key(found)}.rejected.csv"


def _key(actor: Actor, file_id: UUID) -> str:
    return f"imports/{actor.workspace_id}/{file_id}"


def _too_large(limit: int) -> RuleViolation:
    return RuleViolation("file_too_large", limit_mb=limit // 1024 // 1024)
