"""Contacts picked on the book's pages, and what can be done to all of them at once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.domain.audience_choice import AudienceChoice
from sender_app.services.drafts import Draft
from sender_app.services.undoing import Done
from sender_app.states.access import handler, use
from sender_app.states.undoing import say_done, say_undone


class ContactSelection(rx.State, mixin=True):
    """Ids of the picked, and the question that is open about them."""

    selected: list[str] = []
    asking: str = ""  # group, opt_out or delete
    joining: str = ""  # the name of the group they shall join

    @rx.event
    async def pick(self, contact_id: str) -> None:
        """Pick a contact, or let go of it."""
        picked = set(self.selected) ^ {contact_id}
        self.selected = sorted(picked)

    @rx.event
    async def pick_page(self) -> None:
        """Pick everybody on the page, or let go of them if all are picked."""
        here, picked = {row.id for row in self.rows}, set(self.selected)
        self.selected = sorted(picked - here if here <= picked else picked | here)

    @rx.event
    async def unpick(self) -> None:
        """Let go of everybody."""
        self.selected = []

    @rx.event
    async def ask(self, question: str) -> None:
        """Open a question, or close it when blank."""
        self.asking = question if self.selected else ""
        self.joining = ""

    @rx.event
    async def name_group(self, text: str) -> None:
        """The group's name as typed."""
        self.joining = text

    @rx.event
    @handler
    async def join(self) -> Any:
        """Put them into the group."""
        name = self.joining

        def add(s: Any, actor: Any, ids: list[UUID]) -> Done:
            return s.contacts.add_to_group(actor, name, ids, undoable=True)[1]

        return await self._do("contacts.joined", add, "onJoined")

    @rx.event
    @handler
    async def leave(self) -> Any:
        """Take them out of the group that is shown."""
        group = UUID(self.group)

        def take(s: Any, actor: Any, ids: list[UUID]) -> Done:
            return s.contacts.remove_from_group(actor, group, ids, undoable=True)

        return await self._do("contacts.left", take, "onLeft")

    @rx.event
    @handler
    async def opt_out(self) -> Any:
        """Never write to them again."""
        return await self._do(
            "contacts.opted_out", lambda s, actor, ids: Done(s.opt_outs.add_contacts(actor, ids))
        )

    @rx.event
    @handler
    async def check(self) -> Any:
        """Have them looked up on WhatsApp."""
        return await self._do(
            "contacts.will_check",
            lambda s, actor, ids: Done(s.contacts.check_on_whatsapp(actor, ids)),
        )

    @rx.event
    @handler
    async def delete(self) -> Any:
        """Forget them."""

        def forget(s: Any, actor: Any, ids: list[UUID]) -> Done:
            return s.contacts.delete_contacts(actor, ids, undoable=True)

        return await self._do("contacts.deleted", forget, "onContacts")

    @rx.event
    @handler
    async def bring_back(self, undo: str) -> Any:
        """Have the deleted back."""
        return await self._undo(
            "contacts.restored", lambda s, actor: s.contacts.restore_contacts(actor, undo)
        )

    @rx.event
    @handler
    async def leave_again(self, undo: str) -> Any:
        """Those who joined a group are in it no more."""
        return await self._undo("contacts.left", lambda s, a: s.contacts.leave_again(a, undo))

    @rx.event
    @handler
    async def join_again(self, undo: str) -> Any:
        """Those who left a group are in it again."""
        return await self._undo("contacts.joined", lambda s, a: s.contacts.join_again(a, undo))

    @rx.event
    @handler
    async def write_to_picked(self) -> Any:
        """A new campaign for them."""
        return await self._write(AudienceChoice(contacts=tuple(map(UUID, self.selected))))

    async def _write(self, choice: AudienceChoice, name: str = "") -> Any:
        def begin(s: Any, actor: Any) -> UUID:
            account = s.accounts.ensure_account(actor)
            return s.drafts.create_draft(actor, Draft(account.id, name, choice=choice)).id

        draft_id = await use(self, begin)
        return rx.redirect(f"/messages?draft={draft_id}")

    async def _do(
        self, said: str, call: Callable[[Any, Any, list[UUID]], Done], undo: str = ""
    ) -> Any:
        ids = [UUID(contact_id) for contact_id in self.selected]
        done = await use(self, lambda services, actor: call(services, actor, ids))
        self.selected, self.asking = [], ""
        await self._look_anew()
        return await say_done(self, said, done, undo)

    async def _undo(self, said: str, call: Callable[[Any, Any], int]) -> Any:
        count = await use(self, call)
        await self._look_anew()
        return await say_undone(self, said, count)
