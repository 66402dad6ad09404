"""The address book."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.domain.contact_search import ContactQuery, OnWhatsapp
from sender_app.ports.pages import Page
from sender_app.ports.store.removed import Removed


@dataclass(frozen=True, slots=True)
class Contact:
    """One person of the address book."""

    id: UUID
    phone: str
    nombre: str
    sustantivo: str
    grupo: str
    source: str
    created_at: datetime
    updated_at: datetime
    more_groups: tuple[str, ...] = ()  # beside `grupo`, the first one
    opted_out: bool = False
    whatsapp: OnWhatsapp = OnWhatsapp.UNKNOWN
    whatsapp_checked_at: datetime | None = None
    fields: Mapping[str, str] = field(default_factory=dict)  # further placeholders, by their names


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """What a person may write into a contact. `phone` is E.164."""

    phone: str
    nombre: str = ""
    sustantivo: str = ""
    grupo: str = ""  # the first group
    more_groups: tuple[str, ...] = ()
    fields: Mapping[str, str] | None = None  # None: as they are


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a contact's history: a campaign's message, or a reply."""

    at: datetime
    kind: str  # a recipient's status, or "reply"
    campaign_id: UUID | None
    campaign: str
    text: str  # the reply, or the error's code
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    replied_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many; not `exact`: at least, or about, so many. `behind`: and some of a large import, or
    of what is being taken in at this moment, are not in the book yet."""

    n: int
    exact: bool = True
    behind: bool = False


class ContactStore(Protocol):
    """The address book. What was just changed is found at once; a large import, seconds later."""

    def page(
        self, workspace_id: UUID, query: ContactQuery, cursor: str | None, limit: int
    ) -> Page[Contact]:
        """Contacts of the query, in its order. Raises RuleViolation for an unreadable cursor or a
        search that is too long."""
        ...

    def count(self, workspace_id: UUID, query: ContactQuery) -> Count:
        """How many the query has: exactly when they are few."""
        ...

    def follow(self, limit: int) -> int:
        """Bring the book up to date with up to `limit` changes of any workspace; how many it were.

        0 when nothing waits.
        """
        ...

    def get(self, workspace_id: UUID, contact_id: UUID) -> Contact:
        """Raises NotFound."""
        ...

    def find(self, workspace_id: UUID, ids: Sequence[UUID]) -> list[Contact]:
        """Those of `ids` that are there, in that order."""
        ...

    def create(self, workspace_id: UUID, user_id: str, draft: ContactDraft) -> Contact:
        """Raises RuleViolation("contact_exists") when the number is in the book already."""
        ...

    def update(self, workspace_id: UUID, contact_id: UUID, draft: ContactDraft) -> Contact:
        """Raises NotFound, RuleViolation("contact_exists")."""
        ...

    def delete(self, workspace_id: UUID, ids: Sequence[UUID]) -> Removed:
        """Forget contacts; what was sent to them stays in the campaigns."""
        ...

    def restore(self, workspace_id: UUID, record: bytes) -> int:
        """Have deleted contacts back under their ids, with their groups that are still there, their
        fields, history and counts. Whose number is in the book again stays gone; nothing happens to
        the list of opt-outs. Returns how many came back; none a second time.
        """
        ...

    def history(self, workspace_id: UUID, contact_id: UUID, limit: int) -> Sequence[Happening]:
        """What was sent to the contact and what came back, the latest first. Raises NotFound."""
        ...

    def duplicates(self, workspace_id: UUID, limit: int) -> Sequence[Sequence[Contact]]:
        """Contacts with the same name, but for case and accents; oldest first in each set."""
        ...

    def merge(self, workspace_id: UUID, kept_id: UUID, other_ids: Sequence[UUID]) -> Contact:
        """Give the history, the groups and what `kept_id` lacks of `other_ids` to it; delete them.

        Whoever opted out with one of the numbers is opted out with the one that stays. Raises
        NotFound unless all are there.
        """
        ...

    def export(
        self, workspace_id: UUID, query: ContactQuery, size: int
    ) -> Iterator[Sequence[Contact]]:
        """Every contact of the query, `size` at a time, in the query's order."""
        ...

    def field_names(self, workspace_id: UUID) -> Sequence[str]:
        """Names of the further fields that any contact of the workspace has, in their order."""
        ...

    def ask_check(self, workspace_id: UUID, account_id: UUID, ids: Sequence[UUID]) -> int:
        """Have the account look whether these numbers are on WhatsApp; returns how many."""
        ...

    def to_check(self, account_id: UUID, limit: int) -> Sequence[str]:
        """Numbers that the account was asked to look up."""
        ...

    def record_check(
        self, account_id: UUID, asked: Sequence[str], found: Mapping[str, bool], at: datetime
    ) -> None:
        """What WhatsApp said of the numbers `asked`; those it said nothing of stay as they were."""
        ...
