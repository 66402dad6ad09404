"""Message templates: placeholders such as `{nombre}` filled from a recipient's fields."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sender_app.domain.errors import RuleViolation

MAX_LENGTH = 4096  # characters; the longest text that a WhatsApp client shows unfolded is far below
_PLACEHOLDER = re.compile(r"\{([^{}\s|]+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A text with `{placeholder}` marks; names are compared without regard to case."""

    text: str

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names used, in lower case, each once, in order of appearance."""
        return tuple(dict.fromkeys(name.lower() for name in _PLACEHOLDER.findall(self.text)))

    def missing(self, fields: Mapping[str, str | None]) -> tuple[str, ...]:
        """Placeholders that `fields` (keys in lower case) leaves unknown or blank."""
        return tuple(name for name in self.placeholders if not (fields.get(name) or "").strip())

    def render(self, fields: Mapping[str, str | None]) -> str:
        """The message for one recipient.

        Raises RuleViolation("placeholder_empty", names=…) rather than send a hole.
        """
        holes = self.missing(fields)
        if holes:
            raise RuleViolation("placeholder_empty", names=", ".join(holes))
        return _PLACEHOLDER.sub(lambda match: fields[match[1].lower()] or "", self.text)


def checked(text: str) -> Template:
    """A template fit to be sent; raises RuleViolation naming what is wrong with `text`."""
    if not text.strip():
        raise RuleViolation("template_blank")
    if len(text) > MAX_LENGTH:
        raise RuleViolation("template_too_long", length=len(text), limit=MAX_LENGTH)
    return Template(text)
