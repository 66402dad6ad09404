"""The Messages page: choose a file, write, look at the preview, send."""

from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.domain.errors import RuleViolation
from sender_app.domain.phone import pretty
from sender_app.domain.template import Template
from sender_app.services.imports import FileCheck
from sender_app.states.access import handler, use
from sender_app.states.contact_upload import ContactUpload


class Compose(ContactUpload, rx.State):
    """A campaign being written."""

    name: str = ""
    message: str = "Hola {sustantivo} {nombre}"
    linked: bool = False
    account: str = ""
    _account_id: str = ""
    confirming: bool = False
    ends_at: str = ""
    plan_days: int = 0
    loaded: bool = False

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
        self.loaded = True

    @rx.event
    async def write(self, text: str) -> None:
        """The message as typed."""
        self.message = text

    @rx.event
    async def rename(self, name: str) -> None:
        """The campaign's name as typed."""
        self.name = name

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
        """Create the campaign and go to its live page. A second press finds no file any more."""
        self.confirming = False
        if not self.file_id:
            return None
        file_id, account_id = UUID(self.file_id), UUID(self._account_id)
        name, message = self.name, self.message
        campaign = await use(
            self, lambda s, actor: s.campaigns.send_file(actor, file_id, account_id, name, message)
        )
        self._forget()
        self.name = ""
        return rx.redirect(f"/campaigns/{campaign.id}")

    def _show(self, check: FileCheck) -> None:
        super()._show(check)
        if not self.name:
            self.name = check.filename.rsplit(".", 1)[0]
