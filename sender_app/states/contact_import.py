"""The import page: choose a file, say what its columns hold, check, import."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import reflex as rx

from sender_app.domain.contact_import import ContactImport
from sender_app.services.imports import Upload
from sender_app.states.access import explain, handler, opening, use
from sender_app.states.import_views import (
    BadView,
    ColumnView,
    ImportView,
    bad_views,
    column_views,
    good_views,
    import_view,
)
from sender_app.states.watching import follow, still_watched
from sender_app.text import language_of

BAD_PAGE = 8  # rows in error shown at once
_GOOD_SHOWN = 6


class Importing(rx.State):
    """The import that the person is at; everything is read anew from the store."""

    file: ImportView = ImportView()
    columns: list[ColumnView] = []
    good_rows: list[dict[str, str]] = []
    bad_page: int = 1
    mapping: bool = False  # the columns are open for change again
    uploading: bool = False
    upload_percent: int = 0
    loaded: bool = False
    _id: str = ""
    _bad: list[BadView] = []
    _watch: str = ""

    @rx.var
    def step(self) -> str:
        """choose, map, checking, checked, importing, done or failed."""
        if not self.file.id:
            return "choose"
        return "map" if self.mapping or self.file.status == "ready" else self.file.status

    @rx.var
    def bad_rows(self) -> list[BadView]:
        """The rows in error on the page in view."""
        start = (self.bad_page - 1) * BAD_PAGE
        return self._bad[start : start + BAD_PAGE]

    @rx.var
    def more_bad(self) -> str:
        """Not blank when there is a page after this one."""
        return "more" if self.bad_page * BAD_PAGE < len(self._bad) else ""

    @rx.event
    @opening
    async def load(self) -> Any:
        """On opening the page: the import under way, if any, wherever it is by now."""
        self.mapping = self.uploading = False
        await self._look()
        self.loaded = True
        return self._watching()

    @rx.event
    async def wait_for_file(self) -> None:
        """The file is on its way."""
        self.uploading, self.upload_percent = True, 0

    @rx.event
    async def progressed(self, progress: dict) -> None:
        """So much of the file has arrived."""
        self.upload_percent = min(100, int(100 * float(progress.get("progress") or 0)))

    @rx.event
    async def upload_ended(self) -> None:
        """The file arrived, or will not."""
        self.uploading = False

    @rx.event(background=True)
    async def upload(self, chunks: rx.UploadChunkIterator) -> Any:
        """Keep the chosen file as it arrives, a piece at a time."""
        try:
            await self._keep(chunks)
        except Exception as error:  # noqa: BLE001 - the boundary to the browser
            async for _rest in chunks:  # whoever sends has to be heard out
                pass
            return [Importing.upload_ended, explain(self, error)]
        return Importing.load

    async def _keep(self, chunks: rx.UploadChunkIterator) -> None:
        first = await anext(chunks, None)
        name = first.filename.rsplit("/", 1)[-1] if first else ""  # browsers put a path before it
        upload: Upload = await use(self, lambda s, actor: s.imports.open_upload(actor, name))
        if first:
            await asyncio.to_thread(upload.write, first.data)
        async for chunk in chunks:
            await asyncio.to_thread(upload.write, chunk.data)
        await use(self, lambda s, actor: s.imports.keep(actor, upload))

    @rx.event
    async def mean(self, n: int, meaning: str) -> None:
        """Column `n` holds something else than it seemed."""
        self.columns = [
            replace(column, meaning=meaning) if column.n == n else column for column in self.columns
        ]

    @rx.event
    async def remap(self) -> None:
        """Open the columns for change again."""
        self.mapping = True

    @rx.event
    @handler
    async def check(self) -> Any:
        """Read the file through."""
        meanings = [column.meaning for column in self.columns]
        return await self._order(lambda s, actor, id_: s.imports.check(actor, id_, meanings))

    @rx.event
    @handler
    async def start(self) -> Any:
        """Bring it into the address book."""
        return await self._order(lambda s, actor, id_: s.imports.start(actor, id_))

    @rx.event
    @handler
    async def cancel(self) -> Any:
        """Nothing of it is imported."""
        return await self._order(lambda s, actor, id_: s.imports.cancel(actor, id_))

    @rx.event
    @handler
    async def dismiss(self) -> Any:
        """Done with it: another file may come."""
        return await self._order(lambda s, actor, id_: s.imports.dismiss(actor, id_))

    @rx.event
    async def turn_bad(self, by: int) -> None:
        """Another page of the rows in error."""
        last = max(1, -(-len(self._bad) // BAD_PAGE))
        self.bad_page = min(last, max(1, self.bad_page + by))

    @rx.event(background=True)
    async def watch(self) -> Any:
        """Look again at every change, until the page is left."""
        return await follow(self, self._id)

    @rx.event
    @handler
    async def still_here(self) -> Any:
        """The open page's sign of life; begins a new watch where there is none any more."""
        if still_watched(self._watch):
            return None
        await self._look()
        return self._watching()

    async def _order(self, order: Callable[..., Any]) -> Any:
        import_id = UUID(self._id)
        await use(self, lambda services, actor: order(services, actor, import_id))
        self.mapping = False
        await self._look()
        return self._watching()

    def _watching(self) -> Any:
        """The event that watches the import in view, unless one does."""
        if not self._id or still_watched(self._watch):
            return None
        self._watch = uuid4().hex
        return Importing.watch

    async def _look(self) -> None:
        found: ContactImport | None = await use(self, lambda s, actor: s.imports.current(actor))
        lang = language_of(self.router.headers.cookie, self.router.headers.raw_headers)
        if found is None or str(found.id) != self._id:
            self._watch = ""
        if found is None:
            self._id, self.file, self.columns = "", ImportView(), []
            self.good_rows, self._bad = [], []
            return
        self._id, self.file = str(found.id), import_view(found, lang)
        if not self.mapping:
            self.columns = column_views(found)
        self.good_rows = good_views(found.good_rows[:_GOOD_SHOWN])
        bad = bad_views(found.bad_rows, lang)
        if bad != self._bad:
            self._bad, self.bad_page = bad, 1
