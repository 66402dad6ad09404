"""The files of a message being written: taken in, captioned, put in order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.domain.content import MAX_ATTACHMENTS, Attachment, goes_as_caption
from sender_app.domain.media import TAKES_CAPTION, Media, MediaKind
from sender_app.states.access import handler, use
from sender_app.states.writing import shown


@dataclass(frozen=True)
class AttachmentView:
    """A file as the page shows it."""

    id: str = ""
    kind: str = ""
    filename: str = ""
    size: int = 0  # bytes
    lasts: str = ""  # how long sound and video are, as 1:05
    source: str = ""
    thumbnail: str = ""  # blank where there is none
    takes_caption: bool = False
    caption: str = ""
    shown_caption: str = ""  # filled in for the person in the preview


def attachment_view(media: Media, caption: str = "") -> AttachmentView:
    """A stored file for the browser."""
    source = f"/media/{media.id}"
    return AttachmentView(
        id=str(media.id),
        kind=media.kind.value,
        filename=media.filename,
        size=media.size,
        lasts=_clock(media.duration) if media.duration else "",
        source=source,
        thumbnail=f"{source}/thumbnail" if media.has_thumbnail else "",
        takes_caption=media.kind in TAKES_CAPTION,
        caption=caption,
        shown_caption=caption,
    )


class Attachments(rx.State, mixin=True):
    """The texts are Writing's, the person in view Preview's."""

    attachments: list[AttachmentView] = []

    @rx.var
    def room(self) -> int:
        """How many more files fit."""
        return MAX_ATTACHMENTS - len(self.attachments)

    @rx.var
    def text_is_caption(self) -> bool:
        """Whether the text goes with the first file."""
        if not self.attachments:
            return False
        first = self.attachments[0]
        return goes_as_caption(self.texts, MediaKind(first.kind), first.caption)

    @rx.var
    def shown_attachments(self) -> list[AttachmentView]:
        """The files with their captions as the person in the preview gets them."""
        return [replace(one, shown_caption=self._filled(one.caption)) for one in self.attachments]

    @rx.event
    @handler
    async def attach(self, media_id: str) -> Any:
        """A file was taken in: put it last."""
        wanted = UUID(media_id)
        media = await use(self, lambda services, actor: services.media.get(actor, wanted))
        if self.room > 0:
            self.attachments = [*self.attachments, attachment_view(media)]
            await self._written()

    @rx.event
    async def refuse_attachment(self, text: str) -> Any:
        """A file was not taken in; `text` says why."""
        return rx.toast.error(text) if text else None

    @rx.event
    @handler
    async def detach(self, index: int) -> Any:
        """Leave a file out."""
        self.attachments = [one for n, one in enumerate(self.attachments) if n != index]
        await self._written()

    @rx.event
    @handler
    async def move_attachment(self, index: int, by: int) -> Any:
        """Put a file before or behind its neighbour."""
        files, other = list(self.attachments), index + by
        if 0 <= index < len(files) and 0 <= other < len(files):
            files[index], files[other] = files[other], files[index]
            self.attachments = files
        await self._written()

    @rx.event
    @handler
    async def caption_attachment(self, index: int, text: str) -> Any:
        """A caption as typed."""
        self.attachments = [
            replace(one, caption=text) if n == index else one
            for n, one in enumerate(self.attachments)
        ]
        await self._written()

    async def _show_attachments(self, attachments: Sequence[Attachment]) -> None:
        """Those of a draft, as far as they are still there."""
        wanted = [one.media_id for one in attachments]
        found = await use(self, lambda s, actor: s.media.find(actor, wanted))
        self.attachments = [
            attachment_view(found[one.media_id], one.caption)
            for one in attachments
            if one.media_id in found
        ]

    def _filled_attachments(self) -> list[Attachment]:
        """The files with their captions as the person in view gets them."""
        return [
            replace(one, caption=self._filled(one.caption)) for one in self._chosen_attachments()
        ]

    def _chosen_attachments(self) -> list[Attachment]:
        """The files as a campaign takes them."""
        return [
            Attachment(UUID(one.id), one.caption if one.takes_caption else "")
            for one in self.attachments
        ]

    def _filled(self, caption: str) -> str:
        return shown(caption, self._person(), self._key())[0] if self.sample else caption


def _clock(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole // 60}:{whole % 60:02}"
