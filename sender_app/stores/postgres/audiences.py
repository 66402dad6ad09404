"""Whom a campaign is for, gathered in Postgres: sources put together, each person once, less those
whom a rule leaves out. However many they are, they never leave the database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sender_app.domain.audience import AudienceRow
from sender_app.domain.audience_choice import AudienceChoice, Source
from sender_app.domain.errors import RuleViolation
from sender_app.ports.store.audiences import AudienceCounts, AudienceSpec, Likes
from sender_app.stores.postgres import book, contact_index
from sender_app.stores.postgres.engine import Cursor, Database, like, only
from sender_app.stores.postgres.staging import Stage

_CHOSEN = """
CREATE TEMP TABLE chosen (contact_id uuid NOT NULL, source int NOT NULL) ON COMMIT DROP
"""
_BITS = {source: 1 << n for n, source in enumerate(Source)}
_GROUPS = """
INSERT INTO chosen SELECT m.contact_id, %(bit)s FROM contact_groups m
JOIN groups g ON g.id = m.group_id
WHERE g.workspace_id = %(workspace)s AND g.id = ANY(%(groups)s)
"""
_CONTACTS = "INSERT INTO chosen SELECT unnest(%(contacts)s::uuid[]), %(bit)s"
# Whom it did not reach: those in error, and those whose turn did not come before it was cancelled,
# also when a person said of a message in doubt that it never left.
_EARLIER = """
INSERT INTO chosen SELECT r.contact_id, %(bit)s
FROM campaigns o JOIN campaign_recipients r ON r.campaign_id = o.id
WHERE o.id = %(earlier)s AND o.workspace_id = %(workspace)s AND r.contact_id IS NOT NULL
  AND (r.status = 'error' OR (r.status = 'skipped' AND r.error_code = 'cancelled')
    OR (r.status = 'queued' AND o.status = 'cancelled'))
"""
# A message that may have been sent counts as one that was.
_PEOPLE = f"""
CREATE TEMP TABLE people ON COMMIT DROP AS
WITH chosen AS (SELECT contact_id, bit_or(source) AS sources FROM chosen GROUP BY contact_id),
known AS (
  SELECT c.id, c.phone, b.sources FROM chosen b
  JOIN contacts c ON c.id = b.contact_id AND c.workspace_id = %(workspace)s),
together AS (
  SELECT coalesce(k.phone, s.phone) AS phone, s.n, coalesce(k.id, c.id) AS contact_id,
    coalesce(k.sources, 0) | CASE WHEN s.n IS NULL THEN 0 ELSE {_BITS[Source.FILE]} END AS sources
  FROM known k FULL JOIN stage s ON s.phone = k.phone
  LEFT JOIN contacts c ON k.id IS NULL AND c.workspace_id = %(workspace)s AND c.phone = s.phone),
ruled AS (
  SELECT t.*, EXISTS (
    SELECT FROM opt_outs o WHERE o.workspace_id = %(workspace)s AND o.phone = t.phone) AS opted_out,
    %(since)s::timestamptz IS NOT NULL AND EXISTS (
      SELECT FROM campaign_recipients e WHERE e.contact_id = t.contact_id
        AND (e.sent_at >= %(since)s
          OR (e.status IN ('sending', 'unconfirmed') AND e.claimed_at >= %(since)s))) AS written_to
  FROM together t)
SELECT n, phone, contact_id, sources, opted_out, written_to AND NOT opted_out AS resting,
  NOT (opted_out OR written_to) AS reached
FROM ruled
"""
_COUNTS = f"""
SELECT count(*)::int AS people, count(*) FILTER (WHERE reached)::int AS reached,
  count(*) FILTER (WHERE opted_out)::int AS opted_out,
  count(*) FILTER (WHERE resting)::int AS resting,
  {
    ", ".join(
        f"count(*) FILTER (WHERE sources & {bit} <> 0)::int AS from_{source}"
        for source, bit in _BITS.items()
    )
}
FROM people
"""
# Talked with: as the ledger sees it when it holds back people never talked with.
_KNOWN = """
SELECT count(*)::int AS n FROM people p WHERE reached AND NOT EXISTS (
  SELECT FROM unnest(%(accounts)s::uuid[]) AS a(id)
  WHERE NOT EXISTS (SELECT FROM replies r WHERE r.account_id = a.id AND r.phone = p.phone)
    AND NOT EXISTS (SELECT FROM campaign_recipients e JOIN campaigns o ON o.id = e.campaign_id
      WHERE e.contact_id = p.contact_id AND e.delivered_at IS NOT NULL
        AND coalesce(e.account_id, o.account_id) = a.id))
"""
# What the message would be filled with: a file's cells, and the book's where they are blank.
_FILLED = """
SELECT p.n, p.phone, p.contact_id,
  coalesce(nullif(s.nombre, ''), c.nombre, '') AS nombre,
  coalesce(nullif(s.sustantivo, ''), c.sustantivo, '') AS sustantivo,
  coalesce(nullif(s.grupo, ''), c.grupo, '') AS grupo,
  coalesce(c.fields, '{}') || jsonb_strip_nulls(coalesce(s.own, '{}')) AS own
FROM people p LEFT JOIN stage s ON s.phone = p.phone LEFT JOIN contacts c ON c.id = p.contact_id
WHERE p.reached
"""
_ORDER = "ORDER BY n NULLS LAST, contact_id, phone"
_UNIT = "\x1f"  # between the values of a likeness
_OWN_COLUMNS = ("nombre", "sustantivo", "grupo")


class PostgresAudiences:
    """See ports.store.audiences.AudienceStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def gather(self, workspace_id: UUID, spec: AudienceSpec) -> Iterator["Gathered"]:
        with self._database.transaction() as cursor:
            contact_index.refresh(cursor, workspace_id)
            Stage(cursor, workspace_id).fill(spec.rows)
            yield gather(cursor, workspace_id, spec)


def gather(cursor: Cursor, workspace_id: UUID, spec: AudienceSpec) -> "Gathered":
    """The audience within the transaction of `cursor`, whose Stage holds the file's rows."""
    scope: dict[str, object] = {"workspace": workspace_id, "since": spec.written_since}
    cursor.execute(_CHOSEN)
    _choose(cursor, workspace_id, spec.choice)
    cursor.execute("ANALYZE chosen")
    cursor.execute("ANALYZE stage")
    cursor.execute(_PEOPLE, scope)
    cursor.execute("ANALYZE people")
    return Gathered(cursor)


def check_caught_up(cursor: Cursor, workspace_id: UUID, choice: AudienceChoice) -> None:
    """Raise RuleViolation where groups and searches would miss what was imported just now."""
    if choice.groups or choice.filter is not None:
        contact_index.refresh(cursor, workspace_id)
        if contact_index.behind(cursor, workspace_id):
            raise RuleViolation("book_behind")


def _choose(cursor: Cursor, workspace_id: UUID, choice: AudienceChoice) -> None:
    """Fill `chosen`, source by source."""
    scope: dict[str, object] = {"workspace": workspace_id}
    if choice.groups:
        cursor.execute(
            _GROUPS, scope | {"groups": list(choice.groups), "bit": _BITS[Source.GROUPS]}
        )
    if choice.contacts:
        cursor.execute(
            _CONTACTS, {"contacts": list(choice.contacts), "bit": _BITS[Source.CONTACTS]}
        )
    if choice.earlier is not None:
        cursor.execute(_EARLIER, scope | {"earlier": choice.earlier, "bit": _BITS[Source.EARLIER]})
    if choice.filter is not None:
        query = choice.filter.query
        search = book.search_of(cursor, workspace_id, query)
        for statement, values in book.everybody(workspace_id, query, search):
            into = f"INSERT INTO chosen SELECT contact_id, %(bit)s FROM ({statement})"
            cursor.execute(into, values | {"bit": _BITS[Source.FILTER]})


class Gathered:
    """See ports.store.audiences.GatheredAudience."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def counts(self) -> AudienceCounts:
        row = only(self._cursor.execute(_COUNTS))
        sources = {source: getattr(row, f"from_{source}") for source in Source}
        return AudienceCounts(row.people, row.reached, row.opted_out, row.resting, sources)

    def known(self, accounts: Sequence[UUID]) -> int:
        return only(self._cursor.execute(_KNOWN, {"accounts": list(accounts)})).n

    def likes(self, names: Sequence[str], whole: frozenset[str]) -> list[Likes]:
        if not names:
            return []
        likeness, values = _likeness(names, whole)
        rows = self._cursor.execute(
            f"SELECT {likeness} AS likeness, count(*)::int AS n FROM ({_FILLED}) GROUP BY 1", values
        ).fetchall()
        return [
            Likes(dict(zip(names, row.likeness.split(_UNIT), strict=True)), row.n) for row in rows
        ]

    def of_likes(
        self, names: Sequence[str], whole: frozenset[str], wanted: Sequence[Likes], limit: int
    ) -> list[AudienceRow]:
        likeness, values = _likeness(names, whole)
        keys = [_UNIT.join(one.values[name] for name in names) for one in wanted]
        return self._rows(
            f"SELECT * FROM ({_FILLED}) WHERE {likeness} = ANY(%(keys)s) {_ORDER} LIMIT %(limit)s",
            values | {"keys": keys, "limit": limit},
        )

    def find(self, search: str, limit: int) -> list[AudienceRow]:
        wanted = search.strip()
        digits = "".join(letter for letter in wanted if letter.isdigit())
        values = {"limit": limit, "name": like(wanted), "phone": like(digits)}
        where = "nombre ILIKE %(name)s" if wanted else "true"
        if len(digits) > 2:  # fewer are in every number
            where += " OR phone LIKE %(phone)s"
        return self._rows(
            f"SELECT * FROM ({_FILLED}) WHERE {where} {_ORDER} LIMIT %(limit)s", values
        )

    def _rows(self, statement: str, values: dict[str, Any]) -> list[AudienceRow]:
        rows = self._cursor.execute(statement, values).fetchall()
        return [
            AudienceRow(row.n or 0, row.phone, row.nombre, row.sustantivo, row.grupo, row.own)
            for row in rows
        ]


def _likeness(names: Sequence[str], whole: frozenset[str]) -> tuple[str, dict[str, object]]:
    """The expression by which people are alike: of the fields in `whole` their values, of the
    others only whether there is one."""
    values: dict[str, object] = {"unit": _UNIT}
    parts = []
    for n, name in enumerate(names):
        values[f"name{n}"] = name
        text = name if name in _OWN_COLUMNS else f"coalesce(own->>%(name{n})s, '')"
        text = "phone" if name == "numero" else text
        blank = f"CASE WHEN btrim({text}) = '' THEN '' ELSE '+' END"
        parts.append(f"replace({text}, %(unit)s, ' ')" if name in whole else blank)
    return f"concat_ws(%(unit)s, {', '.join(parts)})", values
