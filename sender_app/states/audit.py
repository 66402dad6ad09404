"""The log of who did what."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from sender_app.ports.store.audit import AuditEntry
from sender_app.services.audit_subjects import in_language
from sender_app.states.access import handler, opening, use
from sender_app.states.session import Session
from sender_app.text import texts


@dataclass(frozen=True)
class EntryView:
    """A line of the log. `outcome` is in words, and blank for what was done."""

    id: str
    at: str  # ISO
    who: str
    action: str
    subject: str
    outcome: str


class AuditTrail(rx.State):
    """One page of the log."""

    rows: list[EntryView] = []
    more: str = ""
    loaded: bool = False
    _cursors: list[str] = []

    @rx.var
    def page(self) -> int:
        """The page's number, from 1."""
        return len(self._cursors) + 1

    @rx.event
    @opening
    async def load(self) -> Any:
        """The newest entries."""
        self._cursors = []
        await self._look()
        self.loaded = True

    @rx.event
    @handler
    async def next_page(self) -> Any:
        """Entries before these."""
        if self.more:
            self._cursors = [*self._cursors, self.more]
            await self._look()

    @rx.event
    @handler
    async def previous_page(self) -> Any:
        """Entries after these."""
        self._cursors = self._cursors[:-1]
        await self._look()

    async def _look(self) -> None:
        cursor = self._cursors[-1] if self._cursors else None
        page = await use(self, lambda s, actor: s.audit.list_entries(actor, cursor))
        lang = (await self.get_state(Session)).lang
        self.rows, self.more = [_view(row, lang) for row in page.rows], page.next or ""


def _view(entry: AuditEntry, lang: str) -> EntryView:
    words = texts(lang)
    outcome = "" if entry.outcome == "done" else entry.outcome or "unknown"
    return EntryView(
        id=str(entry.id),
        at=entry.created_at.isoformat(),
        who=entry.name or entry.user_id,
        action=words.get(f"audit_action.{entry.action}", entry.action),
        subject=in_language(entry.subject, words),
        outcome=words.get(f"audit_outcome.{outcome}", words["audit_outcome.rule"])
        if outcome
        else "",
    )
