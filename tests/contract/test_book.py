"""What every store promises of the address book."""

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest

from sender_app.domain.audience import AudienceRow
from sender_app.domain.contact_import import Counts, ImportStatus, Layout, sources
from sender_app.domain.contact_search import ContactQuery, ContactSort, OnWhatsapp, fold
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Store
from sender_app.ports.store.contacts import Contact, ContactDraft
from sender_app.ports.store.imports import NewImport
from sender_app.ports.whatsapp import Incoming
from sender_app.stores.postgres import book
from sender_app.stores.redis import book as redis_book

DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
PEOPLE = (
    ("+595981000001", "Ana Martínez", "Padres"),
    ("+595981000002", "María Benítez", "Docentes"),
    ("+595982000003", "Ramón Ávalos", "Padres"),
    ("+595982001004", "José María Ñúñez", ""),
    ("+5491155550005", "", "Padres"),
)


class Book:
    """A workspace with people in its book."""

    def __init__(self, store: Store, key: str = "alice") -> None:
        self.store = store
        self.id = store.workspaces.ensure(key, key, DEFAULTS).id
        self.contacts = store.contacts

    def add(self, phone: str, nombre: str = "", grupo: str = "", *more: str) -> Contact:
        return self.contacts.create(self.id, "alice", ContactDraft(phone, nombre, "", grupo, more))

    def fill(self) -> "Book":
        for phone, nombre, grupo in PEOPLE:
            self.add(phone, nombre, grupo)
        return self

    def find(self, search: str = "", **query: object) -> list[str]:
        """Names, or phones of the nameless, of everybody that a query has; page by page."""
        wanted, cursor, found = ContactQuery(search, **query), None, []  # type: ignore[arg-type]
        while True:
            page = self.contacts.page(self.id, wanted, cursor, 2)
            found += [contact.nombre or contact.phone for contact in page.rows]
            if (cursor := page.next) is None:
                return found

    def group(self, name: str) -> UUID:
        return next(group.id for group in self.store.groups.list(self.id) if group.name == name)


@pytest.fixture
def filled(store: Store) -> Book:
    return Book(store).fill()


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (
            "",
            ["Ana Martínez", "José María Ñúñez", "María Benítez", "Ramón Ávalos", "+5491155550005"],
        ),
        ("ma", ["María Benítez", "Ana Martínez", "José María Ñúñez"]),
        ("MARIA", ["María Benítez", "José María Ñúñez"]),
        ("maría b", ["María Benítez"]),
        ("nunez jose", ["José María Ñúñez"]),
        ("aval", ["Ramón Ávalos"]),
        ("padres", ["Ana Martínez", "Ramón Ávalos", "+5491155550005"]),
        ("ana padres", ["Ana Martínez"]),
        ("ana docentes", []),
        ("0982", ["Ramón Ávalos", "José María Ñúñez"]),
        ("982", ["Ramón Ávalos", "José María Ñúñez"]),
        ("0982 001-004", ["José María Ñúñez"]),
        ("+54 9 11", ["+5491155550005"]),
        ("5491", ["+5491155550005"]),
        ("0005", ["+5491155550005"]),
        ("1004", ["José María Ñúñez"]),
        ("%", []),
        ("_", []),
        ("'", []),
        ("ana' | 'x", []),
        ("\\", []),
    ],
)
def test_it_finds_by_the_beginnings_of_words_and_either_end_of_the_phone(
    filled: Book, search: str, found: list[str]
):
    assert filled.find(search) == found


def test_it_reads_few_and_walks_many_to_the_same_end(store: Store, monkeypatch: pytest.MonkeyPatch):
    one = Book(store)
    for n in range(30):
        one.add(f"+59598{n:07d}", f"{'Ana' if n % 3 else 'Eva'} Rojas {n}", f"G{n % 2}")
    queries = [
        {"search": text, "group_id": group, "opted_out": out}
        for text in ("", "ana", "rojas", "rojas eva", "0980", "g1")
        for group in (None, one.group("G0"))
        for out in (None, False)
    ]
    few = [one.find(**query) for query in queries]
    monkeypatch.setattr(book, "MANY", -1)
    assert [one.find(**query) for query in queries] == few
    assert len(few[0]) == len(set(few[0])) == 30


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sort", list(ContactSort))
def test_it_sorts_every_way_and_shows_everybody_once(
    filled: Book, sort: ContactSort, backwards: bool
):
    found = filled.find(sort=sort, backwards=backwards)
    keys = {
        ContactSort.NAME: lambda p: (fold(p[1]) or "~",),
        ContactSort.NEWEST: lambda p: (-PEOPLE.index(p),),
        ContactSort.PHONE: lambda p: (p[0],),
        ContactSort.GROUP: lambda p: (fold(p[2]) or "~", PEOPLE.index(p)),
    }
    people = sorted(PEOPLE, key=keys[sort], reverse=backwards)
    assert found == [nombre or phone for phone, nombre, _ in people]


@pytest.mark.parametrize("sort", list(ContactSort))
def test_it_shows_a_group_in_every_order(filled: Book, sort: ContactSort):
    members = filled.find(sort=sort, group_id=filled.group("Padres"))
    assert sorted(members) == ["+5491155550005", "Ana Martínez", "Ramón Ávalos"]
    stranger = Book(filled.store, "charlie")
    assert stranger.find(sort=sort, group_id=filled.group("Padres")) == []


def test_it_counts_what_a_query_has(filled: Book, monkeypatch: pytest.MonkeyPatch):
    count = filled.contacts.count
    assert (count(filled.id, ContactQuery()).n, count(filled.id, ContactQuery("ma")).n) == (5, 3)
    for one in (book, redis_book):
        monkeypatch.setattr(one, "COUNTED", 2)
    assert count(filled.id, ContactQuery("ma")).exact is False
    assert count(filled.id, ContactQuery("jos")).exact is True


def test_it_refuses_a_cursor_of_nonsense_and_a_search_without_end(filled: Book):
    for cursor in ("x", "[]", '[0, "a", "b"]'):
        with pytest.raises(RuleViolation):
            filled.contacts.page(filled.id, ContactQuery(), cursor, 10)
    with pytest.raises(RuleViolation):
        filled.contacts.page(filled.id, ContactQuery("x" * 101), None, 10)


def test_python_and_the_database_fold_alike(database_url: str):
    texts = ["María José", "ÑANDÚ", "Çelik", "Straße", "ÅSA", "Œuvre", "İzmir", "Зоя", "ﬁn", "李雷"]
    with psycopg.connect(database_url) as connection:
        for text in texts:
            row = connection.execute("SELECT contact_key(%s)", (text,)).fetchone()
            assert row == (fold(text),), text


def test_a_contact_is_written_with_its_groups_and_read_back(store: Store):
    one = Book(store)
    made = one.add("+595981000001", "Ana", "Padres", "Morosos", "VIP")
    assert (made.grupo, made.more_groups) == ("Padres", ("Morosos", "VIP"))
    with pytest.raises(RuleViolation):
        one.add("+595981000001", "Otra")
    draft = ContactDraft("+595981000002", "Ana María", "Sra.", "VIP", ("Padres",))
    changed = one.contacts.update(one.id, made.id, draft)
    assert (changed.phone, changed.grupo, changed.more_groups) == (draft.phone, "VIP", ("Padres",))
    assert one.find("ana mar", group_id=one.group("Padres")) == ["Ana María"]
    assert one.find(group_id=one.group("Morosos")) == []
    other = one.add("+595981000003")
    with pytest.raises(RuleViolation):
        one.contacts.update(one.id, other.id, draft)
    with pytest.raises(NotFound):
        one.contacts.update(one.id, uuid4(), draft)
    stranger = Book(store, "charlie")
    with pytest.raises(NotFound):
        stranger.contacts.get(stranger.id, made.id)
    assert stranger.contacts.delete(stranger.id, [made.id]).count == 0
    assert one.contacts.delete(one.id, [made.id, uuid4()]).count == 1
    assert one.find("ana") == []


def test_a_contact_keeps_fields_of_its_own_until_they_are_written(store: Store):
    one = Book(store)
    draft = ContactDraft("+595981000001", "Ana", fields={"saldo": "120", "cuota": "3"})
    made = one.contacts.create(one.id, "alice", draft)
    assert made.fields == {"saldo": "120", "cuota": "3"}
    kept = one.contacts.update(one.id, made.id, ContactDraft(draft.phone, "Ana María"))
    assert (kept.nombre, kept.fields) == ("Ana María", made.fields)
    written = replace(draft, fields={"saldo": "95"})
    assert one.contacts.update(one.id, made.id, written).fields == {"saldo": "95"}
    [row] = store.campaigns.with_book(one.id, [AudienceRow(0, draft.phone)])
    assert row.fields["saldo"] == "95", "what a message's placeholder has"
    assert one.contacts.page(one.id, ContactQuery(), None, 5).rows[0].fields == {"saldo": "95"}
    assert one.add("+595981000002").fields == {}
    one.contacts.create(one.id, "ana", ContactDraft("+595981000003", fields={"barrio": "Sajonia"}))
    assert list(one.contacts.field_names(one.id)) == ["barrio", "saldo"]


def test_contacts_join_and_leave_groups_and_keep_a_first_one(filled: Book):
    groups = filled.store.groups
    ids = [row.id for row in filled.contacts.page(filled.id, ContactQuery(), None, 10).rows]
    vip = groups.ensure(filled.id, "VIP")
    assert groups.ensure(filled.id, "VIP") == vip
    assert set(groups.add(filled.id, vip.id, ids).ids) == set(ids)
    assert groups.add(filled.id, vip.id, ids).ids == ()
    assert len(filled.find(group_id=vip.id)) == 5
    jose = next(c for c in filled.contacts.find(filled.id, ids) if c.nombre.startswith("José"))
    assert jose.grupo == "VIP"  # had none
    assert len(groups.remove(filled.id, filled.group("Padres"), ids).ids) == 3
    assert all(c.grupo in ("VIP", "Docentes") for c in filled.contacts.find(filled.id, ids))
    groups.rename(filled.id, vip.id, "Especiales")
    assert filled.find("especiales") == filled.find(group_id=vip.id)
    with pytest.raises(RuleViolation):
        groups.rename(filled.id, vip.id, "Docentes")
    groups.delete(filled.id, vip.id)
    assert {c.grupo for c in filled.contacts.find(filled.id, ids)} == {"", "Docentes"}
    assert filled.find("especiales") == []
    stranger = Book(filled.store, "charlie")
    with pytest.raises(NotFound):
        groups.delete(stranger.id, filled.group("Docentes"))


def test_an_opt_out_outlives_the_contact_and_shows_when_it_comes_back(filled: Book):
    ana = filled.contacts.page(filled.id, ContactQuery("ana"), None, 1).rows[0]
    opt_outs = filled.store.opt_outs
    assert opt_outs.add(filled.id, [ana.phone, ana.phone], "person", "") == 1
    assert opt_outs.add(filled.id, [ana.phone], "import", "") == 0
    assert filled.find(opted_out=True) == ["Ana Martínez"]
    assert "Ana Martínez" not in filled.find(opted_out=False)
    filled.contacts.delete(filled.id, [ana.id])
    assert filled.find(opted_out=True) == []
    assert filled.add(ana.phone, "Ana otra vez").opted_out
    assert filled.find(opted_out=True) == ["Ana otra vez"]
    listed = opt_outs.page(filled.id, "", None, 10).rows
    assert [(o.phone, o.source, o.nombre) for o in listed] == [
        (ana.phone, "person", "Ana otra vez")
    ]
    assert opt_outs.remove(filled.id, [ana.phone]).count == 1
    assert filled.find(opted_out=True) == []


def test_the_opt_out_list_is_paged_and_searched(store: Store):
    one = Book(store)
    phones = [f"+59598100{n:04d}" for n in range(7)]
    one.store.opt_outs.add(one.id, phones, "import", "")
    seen, cursor = [], None
    while True:
        page = one.store.opt_outs.page(one.id, "", cursor, 3)
        seen += [row.phone for row in page.rows]
        if (cursor := page.next) is None:
            break
    assert sorted(seen) == phones
    assert one.store.opt_outs.count(one.id) == 7
    assert [row.phone for row in one.store.opt_outs.page(one.id, "0006", None, 3).rows] == phones[
        6:
    ]


def test_duplicates_are_named_alike_and_merging_keeps_what_each_had(store: Store):
    one = Book(store)
    kept = one.add("+595981000001", "maria gomez", "")
    other = one.add("+595981000002", "María Gómez", "Padres", "VIP")
    one.add("+595981000003", "Otra")
    sets = one.contacts.duplicates(one.id, 10)
    assert [[c.id for c in found] for found in sets] == [[kept.id, other.id]]
    one.store.opt_outs.add(one.id, [other.phone], "reply", "BAJA")
    account = store.accounts.create(one.id, "alice", "WhatsApp")
    store.receipts.reply(
        account.id, Incoming("R1", other.phone, "hola", None, datetime.now(UTC)), False
    )
    merged = one.contacts.merge(one.id, kept.id, [other.id, kept.id])
    assert (merged.phone, merged.grupo, merged.more_groups) == (kept.phone, "Padres", ("VIP",))
    assert merged.opted_out
    assert [h.text for h in one.contacts.history(one.id, kept.id, 10)] == ["hola"]
    assert one.contacts.duplicates(one.id, 10) == []
    with pytest.raises(NotFound):
        one.contacts.merge(one.id, kept.id, [other.id])


def test_merging_takes_along_what_a_number_wrote_before_it_was_in_the_book(store: Store):
    one = Book(store)
    account = store.accounts.create(one.id, "alice", "WhatsApp")
    for n, phone in enumerate(("+595981000002", "+595981000009"), 1):
        message = Incoming(f"R{n}", phone, f"hola {n}", None, datetime.now(UTC))
        store.receipts.reply(account.id, message, False)
    kept, other = one.add("+595981000001", "Ana"), one.add("+595981000002", "Ana")
    assert [h.text for h in one.contacts.history(one.id, other.id, 10)] == ["hola 1"]
    one.contacts.merge(one.id, kept.id, [other.id])
    assert [h.text for h in one.contacts.history(one.id, kept.id, 10)] == ["hola 1"]


def test_an_account_is_asked_to_look_numbers_up_and_says_what_it_found(filled: Book):
    account = filled.store.accounts.create(filled.id, "alice", "WhatsApp")
    rows = filled.contacts.page(filled.id, ContactQuery("ma"), None, 10).rows
    ids = [row.id for row in rows]
    assert filled.contacts.ask_check(filled.id, account.id, ids) == 3
    assert filled.contacts.ask_check(filled.id, account.id, ids) == 0
    phones = filled.contacts.to_check(account.id, 10)
    assert sorted(phones) == sorted(row.phone for row in rows)
    said = {row.phone: row is rows[0] for row in rows[:2]}
    filled.contacts.record_check(account.id, phones, said, datetime.now(UTC))
    assert filled.contacts.to_check(account.id, 10) == []
    assert filled.find(whatsapp=OnWhatsapp.PRESENT) == [rows[0].nombre]
    assert len(filled.find(whatsapp=OnWhatsapp.ABSENT)) == 1
    assert len(filled.find(whatsapp=OnWhatsapp.UNKNOWN)) == 3


def test_an_export_has_everybody_once(store: Store):
    one = Book(store)
    for n in range(25):
        one.add(f"+59598{n:07d}", f"P {n}", "G")
    pages = list(one.contacts.export(one.id, ContactQuery(group_id=one.group("G")), 10))
    assert [len(page) for page in pages] == [10, 10, 5]
    assert len({contact.id for page in pages for contact in page}) == 25


def import_3000(one: Book) -> None:
    imports = one.store.imports
    rows = [AudienceRow(n, f"+59598{n:07d}", f"P {n}", grupo="G") for n in range(1, 3_001)]
    layout = Layout("text", "utf-8", ",", (), 1, 1, ("numero",), ())
    new = imports.create(one.id, "alice", NewImport(uuid4(), "x.csv", 1, "PY", layout))
    for move, target in (("check", ImportStatus.CHECKING), ("start", ImportStatus.IMPORTING)):
        imports.move(new.id, sources(move), target)
        work = imports.begin(new.id)
        assert work is not None
        if move == "check":
            imports.checked(work, Counts(), [], [])
    assert imports.commit(work, [ContactBatch.of(rows)], lambda _part: None)


def test_an_export_right_after_a_large_import_misses_nobody(store: Store):
    one = Book(store)
    import_3000(one)
    assert sum(len(page) for page in one.contacts.export(one.id, ContactQuery(), 1_000)) == 3_000


def test_a_large_import_is_followed_bit_by_bit(store: Store):
    one = Book(store)
    import_3000(one)
    assert [store.contacts.follow(2_000) for _ in range(3)] == [2_000, 1_000, 0]
    assert not one.contacts.count(one.id, ContactQuery()).behind
    assert one.contacts.count(one.id, ContactQuery(group_id=one.group("G"))).n == 3000


def test_it_says_while_it_has_not_taken_in_everybody(store: Store):
    one = Book(store)
    import_3000(one)
    seen = one.contacts.count(one.id, ContactQuery())
    assert seen.behind
    assert seen.n < 3_000
    while seen.behind:  # each look takes in some
        before, seen = seen, one.contacts.count(one.id, ContactQuery())
        assert seen.n > before.n
    assert seen.n == 3_000


def test_a_group_goes_while_the_book_still_takes_in_an_import(store: Store):
    one = Book(store)
    import_3000(one)
    ana = one.add("+595971000001", "Ana", "G", "VIP")
    one.store.groups.delete(one.id, one.group("G"))
    pages = list(one.contacts.export(one.id, ContactQuery("p"), 3_000))
    assert {(contact.grupo, contact.more_groups) for contact in pages[0]} == {("", ())}
    assert one.contacts.get(one.id, ana.id).grupo == "VIP"
    assert [group.name for group in one.store.groups.list(one.id)] == ["VIP"]


def test_many_may_write_and_read_the_book_at_once(store: Store):
    one = Book(store)
    people = [one.add(f"+59598{n:07d}", f"P {n}", f"G{n % 3}") for n in range(40)]
    trouble: list[Exception] = []

    def change(n: int) -> None:
        contact = people[n]
        draft = ContactDraft(contact.phone, f"Q {n}", "", f"G{(n + 1) % 3}", ("VIP",))
        with suppress(NotFound):  # another thread deleted it
            one.contacts.update(one.id, contact.id, draft)
        one.find(f"q {n}")
        store.opt_outs.add(one.id, [contact.phone], "person", "")
        if n % 2:
            one.contacts.delete(one.id, [contact.id, people[(n + 4) % 40].id])
        one.contacts.count(one.id, ContactQuery(group_id=one.group("G1")))

    def work(first: int) -> None:
        try:
            for n in range(first, 40, 4):
                change(n)
        except Exception as error:  # noqa: BLE001 - told to the test
            trouble.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    left = one.contacts.find(one.id, [person.id for person in people])
    assert sorted(one.find()) == sorted(contact.nombre for contact in left)
    assert sorted(one.find(opted_out=True)) == sorted(c.nombre for c in left if c.opted_out)
