"""A test to oneself of the message in view."""

from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.domain.content import Attachment
from sender_app.domain.delivery import RecipientStatus
from sender_app.states.access import handler, use
from sender_app.states.session import Session
from sender_app.text import translate

_OPEN = {RecipientStatus.QUEUED, RecipientStatus.SENDING, RecipientStatus.SENT}


class Trial(rx.State, mixin=True):
    """Sends what the preview shows to one number. `_account_id` and `_preview` are the page's."""

    trial_phone: str = ""
    trial_status: str = ""  # a recipient's status while somebody waits for it
    trial_reason: str = ""
    trial_open: bool = False  # more may become of it
    _trial_id: str = ""

    @rx.event
    async def dial(self, phone: str) -> None:
        """The number as typed."""
        self.trial_phone = phone

    @rx.event
    @handler
    async def try_out(self) -> Any:
        """Send it."""
        account_id, phone = UUID(self._account_id), self.trial_phone
        text, files = self._preview(), self._filled_attachments()
        test = await use(
            self, lambda s, actor: s.drafts.send_test(actor, account_id, text, phone, files)
        )
        self._trial_id, self.trial_open = str(test.id), True
        self.trial_status, self.trial_reason = "queued", ""
        lang = (await self.get_state(Session)).lang
        return rx.toast.info(translate(lang, "trial.on_its_way"))

    @rx.event
    @handler
    async def follow_trial(self) -> Any:
        """How far the test got."""
        if not self._trial_id:
            return
        campaign_id = UUID(self._trial_id)
        page = await use(self, lambda s, actor: s.campaigns.recipients(actor, campaign_id))
        recipient = page.rows[0]
        self.trial_status, self.trial_reason = recipient.status.value, recipient.error_code or ""
        if recipient.delivered_at:
            self.trial_status = "delivered"
        self.trial_open = self.trial_status in _OPEN

    def _forget_trial(self) -> None:
        self.trial_status = self.trial_reason = self._trial_id = ""
        self.trial_open = False

    def _preview(self) -> str:
        raise NotImplementedError

    def _filled_attachments(self) -> list[Attachment]:
        raise NotImplementedError
