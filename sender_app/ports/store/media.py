"""What is known of uploaded files."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.domain.media import Media, Prepared, Upload


class MediaRecords(Protocol):
    """What is known of uploaded files; their bytes are in the media store."""

    def add(
        self, workspace_id: UUID, user_id: str, file: Prepared, sha256: str, storage_key: str
    ) -> Media:
        """Record a file whose bytes are stored already."""
        ...

    def get(self, workspace_id: UUID, media_id: UUID) -> Media:
        """Raises NotFound."""
        ...

    def find(self, workspace_id: UUID, media_ids: Sequence[UUID]) -> Mapping[UUID, Media]:
        """Those of the files that are still there and the workspace's."""
        ...

    def find_upload(self, account_id: UUID, media_id: UUID, since: datetime) -> Upload | None:
        """What the account uploaded to WhatsApp after `since`, to be sent again."""
        ...

    def note_upload(self, account_id: UUID, media_id: UUID, upload: Upload) -> None:
        """The account uploaded the file, again or for the first time."""
        ...

    def expire(self, before: datetime, limit: int) -> Sequence[Media]:
        """Files that nobody will send any more: not used after `before`, nor by a campaign that is
        a draft, scheduled, running or paused, or that ended after `before`.

        From now on `get` and `find` know nothing of them. The same files come again until
        `forget`, so that a deletion that failed is repeated.
        """
        ...

    def forget(self, media_ids: Sequence[UUID]) -> None:
        """Their bytes are deleted."""
        ...
