r"""The syntax of messages, read once into parts.

    {nombre}              the person's value
    {nombre|cliente}      … or this text where there is none
    {estimado/a}          agrees with the person's treatment (see domain/treatment.py)
    {{hola|buenas}}       one of these, chosen for each person; may hold the marks above
    \{  \}  \|            the sign itself; a backslash before a sign is written \\

Anything else is plain text. What is wrong is refused with its place; nothing is guessed or dropped.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from unicodedata import combining, normalize

from sender_app.domain.errors import RuleViolation
from sender_app.domain.treatment import Gender, feminine, gender_of

TREATMENT = "sustantivo"  # the field that agreement looks at
_SIGNS = "{}|"
_ESCAPED = re.compile(r"(\\+)([{}|])")
_NEAR = 24  # characters of the text shown with an error


@dataclass(frozen=True, slots=True)
class Field:
    """`{name}` or `{name|fallback}`; `name` is the key of a field, see `key_of`."""

    name: str
    fallback: str | None

    @property
    def label(self) -> str:
        """What is missing when there is no value."""
        return self.name

    def value(self, fields: Mapping[str, str | None]) -> str | None:
        """The person's value or the fallback; None is a hole."""
        value = fields.get(self.name)
        return value if value and value.strip() else self.fallback


@dataclass(frozen=True, slots=True)
class Agreement:
    """`{masculine/feminine}`, both forms spelt out, perhaps with a fallback."""

    masculine: str
    feminine: str
    fallback: str | None
    name: str = TREATMENT

    @property
    def label(self) -> str:
        """What is missing when the treatment says neither."""
        return f"{self.name} ({self.masculine}/{self.feminine})"

    def value(self, fields: Mapping[str, str | None]) -> str | None:
        """The form that agrees, or the fallback; None is a hole."""
        match gender_of(fields.get(self.name) or ""):
            case Gender.MASCULINE:
                return self.masculine
            case Gender.FEMININE:
                return self.feminine
        return self.fallback


@dataclass(frozen=True, slots=True)
class Choice:
    """`{{one|other}}`, the `n`-th of the text, from 1."""

    n: int
    options: tuple[tuple["Part", ...], ...]


Mark = Field | Agreement
Part = str | Mark | Choice


def parse(text: str) -> tuple[Part, ...]:
    """The parts of `text`.

    Raises RuleViolation with `line` and `column` (from 1) and `near`, the text found there:
    template_unclosed, template_stray_brace, template_nested, template_name_blank,
    template_second_bar, template_choice_single, template_agreement_blank.
    """
    return _Reader(text).read()


def key_of(name: str) -> str:
    """The field that `name` means: `{Fecha de pago}` is `fecha_de_pago`, `{Número}` is `numero`."""
    letters = normalize("NFKD", name.lower())
    plain = "".join(letter for letter in letters if not combining(letter))
    return "_".join(re.findall(r"[^\W_]+", plain))


def escape(text: str) -> str:
    """A template of nothing but `text`."""
    return re.sub(r"(\\*)([{}|])", r"\1\1\\\2", text)


class _Reader:
    """Reads once from left to right; `_at` is where."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._choices = 0

    def read(self) -> tuple[Part, ...]:
        parts: list[Part] = []
        while self._at < len(self._text):
            if self._sees("{{"):
                parts.append(self._choice())
            elif self._sees("{"):
                parts.append(self._mark())
            elif self._sees("}"):
                raise self._wrong("template_stray_brace", self._at)
            else:
                parts.append(self._plain("{}"))
        return tuple(parts)

    def _choice(self) -> Choice:
        opening = self._at
        self._at += 2
        self._choices += 1
        n, options, option = self._choices, [], list[Part]()
        while not self._sees("}}"):
            if self._at >= len(self._text):
                raise self._wrong("template_unclosed", opening)
            if self._sees("{{"):
                raise self._wrong("template_nested", self._at)
            if self._sees("{"):
                option.append(self._mark())
            elif self._sees("|"):
                self._at += 1
                options.append(tuple(option))
                option = []
            elif self._sees("}"):
                raise self._wrong("template_stray_brace", self._at)
            else:
                option.append(self._plain(_SIGNS))
        options.append(tuple(option))
        if len(options) < 2:
            raise self._wrong("template_choice_single", opening)
        self._at += 2
        return Choice(n, tuple(options))

    def _mark(self) -> Mark:
        opening = self._at
        self._at += 1
        name, fallback = self._until_sign(opening).strip(), None
        if self._sees("|"):
            self._at += 1
            fallback = self._until_sign(opening)
            if self._sees("|"):
                raise self._wrong("template_second_bar", self._at)
        self._at += 1
        if "/" not in name:
            if not (key := key_of(name)):
                raise self._wrong("template_name_blank", opening)
            return Field(key, fallback)
        forms = [form.strip() for form in name.split("/")]
        if len(forms) != 2 or not all(forms):
            raise self._wrong("template_agreement_blank", opening)
        return Agreement(forms[0], feminine(forms[0], forms[1]), fallback)

    def _until_sign(self, opening: int) -> str:
        """The text up to `|` or `}`, which must come in this line and before another `{`."""
        text = self._plain(_SIGNS)
        if "\n" in text or self._at >= len(self._text):
            raise self._wrong("template_unclosed", opening)
        if self._sees("{"):
            raise self._wrong("template_nested", self._at)
        return text

    def _plain(self, signs: str) -> str:
        """Text up to one of `signs`; a backslash makes a sign plain."""
        letters: list[str] = []
        while self._at < len(self._text) and (letter := self._text[self._at]) not in signs:
            if letter == "\\" and (escaped := _ESCAPED.match(self._text, self._at)):
                pairs, odd = divmod(len(escaped[1]), 2)
                letters.append("\\" * pairs + escaped[2] * odd)
                self._at = escaped.end() - (1 - odd)
                continue
            letters.append(letter)
            self._at += 1
        return "".join(letters)

    def _sees(self, sign: str) -> bool:
        return self._text.startswith(sign, self._at)

    def _wrong(self, code: str, at: int) -> RuleViolation:
        line = self._text.count("\n", 0, at) + 1
        column = at - (self._text.rfind("\n", 0, at) + 1) + 1
        near = self._text[at : at + _NEAR].split("\n")[0]
        return RuleViolation(code, line=line, column=column, near=near)
