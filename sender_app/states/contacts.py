"""The address book: search, filters, order and pages."""

from typing import Any
from urllib.parse import urlencode

import reflex as rx

from sender_app.domain.audience_choice import AudienceChoice, BookFilter
from sender_app.domain.contact_search import ContactQuery, ContactSort, query_of
from sender_app.states.access import handler, use
from sender_app.states.contact_selection import ContactSelection
from sender_app.states.paging import Paging
from sender_app.states.rows import ContactView, contact_view


class ContactBook(Paging, ContactSelection, rx.State):
    """One page of contacts."""

    rows: list[ContactView] = []
    groups: list[list[str]] = []  # pairs of id and name
    total: int = 0
    counted: bool = True  # whether `total` is exact
    behind: bool = False  # people of a large import are still being taken in
    is_empty: bool = False  # nobody is in the book at all
    search: str = ""
    group: str = ""  # an id
    standing: str = ""  # in, out, or what WhatsApp said
    sort: str = ContactSort.NAME.value
    backwards: bool = False
    loaded: bool = False

    @rx.var
    def export_query(self) -> str:
        """The query as the export's address has it."""
        filters = {"search": self.search, "group": self.group, "standing": self.standing}
        order = {"sort": self.sort, "backwards": "1" if self.backwards else ""}
        return urlencode({name: value for name, value in (filters | order).items() if value})

    @rx.var
    def page_picked(self) -> bool:
        """Whether everybody on the page is picked."""
        return bool(self.rows) and all(row.id in self.selected for row in self.rows)

    @rx.var
    def group_name(self) -> str:
        """The name of the group that is shown."""
        return next((name for group_id, name in self.groups if group_id == self.group), "")

    @rx.event
    @handler
    async def load(self) -> Any:
        """The first page, of everybody."""
        self.search = self.group = self.standing = self.asking = ""
        self.selected = []
        await self._look_anew()
        self.loaded = True

    @rx.event
    @handler
    async def find(self, text: str) -> Any:
        """Contacts with `text` in their name, phone or groups."""
        self.search = text
        await self._look_anew()

    @rx.event
    @handler
    async def show_group(self, group_id: str) -> Any:
        """Only contacts of a group."""
        self.group = group_id
        await self._look_anew()

    @rx.event
    @handler
    async def show_standing(self, standing: str) -> Any:
        """Only contacts that are written to, opted out, or of whom WhatsApp said something."""
        self.standing = standing
        await self._look_anew()

    @rx.event
    @handler
    async def order(self, sort: str) -> Any:
        """Another order."""
        self.sort = ContactSort(sort).value
        await self._look_anew()

    @rx.event
    @handler
    async def turn_around(self) -> Any:
        """The same order from its end."""
        self.backwards = not self.backwards
        await self._look_anew()

    @rx.event
    @handler
    async def look_again(self) -> Any:
        """The same page, with whom the book has taken in since."""
        await self._count()
        await self._look()

    @rx.event
    @handler
    async def write_to_found(self) -> Any:
        """A new campaign for everybody whom the filters find, also those on other pages."""
        found = BookFilter(self.search, self.group, self.standing)
        return await self._write(AudienceChoice(filter=found), self.group_name)

    def _query(self) -> ContactQuery:
        return query_of(self.search, self.group, self.standing, self.sort, self.backwards)

    async def _look_anew(self) -> None:
        self._first_page()
        await self._count()
        await self._look()

    async def _count(self) -> None:
        query = self._query()
        count, groups = await use(
            self, lambda s, actor: (s.contacts.count(actor, query), s.contacts.groups(actor))
        )
        self.total, self.counted, self.behind = count.n, count.exact, count.behind
        self.groups = [[str(group.id), group.name] for group in groups]
        filtered = self.search or self.group or self.standing
        self.is_empty = count.n == 0 and not (filtered or count.behind)

    async def _look(self) -> None:
        query, cursor = self._query(), self._cursor
        page = await use(self, lambda s, actor: s.contacts.page(actor, query, cursor))
        self.rows, self.more = [contact_view(row) for row in page.rows], page.next or ""
