"""The address book."""

from typing import Any

import reflex as rx

from sender_app.domain.contact_search import ContactQuery
from sender_app.states.access import handler, use
from sender_app.states.rows import ContactView, contact_view


class ContactBook(rx.State):
    """One page of contacts."""

    rows: list[ContactView] = []
    total: int = 0
    search: str = ""
    more: str = ""
    loaded: bool = False
    _cursors: list[str] = []

    @rx.var
    def page(self) -> int:
        """The page's number, from 1."""
        return len(self._cursors) + 1

    @rx.event
    @handler
    async def load(self) -> Any:
        """The first page."""
        self.search, self._cursors = "", []
        await self._look()
        self.loaded = True

    @rx.event
    @handler
    async def find(self, text: str) -> Any:
        """Contacts with `text` in their name, phone or group."""
        self.search, self._cursors = text, []
        await self._look()

    @rx.event
    @handler
    async def next_page(self) -> Any:
        """Contacts after these."""
        if self.more:
            self._cursors = [*self._cursors, self.more]
            await self._look()

    @rx.event
    @handler
    async def previous_page(self) -> Any:
        """Contacts before these."""
        self._cursors = self._cursors[:-1]
        await self._look()

    async def _look(self) -> None:
        search, cursor = self.search, self._cursors[-1] if self._cursors else None
        page, self.total = await use(
            self,
            lambda s, actor: (
                s.contacts.page(actor, ContactQuery(search), cursor),
                s.contacts.count(actor).n,
            ),
        )
        self.rows, self.more = [contact_view(row) for row in page.rows], page.next or ""
