"""Whom a campaign being written is for: people of the book, from several sources, and the sum."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.domain.audience_choice import (
    LONGEST_REST,
    AudienceChoice,
    BookFilter,
    Source,
    checked_rest,
)
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.errors import RuleViolation
from sender_app.domain.phone import pretty
from sender_app.ports.store.campaigns import CampaignFilter
from sender_app.ports.store.contacts import Contact
from sender_app.services.drafts import People
from sender_app.states.access import handler, use
from sender_app.states.contact_upload import fields_of

_HITS = 8  # contacts offered by the search
_SHOWN = 30  # chosen contacts shown by name
_EARLIER = 50  # campaigns offered


@dataclass(frozen=True)
class Tally:
    """How many people the sources give; `repeated` come from more than one."""

    people: int = 0
    reached: int = 0
    opted_out: int = 0
    resting: int = 0
    repeated: int = 0
    file: int = 0
    groups: int = 0
    contacts: int = 0
    filter: int = 0
    earlier: int = 0


@dataclass(frozen=True)
class Person:
    """A contact to tick."""

    id: str
    name: str
    phone: str


class Choosing(rx.State, mixin=True):
    """The choice. `_draft_id`, `_keep`, `sample`, `columns` and `at` are the page's."""

    groups: list[list[str]] = []  # pairs of id and name
    chosen_groups: list[str] = []
    hits: list[Person] = []  # contacts that the search offers
    chosen: list[Person] = []  # the first of those picked
    chosen_ids: list[str] = []
    by_filter: bool = False
    filter_search: str = ""
    filter_group: str = ""  # an id
    filter_standing: str = ""
    earlier_campaigns: list[list[str]] = []  # pairs of id and name
    earlier: str = ""  # an id
    rest: str = ""  # days as typed; blank: as the workspace has it
    rest_default: int = 0
    tally: Tally = Tally()

    @rx.event
    @handler
    async def toggle_group(self, group_id: str) -> Any:
        """Take a group in, or out."""
        self.chosen_groups = sorted(set(self.chosen_groups) ^ {str(UUID(group_id))})
        await self._choice_made()

    @rx.event
    @handler
    async def find_contacts(self, text: str) -> Any:
        """Contacts to pick."""
        query, self.hits = ContactQuery(text), []
        if text.strip():
            page = await use(self, lambda s, actor: s.contacts.page(actor, query, None, _HITS))
            self.hits = [_person(one) for one in page.rows]

    @rx.event
    @handler
    async def toggle_contact(self, contact_id: str) -> Any:
        """Pick a contact, or let go of it."""
        one = str(UUID(contact_id))
        there = one in self.chosen_ids
        self.chosen_ids = [x for x in self.chosen_ids if x != one] + ([] if there else [one])
        await self._choice_made()
        await self._name_chosen()

    @rx.event
    @handler
    async def drop_contacts(self) -> Any:
        """Let go of everybody picked."""
        self.chosen_ids, self.chosen = [], []
        await self._choice_made()

    @rx.event
    @handler
    async def use_filter(self, on: bool) -> Any:
        """Take in whoever the filter finds, or not."""
        self.by_filter = on
        await self._choice_made()

    @rx.event
    @handler
    async def filter_by_search(self, text: str) -> Any:
        """The filter's search."""
        self.filter_search, self.by_filter = text, True
        await self._choice_made()

    @rx.event
    @handler
    async def filter_by_group(self, group_id: str) -> Any:
        """The filter's group."""
        self.filter_group, self.by_filter = group_id, True
        await self._choice_made()

    @rx.event
    @handler
    async def filter_by_standing(self, standing: str) -> Any:
        """The filter's opt-outs, or what WhatsApp said."""
        self.filter_standing, self.by_filter = standing, True
        await self._choice_made()

    @rx.event
    @handler
    async def take_earlier(self, campaign_id: str) -> Any:
        """Whom an earlier campaign did not reach; blank for none."""
        self.earlier = campaign_id
        await self._choice_made()

    @rx.event
    @handler
    async def rest_for(self, days: str) -> Any:
        """Leave out whoever was written to in so many days."""
        _days(days)
        self.rest = days.strip()
        await self._choice_made()

    async def _offer(self) -> None:
        """What there is to choose from."""
        unreached = CampaignFilter(unreached=True)

        def read(s: Any, actor: Any) -> Any:
            return (
                s.contacts.groups(actor),
                s.campaigns.list_campaigns(actor, None, _EARLIER, unreached).rows,
                s.workspaces.get_workspace(actor).rest_days,
            )

        groups, campaigns, self.rest_default = await use(self, read)
        self.groups = [[str(group.id), group.name] for group in groups]
        self.earlier_campaigns = [[str(one.id), one.name] for one in campaigns]

    def _choice(self) -> AudienceChoice:
        found = BookFilter(self.filter_search, self.filter_group, self.filter_standing)
        return AudienceChoice(
            tuple(UUID(one) for one in self.chosen_groups),
            tuple(UUID(one) for one in self.chosen_ids),
            found if self.by_filter else None,
            UUID(self.earlier) if self.earlier else None,
            _days(self.rest),
        )

    async def _show_choice(self, choice: AudienceChoice) -> None:
        """What a draft has chosen, or with a blank one nothing."""
        self.chosen_groups = [str(one) for one in choice.groups]
        self.chosen_ids = [str(one) for one in choice.contacts]
        self.by_filter, found = choice.filter is not None, choice.filter or BookFilter()
        self.filter_search, self.filter_group = found.search, found.group
        self.filter_standing = found.standing
        self.earlier = str(choice.earlier) if choice.earlier else ""
        self.rest = "" if choice.rest_days is None else str(choice.rest_days)
        await self._name_chosen()

    async def _name_chosen(self) -> None:
        self.chosen = []
        if ids := [UUID(one) for one in self.chosen_ids[:_SHOWN]]:
            found = await use(self, lambda s, actor: s.contacts.find_contacts(actor, ids))
            self.chosen = [_person(one) for one in found]

    async def _choice_made(self) -> None:
        await self._keep()
        await self._count()

    async def _count(self) -> None:
        """How many it is for now, and the first of them for the preview."""
        if not self._draft_id:
            self._show_people(None)
            return
        draft_id = UUID(self._draft_id)
        self._show_people(await use(self, lambda s, actor: s.drafts.people(actor, draft_id)))

    def _show_people(self, people: People | None) -> None:
        if people is None:
            self.tally, self.sample, self.columns, self.at = Tally(), [], [], 0
            return
        counts, by = people.counts, people.counts.sources
        self.tally = Tally(
            counts.people,
            counts.reached,
            counts.opted_out,
            counts.resting,
            sum(by.values()) - counts.people,
            **{source.value: by[source] for source in Source},
        )
        self.sample = [fields_of(row) for row in people.sample]
        self.columns, self.at = list(people.columns), 0

    async def _keep(self) -> None:
        raise NotImplementedError


def _person(one: Contact) -> Person:
    return Person(str(one.id), one.nombre or pretty(one.phone), pretty(one.phone))


def _days(text: str) -> int | None:
    """The days as typed; raises RuleViolation("rest_invalid")."""
    text = text.strip()
    if text and not text.isdecimal():
        raise RuleViolation("rest_invalid", limit=LONGEST_REST)
    return checked_rest(int(text)) if text else None
