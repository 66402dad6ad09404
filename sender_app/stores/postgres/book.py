"""Pages of the book from its index, the last as fast as the first (docs/adr/0009).

A filter that few contacts pass is read as a whole and sorted; one that many pass is walked in the
order of the page, where the next ones are never far. A look at the first few decides which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sender_app.domain.contact_search import (
    ContactQuery,
    ContactSort,
    OnWhatsapp,
    Search,
    take_apart,
)
from sender_app.ports.pages import Page
from sender_app.ports.store.contacts import Contact, Count
from sender_app.stores.cursors import book_cursor, book_place
from sender_app.stores.postgres.contact_index import tag_of
from sender_app.stores.postgres.engine import Cursor

FEW = 3_000  # contacts that are read and sorted for one page
MANY = 50_000  # contacts that are expected; more are not even looked up to count the first few
COUNTED = 5_000  # contacts counted one by one; more are estimated
_BOOK = "contact_index i"
_LAST = "\U0010ffff"  # sorts after every other letter
_SHORT = 2  # letters; words of so few begin too many words to be looked up by their beginning
_ORDER = {
    ContactSort.NAME: "i.sort_key",
    ContactSort.PHONE: "i.phone",
    ContactSort.GROUP: "i.grupo",
    ContactSort.NEWEST: "",
}
# The planner takes words and places in the order for unrelated to each other, and so may sort the
# whole book, or walk all of it for one contact: each way of reading allows only its own plan.
_WALKING = {"sort": "off", "bitmapscan": "off", "seqscan": "off", "hashjoin": "off"}
_LOOKING_UP = {"indexscan": "off", "indexonlyscan": "off", "seqscan": "off"}
_PLANS = ("sort", "bitmapscan", "seqscan", "hashjoin", "indexscan", "indexonlyscan")
_ROWS = """
SELECT c.id, c.phone, c.nombre, c.sustantivo, c.grupo, c.source, c.created_at, c.updated_at,
  c.whatsapp_status, c.whatsapp_checked_at, c.fields,
  EXISTS (SELECT FROM opt_outs o WHERE o.workspace_id = c.workspace_id AND o.phone = c.phone)
    AS opted_out,
  ARRAY(SELECT g.name FROM contact_groups m JOIN groups g ON g.id = m.group_id
    WHERE m.contact_id = c.id AND g.name <> c.grupo ORDER BY g.name) AS more_groups
FROM contacts c WHERE c.workspace_id = %(workspace)s AND c.id = ANY(%(ids)s)
"""


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of the page's order: contacts that pass `where`, sorted by `order`, then by id."""

    where: tuple[str, ...]
    order: str = "i.sort_key"
    backwards: bool = False
    lookup: str = ""  # a tsquery that holds for all of them, for the index of words
    common: str = ""  # what of the lookup may hold for very many; blank: all of it
    values: dict[str, object] = field(default_factory=dict)
    source: str = _BOOK


def page(
    cursor: Cursor,
    workspace_id: UUID,
    query: ContactQuery,
    search: Search,
    start: str | None,
    limit: int,
) -> Page[Contact]:
    """See ports.store.contacts.ContactStore.page."""
    parts = _parts(workspace_id, query, search)
    first, key, after = book_place(start)
    found: list[tuple[int, str, UUID]] = []
    for n, part in enumerate(parts):
        if n < first:
            continue
        place = (key, after) if n == first and after else None
        rows = _stretch(cursor, workspace_id, part, place, limit + 1 - len(found))
        found += [(n, row.key, row.contact_id) for row in rows]
        if len(found) > limit:
            break
    shown = found[:limit]
    contacts = read(cursor, workspace_id, [contact_id for _, _, contact_id in shown])
    return Page(contacts, book_cursor(*shown[-1]) if len(found) > limit else None)


def search_of(cursor: Cursor, workspace_id: UUID, query: ContactQuery) -> Search:
    """The query's search, taken apart as people dial in the workspace's country."""
    if not query.search.strip():
        return Search("", ())
    row = cursor.execute(
        "SELECT default_country FROM workspaces WHERE id = %s", (workspace_id,)
    ).fetchone()
    return take_apart(query.search, row.default_country if row else "")


def count(cursor: Cursor, workspace_id: UUID, query: ContactQuery, search: Search) -> Count:
    """See ports.store.contacts.ContactStore.count."""
    total, exact = 0, True
    for part in _parts(workspace_id, query, search):
        looking_up = _is_rare(cursor, workspace_id, part)
        _plan(cursor, _LOOKING_UP if looking_up else {})
        where, values = _conditions(workspace_id, part, looking_up=looking_up)
        few = f"SELECT FROM {part.source} WHERE {where} LIMIT %(most)s"
        row = cursor.execute(
            f"SELECT count(*) AS n FROM ({few})", values | {"most": COUNTED + 1 - total}
        ).fetchone()
        total += row.n if row else 0
        if total > COUNTED:
            exact = False
            break
    if exact:
        return Count(total)
    if query != ContactQuery(sort=query.sort, backwards=query.backwards):
        return Count(COUNTED, exact=False)
    everybody = "SELECT FROM contact_index WHERE workspace_id = %(workspace)s"
    about = _estimated(cursor, everybody, {"workspace": workspace_id})
    return Count(max(COUNTED, about), exact=False)


def everybody(
    workspace_id: UUID, query: ContactQuery, search: Search
) -> list[tuple[str, dict[str, object]]]:
    """Statements, with their values, that together give the id of everybody whom the query has."""
    statements = []
    for part in _parts(workspace_id, query, search):
        where, values = _conditions(workspace_id, part, looking_up=False)
        statements.append((f"SELECT i.contact_id FROM {part.source} WHERE {where}", values))
    return statements


def read(cursor: Cursor, workspace_id: UUID, ids: Sequence[UUID]) -> list[Contact]:
    """These contacts, in this order; those gone meanwhile are left out."""
    rows = cursor.execute(_ROWS, {"workspace": workspace_id, "ids": list(ids)}).fetchall()
    found = {row.id: contact_of(row) for row in rows}
    return [found[contact_id] for contact_id in ids if contact_id in found]


def contact_of(row: Any) -> Contact:
    """A contact from a row of _ROWS."""
    return Contact(
        id=row.id,
        phone=row.phone,
        nombre=row.nombre,
        sustantivo=row.sustantivo,
        grupo=row.grupo,
        source=row.source,
        created_at=row.created_at,
        updated_at=row.updated_at,
        more_groups=tuple(row.more_groups),
        opted_out=row.opted_out,
        whatsapp=OnWhatsapp(row.whatsapp_status),
        whatsapp_checked_at=row.whatsapp_checked_at,
        fields=row.fields,
    )


def _stretch(
    cursor: Cursor,
    workspace_id: UUID,
    part: _Part,
    place: tuple[str, UUID] | None,
    limit: int,
) -> list[Any]:
    if _is_rare(cursor, workspace_id, part):
        found = _looked_up(cursor, workspace_id, part, place, limit)
        if found is not None:
            return found
    _plan(cursor, _WALKING)
    where, values = _conditions(workspace_id, part, looking_up=False)
    behind, order, values = _behind(part, part.order, place, values)
    return cursor.execute(
        f"SELECT {part.order or 'NULL::text'} AS key, i.contact_id FROM {part.source}"
        f" WHERE {where} AND {behind} ORDER BY {order} LIMIT %(limit)s",
        values | {"limit": limit},
    ).fetchall()


def _looked_up(
    cursor: Cursor,
    workspace_id: UUID,
    part: _Part,
    place: tuple[str, UUID] | None,
    limit: int,
) -> list[Any] | None:
    """The stretch from everybody whom the index of words gives; None when they are too many."""
    _plan(cursor, _LOOKING_UP)
    where, values = _conditions(workspace_id, part, looking_up=True)
    behind, order, values = _behind(part, "i.key" if part.order else "", place, values)
    rows = cursor.execute(
        f"WITH i AS MATERIALIZED (SELECT {part.order or 'NULL::text'} AS key, i.contact_id"
        f" FROM {part.source} WHERE {where} LIMIT {FEW + 1}),"
        " n AS (SELECT count(*) AS n FROM i)"
        " SELECT n.n, p.key, p.contact_id FROM n LEFT JOIN LATERAL ("
        f"  SELECT i.key, i.contact_id FROM i WHERE n.n <= {FEW} AND {behind}"
        f"  ORDER BY {order} LIMIT %(limit)s) p ON true",
        values | {"limit": limit},
    ).fetchall()
    if rows[0].n > FEW:
        return None
    return [row for row in rows if row.contact_id is not None]


def _behind(
    part: _Part, key: str, place: tuple[str, UUID] | None, values: dict[str, object]
) -> tuple[str, str, dict[str, object]]:
    """What comes after `place` in the part's order by `key`, that order, and the values."""
    way = "DESC" if part.backwards else "ASC"
    order = f"{key} {way}, i.contact_id {way}" if key else f"i.contact_id {way}"
    if place is None:
        return "true", order, values
    columns = f"({key}, i.contact_id)" if key else "i.contact_id"
    after = "(%(after_key)s, %(after)s)" if key else "%(after)s"
    behind = f"{columns} {'<' if part.backwards else '>'} {after}"
    return behind, order, values | {"after_key": place[0], "after": place[1]}


def _is_rare(cursor: Cursor, workspace_id: UUID, part: _Part) -> bool:
    """Whether the index of words is worth asking."""
    if not part.lookup:
        return False
    part = replace(part, lookup=part.common or part.lookup)
    where, values = _conditions(workspace_id, part, looking_up=True)
    return _estimated(cursor, f"SELECT FROM {part.source} WHERE {where}", values) <= MANY


def _plan(cursor: Cursor, allowed: Mapping[str, str]) -> None:
    """Set what the planner may do, for the rest of the transaction."""
    settings = (
        f"set_config('enable_{name}', '{allowed.get(name, 'on')}', true)" for name in _PLANS
    )
    cursor.execute(f"SELECT ARRAY[{', '.join(settings)}]")


def _conditions(
    workspace_id: UUID, part: _Part, *, looking_up: bool
) -> tuple[str, dict[str, object]]:
    values = part.values | {"workspace": workspace_id}
    where = part.where
    if part.source == _BOOK:
        # When words are looked up, no index of the whole workspace shall be read beside theirs.
        here = "i.workspace_id = %(workspace)s"
        where = (f"({here}) IS TRUE" if looking_up else here, *where)
    if part.lookup:
        where += ("i.words @@ %(lookup)s::tsquery",)
        values["lookup"] = part.lookup
    return " AND ".join(where), values


def _parts(workspace_id: UUID, query: ContactQuery, search: Search) -> list[_Part]:
    tag = tag_of(workspace_id)
    facts, where, values = _filters(query, tag)
    if not search.key:
        # Groups and names share an index, so that a group is read in its order whatever its size.
        backwards = query.backwards != (query.sort is ContactSort.NEWEST)
        if query.group_id and query.sort is not ContactSort.PHONE and not (facts or where):
            return [_members(query, backwards)]
        lookup = " & ".join([*facts, *_group_fact(query, tag)])
        return [_Part(where, _ORDER[query.sort], backwards, lookup, values)]
    facts += _group_fact(query, tag)
    return _likeness(search, tag, facts, where, values)


def _members(query: ContactQuery, backwards: bool) -> _Part:
    return _Part(
        (
            "i.group_id = (SELECT id FROM groups"
            " WHERE id = %(group)s AND workspace_id = %(workspace)s)",
        ),
        "" if query.sort is ContactSort.NEWEST else "i.sort_key",
        backwards,
        values={"group": query.group_id},
        source="contact_groups i",
    )


def _likeness(
    search: Search, tag: str, facts: list[str], where: tuple[str, ...], values: dict[str, object]
) -> list[_Part]:
    """The order of a search: phones that begin with it, names that do, whatever else has it."""
    lookup = " & ".join(facts)
    parts: list[_Part] = []
    seen: tuple[str, ...] = ()
    values = dict(values)
    for n, phone in enumerate(search.phones):
        values |= {f"phone{n}": phone, f"phone{n}z": phone + "9" * 16}
        stretch = f"i.phone BETWEEN %(phone{n})s AND %(phone{n}z)s"
        parts.append(_Part((*where, stretch, *seen), "i.phone", lookup=lookup))
        seen += (f"NOT ({stretch})",)
    values |= {"name": search.key, "namez": search.key + _LAST}
    stretch = "i.sort_key >= %(name)s AND i.sort_key < %(namez)s"
    parts.append(_Part((*where, stretch, *seen), lookup=lookup))
    seen += (f"NOT ({stretch})",)
    if search.words:
        alone = len(search.words) == 1 and not search.phones
        found, common = (
            " & ".join([*facts, *(_word(word, tag, alone, ends=ends) for word in search.words)])
            for ends in (True, False)
        )
        parts.append(_Part((*where, *seen), lookup=found, common=common))
    return [replace(part, values=values) for part in parts]


def _word(word: str, tag: str, alone: bool, *, ends: bool) -> str:
    """The tsquery of one typed word. Of one `alone`, names that begin with it come before.

    With `ends` also phones that end in it: of so many digits there are few, but the planner has no
    statistics of them and takes them for many.
    """
    marks = ["_"] if alone else ["_", "^"]
    ways = [_lexeme(f"{tag}{mark}{word[:60]}", beginning=len(word) > 1) for mark in marks]
    if ends and word.isdigit() and len(word) > _SHORT:
        ways.append(_lexeme(f"{tag}#{word[::-1]}", beginning=True))
    return f"({' | '.join(ways)})"


def _lexeme(text: str, *, beginning: bool = False) -> str:
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'" + (":*" if beginning else "")


def _filters(query: ContactQuery, tag: str) -> tuple[list[str], tuple[str, ...], dict[str, object]]:
    """Facts for the index of words, conditions for the rest."""
    facts: list[str] = []
    where: tuple[str, ...] = ()
    values: dict[str, object] = {}
    if query.opted_out:
        facts.append(_lexeme(f"{tag}=out"))
    elif query.opted_out is False:
        where += ("NOT i.opted_out",)
    if query.whatsapp is not None:
        facts.append(_lexeme(f"{tag}={query.whatsapp.value}"))
    return facts, where, values


def _group_fact(query: ContactQuery, tag: str) -> list[str]:
    return [_lexeme(f"{tag}={query.group_id}")] if query.group_id else []


def _estimated(cursor: Cursor, statement: str, values: dict[str, object]) -> int:
    """How many rows the planner expects: from statistics, without counting."""
    row = cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", values).fetchone()
    return int(row[0][0]["Plan"]["Plan Rows"]) if row else 0
