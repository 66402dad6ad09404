"""One contact: what is written about it, and its history."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.ports.store.contacts import ContactDraft
from sender_app.states.access import handler, use
from sender_app.states.rows import ContactView, HappeningView, contact_view, happening_view
from sender_app.states.session import Session
from sender_app.states.undoing import say_done
from sender_app.text import translate

NEW = "new"  # in place of an id: a contact to be written
OWN = "own:"  # begins the name of an own field's input


@dataclass(frozen=True)
class OwnField:
    """A field of one's own, and the name of its input."""

    name: str
    value: str
    input: str


class ContactCard(rx.State):
    """The contact in view; a blank one is to be written."""

    contact: ContactView = ContactView()
    own: list[OwnField] = []
    happenings: list[HappeningView] = []
    groups: list[str] = []  # names to choose from
    loaded: bool = False
    missing: bool = False
    asking: str = ""  # opt_out or delete
    filled: int = 0  # how often; a form filled again is drawn anew
    _id: str = ""
    _address: str = ""  # of the page that this was loaded for

    @rx.var(cache=False)
    def here(self) -> bool:
        """Whether what is loaded is what the address names: a page that is opened anew has the last
        one's state at first, and what is typed into that would be lost."""
        return self.loaded and self._address == self.router.url.path

    @rx.event
    @handler
    async def load(self) -> Any:
        """On opening the page; the id is in its address."""
        shown = self.contact if self.here else None
        self.loaded = self.missing = False
        self._address = self.router.url.path
        self.asking, self._id = "", ""
        self.contact, self.own, self.happenings = ContactView(), [], []
        place = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        groups = await use(self, lambda s, actor: s.contacts.groups(actor))
        self.groups = [group.name for group in groups]
        try:
            if place != NEW:
                self._id = str(UUID(place))
                await self._look()
        except (ValueError, NotFound):
            self._id, self.missing = "", True
            return
        self.loaded = True
        if self.contact != shown:  # a connection that came back leaves what is being typed alone
            self.filled += 1

    @rx.event
    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        """Write the contact."""
        names = [line.strip() for line in str(form.get("groups", "")).splitlines()]
        first, *more = [name for name in names if name] or [""]
        draft = ContactDraft(
            str(form.get("phone", "")),
            str(form.get("name", "")),
            str(form.get("treatment", "")),
            first,
            tuple(more),
            _own_fields(form),
        )
        known = UUID(self._id) if self._id else None
        contact = await use(
            self,
            lambda s, actor: (
                s.contacts.update_contact(actor, known, draft)
                if known
                else s.contacts.create_contact(actor, draft)
            ),
        )
        said = translate((await self.get_state(Session)).lang, "contact.saved")
        if not known:
            return [rx.toast.success(said), rx.redirect(f"/contacts/{contact.id}", replace=True)]
        await self._look()
        self.filled += 1
        return rx.toast.success(said)

    @rx.event
    async def ask(self, question: str) -> None:
        """Open a question, or close it when blank."""
        self.asking = question

    @rx.event
    @handler
    async def opt_out(self) -> Any:
        """Never write to the contact again."""
        self.asking, contact_id = "", UUID(self._id)
        await use(self, lambda s, actor: s.opt_outs.add_contacts(actor, [contact_id]))
        await self._look()

    @rx.event
    @handler
    async def check(self) -> Any:
        """Have the number looked up on WhatsApp."""
        contact_id = UUID(self._id)
        count = await use(self, lambda s, actor: s.contacts.check_on_whatsapp(actor, [contact_id]))
        lang = (await self.get_state(Session)).lang
        return rx.toast.success(translate(lang, "contacts.will_check", n=count))

    @rx.event
    @handler
    async def delete(self) -> Any:
        """Forget the contact."""
        self.asking, contact_id = "", UUID(self._id)
        done = await use(
            self,
            lambda s, actor: s.contacts.delete_contacts(actor, [contact_id], undoable=True),
        )
        said = await say_done(self, "contacts.deleted", done, "onContacts")
        return [rx.redirect("/contacts"), said]

    async def _look(self) -> None:
        contact_id = UUID(self._id)
        contact, happenings = await use(
            self,
            lambda s, actor: (
                s.contacts.get_contact(actor, contact_id),
                s.contacts.history(actor, contact_id),
            ),
        )
        self.contact = contact_view(contact)
        self.own = [
            OwnField(name, value, f"{OWN}{name}") for name, value in sorted(contact.fields.items())
        ]
        self.happenings = [happening_view(one) for one in happenings]


def _own_fields(form: dict[str, Any]) -> dict[str, str]:
    """The fields of one's own that a form has, with the one that is new. Raises RuleViolation."""
    fields = {
        name.removeprefix(OWN): str(value) for name, value in form.items() if name.startswith(OWN)
    }
    new, value = str(form.get("new_field", "")).strip(), str(form.get("new_value", "")).strip()
    if value and not new:
        raise RuleViolation("field_nameless")
    if new in fields:
        raise RuleViolation("fields_twice", names=new)
    return fields | ({new: value} if new else {})
