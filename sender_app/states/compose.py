"""The Messages page: choose a file, write, look at the preview, send."""

from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.domain.audience import AudienceRow
from sender_app.domain.errors import RuleViolation
from sender_app.domain.phone import pretty
from sender_app.domain.template import Template
from sender_app.services.imports import LARGEST, FileCheck
from sender_app.states.access import explain, handler, use
from sender_app.text import language_of, translate

_BAD_SHOWN = 200


class Compose(rx.State):
    """A campaign being written."""

    file_id: str = ""
    filename: str = ""
    good: int = 0
    duplicates: int = 0
    bad_count: int = 0
    bad: list[dict[str, str]] = []  # row, value, reason
    sample: list[dict[str, str]] = []
    at: int = 0  # the sample row in the preview
    name: str = ""
    message: str = "Hola {sustantivo} {nombre}"
    linked: bool = False
    account: str = ""
    _account_id: str = ""
    confirming: bool = False
    ends_at: str = ""
    plan_days: int = 0
    checking: bool = False

    @rx.var
    def preview(self) -> str:
        """The message for the sample row in view."""
        if not self.sample:
            return self.message
        try:
            return Template(self.message).render(self.sample[self.at])
        except RuleViolation:
            return self.message

    @rx.var
    def holes(self) -> str:
        """Placeholders that the row in view leaves blank or does not have."""
        if not self.sample:
            return ""
        return ", ".join(
            f"{{{name}}}" for name in Template(self.message).missing(self.sample[self.at])
        )

    @rx.var
    def ready(self) -> bool:
        """Whether it can be sent."""
        return bool(self.linked and self.good and self.message.strip())

    @rx.event
    @handler
    async def load(self) -> Any:
        """On opening the page: is the account linked?"""
        self.confirming = False
        account = await use(self, lambda services, actor: services.accounts.ensure_account(actor))
        self._account_id = str(account.id)
        self.linked = account.is_linked
        self.account = pretty(account.phone) if account.phone else ""

    @rx.event
    async def upload(self, files: list[rx.UploadFile]) -> Any:
        """Check the chosen file."""
        if not files:
            return None
        self.checking = True
        try:
            content = await files[0].read(LARGEST + 1)
            filename = files[0].name or "contactos.csv"
            check: FileCheck = await use(
                self, lambda s, actor: s.imports.check_file(actor, filename, content)
            )
        except Exception as error:  # noqa: BLE001 - the boundary to the browser
            return explain(self, error)
        finally:
            self.checking = False
        self._show(check)
        return None

    def _show(self, check: FileCheck) -> None:
        lang = language_of(self.router.headers.cookie, self.router.headers.raw_headers)
        self.file_id, self.filename = str(check.file_id), check.filename
        self.good, self.duplicates, self.bad_count = check.good, check.duplicates, len(check.bad)
        self.bad = [
            {
                "row": str(bad.row),
                "value": bad.value or "—",
                "reason": translate(lang, f"error.{bad.code}", **bad.params),
            }
            for bad in check.bad[:_BAD_SHOWN]
        ]
        self.sample = [_fields(row) for row in check.sample]
        self.at = 0
        if not self.name:
            self.name = check.filename.rsplit(".", 1)[0]

    @rx.event
    async def write(self, text: str) -> None:
        """The message as typed."""
        self.message = text

    @rx.event
    async def insert(self, name: str) -> None:
        """Put a placeholder at the end."""
        gap = "" if not self.message or self.message.endswith((" ", "\n")) else " "
        self.message = f"{self.message}{gap}{{{name}}}"

    @rx.event
    async def rename(self, name: str) -> None:
        """The campaign's name as typed."""
        self.name = name

    @rx.event
    async def step(self, by: int) -> None:
        """Preview another person."""
        if self.sample:
            self.at = (self.at + by) % len(self.sample)

    @rx.event
    @handler
    async def ask(self, open_: bool) -> Any:
        """Open or close the question before sending; it says when the campaign will end."""
        self.confirming = open_
        if not open_:
            return
        account_id, count = UUID(self._account_id), self.good
        plan = await use(self, lambda s, actor: s.campaigns.plan(actor, account_id, count))
        self.ends_at = plan.ends_at.isoformat() if plan else ""
        self.plan_days = plan.days if plan else 0

    @rx.event
    @handler
    async def send(self) -> Any:
        """Create the campaign and go to its live page."""
        self.confirming = False
        file_id, account_id = UUID(self.file_id), UUID(self._account_id)
        name, message = self.name, self.message
        campaign = await use(
            self, lambda s, actor: s.campaigns.send_file(actor, file_id, account_id, name, message)
        )
        self.file_id = self.filename = self.name = ""
        self.good = self.bad_count = self.duplicates = self.at = 0
        self.bad, self.sample = [], []
        return rx.redirect(f"/campaigns/{campaign.id}")

    @rx.event
    async def forget_file(self) -> None:
        """Choose another file."""
        self.file_id = self.filename = ""
        self.good = self.bad_count = self.duplicates = self.at = 0
        self.bad, self.sample = [], []


def _fields(row: AudienceRow) -> dict[str, str]:
    return row.fields | {"telefono": pretty(row.phone)}
