"""Back and forth through the pages of a list that is read by cursors."""

from typing import Any

import reflex as rx

from sender_app.states.access import handler


class Paging(rx.State, mixin=True):
    """The page in view. The state that mixes this in reads `_cursor` in its `_look`, and sets
    `more` there to the cursor of the page after."""

    more: str = ""
    _cursors: list[str] = []  # starts of the pages up to this one, without the first

    @rx.var
    def page(self) -> int:
        """The page's number, from 1."""
        return len(self._cursors) + 1

    @rx.event
    @handler
    async def next_page(self) -> Any:
        """What comes after these."""
        if self.more:
            self._cursors = [*self._cursors, self.more]
            await self._look()

    @rx.event
    @handler
    async def previous_page(self) -> Any:
        """What comes before these."""
        self._cursors = self._cursors[:-1]
        await self._look()

    @property
    def _cursor(self) -> str | None:
        return self._cursors[-1] if self._cursors else None

    def _first_page(self) -> None:
        self._cursors = []

    async def _look(self) -> None:
        raise NotImplementedError
