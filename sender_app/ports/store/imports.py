"""Files of contacts on their way into the address book."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sender_app.domain.audience import AudienceRow, BadRow
from sender_app.domain.contact_import import ContactImport, Counts, ImportStatus, Layout
from sender_app.ports.contact_reader import ContactBatch


@dataclass(frozen=True, slots=True)
class NewImport:
    """A file of contacts that was kept, and what it looks like."""

    id: UUID
    filename: str
    size: int  # bytes
    country: str  # whose way of dialling its phones are read by
    layout: Layout


class ImportStore(Protocol):
    """Files of contacts on their way into the address book.

    What a job writes is fenced by the attempt that it began: once a person cancelled, or another
    job took over, it writes nothing any more and hears False.
    """

    def create(self, workspace_id: UUID, user_id: str, new: NewImport) -> ContactImport:
        """A file that was kept, READY."""
        ...

    def get(self, workspace_id: UUID, import_id: UUID) -> ContactImport:
        """Raises NotFound."""
        ...

    def find_latest(self, workspace_id: UUID, user_id: str) -> ContactImport | None:
        """The person's newest import that was neither cancelled nor dismissed."""
        ...

    def dismiss(self, import_id: UUID) -> None:
        """The person has seen how it ended."""
        ...

    def move(
        self,
        import_id: UUID,
        sources: frozenset[ImportStatus],
        target: ImportStatus,
        columns: Sequence[str] | None = None,
    ) -> ContactImport | None:
        """Change the status if it is one of `sources`; None when it was not."""
        ...

    def begin(self, import_id: UUID) -> ContactImport | None:
        """A job takes the import up; None when there is nothing to do or another job is at it."""
        ...

    def beat(self, work: ContactImport, progress: int) -> bool:
        """A sign of life of the job, with the percent of its work that is done."""
        ...

    def checked(
        self,
        work: ContactImport,
        counts: Counts,
        good: Sequence[AudienceRow],
        bad: Sequence[BadRow],
    ) -> bool:
        """The file was read through; `good` and `bad` are the first of its rows."""
        ...

    def fail(self, work: ContactImport, code: str, params: dict[str, object]) -> bool:
        """It cannot be done; `code` and `params` as in RuleViolation."""
        ...

    def compare(self, workspace_id: UUID, batches: Iterable[ContactBatch]) -> Counts:
        """What the rows would do to the address book; changes nothing."""
        ...

    def commit(
        self,
        work: ContactImport,
        batches: Iterable[ContactBatch],
        on_step: Callable[[float], None],
    ) -> bool:
        """Bring the rows into the address book and call the import DONE, as one.

        `on_step` hears which part is written (0 to 1); what it or `batches` raises, or a False,
        leaves everything as it was.
        """
        ...

    def release(self, import_id: UUID) -> None:
        """Its job is known to be dead: another may begin."""
        ...

    def unattended(
        self, now: datetime, silent: timedelta, waiting: timedelta
    ) -> Sequence[ContactImport]:
        """Imports whose job gave no sign of life for `silent`, or did not begin for `waiting`.

        They are released; each is returned once in `waiting`.
        """
        ...
