"""What one recipient of a campaign gets: one message, or several in order (its parts)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sender_app.domain import template as templates
from sender_app.domain.errors import RuleViolation
from sender_app.domain.media import TAKES_CAPTION, MediaKind
from sender_app.domain.template import Fields, Message, message_of

MAX_ATTACHMENTS = 10
MAX_CAPTION = 1024  # characters, as in WhatsApp's own clients
Write = Callable[[Fields, bytes], str]  # of a person's fields and key


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a campaign, at its place in the order; the caption may hold placeholders."""

    media_id: UUID
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One WhatsApp message of several: texts, of which each person gets one, a file, or both."""

    texts: tuple[str, ...]
    media_id: UUID | None = None

    @property
    def message(self) -> Message:
        """The texts, read; raises RuleViolation where one cannot be read."""
        return message_of(self.texts)

    @property
    def write(self) -> Write:
        """What gives the text, or a file's caption, for one recipient; see Message.render."""
        if self.media_id is not None and not self.texts[0].strip():
            return _no_caption
        return self.message.render


@dataclass(frozen=True, slots=True)
class Content:
    """A campaign's texts, of which each person gets one, and its files."""

    texts: tuple[str, ...]
    attachments: tuple[Attachment, ...] = ()
    text_as_caption: bool = False  # the text is the caption of the first file

    @property
    def parts(self) -> tuple[Part, ...]:
        """The messages that each recipient gets, in order.

        How many there are, and which file is where, depends on the campaign alone, never on the
        recipient: the ledger names a part by its place, also after a crash.
        """
        files = [Part((file.caption,), file.media_id) for file in self.attachments]
        if not files:
            return (Part(self.texts),)
        if self.text_as_caption:
            files[0] = Part(self.texts, files[0].media_id)
        elif self.texts[0].strip():
            files.insert(0, Part(self.texts))
        return tuple(files)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names used in any part, in lower case, each once, in order of appearance."""
        names = (name for part in self.parts for name in part.message.placeholders)
        return tuple(dict.fromkeys(names))

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the fields that everybody needs a value of, in any part."""
        names = (name for part in self.parts for name in part.message.required)
        return tuple(dict.fromkeys(names))

    @property
    def agrees(self) -> bool:
        """See Message.agrees; of any part."""
        return any(part.message.agrees for part in self.parts)

    def missing(self, fields: Fields) -> tuple[str, ...]:
        """What any part has no value or fallback for; see Message.missing."""
        names = (name for part in self.parts for name in part.message.missing(fields))
        return tuple(dict.fromkeys(names))

    def to_config(self) -> dict[str, Any]:
        """As `campaigns.media_config` keeps it, beside the texts; empty without files."""
        if not self.attachments:
            return {}
        items = [{"media_id": str(a.media_id), "caption": a.caption} for a in self.attachments]
        return {"items": items, "text": "caption" if self.text_as_caption else "message"}


def from_config(texts: Sequence[str], config: Mapping[str, Any]) -> Content:
    """The content of a stored campaign."""
    files = tuple(
        Attachment(UUID(item["media_id"]), item["caption"]) for item in config.get("items", ())
    )
    return Content(tuple(texts), files, config.get("text") == "caption")


def arranged(
    texts: Sequence[str], attachments: Sequence[Attachment], kinds: Mapping[UUID, MediaKind]
) -> Content:
    """Content as it is written, fit to be sent or not; `kinds` says what each file is.

    The text becomes the caption of the first file when that file can have one, has none of its
    own and no variant is longer than a caption; else it is a message of its own, before the files.
    """
    if not attachments:
        return Content(tuple(texts))
    first = attachments[0]
    kind = kinds.get(first.media_id, MediaKind.VOICE)
    as_caption = goes_as_caption(texts, kind, first.caption)
    return Content(tuple(texts), tuple(attachments), as_caption)


def checked(
    texts: Sequence[str], attachments: Sequence[Attachment], kinds: Mapping[UUID, MediaKind]
) -> Content:
    """Content fit to be sent, see `arranged`. Raises RuleViolation, also for texts that cannot be
    read. Without files there must be a text."""
    if not attachments or any(text.strip() for text in texts):
        templates.checked_message(texts)
    if len(attachments) > MAX_ATTACHMENTS:
        raise RuleViolation("too_many_attachments", limit=MAX_ATTACHMENTS)
    for file in attachments:
        if len(file.caption) > MAX_CAPTION:
            raise RuleViolation("caption_too_long", length=len(file.caption), limit=MAX_CAPTION)
        if file.caption.strip() and kinds[file.media_id] not in TAKES_CAPTION:
            raise RuleViolation("caption_not_possible")
        message_of((file.caption,))
    return arranged(texts, attachments, kinds)


def goes_as_caption(texts: Sequence[str], kind: MediaKind, caption: str) -> bool:
    """Whether a campaign's text goes with its first file, which has this kind and caption."""
    free = kind in TAKES_CAPTION and not caption.strip()
    return free and all(text.strip() and len(text) <= MAX_CAPTION for text in texts)


def _no_caption(_fields: Fields, _key: bytes) -> str:
    return ""
