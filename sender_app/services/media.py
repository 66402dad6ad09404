"""Files that campaigns send: take one in, look at it, clear what nobody needs any more."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import structlog

from sender_app.domain.actor import Actor, Role
from sender_app.domain.media import Limits, Media, MediaKind, thumbnail_key
from sender_app.ports.media import MediaReader, MediaStore
from sender_app.ports.store import Store
from sender_app.services.clock import Clock, system_clock

_CLEAR_AT_ONCE = 500  # files
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MediaLibrary:
    """The workspace's files."""

    store: Store
    files: MediaStore
    reader: MediaReader
    limits: Limits
    kept_for: timedelta  # after a file was last used
    clock: Clock = system_clock

    def add(
        self, actor: Actor, path: Path, filename: str, wanted: MediaKind | None = None
    ) -> Media:
        """Take in the file at `path`, as `wanted` or else as what its content shows.

        Raises RuleViolation with the reason why it cannot be sent.
        """
        actor.require(Role.SENDER)
        file = self.reader.read(path, filename, wanted, self.limits)
        key = f"media/{actor.workspace_id}/{uuid4()}"
        self.files.put(key, file.content)
        if file.thumbnail:
            self.files.put(thumbnail_key(key), file.thumbnail)
        digest = hashlib.sha256(file.content).hexdigest()
        return self.store.media.add(actor.workspace_id, actor.user_id, file, digest, key)

    def get(self, actor: Actor, media_id: UUID) -> Media:
        """What is known of a file. Raises NotFound."""
        actor.require(Role.VIEWER)
        return self.store.media.get(actor.workspace_id, media_id)

    def find(self, actor: Actor, media_ids: Sequence[UUID]) -> Mapping[UUID, Media]:
        """Those of the files that are still there and the workspace's."""
        actor.require(Role.VIEWER)
        return self.store.media.find(actor.workspace_id, media_ids)

    def content(self, actor: Actor, media_id: UUID) -> tuple[Media, bytes]:
        """A file with its bytes. Raises NotFound."""
        media = self.get(actor, media_id)
        return media, self.files.get(media.storage_key)

    def thumbnail(self, actor: Actor, media_id: UUID) -> bytes:
        """A JPEG. Raises NotFound, also for files that have none."""
        return self.files.get(self.get(actor, media_id).thumbnail_key)

    def clear_unused(self) -> int:
        """Delete files that no campaign uses any more; returns how many. Runs as a job."""
        before = self.clock() - self.kept_for
        cleared = 0
        while expired := self.store.media.expire(before, _CLEAR_AT_ONCE):
            for media in expired:
                self.files.delete(media.storage_key)
                self.files.delete(media.thumbnail_key)
            self.store.media.forget([media.id for media in expired])
            cleared += len(expired)
        if cleared:
            _log.info("unused files deleted", count=cleared)
        return cleared
