"""Whom a campaign is for, or would be."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.domain.audience import AudienceRow
from sender_app.domain.audience_choice import AudienceChoice, Source
from sender_app.ports.contact_reader import ContactBatch


@dataclass(frozen=True, slots=True)
class AudienceSpec:
    """Whom a campaign is for: the rows of a file, and what was chosen of the book."""

    choice: AudienceChoice = field(default_factory=AudienceChoice)
    rows: Iterable[ContactBatch] = ()
    written_since: datetime | None = None  # leave out whoever was written to since


@dataclass(frozen=True, slots=True)
class AudienceCounts:
    """How many people an audience has, each counted once."""

    people: int
    reached: int  # who will be written to
    opted_out: int  # skipped: they asked never to be written to
    resting: int  # skipped: they were written to lately
    sources: Mapping[Source, int]  # who comes from it, perhaps from others too


@dataclass(frozen=True, slots=True)
class Likes:
    """People who are alike in the fields of a message: `values` of one of them stand for all."""

    values: Mapping[str, str]  # of some fields only whether there is one: "+" or blank
    count: int


class GatheredAudience(Protocol):
    """An audience as it is at one moment. Methods that give rows look at who will be written to,
    and fill a file's blank cells from the address book."""

    def counts(self) -> AudienceCounts:
        """How many there are, from where, and how many are left out."""
        ...

    def known(self, accounts: Sequence[UUID]) -> int:
        """How many of those reached each of the accounts has talked with, as the cold-contact lock
        sees it."""
        ...

    def likes(self, names: Sequence[str], whole: frozenset[str]) -> Sequence[Likes]:
        """Everybody, put together by which of the fields `names` they have a value of; of those in
        `whole`, by the value."""
        ...

    def of_likes(
        self, names: Sequence[str], whole: frozenset[str], wanted: Sequence[Likes], limit: int
    ) -> Sequence[AudienceRow]:
        """The first people of the `wanted` among the likes of the same names."""
        ...

    def find(self, search: str, limit: int) -> Sequence[AudienceRow]:
        """The first with `search` in their name or phone. Who is in no file has row 0."""
        ...


class AudienceStore(Protocol):
    """Whom a campaign would be for, whatever their number."""

    def gather(
        self, workspace_id: UUID, spec: AudienceSpec
    ) -> AbstractContextManager[GatheredAudience]:
        """Everybody of the file and the choice, once. Changes nothing.

        What is not the workspace's counts for nothing. Raises RuleViolation for a choice that
        cannot be read.
        """
        ...
