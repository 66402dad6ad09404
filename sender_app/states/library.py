"""The templates page: the library, and one template in the editor."""

from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.content import Attachment
from sender_app.domain.phone import pretty
from sender_app.domain.template import recipient_key
from sender_app.ports.store.contacts import Contact
from sender_app.services.drafts import Draft
from sender_app.states.access import handler, use
from sender_app.states.session import Session
from sender_app.states.trial import Trial
from sender_app.states.undoing import say_done, say_undone
from sender_app.states.writing import Writing, shown
from sender_app.text import translate

_FOUND = 8  # people offered by the search
_SOMEBODY = {  # for the preview
    "nombre": "Ana",
    "sustantivo": "Sra.",
    "grupo": "Clientes",
    "numero": "+595981000001",
}


class Library(Writing, Trial, rx.State):
    """Templates by name; `editing` while one of them is open."""

    name: str = ""
    editing: bool = False
    removing: bool = False
    linked: bool = False
    person: dict[str, str] = _SOMEBODY  # whose message the preview shows
    found: list[dict[str, str]] = []  # people that the search offers
    _account_id: str = ""  # sends tests
    _template_id: str = ""  # of the one in the editor; blank while it is new

    @rx.var
    def preview(self) -> str:
        """The text in the editor, for somebody."""
        return self._preview()

    @rx.var
    def holes(self) -> str:
        """What the person in the preview lacks, unless it is nobody in particular."""
        if self.person == _SOMEBODY:
            return ""
        return shown(self.texts[self.variant], self.person, self._key())[1]

    @rx.var
    def somebody(self) -> str:
        """The name of the person in the preview; blank for nobody in particular."""
        return "" if self.person == _SOMEBODY else self.person["nombre"] or self.person["telefono"]

    @rx.var
    def is_new(self) -> bool:
        """Whether the one in the editor was never saved."""
        return not self._template_id

    @rx.event
    @handler
    async def load(self) -> Any:
        """On opening the page."""
        self.editing = self.removing = False
        self.person, self.found = _SOMEBODY, []
        await self._read_library()

        def read(s: Any, actor: Any) -> Any:
            s.accounts.ensure_account(actor)
            return s.accounts.list_accounts(actor)

        accounts = await use(self, read)
        sender = next((one for one in accounts if one.is_linked), accounts[0])
        self.linked, self._account_id = sender.is_linked, str(sender.id)
        self.trial_phone = self.trial_phone or (pretty(sender.phone) if sender.phone else "")
        self._forget_trial()

    @rx.event
    @handler
    async def search(self, text: str) -> Any:
        """People of the book to preview."""
        query, self.found = ContactQuery(text), []
        if text.strip():
            page = await use(self, lambda s, actor: s.contacts.page(actor, query, None, _FOUND))
            self.found = [_fields(one) for one in page.rows]

    @rx.event
    async def look_at(self, phone: str) -> None:
        """Preview this person of those found."""
        self.person = next((one for one in self.found if one["numero"] == phone), self.person)
        self.found = []

    @rx.event
    async def begin(self) -> None:
        """A new one."""
        self._template_id, self.name, self.editing = "", "", True
        self._forget_trial()
        self._fill([""])

    @rx.event
    @handler
    async def edit(self, template_id: str) -> Any:
        """One of the library into the editor."""
        wanted = UUID(template_id)
        found = await use(self, lambda s, actor: s.templates.get_template(actor, wanted))
        self._template_id, self.name, self.editing = str(found.id), found.name, True
        self._forget_trial()
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
        done = await use(
            self, lambda s, actor: s.templates.delete_template(actor, template_id, undoable=True)
        )
        await self._read_library()
        self.editing = False
        return await say_done(self, "templates.removed", done, "onTemplate")

    @rx.event
    @handler
    async def bring_back(self, undo: str) -> Any:
        """Have the deleted one back."""
        await use(self, lambda s, actor: s.templates.restore_template(actor, undo))
        await self._read_library()
        return await say_undone(self, "templates.restored")

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

    def _preview(self) -> str:
        return shown(self.texts[self.variant], self.person, self._key())[0]

    def _filled_attachments(self) -> list[Attachment]:
        return []

    def _key(self) -> bytes:
        return recipient_key(UUID(int=0), self.person["numero"])


def _fields(one: Contact) -> dict[str, str]:
    return {
        "nombre": one.nombre,
        "sustantivo": one.sustantivo,
        "grupo": one.grupo,
        "numero": one.phone,
        "telefono": pretty(one.phone),
    }
