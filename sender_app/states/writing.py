"""A message being written: one to five texts, and what each looks like for somebody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import reflex as rx

from sender_app.domain.errors import RuleViolation
from sender_app.domain.template import MAX_LENGTH, MAX_VARIANTS, Template
from sender_app.states.access import handler, use
from sender_app.text import language_of, translate


@dataclass(frozen=True)
class TemplateView:
    """A message of the library."""

    id: str
    name: str
    texts: list[str]
    updated_at: str


class Writing(rx.State, mixin=True):
    """The texts, one of them in the editor."""

    texts: list[str] = [""]
    variant: int = 0  # the text in the editor
    filled: int = 0  # how often another text took the place of the one in the editor
    syntax_problem: str = ""  # what is wrong with the text in the editor, and where
    library: list[TemplateView] = []

    @rx.var
    def text(self) -> str:
        """The text in the editor."""
        return self.texts[self.variant]

    @rx.var
    def length(self) -> int:
        """Its characters."""
        return len(self.texts[self.variant])

    @rx.event
    @handler
    async def write(self, text: str) -> Any:
        """The text as typed."""
        texts = list(self.texts)
        texts[self.variant] = text[:MAX_LENGTH]
        self.texts = texts
        self._examine()
        await self._written()

    @rx.event
    async def show_variant(self, n: int) -> None:
        """Another text into the editor."""
        self._open(n)

    @rx.event
    @handler
    async def add_variant(self) -> Any:
        """One more text, a copy of this one to begin with."""
        if len(self.texts) < MAX_VARIANTS:
            self.texts = [*self.texts, self.texts[self.variant]]
            self.variant = len(self.texts) - 1  # which changes nothing in the editor
            await self._written()

    @rx.event
    @handler
    async def remove_variant(self) -> Any:
        """The text in the editor goes away."""
        if len(self.texts) > 1:
            self.texts = [text for n, text in enumerate(self.texts) if n != self.variant]
            self._open(min(self.variant, len(self.texts) - 1))
            await self._written()

    async def _read_library(self) -> None:
        found = await use(self, lambda s, actor: s.templates.list_templates(actor))
        self.library = [
            TemplateView(str(one.id), one.name, list(one.texts), one.updated_at.isoformat())
            for one in found
        ]

    def _open(self, n: int) -> None:
        self.variant, self.filled = min(max(n, 0), len(self.texts) - 1), self.filled + 1
        self._examine()

    def _fill(self, texts: list[str]) -> None:
        self.texts = texts or [""]
        self._open(0)

    def _examine(self) -> None:
        self.syntax_problem = ""
        try:
            Template(self.texts[self.variant])
        except RuleViolation as problem:
            lang = language_of(self.router.headers.cookie, self.router.headers.raw_headers)
            self.syntax_problem = translate(lang, f"error.{problem.code}", **problem.params)

    async def _written(self) -> None:
        """What follows from a change of the texts."""


def shown(text: str, fields: Mapping[str, str], key: bytes) -> tuple[str, str]:
    """A text for one person, as it is where it cannot be filled, and what the person lacks."""
    try:
        template = Template(text)
    except RuleViolation:
        return text, ""
    missing = template.missing(fields)
    try:
        signs = {name: f"{{{name}}}" for name in missing}
        return template.render({**fields, **signs}, key), ", ".join(missing)
    except RuleViolation:  # a treatment that says neither: no value can stand in for it
        return text, ", ".join(missing)
