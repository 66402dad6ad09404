"""Rows of a file beside the address book: staged, folded, compared, and written in one transaction.

The stage is a temporary table of the transaction, filled by COPY. Whatever stops the transaction
(an error, a person, a dead process) leaves the address book as it was.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from sender_app.ports.contact_reader import TEXTS, ContactBatch
from sender_app.stores.postgres.engine import KEY_BASE, Cursor, numbered, only

# Less, and the sorts and joins of 100,000 rows, and the notes of triggers, go by the disk.
_ROOM = "SET LOCAL work_mem = '32MB'"
_CREATE = """
CREATE TEMP TABLE stage (n int NOT NULL, phone text NOT NULL, nombre text NOT NULL,
  sustantivo text NOT NULL, grupo text NOT NULL, own jsonb) ON COMMIT DROP
"""
# The staged rows whose phone is in the book: one look at it serves all statements after.
_CREATE_KNOWN = """
CREATE TEMP TABLE stage_known (n int NOT NULL, contact_id uuid NOT NULL, differs bool NOT NULL)
ON COMMIT DROP
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
# Asked for one staged row after the other; for few of them.
_CONTACT_OF = """CROSS JOIN LATERAL (
  SELECT * FROM contacts WHERE workspace_id = %(workspace)s AND phone = s.phone LIMIT 1) c"""
_MERGED = """
  coalesce(nullif(s.nombre, ''), c.nombre), coalesce(nullif(s.sustantivo, ''), c.sustantivo),
  coalesce(nullif(s.grupo, ''), c.grupo)"""
_OWN = "CASE WHEN s.own IS NULL THEN c.fields ELSE c.fields || jsonb_strip_nulls(s.own) END"
_DIFFERS = f"""(c.nombre, c.sustantivo, c.grupo, c.fields)
  IS DISTINCT FROM ({_MERGED}, {_OWN})"""
_BEFORE = f"""
SELECT EXISTS (SELECT FROM contacts WHERE workspace_id = %(workspace)s) AS anybody,
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
# An outer join that the planner cannot take for an inner one: of a book younger than its statistics
# it would expect one contact, and go through the file once for each of the many there are. The
# range of phones spares a file in order, or of one country, the rest of the book.
_MEET = f"""
INSERT INTO stage_known (n, contact_id, differs)
SELECT n, id, differs FROM (
  SELECT s.n, c.id, {_DIFFERS} AS differs
  FROM stage s LEFT JOIN {_BOOK} AND c.phone >= %(lowest)s AND c.phone <= %(highest)s
  WHERE s.n > %(after)s AND NOT EXISTS (SELECT FROM stage_known k WHERE k.n = s.n)
  OFFSET 0) AS met
WHERE id IS NOT NULL
"""
# What a person's later rows said is in the book by now.
_FORGET_REPEATED = """
DELETE FROM stage s USING stage w
WHERE s.n > %(after)s AND w.n <= %(after)s AND s.phone = w.phone
"""
_UPDATE = f"""
UPDATE contacts c SET (nombre, sustantivo, grupo) = ROW ({_MERGED}), fields = {_OWN},
  updated_at = now()
FROM stage s JOIN stage_known k USING (n)
WHERE k.differs AND c.id = k.contact_id AND s.n > %(after)s AND s.n <= %(until)s AND {_DIFFERS}
"""
# In the order of the unique index, whose pages are then visited once.
_INSERT = f"""
INSERT INTO contacts (id, workspace_id, user_id, phone, nombre, sustantivo, grupo, fields, source)
SELECT {numbered("s.n", "%(base)s")}, %(workspace)s, %(user)s, s.phone, s.nombre, s.sustantivo,
  s.grupo, CASE WHEN s.own IS NULL THEN '{{}}' ELSE jsonb_strip_nulls(s.own) END, 'file'
FROM stage s
WHERE s.n > %(after)s AND s.n <= %(until)s
  AND NOT EXISTS (SELECT FROM stage_known k WHERE k.n = s.n)
ORDER BY s.phone
"""
# A third dearer, so only when somebody else added one of the people in that moment.
_INSERT_BESIDE = f"{_INSERT} ON CONFLICT (workspace_id, phone) DO NOTHING"
# Everybody written: who was not known has the number of its row for a key.
STAGED = f"""(SELECT s.n, s.phone,
  coalesce(k.contact_id, {numbered("s.n", "%(base)s")}) AS contact_id
  FROM stage s LEFT JOIN stage_known k USING (n) WHERE s.n > %(after)s)"""
_TURN = "hashtextextended('contacts ' || %(workspace)s, 0)"
_AHEAD = 4  # batches read and not yet staged, at most
_STEP = 100_000  # rows written by one statement


@dataclass(frozen=True, slots=True)
class Comparison:
    """What staged rows are to the address book, counted by phone."""

    created: int
    updated: int
    unchanged: int


class Stage:
    """The rows of one file within the transaction of `cursor`."""

    def __init__(self, cursor: Cursor, workspace_id: UUID) -> None:
        self._cursor = cursor
        self._scope: dict[str, Any] = {"workspace": workspace_id}
        self._had_contacts = True
        self._full = frozenset(TEXTS)  # of these, what no row that was brought lacks

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

    def bring(self, batches: Iterable[ContactBatch], user_id: str) -> Iterator[dict[str, Any]]:
        """Bring the rows into the address book, each part while the next one is read.

        Yields the values of STAGED for the people of a part; each person comes once. Once a phone
        repeats, all that is left of the file is one part. Blank cells keep what a contact had.
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
                part = self._bring_part(new, after, repeated)
                yield part
                after, written, rows = part["until"], written + rows, 0
                new.clear()
        if rows:
            yield self._bring_part(new, after, repeated)

    def _bring_part(
        self, batches: Sequence[ContactBatch], after: int, repeated: bool
    ) -> dict[str, Any]:
        """Write what is staged of `batches`, behind row `after`; phones may be `repeated`."""
        if repeated:
            self._cursor.execute(_FOLD, {"after": after})
            part = self._extent(after)
        else:
            part = self._scope | _extent_of(batches, after)
        known = created = 0
        if repeated or self._had_contacts:
            known = self._cursor.execute(_MEET, part).rowcount
        if known < part["n"]:
            created = self._insert(part)
        if created < part["n"]:
            self._cursor.execute(_UPDATE, part)
        if repeated:
            self._cursor.execute(_FORGET_REPEATED, part)
        return part

    def _extent(self, after: int) -> dict[str, Any]:
        """What statements on the staged rows behind `after` go by."""
        found = only(self._cursor.execute(_EXTENT, {"after": after}))
        return self._scope | found._asdict() | {"after": after}

    def _open(self) -> None:
        for statement in (_ROOM, _CREATE, _CREATE_KNOWN):
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
        if whole["n"] == 0:
            return Comparison(0, 0, 0)
        begin, last = whole["first"] - 1, whole["until"]
        if self._had_contacts:
            self._cursor.execute(_MEET, whole)
        created = updated = 0
        for after in range(begin, last, _STEP):
            step = whole | {"after": after, "until": after + _STEP}
            created += self._insert(step)
            updated += self._cursor.execute(_UPDATE, step).rowcount
            if on_step is not None:
                on_step(min((after + _STEP - begin) / (last - begin), 1.0))
        return Comparison(created, updated, whole["n"] - created - updated)

    def _begin(self, user_id: str) -> None:
        """Learn what there was, and take the beginnings of new keys."""
        found = only(self._cursor.execute(_BEFORE, self._scope))
        self._had_contacts = found.anybody
        self._scope |= {"user": user_id, "base": found.contact, "recipient_base": found.recipient}

    def _wait_for_turn(self, on_step: Callable[[float], None] | None) -> None:
        if on_step is None:
            self._cursor.execute(f"SELECT pg_advisory_xact_lock({_TURN})", self._scope)
            return
        attempt = f"SELECT pg_try_advisory_xact_lock({_TURN}) AS mine"
        while not only(self._cursor.execute(attempt, self._scope)).mine:
            on_step(0.0)
            self._cursor.execute("SELECT pg_sleep(0.2)")

    def _insert(self, step: dict[str, Any]) -> int:
        try:
            with self._cursor.connection.transaction():
                return self._cursor.execute(_INSERT, step).rowcount
        except UniqueViolation:
            created = self._cursor.execute(_INSERT_BESIDE, step).rowcount
            self._cursor.execute(_MEET, step)
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
            f"SELECT s.n, count(*) OVER ()::int AS total FROM stage s {_CONTACT_OF}"
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
    }


def _read_ahead(batches: Iterable[ContactBatch]) -> Iterator[ContactBatch]:
    """The same, read by a thread, some ahead, while those before are dealt with."""
    source = iter(batches)
    with ThreadPoolExecutor(1) as reader:
        coming = deque(reader.submit(next, source, None) for _ in range(_AHEAD))
        while (batch := coming.popleft().result()) is not None:
            coming.append(reader.submit(next, source, None))
            yield batch
