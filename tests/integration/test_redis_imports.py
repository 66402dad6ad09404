"""A large import into the Redis store, beside those who change the same book meanwhile."""

import threading
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from sender_app.adapters.redis_client import connect
from sender_app.domain.audience import AudienceRow
from sender_app.domain.contact_import import ContactImport, Counts, ImportStatus, Layout, sources
from sender_app.domain.contact_search import ContactQuery
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store.contacts import ContactDraft
from sender_app.ports.store.imports import NewImport
from sender_app.stores.redis.staging import Stage
from sender_app.stores.redis.store import RedisStore

DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
LAYOUT = Layout("text", "utf-8", ",", (), 1, 1, ("numero",), ())
ANA, LUIS, EVA = "+595981000001", "+595981000002", "+595981000003"


class Desk:
    """A workspace whose import has begun."""

    def __init__(self, store: RedisStore) -> None:
        self.store = store
        self.id = store.workspaces.ensure("alice", "Alice", DEFAULTS).id

    def importing(self) -> ContactImport:
        imports = self.store.imports
        import_id = imports.create(self.id, "alice", NewImport(uuid4(), "x", 1, "PY", LAYOUT)).id
        imports.move(import_id, sources("check"), ImportStatus.CHECKING)
        work = imports.begin(import_id)
        assert work is not None
        assert imports.checked(work, Counts(), [], [])
        imports.move(import_id, sources("start"), ImportStatus.IMPORTING)
        work = imports.begin(import_id)
        assert work is not None
        return work

    def add(self, phone: str, nombre: str, grupo: str = "") -> UUID:
        draft = ContactDraft(phone, nombre, "", grupo)
        return self.store.contacts.create(self.id, "bob", draft).id

    def book(self) -> dict[str, tuple[str, str, tuple[str, ...]]]:
        rows = self.store.contacts.page(self.id, ContactQuery(), None, 100).rows
        return {row.phone: (row.nombre, row.grupo, row.more_groups) for row in rows}


@pytest.fixture
def desk(redis_url: str) -> Iterator[Desk]:
    store = RedisStore(connect(redis_url))
    yield Desk(store)
    store.close()


def test_what_people_change_while_rows_are_worked_out_is_not_lost(desk: Desk):
    work = desk.importing()
    gone = desk.add(LUIS, "Luis", "Coro")
    groups = desk.store.groups

    def change(_part: float) -> None:
        desk.add(ANA, "Bob's", "VIP")
        desk.store.contacts.delete(desk.id, [gone])
        groups.rename(desk.id, groups.ensure(desk.id, "Coro").id, "Ensayo")

    rows = [AudienceRow(1, ANA, "", grupo="Coro"), AudienceRow(2, LUIS), AudienceRow(3, EVA, "Eva")]
    assert desk.store.imports.commit(work, [ContactBatch.of(rows)], change)
    assert desk.book() == {
        ANA: ("Bob's", "Coro", ()),
        LUIS: ("", "", ()),
        EVA: ("Eva", "", ()),
    }
    assert sorted(group.name for group in groups.list(desk.id)) == ["Coro", "Ensayo", "VIP"]
    counts = desk.store.imports.get(desk.id, work.id).counts
    assert (counts.created, counts.updated, counts.unchanged) == (2, 1, 0)


def test_an_import_finds_room_among_programs_that_never_pause(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    work, stop, trouble = desk.importing(), threading.Event(), list[Exception]()
    tries, write = 0, Stage.write

    def slowly(stage: Stage, *arguments: object) -> object:
        nonlocal tries
        tries += 1
        found = write(stage, *arguments)  # type: ignore[arg-type]
        stop.wait(0.3)  # as long as many rows take
        return found

    def keep_writing(number: int) -> None:
        try:
            person = desk.add(f"+59597{number:07d}", "A")
            while not stop.is_set():
                draft = ContactDraft(f"+59597{number:07d}", "B")
                desk.store.contacts.update(desk.id, person, draft)
        except Exception as error:  # noqa: BLE001 - told to the test
            trouble.append(error)

    monkeypatch.setattr(Stage, "write", slowly)
    threads = [threading.Thread(target=keep_writing, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    rows = [AudienceRow(n, f"+59598{n:07d}", f"P {n}") for n in range(50)]
    try:
        assert desk.store.imports.commit(work, [ContactBatch.of(rows)], lambda _part: None)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert trouble == []
    assert tries < 5
    assert len(desk.book()) == 53
