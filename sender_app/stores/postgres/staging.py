"""Rows of a file beside the address book: staged, folded, compared, and written in one transaction.

The stage is a temporary table of the transaction, filled by COPY. Whatever stops the transaction
(an error, a person, a dead process) leaves the address book as it was. See docs/adr/0022.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from sender_app.ports.contact_reader import TEXTS, ContactBatch
from sender_app.stores.postgres.arrays import NO_UUIDS, Ints, Texts, Uuids, keys, numbers_of
from sender_app.stores.postgres.engine import KEY_BASE, Cursor, only

# Less, and the sorts and joins of 100,000 rows, and the notes of triggers, go by the disk.
_ROOM = "SET LOCAL work_mem = '32MB'"
_CREATE = """
CREATE TEMP TABLE stage (n int NOT NULL, phone text NOT NULL, nombre text NOT NULL,
  sustantivo text NOT NULL, grupo text NOT NULL, own jsonb) ON COMMIT DROP
"""
# The staged rows that change the book: those of new people, and those that their contact differs
# from. One look at the book serves all statements after, and of a file that is known by heart
# nothing is written down.
_CREATE_CHANGES = """
CREATE TEMP TABLE stage_changes (n int NOT NULL, contact_id uuid) ON COMMIT DROP
"""
_COPY = """
COPY stage (n, phone, nombre, sustantivo, grupo, own) FROM STDIN
WITH (FORMAT csv, FORCE_NOT_NULL (nombre, sustantivo, grupo))
"""
# Rows of one phone become one, in the first one's place; of each cell the last that is not blank.
_FOLD = """
WITH many AS (
  SELECT phone FROM stage WHERE n > %(after)s GROUP BY phone HAVING count(*) > 1),
gone AS (
  DELETE FROM stage s USING many m WHERE s.phone = m.phone AND s.n > %(after)s RETURNING s.*)
INSERT INTO stage (n, phone, nombre, sustantivo, grupo, own)
SELECT min(n), phone,
  coalesce((array_agg(nombre ORDER BY n DESC) FILTER (WHERE nombre <> ''))[1], ''),
  coalesce((array_agg(sustantivo ORDER BY n DESC) FILTER (WHERE sustantivo <> ''))[1], ''),
  coalesce((array_agg(grupo ORDER BY n DESC) FILTER (WHERE grupo <> ''))[1], ''),
  (SELECT jsonb_object_agg(e.key, e.value ORDER BY o.n) FROM gone o, jsonb_each(o.own) e
    WHERE o.phone = gone.phone AND e.value <> 'null')
FROM gone GROUP BY phone
"""
_BOOK = "contacts c ON c.workspace_id = %(workspace)s AND c.phone = s.phone"
_MERGED = """
  coalesce(nullif(s.nombre, ''), c.nombre), coalesce(nullif(s.sustantivo, ''), c.sustantivo),
  coalesce(nullif(s.grupo, ''), c.grupo)"""
_OWN = "CASE WHEN s.own IS NULL THEN c.fields ELSE c.fields || jsonb_strip_nulls(s.own) END"
_DIFFERS = f"""(c.nombre, c.sustantivo, c.grupo, c.fields)
  IS DISTINCT FROM ({_MERGED}, {_OWN})"""
_BEFORE = f"""
SELECT EXISTS (SELECT FROM contacts WHERE workspace_id = %(workspace)s) AS anybody,
  (SELECT reltuples FROM pg_class WHERE oid = 'contacts'::regclass) AS size,
  {KEY_BASE} AS contact, {KEY_BASE} AS recipient
"""
_EXTENT = """
SELECT min(n) AS first, max(n) AS until, count(*)::int AS n, min(phone) AS lowest,
  max(phone) AS highest
FROM stage WHERE n > %(after)s
"""
_COMPARE = f"""
SELECT count(*) FILTER (WHERE c.id IS NULL)::int AS created,
  count(*) FILTER (WHERE c.id IS NOT NULL AND {_DIFFERS})::int AS updated,
  count(*)::int AS phones
FROM stage s LEFT JOIN {_BOOK}
"""
_PART = "s.n > %(after)s AND s.n <= %(until)s"
# Two ways to look rows up in the book, each taken where it is meant: of a book younger than its
# statistics the planner would expect one contact, and go through the file once for each of the many
# there are. Many rows are joined, by sorting or hashing; the range of phones spares a file in
# order, or of one country, the rest of the book. Few are asked for one after the other.
_JOINED = f"{_BOOK} AND c.phone >= %(lowest)s AND c.phone <= %(highest)s"
_ASKED = """LATERAL (
  SELECT * FROM contacts WHERE workspace_id = %(workspace)s AND phone = s.phone LIMIT 1) c
ON true"""
_JOIN = "SET LOCAL enable_nestloop = off"
_JOIN_NO_MORE = "SET LOCAL enable_nestloop TO DEFAULT"
_FEW = 1_000  # rows that are asked for, whatever the book
_SHARE = 10  # as are rows of which the book has this many times as many: asking is twice as dear
_MET = """
SELECT s.n, s.phone, c.id AS contact_id, {differs} AS differs
FROM stage s LEFT JOIN {book} WHERE s.n > %(after)s OFFSET 0"""
_COMPARED = _MET.format(differs=_DIFFERS, book="{book}")
_CHANGES = "contact_id IS NULL OR differs"
_MEET = f"""
WITH met AS MATERIALIZED ({_COMPARED}),
changes AS (
  INSERT INTO stage_changes (n, contact_id) SELECT n, contact_id FROM met WHERE {_CHANGES})
SELECT count(*) FILTER (WHERE contact_id IS NULL)::int AS created,
  count(*) FILTER (WHERE contact_id IS NOT NULL AND differs)::int AS changed
FROM met
"""
_ROWS = "array_send(array_agg(n)) AS ns, array_send(array_agg(phone)) AS phones"
_PEOPLE = f"{_ROWS}, array_send(array_agg(contact_id)) AS contact_ids"
# The same, with who they are: what changes is noted from the arrays, if there is any.
_MEET_PEOPLE = f"""
SELECT count(*) FILTER (WHERE contact_id IS NULL)::int AS created,
  count(*) FILTER (WHERE contact_id IS NOT NULL AND differs)::int AS changed, {_PEOPLE},
  array_send(array_agg(n) FILTER (WHERE {_CHANGES})) AS change_ns,
  array_send(array_agg(contact_id) FILTER (WHERE {_CHANGES})) AS change_ids
FROM ({_COMPARED}) AS met
"""
_NOTE_CHANGES = """
INSERT INTO stage_changes (n, contact_id) SELECT unnest(%(ns)s::int[]), unnest(%(ids)s::uuid[])
"""
_STRANGERS = f"SELECT {_ROWS} FROM stage s WHERE {_PART}"
_WRITTEN = f"SELECT {_PEOPLE} FROM ({_MET.format(differs='false', book='{book}')}) AS met"
# What a person's later rows said is in the book by now.
_FORGET_REPEATED = """
DELETE FROM stage s USING stage w
WHERE s.n > %(after)s AND w.n <= %(after)s AND s.phone = w.phone
"""
_UPDATE = f"""
UPDATE contacts c SET (nombre, sustantivo, grupo) = ROW ({_MERGED}), fields = {_OWN},
  updated_at = now()
FROM stage s JOIN stage_changes k USING (n)
WHERE c.id = k.contact_id AND {_PART} AND {_DIFFERS}
"""
# In the order of the unique index, whose pages are then visited once; a sort is a tenth of it.
_INSERT = f"""
INSERT INTO contacts (id, workspace_id, user_id, phone, nombre, sustantivo, grupo, fields, source)
SELECT (%(keys)s::uuid[])[s.n - %(after)s], %(workspace)s, %(user)s, s.phone,
  s.nombre, s.sustantivo, s.grupo,
  coalesce(jsonb_strip_nulls(s.own), '{{{{}}}}'), 'file'
FROM stage s {{these}} WHERE {_PART} {{order}} {{beside}}
"""
_NEW_ONES = "JOIN stage_changes k ON k.n = s.n AND k.contact_id IS NULL"
# A third dearer, so only when somebody else added one of the people in that moment.
_BESIDE = "ON CONFLICT (workspace_id, phone) DO NOTHING"
_MEET_BESIDE = f"""
INSERT INTO stage_changes (n, contact_id)
SELECT n, contact_id FROM ({_COMPARED}) AS met
WHERE differs AND contact_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM stage_changes k WHERE k.n = met.n AND k.contact_id IS NOT NULL)
"""
_TURN = "hashtextextended('contacts ' || %(workspace)s, 0)"
_AHEAD = 4  # batches read and not yet staged, at most
_STEP = 100_000  # rows written by one statement


@dataclass(frozen=True, slots=True)
class Comparison:
    """What staged rows are to the address book, counted by phone."""

    created: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class People:
    """Some of a file's people, each once, as arrays for a statement."""

    count: int
    recipient_ids: Uuids  # keys that recipients may have, in the order of the rows
    phones: Texts
    contact_ids: Uuids  # null, or not there at all, of who is new
    new_contact_ids: Uuids  # not there where everybody is known

    def arrays(self) -> dict[str, Any]:
        """By their names."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "count"}


class Stage:
    """The rows of one file within the transaction of `cursor`."""

    def __init__(self, cursor: Cursor, workspace_id: UUID) -> None:
        self._cursor = cursor
        self._scope: dict[str, Any] = {"workspace": workspace_id}
        self._had_contacts = True
        self._size = 0.0  # of all books, as far as is known
        self._full = frozenset(TEXTS)  # of these, what no row that was brought lacks
        self.disturbed = False  # somebody else added one of the people meanwhile

    def fill(self, batches: Iterable[ContactBatch]) -> None:
        """Take every row in; those of one phone become one."""
        self._open()
        repeated = 0
        with self._cursor.copy(_COPY) as copy:
            for batch in batches:
                copy.write(batch.csv)
                repeated += batch.repeated
        if repeated:
            self._cursor.execute(_FOLD, {"after": -1})

    def bring(self, batches: Iterable[ContactBatch], user_id: str) -> Iterator[People]:
        """Bring the rows into the address book, each part while the next one is read.

        Yields the people of a part, as soon as it is known who they are: they may be written only
        thereafter, and with another key where `disturbed` says so in the end. Once a phone repeats,
        all that is left of the file is one part. Blank cells keep what a contact had.
        """
        self._open()
        self._wait_for_turn(None)
        self._begin(user_id)
        after, written, rows, repeated = -1, 0, 0, False
        new: list[ContactBatch] = []
        for batch in _read_ahead(batches):
            if not batch.count:
                continue
            with self._cursor.copy(_COPY) as copy:
                copy.write(batch.csv)
            new.append(replace(batch, csv=b""))
            rows += batch.count
            repeated = repeated or batch.repeated > 0
            self._full &= batch.full
            if rows > written and not repeated:  # each part goes through all that is staged
                part = self._scope | _extent_of(new, after)
                yield from self._bring_part(part)
                after, written, rows = part["until"], written + rows, 0
                new.clear()
        if rows:
            yield from (
                self._bring_rest(after)
                if repeated
                else self._bring_part(self._scope | _extent_of(new, after))
            )

    def _bring_part(self, part: dict[str, Any]) -> Iterator[People]:
        """Bring rows of which no phone came before."""
        if not self._had_contacts:
            found = only(self._cursor.execute(_STRANGERS, part, binary=True))
            yield self._people(part["n"], found, NO_UUIDS, part["n"])
            self._write(part, part["n"], part["n"], 0)
            return
        found = only(self._look_up(_MEET_PEOPLE, part))
        yield self._people(part["n"], found, Uuids(found.contact_ids), found.created)
        if found.changed or 0 < found.created < part["n"]:
            changes = {"ns": Ints(found.change_ns), "ids": Uuids(found.change_ids)}
            self._cursor.execute(_NOTE_CHANGES, changes)
        self._write(part, part["n"], found.created, found.changed)

    def _bring_rest(self, after: int) -> Iterator[People]:
        """Bring all rows behind row `after`, of people who may be in any row."""
        self._cursor.execute(_FOLD, {"after": after})
        part = self._extent(after)
        met = only(self._look_up(_MEET, part))
        self._write(part, part["n"], met.created, met.changed)
        again = self._cursor.execute(_FORGET_REPEATED, part).rowcount
        if again < part["n"]:
            found = only(self._look_up(_WRITTEN, part))
            yield self._people(part["n"] - again, found, Uuids(found.contact_ids), 0)

    def _look_up(self, statement: str, part: dict[str, Any]) -> Cursor:
        """Run a statement that looks the part up in the book."""
        if part["n"] < _FEW or part["n"] * _SHARE < self._size:
            return self._cursor.execute(statement.format(book=_ASKED), part, binary=True)
        self._cursor.execute(_JOIN)
        found = self._cursor.execute(statement.format(book=_JOINED), part, binary=True)
        self._cursor.connection.execute(_JOIN_NO_MORE)
        return found

    def _people(self, count: int, found: Any, contact_ids: Uuids, new: int) -> People:
        numbers = numbers_of(found.ns)
        recipient_ids = keys(self._scope["recipient_base"], numbers)
        new_ids = keys(self._scope["base"], numbers) if new else NO_UUIDS
        return People(count, recipient_ids, Texts(found.phones), contact_ids, new_ids)

    def _extent(self, after: int) -> dict[str, Any]:
        """What statements on the staged rows behind `after` go by."""
        found = only(self._cursor.execute(_EXTENT, {"after": after}))
        return self._scope | found._asdict() | {"after": after}

    def _open(self) -> None:
        for statement in (_ROOM, _CREATE, _CREATE_CHANGES):
            self._cursor.execute(statement)

    def compare(self) -> Comparison:
        """What would change."""
        row = only(self._cursor.execute(_COMPARE, self._scope))
        return Comparison(row.created, row.updated, row.phones - row.created - row.updated)

    def write(self, user_id: str, on_step: Callable[[float], None] | None = None) -> Comparison:
        """Bring the rows into the address book; `on_step` hears which part is done.

        Blank cells keep what a contact had. Imports into one workspace go one after the other.
        """
        self._wait_for_turn(on_step)
        self._begin(user_id)
        whole = self._extent(-1)
        n, begin, last = whole["n"], (whole["first"] or 0) - 1, whole["until"]
        if n == 0:
            return Comparison(0, 0, 0)
        new, changed = n, 0
        if self._had_contacts:
            found = only(self._look_up(_MEET, whole))
            new, changed = found.created, found.changed
        created = updated = 0
        for after in range(begin, last, _STEP):
            step = whole | {"after": after, "until": after + _STEP}
            one = self._write(step, n, new, changed)
            created, updated = created + one[0], updated + one[1]
            if on_step is not None:
                on_step(min((after + _STEP - begin) / (last - begin), 1.0))
        return Comparison(created, updated, n - created - updated)

    def _begin(self, user_id: str) -> None:
        """Learn what there was, and take the beginnings of new keys."""
        found = only(self._cursor.execute(_BEFORE, self._scope))
        self._had_contacts, self._size = found.anybody, found.size
        self._scope |= {"user": user_id, "base": found.contact, "recipient_base": found.recipient}

    def _wait_for_turn(self, on_step: Callable[[float], None] | None) -> None:
        if on_step is None:
            self._cursor.execute(f"SELECT pg_advisory_xact_lock({_TURN})", self._scope)
            return
        attempt = f"SELECT pg_try_advisory_xact_lock({_TURN}) AS mine"
        while not only(self._cursor.execute(attempt, self._scope)).mine:
            on_step(0.0)
            self._cursor.execute("SELECT pg_sleep(0.2)")

    def _write(self, step: dict[str, Any], n: int, new: int, changed: int) -> tuple[int, int]:
        """Write those rows of `step` that change the book: `new` and `changed` are how many of the
        `n` rows that were compared. Returns how many contacts are new, and how many changed.
        """
        created = updated = 0
        if new:
            created = self._insert(step, "" if new == n else _NEW_ONES)
        if changed or self.disturbed:
            updated = self._cursor.execute(_UPDATE, step).rowcount
        return created, updated

    def _insert(self, step: dict[str, Any], these: str) -> int:
        rows = range(step["after"] + 1, step["until"] + 1)
        step = step | {"keys": keys(self._scope["base"], rows)}
        order = "" if step.get("ordered") and not these else "ORDER BY s.phone"
        insert = partial(_INSERT.format, these=these, order=order)
        try:
            with self._cursor.connection.transaction():
                return self._cursor.execute(insert(beside=""), step).rowcount
        except UniqueViolation:
            self.disturbed = True
            created = self._cursor.execute(insert(beside=_BESIDE), step).rowcount
            self._look_up(_MEET_BESIDE, step)
            return created

    def blank(self, names: Sequence[str], limit: int) -> tuple[int, list[int]]:
        """How many of the written people lack a value for one of `names`, and the first rows."""
        blanks = " OR ".join(
            f"({_blank('s', 'own', name, n)} AND {_blank('c', 'fields', name, n)})"
            for n, name in enumerate(names)
            if name != "numero" and name not in self._full
        )
        if not blanks:
            return 0, []
        found = self._cursor.execute(
            f"SELECT s.n, count(*) OVER ()::int AS total FROM stage s JOIN {_ASKED}"
            f" WHERE {blanks} ORDER BY s.n LIMIT %(limit)s",
            self._scope | {"limit": limit} | {f"name{n}": name for n, name in enumerate(names)},
        ).fetchall()
        return (found[0].total if found else 0), [row.n for row in found]


def _blank(table: str, own: str, name: str, n: int) -> str:
    """Whether a row has nothing for the n-th name; the column `own` holds all but the known."""
    if name in TEXTS:
        return f"btrim({table}.{name}) = ''"
    return f"btrim(coalesce({table}.{own}->>%(name{n})s, '')) = ''"


def _extent_of(batches: Sequence[ContactBatch], after: int) -> dict[str, Any]:
    """What `_EXTENT` tells of the rows of batches, where no phone comes twice."""
    return {
        "after": after,
        "until": max(batch.last for batch in batches),
        "n": sum(batch.count for batch in batches),
        "lowest": min(batch.lowest for batch in batches),
        "highest": max(batch.highest for batch in batches),
        "ordered": all(batch.ordered for batch in batches)
        and all(one.highest < other.lowest for one, other in pairwise(batches)),
    }


def _read_ahead(batches: Iterable[ContactBatch]) -> Iterator[ContactBatch]:
    """The same, read by a thread, some ahead, while those before are dealt with."""
    source = iter(batches)
    with ThreadPoolExecutor(1) as reader:
        coming = deque(reader.submit(next, source, None) for _ in range(_AHEAD))
        while (batch := coming.popleft().result()) is not None:
            coming.append(reader.submit(next, source, None))
            yield batch
