"""A file of contacts, chosen and checked before anything is sent."""

from typing import Any

import reflex as rx

from sender_app.domain.audience import AudienceRow
from sender_app.domain.phone import pretty
from sender_app.services.imports import LARGEST_AT_ONCE, FileCheck
from sender_app.states.access import explain, handler, use
from sender_app.text import language_of, translate

BAD_PAGE = 8  # rows in error shown at once


class ContactUpload(rx.State, mixin=True):
    """What the chosen file holds: how many good rows, the first of them, and the bad ones."""

    file_id: str = ""
    filename: str = ""
    checking: bool = False
    good: int = 0
    duplicates: int = 0
    bad_count: int = 0
    bad_page: int = 1
    _bad: list[dict[str, str]] = []  # row, value, reason
    columns: list[str] = []  # placeholders beside the usual ones that somebody has a value of
    sample: list[dict[str, str]] = []  # the first people, of the file and otherwise
    at: int = 0  # the sample row in the preview

    @rx.var
    def bad_rows(self) -> list[dict[str, str]]:
        """The rows in error on the page in view."""
        start = (self.bad_page - 1) * BAD_PAGE
        return self._bad[start : start + BAD_PAGE]

    @rx.var
    def more_bad(self) -> str:
        """Not blank when there is a page after this one."""
        return "more" if self.bad_page * BAD_PAGE < len(self._bad) else ""

    @rx.event
    async def wait_for_file(self) -> None:
        """The file is on its way."""
        self.checking = True

    @rx.event
    async def upload(self, files: list[rx.UploadFile]) -> Any:
        """Check the chosen file."""
        try:
            if not files:
                return None
            content = await files[0].read(LARGEST_AT_ONCE + 1)
            filename = files[0].name or "contactos.csv"
            check: FileCheck = await use(
                self, lambda s, actor: s.imports.check_file(actor, filename, content)
            )
            self._show(check)
            return await self._chosen()
        except Exception as error:  # noqa: BLE001 - the boundary to the browser
            return explain(self, error)
        finally:
            self.checking = False

    @rx.event
    async def turn_bad(self, by: int) -> None:
        """Another page of the rows in error."""
        last = max(1, -(-len(self._bad) // BAD_PAGE))
        self.bad_page = min(last, max(1, self.bad_page + by))

    @rx.event
    async def step_person(self, by: int) -> None:
        """Preview another person."""
        if self.sample:
            self.at = (self.at + by) % len(self.sample)

    @rx.event
    @handler
    async def forget_file(self) -> Any:
        """Choose another file."""
        self._forget()
        return await self._chosen()

    async def _chosen(self) -> Any:
        """What follows from a choice of people."""

    def _show(self, check: FileCheck) -> None:
        lang = language_of(self.router.headers.cookie, self.router.headers.raw_headers)
        self.file_id, self.filename = str(check.file_id), check.filename
        self.good, self.duplicates, self.bad_count = check.good, check.duplicates, check.bad_count
        self._bad = [
            {
                "row": str(bad.row),
                "value": bad.value or "—",
                "reason": translate(lang, f"error.{bad.code}", **bad.params),
            }
            for bad in check.bad
        ]
        self.bad_page = 1

    def _forget(self) -> None:
        self.file_id = self.filename = ""
        self.good = self.bad_count = self.duplicates = self.at = 0
        self._bad, self.sample, self.columns, self.bad_page = [], [], [], 1


def fields_of(row: AudienceRow) -> dict[str, str]:
    """A person's values for the preview, and the phone as people write it."""
    return row.fields | {"telefono": pretty(row.phone)}
