"""What is known of uploaded files, in Redis."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sender_app.domain.content import from_config
from sender_app.domain.errors import NotFound
from sender_app.domain.media import Media, MediaKind, Prepared, Upload
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import of, place
from sender_app.stores.redis.rows import Row, at, compact, new_key
from sender_app.stores.redis.view import View

USED = "media:used"  # index of the installation: "workspace:media", by when it was last used
_OPEN = frozenset({"draft", "awaiting", "scheduled", "running", "paused"})  # campaigns


class RedisMedia:
    """See ports.store.media.MediaRecords."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def add(
        self, workspace_id: UUID, user_id: str, file: Prepared, sha256: str, storage_key: str
    ) -> Media:
        def work(tx: Transaction) -> Media:
            now, key = tx.now(), str(new_key())
            row = {
                "id": key,
                "user_id": user_id,
                "kind": file.kind.value,
                "mime": file.mime,
                "bytes": len(file.content),
                "sha256": sha256,
                "filename": file.filename,
                "duration": file.seconds,
                "width": file.width,
                "height": file.height,
                "waveform": file.waveform.hex(),
                "storage_key": storage_key,
                "has_thumbnail": bool(file.thumbnail),
                "used_at": now.isoformat(),
                "expired_at": None,
                "created_at": now.isoformat(),
            }
            tx.put(_media(workspace_id), key, row)
            tx.put(place("media"), key, {"workspace": workspace_id})
            tx.add(USED, f"{workspace_id}:{key}", score=now.timestamp())
            return _read(workspace_id, row)

        return self._database.transact(work)

    def get(self, workspace_id: UUID, media_id: UUID) -> Media:
        found = self.find(workspace_id, [media_id]).get(media_id)
        if found is None:
            raise NotFound("media", media_id)
        return found

    def find(self, workspace_id: UUID, media_ids: Sequence[UUID]) -> Mapping[UUID, Media]:
        found = _kept(self._database.view(), workspace_id, media_ids)
        return {UUID(row["id"]): _read(workspace_id, row) for row in found}

    def find_upload(self, account_id: UUID, media_id: UUID, since: datetime) -> Upload | None:
        view = self._database.view()
        where = view.row(place("media"), media_id)
        row = view.row(_uploads(where["workspace"], media_id), account_id) if where else None
        if row is None or at(row["uploaded_at"]) <= since:
            return None
        return Upload(
            url=row["url"],
            direct_path=row["direct_path"],
            media_key=bytes.fromhex(row["media_key"]),
            sha256=bytes.fromhex(row["sha256"]),
            enc_sha256=bytes.fromhex(row["enc_sha256"]),
            length=row["length"],
            at=at(row["uploaded_at"]),
        )

    def note_upload(self, account_id: UUID, media_id: UUID, upload: Upload) -> None:
        row = {
            "url": upload.url,
            "direct_path": upload.direct_path,
            "media_key": upload.media_key.hex(),
            "sha256": upload.sha256.hex(),
            "enc_sha256": upload.enc_sha256.hex(),
            "length": upload.length,
            "uploaded_at": upload.at,
        }

        def work(tx: Transaction) -> None:
            where = tx.row(place("media"), media_id)
            if where is None:
                raise NotFound("media", media_id)
            tx.put(_uploads(where["workspace"], media_id), account_id, row)

        self._database.transact(work)

    def expire(self, before: datetime, limit: int) -> Sequence[Media]:
        old = self._database.view().ranked(USED, high=before.timestamp())
        by_workspace: dict[str, list[str]] = {}
        for name, _ in old:
            workspace, media_id = name.split(":")
            by_workspace.setdefault(workspace, []).append(media_id)
        found: list[Media] = []
        for workspace, media_ids in by_workspace.items():
            if (more := limit - len(found)) <= 0:
                break
            found += self._database.transact(
                lambda tx, w=workspace, ids=media_ids, n=more: self._expire(tx, w, ids, before, n)
            )
        return found

    def _expire(
        self,
        tx: Transaction,
        workspace: str,
        media_ids: Sequence[str],
        before: datetime,
        limit: int,
    ) -> list[Media]:
        """A campaign that takes up a file changes its row, which is watched before the look at the
        campaigns: whoever comes second sees what the first did."""
        rows = compact(tx.rows(_media(workspace), media_ids))
        used = _used(self._database.view(), workspace, before)
        old = [row for row in rows if at(row["used_at"]) < before]
        gone = [row for row in old if row["expired_at"] or row["id"] not in used][:limit]
        for row in gone:
            row["expired_at"] = row["expired_at"] or tx.now().isoformat()
            tx.put(_media(workspace), row["id"], row)
        return [_read(UUID(workspace), row) for row in gone]

    def forget(self, media_ids: Sequence[UUID]) -> None:
        def work(tx: Transaction) -> None:
            places = tx.rows(place("media"), media_ids)
            for media_id, where in zip(media_ids, places, strict=True):
                row = tx.row(_media(where["workspace"]), media_id) if where else None
                if where and row and row["expired_at"]:
                    tx.remove(_media(where["workspace"]), media_id)
                    tx.remove(place("media"), media_id)
                    tx.drop(_uploads(where["workspace"], media_id))
                    tx.take_out(USED, f"{where['workspace']}:{media_id}")

        self._database.transact(work)


def use_media(
    tx: Transaction, workspace_id: UUID | str, media_config: Mapping[str, object]
) -> None:
    """Note that a campaign uses its files, in its transaction. Raises NotFound."""
    wanted = {attachment.media_id for attachment in from_config(("",), media_config).attachments}
    if not wanted:
        return
    rows = _kept(tx, workspace_id, list(wanted))
    if len(rows) != len(wanted):
        raise NotFound("media", ", ".join(map(str, wanted)))
    now = tx.now()
    for row in rows:
        tx.put(_media(workspace_id), row["id"], row | {"used_at": now.isoformat()})
        tx.add(USED, f"{workspace_id}:{row['id']}", score=now.timestamp())


def _media(workspace: UUID | str) -> str:
    return of(workspace, "media")


def _uploads(workspace: UUID | str, media_id: UUID | str) -> str:
    return of(workspace, "media", media_id, "uploads")


def _kept(view: View, workspace: UUID | str, media_ids: Sequence[object]) -> list[Row]:
    rows = compact(view.rows(_media(workspace), media_ids)) if media_ids else []
    return [row for row in rows if row["expired_at"] is None]


def _used(view: View, workspace: str, before: datetime) -> set[str]:
    """Files of campaigns that are not over, or that ended after `before`."""
    used: set[str] = set()
    for campaign in view.all(of(workspace, "campaigns")).values():
        ended = at(campaign.get("finished_at"))
        if campaign["status"] in _OPEN or (ended and ended > before):
            content = from_config(("",), campaign["media_config"])
            used |= {str(attachment.media_id) for attachment in content.attachments}
    return used


def _read(workspace_id: UUID, row: Mapping[str, Any]) -> Media:
    return Media(
        id=UUID(row["id"]),
        workspace_id=workspace_id,
        user_id=row["user_id"],
        kind=MediaKind(row["kind"]),
        mime=row["mime"],
        size=row["bytes"],
        sha256=row["sha256"],
        filename=row["filename"],
        duration=row["duration"],
        width=row["width"],
        height=row["height"],
        waveform=bytes.fromhex(row["waveform"]),
        storage_key=row["storage_key"],
        has_thumbnail=row["has_thumbnail"],
        created_at=at(row["created_at"]),
    )
