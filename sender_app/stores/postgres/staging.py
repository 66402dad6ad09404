"""Rows of a file beside the address book: staged, folded, compared, and written in one transaction.

The stage is a temporary table of the transaction, filled by COPY. Whatever stops the transaction
(an error, a person, a dead process) leaves the address book as it was.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg.errors import UniqueViolation

from sender_app.ports.contact_reader import ContactBatch
from sender_app.stores.postgres.engine import KEYS, Cursor, numbered, only

_CREATE = """
CREATE TEMP TABLE stage (n int NOT NULL, phone text NOT NULL, nombre text NOT NULL,
  sustantivo text NOT NULL, grupo text NOT NULL, own jsonb) ON COMMIT DROP
"""
_COPY = """
COPY stage (n, phone, nombre, sustantivo, grupo, own) FROM STDIN
WITH (FORMAT csv, FORCE_NOT_NULL (nombre, sustantivo, grupo))
"""
# Rows of one phone become one, in the first one's place; of each cell the last that is not blank.
_FOLD = """
WITH many AS (SELECT phone FROM stage GROUP BY phone HAVING count(*) > 1),
gone AS (DELETE FROM stage s USING many m WHERE s.phone = m.phone RETURNING s.*)
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
_OWN = "c.fields || jsonb_strip_nulls(coalesce(s.own, '{}'))"
_TOTALS = "SELECT min(n) AS first, max(n) AS last, count(*)::int AS n FROM stage"
_COMPARE = f"""
SELECT count(*) FILTER (WHERE c.id IS NULL)::int AS created,
  count(*) FILTER (WHERE c.id IS NOT NULL AND (c.nombre, c.sustantivo, c.grupo, c.fields)
    IS DISTINCT FROM ({_MERGED}, {_OWN}))::int AS updated,
  count(*)::int AS phones
FROM stage s LEFT JOIN {_BOOK}
"""
_UPDATE = f"""
UPDATE contacts c SET (nombre, sustantivo, grupo) = ROW ({_MERGED}), fields = {_OWN},
  updated_at = now()
FROM stage s
WHERE c.workspace_id = %(workspace)s AND c.phone = s.phone AND s.n > %(after)s AND s.n <= %(until)s
  AND (c.nombre, c.sustantivo, c.grupo, c.fields) IS DISTINCT FROM ({_MERGED}, {_OWN})
"""
# In the order of the unique index, whose pages are then visited once.
_INSERT = f"""
WITH {KEYS}
INSERT INTO contacts (id, workspace_id, user_id, phone, nombre, sustantivo, grupo, fields, source)
SELECT {numbered("s.n")}, %(workspace)s, %(user)s, s.phone, s.nombre, s.sustantivo, s.grupo,
  jsonb_strip_nulls(coalesce(s.own, '{{}}')), 'file'
FROM keys, stage s
WHERE s.n > %(after)s AND s.n <= %(until)s AND NOT EXISTS (
  SELECT FROM contacts c WHERE c.workspace_id = %(workspace)s AND c.phone = s.phone)
ORDER BY s.phone
"""
# A third dearer, so only when somebody else added one of the people in that moment.
_INSERT_BESIDE = f"{_INSERT} ON CONFLICT (workspace_id, phone) DO NOTHING"
_TURN = "hashtextextended('contacts ' || %(workspace)s, 0)"
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
        self._scope = {"workspace": workspace_id}

    def fill(self, batches: Iterable[ContactBatch]) -> None:
        """Take every row in; those of one phone become one."""
        repeated = 0
        self._cursor.execute(_CREATE)
        with self._cursor.copy(_COPY) as copy:
            for batch in batches:
                copy.write(batch.csv)
                repeated += batch.repeated
        if repeated:
            self._cursor.execute(_FOLD)

    def compare(self) -> Comparison:
        """What would change."""
        row = only(self._cursor.execute(_COMPARE, self._scope))
        return Comparison(row.created, row.updated, row.phones - row.created - row.updated)

    def write(self, user_id: str, on_step: Callable[[float], None] | None = None) -> Comparison:
        """Bring the rows into the address book; `on_step` hears which part is done.

        Blank cells keep what a contact had. Imports into one workspace go one after the other.
        """
        self._wait_for_turn(on_step)
        totals = only(self._cursor.execute(_TOTALS))
        if totals.n == 0:
            return Comparison(0, 0, 0)
        begin, last = totals.first - 1, totals.last
        created = updated = 0
        for after in range(begin, last, _STEP):
            step = self._scope | {"user": user_id, "after": after, "until": after + _STEP}
            updated += self._cursor.execute(_UPDATE, step).rowcount
            created += self._insert(step)
            if on_step is not None:
                on_step(min((after + _STEP - begin) / (last - begin), 1.0))
        return Comparison(created, updated, totals.n - created - updated)

    def _wait_for_turn(self, on_step: Callable[[float], None] | None) -> None:
        if on_step is None:
            self._cursor.execute(f"SELECT pg_advisory_xact_lock({_TURN})", self._scope)
            return
        attempt = f"SELECT pg_try_advisory_xact_lock({_TURN}) AS mine"
        while not only(self._cursor.execute(attempt, self._scope)).mine:
            on_step(0.0)
            self._cursor.execute("SELECT pg_sleep(0.2)")

    def _insert(self, step: dict[str, object]) -> int:
        try:
            with self._cursor.connection.transaction():
                return self._cursor.execute(_INSERT, step).rowcount
        except UniqueViolation:
            return self._cursor.execute(_INSERT_BESIDE, step).rowcount

    def blank(self, names: Sequence[str], limit: int) -> tuple[int, list[int]]:
        """How many of the written people lack a value for one of `names`, and the first rows."""
        blanks = " OR ".join(
            f"btrim(c.{name}) = ''"
            if name in ("nombre", "sustantivo", "grupo")
            else f"btrim(coalesce(c.fields->>%(name{n})s, '')) = ''"
            for n, name in enumerate(names)
            if name != "numero"
        )
        if not blanks:
            return 0, []
        found = self._cursor.execute(
            f"SELECT s.n, count(*) OVER ()::int AS total FROM stage s JOIN {_BOOK}"
            f" WHERE {blanks} ORDER BY s.n LIMIT %(limit)s",
            self._scope | {"limit": limit} | {f"name{n}": name for n, name in enumerate(names)},
        ).fetchall()
        return (found[0].total if found else 0), [row.n for row in found]
