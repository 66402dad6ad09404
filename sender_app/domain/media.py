"""Files that campaigns send: what kinds there are, and how large each may be."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class MediaKind(StrEnum):
    """How WhatsApp shows a file."""

    IMAGE = "image"  # a picture in the chat, with a caption
    VIDEO = "video"  # plays in the chat, with a caption
    VOICE = "voice"  # a voice note: ogg/opus, without a caption
    DOCUMENT = "document"  # a file to open or keep, as it is, with a caption


TAKES_CAPTION = frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.DOCUMENT})


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes that a file of each kind may have, before and after it is made ready."""

    image: int
    video: int
    voice: int
    document: int

    def of(self, kind: MediaKind) -> int:
        """The limit of one kind."""
        return getattr(self, kind.value)

    @property
    def largest(self) -> int:
        """What no file may exceed."""
        return max(self.image, self.video, self.voice, self.document)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file made ready for WhatsApp: sniffed, decoded, cleaned, with what a phone shows of it."""

    kind: MediaKind
    mime: str
    filename: str
    content: bytes
    thumbnail: bytes = b""  # JPEG; empty where there is nothing to see
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    waveform: bytes = b""  # 64 loudnesses of a voice note, 0–100


@dataclass(frozen=True, slots=True)
class Media:
    """A stored file of a workspace; its bytes are in the media store under `storage_key`."""

    id: UUID
    workspace_id: UUID
    user_id: str
    kind: MediaKind
    mime: str
    size: int  # bytes
    sha256: str  # hex
    filename: str
    duration: float | None  # seconds
    width: int | None
    height: int | None
    waveform: bytes
    storage_key: str
    has_thumbnail: bool
    created_at: datetime

    @property
    def thumbnail_key(self) -> str:
        """Where the media store has its JPEG thumbnail."""
        return thumbnail_key(self.storage_key)


@dataclass(frozen=True, slots=True)
class Upload:
    """Where WhatsApp keeps an encrypted file, and the keys to it; the same for every recipient."""

    url: str
    direct_path: str
    media_key: bytes
    sha256: bytes
    enc_sha256: bytes
    length: int
    at: datetime


def thumbnail_key(storage_key: str) -> str:
    """The key of the thumbnail that belongs to a file."""
    return f"{storage_key}.jpg"
