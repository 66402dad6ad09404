"""Messages: one to five texts with placeholders, of which each person gets one, filled in.

Which text, and which of a text's choices, follows from the campaign and the person's phone alone:
a retry or a recovery renders the same, a preview shows what will be sent, and what somebody got
can be told afterwards.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from sender_app.domain.errors import RuleViolation
from sender_app.domain.template_syntax import Agreement, Choice, Mark, Part, parse

MAX_LENGTH = 4096  # characters; the longest text that a WhatsApp client shows unfolded is far below
MAX_VARIANTS = 5
Fields = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Template:
    """A text with marks (see template_syntax); raises RuleViolation for one that cannot be read."""

    text: str
    parts: tuple[Part, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", parse(self.text))

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names of the fields used, in lower case, each once, in order of appearance."""
        return tuple(dict.fromkeys(mark.name for mark in _marks(self.parts)))

    def missing(self, fields: Fields) -> tuple[str, ...]:
        """What `fields` (keys in lower case) leaves unknown or blank without a fallback, whatever
        the choices."""
        holes = (mark.label for mark in _marks(self.parts) if mark.value(fields) is None)
        return tuple(dict.fromkeys(holes))

    def render(self, fields: Fields, key: bytes = b"") -> str:
        """The message for one recipient, whose `key` makes the choices.

        Raises RuleViolation("placeholder_empty", names=…) rather than send a hole.
        """
        written: list[str] = []
        holes: list[str] = []
        _write(self.parts, fields, key, written, holes)
        if holes:
            raise RuleViolation("placeholder_empty", names=", ".join(dict.fromkeys(holes)))
        return "".join(written)


@dataclass(frozen=True, slots=True)
class Message:
    """The texts of a campaign, read."""

    variants: tuple[Template, ...]

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names of the fields used by any variant, each once."""
        return tuple(dict.fromkeys(name for one in self.variants for name in one.placeholders))

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the fields that everybody needs a value of: those without a fallback."""
        marks = (mark for one in self.variants for mark in _marks(one.parts))
        return tuple(dict.fromkeys(m.name for m in marks if m.fallback is None))

    @property
    def agrees(self) -> bool:
        """Whether anything agrees with a treatment, and has no fallback where it says neither."""
        marks = (mark for one in self.variants for mark in _marks(one.parts))
        return any(isinstance(mark, Agreement) and mark.fallback is None for mark in marks)

    def variant_of(self, key: bytes) -> int:
        """The index of the variant that the person of `key` gets."""
        return _draw(key, 0, len(self.variants)) if len(self.variants) > 1 else 0

    def missing(self, fields: Fields) -> tuple[str, ...]:
        """See Template.missing; for any of the variants."""
        return tuple(dict.fromkeys(hole for one in self.variants for hole in one.missing(fields)))

    def render(self, fields: Fields, key: bytes) -> str:
        """The message for one recipient; raises RuleViolation("placeholder_empty") rather than send
        a hole, and "message_blank" rather than nothing."""
        text = self.variants[self.variant_of(key)].render(fields, key)
        if not text.strip():
            raise RuleViolation("message_blank")
        return text


@lru_cache(maxsize=64)
def message_of(texts: tuple[str, ...]) -> Message:
    """The message of these texts, read once; raises RuleViolation for one that cannot be read."""
    return Message(tuple(Template(text) for text in texts))


def recipient_key(campaign_id: UUID, phone: str) -> bytes:
    """What a person's variant and choices follow from: a campaign has each phone once."""
    return campaign_id.bytes + phone.encode()


def checked(text: str) -> Template:
    """A template fit to be sent; raises RuleViolation naming what is wrong with `text`."""
    if not text.strip():
        raise RuleViolation("template_blank")
    if len(text) > MAX_LENGTH:
        raise RuleViolation("template_too_long", length=len(text), limit=MAX_LENGTH)
    return Template(text)


def checked_message(texts: Sequence[str]) -> Message:
    """A message of 1 to MAX_VARIANTS texts, each of them fit to be sent; raises RuleViolation."""
    if len(texts) > MAX_VARIANTS:
        raise RuleViolation("too_many_variants", limit=MAX_VARIANTS)
    if not texts:
        raise RuleViolation("template_blank")
    return Message(tuple(checked(text) for text in texts))


def _write(
    parts: tuple[Part, ...], fields: Fields, key: bytes, written: list[str], holes: list[str]
) -> None:
    for part in parts:
        if isinstance(part, str):
            written.append(part)
        elif isinstance(part, Choice):
            chosen = part.options[_draw(key, part.n, len(part.options))]
            _write(chosen, fields, key, written, holes)
        elif (value := part.value(fields)) is not None:
            written.append(value)
        else:
            holes.append(part.label)


def _marks(parts: tuple[Part, ...]) -> list[Mark]:
    found: list[Mark] = []
    for part in parts:
        if isinstance(part, Choice):
            found += [mark for option in part.options for mark in _marks(option)]
        elif not isinstance(part, str):
            found.append(part)
    return found


def _draw(key: bytes, n: int, of: int) -> int:
    """The `n`-th draw of a person: evenly one of 0 … `of` - 1, the same at every asking."""
    digest = hashlib.blake2b(key, digest_size=8, salt=n.to_bytes(4, "big")).digest()
    return int.from_bytes(digest, "big") % of
