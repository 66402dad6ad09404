"""What a file is, by its content: libmagic says what it looks like, a decoder whether it is."""

import zipfile
from pathlib import Path

import pylibmagic  # noqa: F401 - brings libmagic, which `magic` then finds

import magic  # isort: skip

from sender_app.domain.errors import RuleViolation
from sender_app.domain.media import MediaKind

UNKNOWN = "application/octet-stream"  # perhaps sound without a header


def mime_of(path: Path) -> str:
    """The type that the content shows. Raises RuleViolation for an empty file."""
    mime = magic.from_file(str(path), mime=True)
    if mime in ("application/x-empty", "inode/x-empty"):
        raise RuleViolation("media_empty")
    return mime


def kind_of(mime: str) -> MediaKind:
    """How a file of this type is sent unless a person chose otherwise."""
    if mime.startswith("image/") and mime != "image/svg+xml":
        return MediaKind.IMAGE
    if mime.startswith("video/"):
        return MediaKind.VIDEO
    if mime.startswith("audio/") or mime in ("application/ogg", UNKNOWN):
        return MediaKind.VOICE
    return MediaKind.DOCUMENT


def refuse_hidden_archive(path: Path) -> None:
    """Raise RuleViolation when a file that is no archive can also be opened as one."""
    if zipfile.is_zipfile(path):
        raise RuleViolation("media_two_faced")
