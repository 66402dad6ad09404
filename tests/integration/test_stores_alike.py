"""Both stores, told the same of a book, answer every question of it in the same way."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

import pytest

from sender_app.adapters.redis_client import connect
from sender_app.domain.contact_search import ContactQuery, ContactSort, OnWhatsapp
from sender_app.domain.errors import RuleViolation
from sender_app.ports.store import Store
from sender_app.ports.store.contacts import ContactDraft
from sender_app.stores.postgres.store import PostgresStore
from sender_app.stores.redis.store import RedisStore

DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
WORDS = (
    *("Ana", "ana", "María", "JOSÉ", "Ñúñez", "o'Neil", "d-e", "x.y", "~", "z", "Zoé", "Straße"),
    *("李雷", "ÅSA", "é", "a", "ma", "42", "007", "59598"),
)
GROUPS = ("", "G1", "Padres", "padres", "~x", "Año Nuevo", "G1 b")
CODES = ("+59598", "+59597", "+54911", "+1")
FEWEST = 8  # people who stay

Told = TypeVar("Told")


@dataclass
class Side:
    """A book in one of the stores; `people` are the same on both sides, under other ids."""

    store: Store
    people: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = self.store.workspaces.ensure("alice", "Alice", DEFAULTS).id
        self.contacts, self.groups = self.store.contacts, self.store.groups

    def group(self, name: str) -> UUID:
        return self.groups.ensure(self.id, name).id

    def create(self, draft: ContactDraft) -> None:
        self.people.append(self.contacts.create(self.id, "alice", draft).id)

    def update(self, n: int, draft: ContactDraft) -> None:
        self.contacts.update(self.id, self.people[n], draft)

    def delete(self, n: int) -> int:
        return self.contacts.delete(self.id, [self.people.pop(n)]).count

    def think_better(self, n: int, name: str, some: list[int]) -> tuple[int, int, int]:
        """Delete somebody and take some out of a group, and undo both."""
        gone = self.contacts.delete(self.id, [self.people[n]])
        group = self.group(name)
        left = self.groups.remove(self.id, group, self._some(some))
        back = self.contacts.restore(self.id, gone.record)
        return back, len(left.ids), self.groups.rejoin(self.id, group, left)

    def _some(self, some: list[int]) -> list[UUID]:
        return [self.people[n] for n in some]

    def merge(self, n: int) -> None:
        self.contacts.merge(self.id, self.people[n], [self.people.pop()])

    def join(self, name: str, some: list[int]) -> int:
        return len(self.groups.add(self.id, self.group(name), self._some(some)).ids)

    def leave(self, name: str, some: list[int]) -> int:
        return len(self.groups.remove(self.id, self.group(name), self._some(some)).ids)

    def rename(self, name: str, new: str) -> str:
        try:
            self.groups.rename(self.id, self.group(name), new)
        except RuleViolation as problem:
            return problem.code
        return ""

    def drop(self, name: str) -> None:
        self.groups.delete(self.id, self.group(name))

    def opt_out(self, n: int) -> int:
        phone = self.contacts.get(self.id, self.people[n]).phone
        return self.store.opt_outs.add(self.id, [phone], "person", "")

    def show(self) -> list[tuple[object, ...]]:
        found = self.contacts.find(self.id, self.people)
        return [(c.phone, c.nombre, c.grupo, c.more_groups, c.opted_out) for c in found]

    def find(self, query: ContactQuery, size: int) -> tuple[list[str], int]:
        cursor, found = None, list[str]()
        while True:
            page = self.contacts.page(self.id, query, cursor, size)
            found += [contact.phone for contact in page.rows]
            if (cursor := page.next) is None:
                return found, self.contacts.count(self.id, query).n

    def duplicates(self) -> list[list[str]]:
        return [[c.phone for c in same] for same in self.contacts.duplicates(self.id, 5)]


@pytest.fixture
def sides(database_url: str, redis_url: str) -> Iterator[tuple[Side, Side]]:
    stores = PostgresStore(database_url), RedisStore(connect(redis_url))
    yield Side(stores[0]), Side(stores[1])
    for store in stores:
        store.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_they_find_sort_and_count_a_book_alike(sides: tuple[Side, Side], seed: int):
    chance = random.Random(seed)  # noqa: S311 - for the same tale each time

    def both(ask: Callable[[Side], Told]) -> Told:
        left, right = map(ask, sides)
        assert left == right
        return left

    for n in range(120):
        change(chance, n, len(sides[0].people), both)
    both(Side.show)
    both(Side.duplicates)
    groups = both(lambda side: sorted(group.name for group in side.groups.list(side.id)))
    for _ in range(80):
        text = " ".join(chance.choices((*WORDS, "", "59", "0982", "98"), k=chance.randrange(3)))
        group = chance.choice([*groups, *[None] * 6])
        facts = {
            "opted_out": chance.choice([None, None, True, False]),
            "whatsapp": chance.choice([None, None, None, *OnWhatsapp]),
            "sort": chance.choice(list(ContactSort)),
            "backwards": chance.random() < 0.3,
        }
        size = chance.choice([2, 7, 50])
        both(
            lambda side, text=text, group=group, facts=facts, size=size: side.find(
                ContactQuery(text, side.group(group) if group else None, **facts), size
            )
        )


def change(
    chance: random.Random, n: int, people: int, both: Callable[[Callable[[Side], object]], object]
) -> None:
    """One thing that somebody does to the book, the same on both sides."""
    name, some = chance.choice(GROUPS[1:]), chance.choices(range(people or 1), k=5)
    one = some[0]
    phone = f"{chance.choice(CODES)}{n:03d}{chance.randrange(10**4):04d}"
    nombre = " ".join(chance.choices(WORDS, k=chance.randrange(4)))
    more = tuple(chance.sample(GROUPS, chance.randrange(3)))
    draft = ContactDraft(phone, nombre, "", chance.choice(GROUPS), more)
    changes: list[Callable[[Side], object]] = [
        lambda side: side.update(one, draft),
        lambda side: side.join(name, some),
        lambda side: side.leave(name, some),
        lambda side: side.rename(name, f"{name}'"),
        lambda side: side.drop(name),
        lambda side: side.opt_out(one),
        lambda side: side.delete(one),
        lambda side: side.merge(0),
        lambda side: side.think_better(one, name, some),
    ]
    if people < FEWEST or chance.random() < 0.5:
        both(lambda side: side.create(draft))
    else:
        both(chance.choice(changes))
