"""The templates page: the library, and one template in the editor."""

from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.services.drafts import Draft
from sender_app.states.access import handler, use
from sender_app.states.session import Session
from sender_app.states.writing import Writing, shown
from sender_app.text import translate

_SOMEBODY = {  # for the preview
    "nombre": "Ana",
    "sustantivo": "Sra.",
    "grupo": "Clientes",
    "numero": "+595981000001",
}


class Library(Writing, rx.State):
    """Templates by name; `editing` while one of them is open."""

    name: str = ""
    editing: bool = False
    removing: bool = False
    loaded: bool = False
    _template_id: str = ""  # of the one in the editor; blank while it is new

    @rx.var
    def preview(self) -> str:
        """The text in the editor, for somebody."""
        return shown(self.texts[self.variant], _SOMEBODY, b"")[0]

    @rx.var
    def is_new(self) -> bool:
        """Whether the one in the editor was never saved."""
        return not self._template_id

    @rx.event
    @handler
    async def load(self) -> Any:
        """On opening the page."""
        self.editing = self.removing = False
        await self._read_library()
        self.loaded = True

    @rx.event
    async def begin(self) -> None:
        """A new one."""
        self._template_id, self.name, self.editing = "", "", True
        self._fill([""])

    @rx.event
    @handler
    async def edit(self, template_id: str) -> Any:
        """One of the library into the editor."""
        wanted = UUID(template_id)
        found = await use(self, lambda s, actor: s.templates.get_template(actor, wanted))
        self._template_id, self.name, self.editing = str(found.id), found.name, True
        self._fill(list(found.texts))

    @rx.event
    async def close(self) -> None:
        """Back to the library; nothing is saved."""
        self.editing = False

    @rx.event
    async def rename(self, name: str) -> None:
        """The name as typed."""
        self.name = name

    @rx.event
    @handler
    async def save(self) -> Any:
        """Keep it."""
        template_id = UUID(self._template_id) if self._template_id else None
        name, texts = self.name, list(self.texts)
        await use(self, lambda s, actor: s.templates.save_template(actor, template_id, name, texts))
        await self._read_library()
        self.editing = False
        lang = (await self.get_state(Session)).lang
        return rx.toast.success(translate(lang, "templates.saved"))

    @rx.event
    async def ask_remove(self, open_: bool) -> None:
        """Open or close the question."""
        self.removing = open_

    @rx.event
    @handler
    async def remove(self) -> Any:
        """Delete the one in the editor."""
        self.removing = False
        template_id = UUID(self._template_id)
        await use(self, lambda s, actor: s.templates.delete_template(actor, template_id))
        await self._read_library()
        self.editing = False

    @rx.event
    @handler
    async def use_now(self, template_id: str) -> Any:
        """A new campaign with this message."""
        wanted = UUID(template_id)

        def begin(s: Any, actor: Any) -> UUID:
            template = s.templates.get_template(actor, wanted)
            account = s.accounts.ensure_account(actor)
            draft = Draft(account.id, template.name, template.texts)
            return s.drafts.create_draft(actor, draft).id

        draft_id = await use(self, begin)
        return rx.redirect(f"/messages?draft={draft_id}")
