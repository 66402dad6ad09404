"""What is known of uploaded files, in Postgres."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sender_app.domain.content import from_config
from sender_app.domain.errors import NotFound
from sender_app.domain.media import Media, MediaKind, Prepared, Upload
from sender_app.stores.postgres.engine import Cursor, Database

_ADD = """
INSERT INTO media (workspace_id, user_id, kind, mime, bytes, sha256, filename, duration, width,
  height, waveform, storage_key, has_thumbnail)
VALUES (%(workspace)s, %(user)s, %(kind)s, %(mime)s, %(bytes)s, %(sha256)s, %(filename)s,
  %(duration)s, %(width)s, %(height)s, %(waveform)s, %(storage_key)s, %(has_thumbnail)s)
RETURNING *
"""
# A campaign that takes a file up and the job that clears unused ones lock the same row: whoever
# comes second sees what the first did.
_USE = """
UPDATE media SET used_at = now()
WHERE workspace_id = %s AND id = ANY(%s) AND expired_at IS NULL
"""
_EXPIRE = """
UPDATE media m SET expired_at = coalesce(m.expired_at, now())
WHERE m.id IN (
  SELECT u.id FROM media u
  WHERE u.used_at < %(before)s AND (u.expired_at IS NOT NULL OR NOT EXISTS (
    SELECT FROM campaigns c
    WHERE c.workspace_id = u.workspace_id
      AND (c.status IN ('draft', 'awaiting', 'scheduled', 'running', 'paused')
        OR c.finished_at > %(before)s)
      AND c.media_config @> jsonb_build_object(
        'items', jsonb_build_array(jsonb_build_object('media_id', u.id::text)))))
  ORDER BY u.used_at LIMIT %(limit)s)
  AND m.used_at < %(before)s
RETURNING m.*
"""
_NOTE_UPLOAD = """
INSERT INTO media_uploads (account_id, media_id, url, direct_path, media_key, sha256, enc_sha256,
  length, uploaded_at)
VALUES (%(account)s, %(media)s, %(url)s, %(direct_path)s, %(media_key)s, %(sha256)s, %(enc_sha256)s,
  %(length)s, %(at)s)
ON CONFLICT (account_id, media_id) DO UPDATE SET
  url = EXCLUDED.url, direct_path = EXCLUDED.direct_path, media_key = EXCLUDED.media_key,
  sha256 = EXCLUDED.sha256, enc_sha256 = EXCLUDED.enc_sha256, length = EXCLUDED.length,
  uploaded_at = EXCLUDED.uploaded_at
"""


class PostgresMedia:
    """See ports.store.media.MediaRecords."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, workspace_id: UUID, user_id: str, file: Prepared, sha256: str, storage_key: str
    ) -> Media:
        with self._database.transaction() as cursor:
            cursor.execute(
                _ADD,
                {
                    "workspace": workspace_id,
                    "user": user_id,
                    "kind": file.kind.value,
                    "mime": file.mime,
                    "bytes": len(file.content),
                    "sha256": sha256,
                    "filename": file.filename,
                    "duration": file.seconds,
                    "width": file.width,
                    "height": file.height,
                    "waveform": file.waveform,
                    "storage_key": storage_key,
                    "has_thumbnail": bool(file.thumbnail),
                },
            )
            return _media(cursor.fetchone())

    def get(self, workspace_id: UUID, media_id: UUID) -> Media:
        found = self.find(workspace_id, [media_id]).get(media_id)
        if found is None:
            raise NotFound("media", media_id)
        return found

    def find(self, workspace_id: UUID, media_ids: Sequence[UUID]) -> Mapping[UUID, Media]:
        with self._database.transaction() as cursor:
            cursor.execute(
                "SELECT * FROM media"
                " WHERE id = ANY(%s) AND workspace_id = %s AND expired_at IS NULL",
                (list(media_ids), workspace_id),
            )
            return {row.id: _media(row) for row in cursor}

    def find_upload(self, account_id: UUID, media_id: UUID, since: datetime) -> Upload | None:
        with self._database.transaction() as cursor:
            row = cursor.execute(
                "SELECT * FROM media_uploads"
                " WHERE account_id = %s AND media_id = %s AND uploaded_at > %s",
                (account_id, media_id, since),
            ).fetchone()
        if row is None:
            return None
        return Upload(
            url=row.url,
            direct_path=row.direct_path,
            media_key=bytes(row.media_key),
            sha256=bytes(row.sha256),
            enc_sha256=bytes(row.enc_sha256),
            length=row.length,
            at=row.uploaded_at,
        )

    def note_upload(self, account_id: UUID, media_id: UUID, upload: Upload) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(
                _NOTE_UPLOAD,
                {
                    "account": account_id,
                    "media": media_id,
                    "url": upload.url,
                    "direct_path": upload.direct_path,
                    "media_key": upload.media_key,
                    "sha256": upload.sha256,
                    "enc_sha256": upload.enc_sha256,
                    "length": upload.length,
                    "at": upload.at,
                },
            )

    def expire(self, before: datetime, limit: int) -> Sequence[Media]:
        with self._database.transaction() as cursor:
            cursor.execute(_EXPIRE, {"before": before, "limit": limit})
            return [_media(row) for row in cursor]

    def forget(self, media_ids: Sequence[UUID]) -> None:
        with self._database.transaction() as cursor:
            cursor.execute(
                "DELETE FROM media WHERE id = ANY(%s) AND expired_at IS NOT NULL",
                (list(media_ids),),
            )


def use_media(cursor: Cursor, workspace_id: UUID, media_config: Mapping[str, object]) -> None:
    """Note that a campaign uses its files, in its transaction. Raises NotFound."""
    wanted = {attachment.media_id for attachment in from_config(("",), media_config).attachments}
    if wanted and cursor.execute(_USE, (workspace_id, list(wanted))).rowcount != len(wanted):
        raise NotFound("media", ", ".join(map(str, wanted)))


def _media(row: Any) -> Media:
    return Media(
        id=row.id,
        workspace_id=row.workspace_id,
        user_id=row.user_id,
        kind=MediaKind(row.kind),
        mime=row.mime,
        size=row.bytes,
        sha256=row.sha256,
        filename=row.filename,
        duration=row.duration,
        width=row.width,
        height=row.height,
        waveform=bytes(row.waveform),
        storage_key=row.storage_key,
        has_thumbnail=row.has_thumbnail,
        created_at=row.created_at,
    )
