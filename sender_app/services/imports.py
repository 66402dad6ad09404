"""Files of contacts: check one and show what is in it, before anything is sent."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sender_app.domain import contact_file
from sender_app.domain.actor import Actor, Role
from sender_app.domain.audience import AudienceRow, BadRow
from sender_app.domain.contact_file import ContactFile
from sender_app.domain.errors import RuleViolation
from sender_app.ports.media import MediaStore
from sender_app.ports.store import Store

LARGEST = 20 * 1024 * 1024  # bytes
SAMPLE = 50  # rows shown in the preview


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What a file holds; `file_id` names it when the campaign is sent."""

    file_id: UUID
    filename: str
    good: int
    bad: list[BadRow]
    sample: list[AudienceRow]
    duplicates: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imports:
    """Files of contacts."""

    store: Store
    media: MediaStore

    def check_file(self, actor: Actor, filename: str, content: bytes) -> FileCheck:
        """Keep the file and say what is in it: good rows counted, every bad one with its reason.

        Raises RuleViolation when it is too large or holds no table of contacts.
        """
        actor.require(Role.SENDER)
        if len(content) > LARGEST:
            raise RuleViolation("file_too_large", limit_mb=LARGEST // 1024 // 1024)
        found = self._read(actor, content)
        file_id = uuid4()
        self.media.put(_key(actor, file_id), content)
        return FileCheck(
            file_id,
            filename,
            len(found.good),
            found.bad,
            found.good[:SAMPLE],
            found.duplicates,
            found.columns,
        )

    def rows(self, actor: Actor, file_id: UUID) -> ContactFile:
        """The rows of a file checked before. Raises NotFound."""
        actor.require(Role.SENDER)
        return self._read(actor, self.media.get(_key(actor, file_id)))

    def _read(self, actor: Actor, content: bytes) -> ContactFile:
        country = self.store.workspaces.get(actor.workspace_id).default_country
        return contact_file.read(content, country)


def _key(actor: Actor, file_id: UUID) -> str:
    return f"imports/{actor.workspace_id}/{file_id}"
