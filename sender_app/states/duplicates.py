"""Contacts with the same name: the same person twice, perhaps."""

from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.states.access import handler, use
from sender_app.states.rows import ContactView, contact_view
from sender_app.states.session import Session
from sender_app.text import translate


class Duplicates(rx.State):
    """The first sets of contacts with the same name."""

    sets: list[list[ContactView]] = []
    loaded: bool = False
    keeping: str = ""  # the contact that a question is about, and its number
    keeping_phone: str = ""

    @rx.event
    @handler
    async def load(self) -> Any:
        """On opening the page."""
        await self._look()
        self.loaded = True

    @rx.event
    async def ask(self, contact_id: str, phone: str) -> None:
        """Open the question whether to keep that contact, or with a blank id close it."""
        self.keeping, self.keeping_phone = contact_id, phone

    @rx.event
    @handler
    async def merge(self) -> Any:
        """Make one of the set of the contact asked about, which keeps its number."""
        contact_id, self.keeping = self.keeping, ""
        found = next((s for s in self.sets if any(c.id == contact_id for c in s)), [])
        kept, others = UUID(contact_id), [UUID(c.id) for c in found if c.id != contact_id]
        await use(self, lambda s, actor: s.contacts.merge(actor, kept, others))
        await self._look()
        lang = (await self.get_state(Session)).lang
        return rx.toast.success(translate(lang, "duplicates.merged"))

    async def _look(self) -> None:
        sets = await use(self, lambda s, actor: s.contacts.duplicates(actor))
        self.sets = [[contact_view(contact) for contact in found] for found in sets]
