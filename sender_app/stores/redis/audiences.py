"""Whom a campaign is for, gathered from Redis: sources put together, each person once, less those
whom a rule leaves out.

All of it is looked at from beside the transaction that freezes it: whoever is sending meanwhile is
not in the way, and what they send in that moment is not seen, as in Postgres.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import compress, islice
from uuid import UUID

import orjson

from sender_app.domain.audience import AudienceRow
from sender_app.domain.audience_choice import AudienceChoice, Source
from sender_app.domain.errors import RuleViolation
from sender_app.ports.store.audiences import AudienceCounts, AudienceSpec, Likes
from sender_app.stores.redis import book, contact_index
from sender_app.stores.redis.contact_rows import contacts, opt_outs, raw_by_phone
from sender_app.stores.redis.engine import RedisDatabase
from sender_app.stores.redis.history import by_contact, recipients_of
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.recipient_rows import talked_with
from sender_app.stores.redis.rows import Row, at
from sender_app.stores.redis.staging import Stage
from sender_app.stores.redis.view import View

_STEP = 2_000  # people looked at in one go
# Receipts come so late at most, and make a message sent that was in doubt when its campaign ended.
_LATEST_RECEIPT = timedelta(days=31)
_UNIT = "\x1f"  # not within the values of a likeness
_FIRST = 10**12  # sorts whoever is in no file after the rows of the file


@dataclass(slots=True)
class Person:
    """Somebody of an audience. `contact` is the row's own bytes, of whoever is in the book."""

    phone: str
    contact_id: str | None = None
    contact: bytes | None = None
    row: AudienceRow | None = None  # of the file
    sources: set[Source] = field(default_factory=set)
    opted_out: bool = False
    resting: bool = False

    @property
    def reached(self) -> bool:
        """Whether they will be written to."""
        return not (self.opted_out or self.resting)

    @property
    def place(self) -> tuple[int, str, str]:
        """Of the file the rows come first, in their order."""
        return (self.row.row if self.row else _FIRST, self.contact_id or "", self.phone)

    def filled(self) -> AudienceRow:
        """The file's cells, and the book's where they are blank. Who is in no file has row 0."""
        row = self.row or AudienceRow(0, self.phone)
        return filled(row, orjson.loads(self.contact) if self.contact else None)


class RedisAudiences:
    """See ports.store.audiences.AudienceStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    @contextmanager
    def gather(self, workspace_id: UUID, spec: AudienceSpec) -> Iterator["Gathered"]:
        contact_index.refresh(self._database, workspace_id)
        view, stage = self._database.view(), Stage(spec.rows)
        yield gather(view, workspace_id, spec, stage, raw_by_phone(view, workspace_id, stage.rows))


def gather(
    view: View, workspace: UUID, spec: AudienceSpec, stage: Stage, in_book: Mapping[str, bytes]
) -> "Gathered":
    """The audience of a spec, whose file is in the stage; `in_book` are the contacts of the file's
    people by phone, as they are or will be."""
    people = _of_the_book(view, workspace, _chosen(view, workspace, spec.choice))
    for phone, row in stage.rows.items():
        person = people.setdefault(phone, Person(phone))
        person.row = row
        person.sources.add(Source.FILE)
        if (raw := in_book.get(phone)) is not None:
            person.contact_id, person.contact = orjson.loads(raw)["id"], raw
    found = sorted(people.values(), key=lambda person: person.place)
    out = view.raw(opt_outs(workspace), (person.phone for person in found))
    for person, opted_out in zip(found, out, strict=True):
        person.opted_out = opted_out is not None
    if spec.written_since is not None:
        written_to = _written_to(view, workspace, found, spec.written_since)
        for person in found:
            person.resting = person.contact_id in written_to and not person.opted_out
    return Gathered(view, workspace, found)


def check_caught_up(view: View, workspace: UUID, choice: AudienceChoice) -> None:
    """Raise RuleViolation where groups and searches would miss what was imported just now."""
    if (choice.groups or choice.filter is not None) and contact_index.behind(view, workspace):
        raise RuleViolation("book_behind")


def filled(row: AudienceRow, contact: Row | None) -> AudienceRow:
    """A row with its blank cells filled from the contact, if there is one."""
    if contact is None:
        return row
    return AudienceRow(
        row.row,
        row.phone,
        row.nombre or contact["nombre"],
        row.sustantivo or contact["sustantivo"],
        row.grupo or contact["grupo"],
        contact["fields"] | {name: value for name, value in row.own.items() if value},
    )


class Gathered:
    """See ports.store.audiences.GatheredAudience."""

    def __init__(self, view: View, workspace: UUID, people: Sequence[Person]) -> None:
        self._view = view
        self._workspace = workspace
        self.people = people  # in sending order

    def counts(self) -> AudienceCounts:
        sources = Counter(source for person in self.people for source in person.sources)
        return AudienceCounts(
            len(self.people),
            sum(person.reached for person in self.people),
            sum(person.opted_out for person in self.people),
            sum(person.resting for person in self.people),
            {source: sources[source] for source in Source},
        )

    def known(self, accounts: Sequence[UUID]) -> int:
        view, left = self._view, [person for person in self.people if person.reached]
        for account in accounts:
            people = [(person.contact_id, person.phone) for person in left]
            left = list(compress(left, talked_with(view, self._workspace, account, people)))
        return len(left)

    def likes(self, names: Sequence[str], whole: frozenset[str]) -> list[Likes]:
        if not names:
            return []
        found = Counter(_likeness(row, names, whole) for row in self._reached())
        return [Likes(dict(zip(names, key, strict=True)), n) for key, n in found.items()]

    def of_likes(
        self, names: Sequence[str], whole: frozenset[str], wanted: Sequence[Likes], limit: int
    ) -> list[AudienceRow]:
        keys = {tuple(one.values[name] for name in names) for one in wanted}
        found = (row for row in self._reached() if _likeness(row, names, whole) in keys)
        return list(islice(found, limit))

    def find(self, search: str, limit: int) -> list[AudienceRow]:
        wanted = search.strip().lower()
        digits = "".join(letter for letter in wanted if letter.isdigit())
        long = len(digits) > 2  # fewer are in every number
        found = (
            row
            for row in self._reached()
            if wanted in row.nombre.lower() or (long and digits in row.phone)
        )
        return list(islice(found, limit))

    def _reached(self) -> Iterator[AudienceRow]:
        return (person.filled() for person in self.people if person.reached)


def _likeness(row: AudienceRow, names: Sequence[str], whole: frozenset[str]) -> tuple[str, ...]:
    """By what people are alike: of the fields in `whole` their values, of the others only whether
    there is one."""
    fields = row.fields
    values = ((name, str(fields.get(name, ""))) for name in names)
    return tuple(
        text.replace(_UNIT, " ") if name in whole else "+" if text.strip(" ") else ""
        for name, text in values
    )


def _chosen(view: View, workspace: UUID, choice: AudienceChoice) -> dict[str, set[Source]]:
    """Ids of contacts, and where each comes from; some may not be there."""
    chosen: dict[str, set[Source]] = {}

    def choose(ids: Iterator[str], source: Source) -> None:
        for contact_id in ids:
            chosen.setdefault(contact_id, set()).add(source)

    for group_id in choice.groups:
        names = view.names(contact_index.members(workspace, group_id))
        choose((contact_index.parts_of(name)[1] for name in names), Source.GROUPS)
    choose(map(str, choice.contacts), Source.CONTACTS)
    if choice.filter is not None:
        choose(book.everybody(view, workspace, choice.filter.query), Source.FILTER)
    if choice.earlier is not None:
        choose(_not_reached(view, workspace, choice.earlier), Source.EARLIER)
    return chosen


def _not_reached(view: View, workspace: UUID, campaign_id: UUID) -> Iterator[str]:
    """Whom a campaign did not reach: those in error, and those whose turn did not come before it
    was cancelled, also when a person said of a message in doubt that it never left."""
    campaign = view.row(of(workspace, "campaigns"), campaign_id)
    if campaign is None:
        return
    cancelled = campaign["status"] == "cancelled"
    for row in view.all(of(workspace, "campaigns", campaign_id, "recipients")).values():
        status, left = row["status"], row["error_code"] == "cancelled"
        lost = status == "error" or (status == "skipped" and left)
        if row["contact_id"] and (lost or (status == "queued" and cancelled)):
            yield row["contact_id"]


def _of_the_book(view: View, workspace: UUID, chosen: dict[str, set[Source]]) -> dict[str, Person]:
    """The chosen contacts that are there, by phone."""
    people: dict[str, Person] = {}
    found = zip(chosen.items(), view.raw(contacts(workspace), chosen), strict=True)
    for (contact_id, sources), raw in found:
        if raw is not None:
            phone = orjson.loads(raw)["phone"]
            people[phone] = Person(phone, contact_id, raw, sources=sources)
    return people


def _written_to(view: View, workspace: UUID, people: Sequence[Person], since: datetime) -> set[str]:
    """Contacts that were written to since then. A message that may have been sent counts."""
    lately = {
        campaign
        for campaign, row in view.all(of(workspace, "campaigns")).items()
        if row["started_at"] is not None
        and (row["finished_at"] is None or at(row["finished_at"]) >= since - _LATEST_RECEIPT)
    }
    ids = [person.contact_id for person in people if person.contact_id]
    return {
        contact
        for contact, _, row in _ledger(view, workspace, ids, lately)
        if (row["sent_at"] is not None and at(row["sent_at"]) >= since)
        or (row["status"] in ("sending", "unconfirmed") and at(row["claimed_at"]) >= since)
    }


def _ledger(
    view: View, workspace: UUID, contact_ids: Sequence[str], campaigns: Collection[str]
) -> Iterator[tuple[str, str, Row]]:
    """What these campaigns have of these contacts: the contact, the campaign and the recipient."""
    for start in range(0, len(contact_ids), _STEP):
        prefixes = [f"{contact_id}:" for contact_id in contact_ids[start : start + _STEP]]
        found = view.each(by_contact(workspace), prefixes)
        names = [name for one in found for name in one if name.rpartition(":")[2] in campaigns]
        yield from recipients_of(view, workspace, names)
