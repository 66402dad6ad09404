"""The address book at a million contacts: every page, search, filter and sort, timed.

    python -m benchmarks.book [CONTACTS] [--ingest]

Each is asked ROUNDS times, in a shuffled order, page and count alike; printed are the median and
the 95th percentile in milliseconds, the database's part with the round trips. With `--ingest`
instead: what 100,000 contacts cost to take in, with and without the notes that the index follows.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from uuid import UUID

import psycopg

from benchmarks.servers import servers
from sender_app.domain.contact_search import ContactQuery, ContactSort, OnWhatsapp
from sender_app.stores.postgres.store import PostgresStore

ROUNDS = 20
PAGE = 50
BUDGET = 50.0  # milliseconds
_DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
_FIRST_NAMES = """
Ana María José Luis Carlos Juan Pedro Lucía Sofía Martín Andrés Ramón Óscar Elena Rosa Hugo
Iván Marta Diego Laura Miguel Blanca Derlis Liz Fátima Gustavo Mirta Nilda Víctor Zunilda
"""
_LAST_NAMES = """
González Benítez Martínez López Giménez Vera Duarte Ramírez Rojas Acosta Villalba Cáceres Núñez
Ortiz Franco Peña Zárate Ávalos Caballero Ferreira Ayala Báez Cabrera Escobar Fleitas Galeano
Insfrán Jara Leiva Medina Noguera Ojeda Paredes Quiñónez Riveros Sosa Torres Urbieta
"""
_GROUPS = (
    "Padres",
    "Alumnos 1er grado",
    "Alumnos 2do grado",
    "Docentes",
    "Clientes VIP",
    "Morosos",
)
_INSERT = """
INSERT INTO contacts (workspace_id, user_id, phone, nombre, sustantivo, grupo, source)
SELECT %s, 'bench', phone, nombre, 'Sr.', grupo, 'csv' FROM stage
"""


def main(contacts: int) -> None:
    """Fill a book with `contacts` people and time it."""
    with servers() as found:
        store = PostgresStore(found.postgres_url)
        workspace = store.workspaces.ensure("bench", "Bench", _DEFAULTS).id
        began = time.perf_counter()
        _fill(store, workspace, 0, contacts)
        print(f"{contacts:,} contacts taken in, {time.perf_counter() - began:.0f} s", flush=True)
        began = time.perf_counter()
        while store.contacts.follow(5_000):
            pass
        took = time.perf_counter() - began
        print(f"index made, {took:.0f} s, {contacts / took:,.0f} a second", flush=True)
        _mark(store, workspace)
        _report(_ask(_questions(store, workspace)))
        store.close()


def ingest() -> None:
    """What noting changes costs an import, alternating with an import without it."""
    with servers() as found:
        store = PostgresStore(found.postgres_url)
        workspace = store.workspaces.ensure("bench", "Bench", _DEFAULTS).id
        _fill(store, workspace, 0, 200_000)
        took: dict[str, list[float]] = {"DISABLE": [], "ENABLE": []}
        for n in range(8):
            way = "DISABLE" if n % 2 else "ENABLE"
            with store.database.transaction() as cursor:
                cursor.execute(f"ALTER TABLE contacts {way} TRIGGER contacts_added")
            took[way].append(_fill(store, workspace, 200_000 + n * 100_000, 100_000))
        without, noted = (statistics.median(took[way]) for way in ("DISABLE", "ENABLE"))
        print(f"100,000 contacts: {without:.2f} s without notes, {noted:.2f} s with")
        store.close()


def _fill(store: PostgresStore, workspace: UUID, start: int, count: int) -> float:
    """COPY and insert `count` people, 100,000 at a time; seconds that the inserts took."""
    chance = random.Random(start)  # noqa: S311 - names, not secrets
    took = 0.0
    for at in range(start, start + count, 100_000):
        with store.database.transaction() as cursor:
            cursor.execute("CREATE TEMP TABLE stage (phone text, nombre text, grupo text)")
            with cursor.copy("COPY stage FROM STDIN") as copy:
                for row in _people(chance, at, min(at + 100_000, start + count)):
                    copy.write_row(row)
            began = time.perf_counter()
            cursor.execute(_INSERT, (workspace,))
            took += time.perf_counter() - began
            cursor.execute("DROP TABLE stage")
    return took


def _people(chance: random.Random, start: int, end: int) -> Iterator[tuple[str, str, str]]:
    first, last = _FIRST_NAMES.split(), _LAST_NAMES.split()
    for n in range(start, end):
        name = f"{chance.choice(first)} {chance.choice(last)} {chance.choice(last)}"
        group = "Comisión directiva" if n % 5_000 == 0 else chance.choice(_GROUPS)
        yield f"+5959{(n * 7_919) % 100_000_000:08d}", name, group


def _mark(store: PostgresStore, workspace: UUID) -> None:
    """Some opt out, some are not on WhatsApp; statistics as autovacuum would soon make them."""
    with store.database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO opt_outs (workspace_id, phone, source) SELECT workspace_id, phone, 'reply'"
            " FROM contacts WHERE workspace_id = %s AND right(phone, 2) = '37'",
            (workspace,),
        )
        cursor.execute(
            "UPDATE contacts SET whatsapp_status = 'absent'"
            " WHERE workspace_id = %s AND right(phone, 2) = '38'",
            (workspace,),
        )
    while store.contacts.follow(5_000):
        pass
    with psycopg.connect(store.database.url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _questions(store: PostgresStore, workspace: UUID) -> dict[str, Callable[[], object]]:
    groups = {group.name: group.id for group in store.groups.list(workspace)}
    asked: dict[str, ContactQuery] = {}
    for sort in ContactSort:
        asked[f"by {sort.value}"] = ContactQuery(sort=sort)
        asked[f"by {sort.value}, from the end"] = ContactQuery(sort=sort, backwards=True)
        asked[f"large group by {sort.value}"] = ContactQuery(group_id=groups["Padres"], sort=sort)
        asked[f"small group by {sort.value}"] = ContactQuery(
            group_id=groups["Comisión directiva"], sort=sort
        )
    for text in (
        *("m", "ma", "mar", "maria", "gonzalez", "gonz", "maria gonz", "gonz maria", "quiñonez z"),
        *("padres", "comision", "1er", "xyz", "maria xyz", "ana docentes"),
        *("+5959", "0981", "09811234", "59591", "4321", "7654321", "999999999"),
    ):
        asked[f"search {text!r}"] = ContactQuery(text)
    asked["search 'maria' in a large group"] = ContactQuery("maria", group_id=groups["Padres"])
    asked["search 'maria' in a small group"] = ContactQuery(
        "maria", group_id=groups["Comisión directiva"]
    )
    asked["opted out"] = ContactQuery(opted_out=True)
    asked["not opted out, newest"] = ContactQuery(opted_out=False, sort=ContactSort.NEWEST)
    asked["not on WhatsApp"] = ContactQuery(whatsapp=OnWhatsapp.ABSENT)
    asked["never looked up"] = ContactQuery(whatsapp=OnWhatsapp.UNKNOWN)
    asked["opted out in a large group"] = ContactQuery(opted_out=True, group_id=groups["Padres"])

    def page(query: ContactQuery, cursor: str | None) -> Callable[[], object]:
        return lambda: store.contacts.page(workspace, query, cursor, PAGE)

    def count(query: ContactQuery) -> Callable[[], object]:
        return lambda: store.contacts.count(workspace, query)

    questions: dict[str, Callable[[], object]] = {}
    for name, query in asked.items():
        questions[f"{name}: first page"] = page(query, None)
        second = store.contacts.page(workspace, query, None, PAGE).next
        if second:
            questions[f"{name}: second page"] = page(query, second)
        questions[f"{name}: count"] = count(query)
    for sort in ContactSort:
        questions[f"by {sort.value}: last page"] = page(
            ContactQuery(sort=sort), _last(store, workspace, sort)
        )
    return questions


def _last(store: PostgresStore, workspace: UUID, sort: ContactSort) -> str | None:
    """The cursor of the last page, found from the end."""
    wrong_way = ContactQuery(sort=sort, backwards=True)
    rows = store.contacts.page(workspace, wrong_way, None, PAGE)
    return rows.next  # a place in the order, whichever way it is walked


def _ask(questions: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {name: [] for name in questions}
    chance = random.Random(7)  # noqa: S311 - an order, not a secret
    for _ in range(ROUNDS):
        names = list(questions)
        chance.shuffle(names)
        for name in names:
            began = time.perf_counter()
            questions[name]()
            took[name].append((time.perf_counter() - began) * 1000)
    return took


def _report(took: dict[str, list[float]]) -> None:
    print(f"\n{'':44} {'p50':>8} {'p95':>8}  ms")
    slow = 0
    for name, times in took.items():
        ordered = sorted(times)
        middle, late = statistics.median(ordered), ordered[int(len(ordered) * 0.95) - 1]
        slow += late > BUDGET
        print(f"{name:44} {middle:8.1f} {late:8.1f}{'  over' if late > BUDGET else ''}")
    together = sorted(time for times in took.values() for time in times)
    print(f"\n{len(took)} questions; p50 {statistics.median(together):.1f} ms,", end=" ")
    print(f"p95 {together[int(len(together) * 0.95)]:.1f} ms; {slow} over {BUDGET:.0f} ms at p95")


if __name__ == "__main__":
    if "--ingest" in sys.argv:
        ingest()
    else:
        main(int(next((arg for arg in sys.argv[1:] if arg.isdigit()), "1000000")))
