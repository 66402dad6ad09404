"""The opt-out list: look, add by hand or from a pasted list, take off."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sender_app.domain import phone as phones
from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import RuleViolation
from sender_app.ports.pages import Page
from sender_app.ports.store import Store
from sender_app.ports.store.opt_outs import OptOut
from sender_app.ports.undoing import Undoables
from sender_app.services.undoing import Done, done, undone

MOST_AT_ONCE = 10_000  # numbers in one pasted list
_KIND = "opt_out"
_NAMED = 10  # numbers in error named in a message
_BETWEEN = re.compile(r"[\n\r,;\t]+")


@dataclass(frozen=True, slots=True)
class Added:
    """What came of a pasted list."""

    added: int  # numbers that were not on the list yet
    known: int  # numbers that were
    unreadable: tuple[str, ...]  # the first of those that are no numbers
    unreadable_count: int


@dataclass(frozen=True, slots=True)
class OptOuts:
    """Numbers of the workspace that are never written to."""

    store: Store
    undoables: Undoables

    def page(
        self, actor: Actor, search: str = "", cursor: str | None = None, limit: int = 50
    ) -> Page[OptOut]:
        """The latest first; `search` is a part of the number."""
        actor.require(Role.VIEWER)
        return self.store.opt_outs.page(actor.workspace_id, search, cursor, limit)

    def count(self, actor: Actor) -> int:
        """How many numbers are on the list."""
        actor.require(Role.VIEWER)
        return self.store.opt_outs.count(actor.workspace_id)

    def add(self, actor: Actor, text: str) -> Added:
        """Add the numbers in `text`, one a line or parted by commas; others are named.

        Raises RuleViolation("opt_outs_blank", "too_many_at_once").
        """
        actor.require(Role.SENDER)
        country = self.store.workspaces.get(actor.workspace_id).default_country
        typed = [part.strip() for part in _BETWEEN.split(text) if part.strip()]
        if not typed:
            raise RuleViolation("opt_outs_blank")
        if len(typed) > MOST_AT_ONCE:
            raise RuleViolation("too_many_at_once", limit=MOST_AT_ONCE)
        good: dict[str, None] = {}
        bad: list[str] = []
        for part in typed:
            try:
                good[phones.normalise(part, country)] = None
            except RuleViolation:
                bad.append(part[:40])
        source = "person" if len(typed) == 1 else "import"
        added = self.store.opt_outs.add(actor.workspace_id, list(good), source, "")
        return Added(added, len(good) - added, tuple(bad[:_NAMED]), len(bad))

    def add_contacts(self, actor: Actor, ids: Sequence[UUID]) -> int:
        """Opt these contacts out; how many were not yet."""
        actor.require(Role.SENDER)
        found = self.store.contacts.find(actor.workspace_id, ids)
        numbers = [contact.phone for contact in found]
        return self.store.opt_outs.add(actor.workspace_id, numbers, "person", "")

    def remove(self, actor: Actor, phone: str, *, undoable: bool = False) -> Done:
        """Write to this number again from now on; none when it was not on the list.

        Only an administrator may: the person asked for the contrary.
        """
        actor.require(Role.ADMIN)
        gone = self.store.opt_outs.remove(actor.workspace_id, [phone])
        record = gone.record if undoable else None
        return done(self.undoables, actor, _KIND, gone.count, record)

    def restore(self, actor: Actor, undo: str) -> int:
        """Have a number that was taken off on the list again, as it was; 0 when it is by now.
        Raises RuleViolation("undo_gone")."""
        actor.require(Role.ADMIN)
        return undone(
            *(self.undoables, actor, _KIND, undo),
            lambda record: self.store.opt_outs.restore(actor.workspace_id, record),
        )
