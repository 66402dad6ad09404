"""Files of campaigns on their way to WhatsApp: each uploaded once, then named in every message."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason
from sender_app.domain.errors import NotFound, StorageUnavailable, Unavailable
from sender_app.domain.media import Media, Upload
from sender_app.ports.media import MediaStore
from sender_app.ports.whatsapp import Connection, OutgoingFile
from sender_app.services.serving.desk import Desk

FRESH = timedelta(days=3)  # WhatsApp keeps a file for some weeks, phones may fetch it late
_BACKOFF = (2, 5, 15, 30)  # seconds before the second, third … try; then the campaign is paused
_TICK = 0.5  # seconds between two looks at orders while a file goes up
_log = structlog.get_logger()


class _Interrupted(Exception):
    """The process shall end."""


@dataclass(slots=True)
class Uploads:
    """The files that one account sends over one connection."""

    desk: Desk
    connection: Connection
    files: MediaStore
    hear: Callable[[], None]  # takes in receipts and replies while a file goes up
    _ready: dict[UUID, OutgoingFile] = field(default_factory=dict)
    _tries: dict[UUID, int] = field(default_factory=dict)  # by campaign, without success
    _retry_at: dict[UUID, datetime] = field(default_factory=dict)  # by campaign

    @property
    def next_try(self) -> datetime | None:
        """When a campaign that waits for its files is tried again."""
        return min(self._retry_at.values(), default=None)

    def forget_others(self, running: Iterable[UUID]) -> None:
        """Nothing is tried again for campaigns that are not `running`."""
        for campaign_id in self._retry_at.keys() - set(running):
            self._forget(campaign_id)

    def files_of(self, campaign: Campaign) -> Mapping[UUID, OutgoingFile] | None:
        """The campaign's files, all of them uploaded; None when they cannot be now.

        Then it is tried again at `next_try`, and after some tries, or at once when a file is gone,
        the campaign is paused. Blocks while a file goes up, hearing meanwhile. Raises LeaseLost.
        """
        wanted = {attachment.media_id for attachment in campaign.content.attachments}
        if not wanted:
            return {}
        if self._retry_at.get(campaign.id, self.desk.now()) > self.desk.now():
            return None
        try:
            found = {media_id: self._file(media_id) for media_id in wanted}
        except _Interrupted:
            return None
        except NotFound as error:
            self._pause(campaign, str(error))
            return None
        except (Unavailable, StorageUnavailable) as error:
            self._failed(campaign, error)
            return None
        self._forget(campaign.id)
        return found

    def _file(self, media_id: UUID) -> OutgoingFile:
        since = self.desk.now() - FRESH
        ready = self._ready.get(media_id)
        if ready is not None and ready.upload.at > since:
            return ready
        workspace_id = self.desk.account.workspace_id
        media = self.desk.store.media.find(workspace_id, [media_id]).get(media_id)
        if media is None:
            raise NotFound("media", media_id)
        account = self.desk.account.id
        upload = self.desk.store.media.find_upload(account, media_id, since)
        if upload is None:
            upload = self._uploaded(media)
            self.desk.store.media.note_upload(account, media_id, upload)
        self._ready[media_id] = self._outgoing(media, upload)
        return self._ready[media_id]

    def _uploaded(self, media: Media) -> Upload:
        """Upload in a thread of its own, so that the account goes on hearing."""
        began = time.monotonic()
        upload: Future[Upload] = Future()

        def run() -> None:
            try:
                content = self.files.get(media.storage_key)
                upload.set_result(self.connection.upload(media.kind, content))
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                upload.set_exception(error)

        threading.Thread(target=run, name="upload", daemon=True).start()
        while not wait([upload], timeout=_TICK).done:
            self.desk.keeper.guard()
            if self.desk.stop.is_set():
                raise _Interrupted
            if time.monotonic() - began > self.desk.timings.upload.total_seconds():
                raise Unavailable("the upload takes too long")
            self.hear()
        seconds = round(time.monotonic() - began, 2)
        done = upload.result()
        _log.info("uploaded", media_id=str(media.id), bytes=media.size, seconds=seconds)
        return done

    def _outgoing(self, media: Media, upload: Upload) -> OutgoingFile:
        return OutgoingFile(
            kind=media.kind,
            mime=media.mime,
            filename=media.filename,
            upload=upload,
            thumbnail=self.files.get(media.thumbnail_key) if media.has_thumbnail else b"",
            seconds=media.duration,
            width=media.width,
            height=media.height,
            waveform=media.waveform,
        )

    def _failed(self, campaign: Campaign, error: Exception) -> None:
        tries = self._tries.get(campaign.id, 0)
        _log.warning("not uploaded", campaign_id=str(campaign.id), tries=tries, error=str(error))
        if tries >= len(_BACKOFF):
            self._pause(campaign, str(error))
            return
        if self.connection.is_ready():  # else it was the line, which mends itself
            self._tries[campaign.id] = tries + 1
        self._retry_at[campaign.id] = self.desk.now() + timedelta(seconds=_BACKOFF[tries])

    def _pause(self, campaign: Campaign, detail: str) -> None:
        running = frozenset({CampaignStatus.RUNNING})
        self.desk.keeper.guard()
        self.desk.store.campaigns.move(
            campaign.id, running, CampaignStatus.PAUSED, PauseReason.MEDIA
        )
        _log.warning("campaign paused", campaign_id=str(campaign.id), detail=detail)
        self._forget(campaign.id)
        self.desk.announce_campaigns(campaign.id)

    def _forget(self, campaign_id: UUID) -> None:
        self._tries.pop(campaign_id, None)
        self._retry_at.pop(campaign_id, None)
