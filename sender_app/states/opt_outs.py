"""The opt-out list."""

from typing import Any

import reflex as rx

from sender_app.states.access import handler, use
from sender_app.states.paging import Paging
from sender_app.states.rows import OptOutView, opt_out_view
from sender_app.states.session import Session
from sender_app.states.undoing import say_done, say_undone
from sender_app.text import translate


class OptOutList(Paging, rx.State):
    """One page of numbers that are never written to."""

    rows: list[OptOutView] = []
    total: int = 0
    search: str = ""
    loaded: bool = False
    adding: bool = False
    removing: str = ""  # the number that the question is about
    removing_written: str = ""
    unreadable: str = ""  # what of a pasted list is no number

    @rx.event
    @handler
    async def load(self) -> Any:
        """The first page."""
        self.search = self.removing = self.unreadable = ""
        self.adding = False
        self._first_page()
        await self._look()
        self.loaded = True

    @rx.event
    @handler
    async def find(self, text: str) -> Any:
        """Numbers with these digits."""
        self.search = text
        self._first_page()
        await self._look()

    @rx.event
    async def ask_add(self, open_: bool) -> None:
        """Open or close the form for new numbers."""
        self.adding, self.unreadable = open_, ""

    @rx.event
    @handler
    async def add(self, form: dict[str, Any]) -> Any:
        """Add the numbers of the form."""
        typed = str(form.get("phones", ""))
        came = await use(self, lambda s, actor: s.opt_outs.add(actor, typed))
        self._first_page()
        await self._look()
        self.unreadable = ", ".join(came.unreadable)
        self.adding = bool(came.unreadable)
        lang = (await self.get_state(Session)).lang
        return rx.toast.success(translate(lang, "opt_outs.added", n=came.added, known=came.known))

    @rx.event
    async def ask_remove(self, phone: str) -> None:
        """Open the question about a number, or close it when blank."""
        self.removing = phone
        self.removing_written = next((r.written for r in self.rows if r.phone == phone), "")

    @rx.event
    @handler
    async def remove(self) -> Any:
        """Write to the number again from now on."""
        phone, self.removing = self.removing, ""
        done = await use(self, lambda s, actor: s.opt_outs.remove(actor, phone, undoable=True))
        await self._look()
        return await say_done(self, "opt_outs.removed", done, "onOptOut")

    @rx.event
    @handler
    async def bring_back(self, undo: str) -> Any:
        """Have the number on the list again."""
        await use(self, lambda s, actor: s.opt_outs.restore(actor, undo))
        await self._look()
        return await say_undone(self, "opt_outs.restored")

    async def _look(self) -> None:
        search, cursor = self.search, self._cursor
        page, self.total = await use(
            self,
            lambda s, actor: (
                s.opt_outs.page(actor, search, cursor),
                s.opt_outs.count(actor),
            ),
        )
        self.rows, self.more = [opt_out_view(row) for row in page.rows], page.next or ""
