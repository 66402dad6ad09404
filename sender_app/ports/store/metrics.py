"""Figures for the dashboard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from sender_app.domain.reporting import EVERYTHING, Only, Span


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of messages. `key` names what is counted: a day, a group, a contact's phone."""

    key: str
    sent: int
    errors: int
    label: str = ""


class MetricsStore(Protocol):
    """Dashboard reads, from rollups only. Days are those of the workspace's time zone."""

    def timeline(self, workspace_id: UUID, span: Span, only: Only = EVERYTHING) -> Sequence[Tally]:
        """The span by its step, without the empty ones."""
        ...

    def total(self, workspace_id: UUID, span: Span, only: Only = EVERYTHING) -> Tally:
        """All of the span's days."""
        ...

    def by_group(self, workspace_id: UUID, span: Span, only: Only = EVERYTHING) -> Sequence[Tally]:
        """Groups with the most messages first; each message counts for the group of then.

        A span by the month counts whole months.
        """
        ...

    def by_contact(
        self, workspace_id: UUID, period: str, limit: int, only: Only = EVERYTHING
    ) -> Sequence[Tally]:
        """Contacts with the most messages of a month (`2026-11`) or year (`2026`) first; a group's
        contacts are those that are in it now."""
        ...

    def by_account(self, workspace_id: UUID, day: date) -> Mapping[UUID, tuple[int, date]]:
        """Of each account that ever sent: how much on `day`, and the first day of all."""
        ...

    def month(self, workspace_id: UUID, month: str) -> Tally:
        """One month's totals."""
        ...
