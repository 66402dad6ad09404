"""What people get: the preview beside every step of a campaign being written."""

from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.domain.errors import RuleViolation
from sender_app.domain.template import message_of, recipient_key
from sender_app.states.access import handler, use
from sender_app.states.contact_upload import fields_of
from sender_app.states.writing import shown

WRITING = 2  # the step with the editor
_FOUND = 8  # people offered by the search


class Preview(rx.State, mixin=True):
    """The message for one person. The people are ContactUpload's, the texts Writing's."""

    step: int = 1
    found: list[dict[str, str]] = []  # people that the search offers
    _draft_id: str = ""

    @rx.var
    def chosen_variant(self) -> int:
        """The index of the text that the person in view gets."""
        try:
            return message_of(tuple(self.texts)).variant_of(self._key())
        except RuleViolation:
            return 0

    @rx.var
    def preview(self) -> str:
        """The message for the person in view: in the editor's text while it is being written."""
        return self._preview()

    @rx.var
    def holes(self) -> str:
        """What the person in view lacks."""
        return shown(self._text_in_view(), self._person(), self._key())[1] if self.sample else ""

    @rx.event
    @handler
    async def search(self, text: str) -> Any:
        """People to preview."""
        self.found = []
        if not text.strip() or not self._draft_id:
            return
        draft_id = UUID(self._draft_id)
        rows = await use(self, lambda s, actor: s.drafts.find_people(actor, draft_id, text, _FOUND))
        self.found = [fields_of(row) for row in rows]

    @rx.event
    async def look_at(self, phone: str) -> None:
        """Preview this person of those found."""
        person = next((one for one in self.found if one["numero"] == phone), None)
        if person is not None:
            others = [one for one in self.sample if one["numero"] != phone]
            self.sample, self.at, self.found = [person, *others], 0, []

    def _text_in_view(self) -> str:
        return self.texts[self.variant if self.step == WRITING else self.chosen_variant]

    def _preview(self) -> str:
        return shown(self._text_in_view(), self._person(), self._key())[0]

    def _person(self) -> dict[str, str]:
        return self.sample[self.at] if self.sample else {}

    def _key(self) -> bytes:
        campaign_id = UUID(self._draft_id) if self._draft_id else UUID(int=0)
        return recipient_key(campaign_id, self._person().get("numero", ""))
