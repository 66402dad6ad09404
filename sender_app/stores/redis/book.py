"""Pages of the book from its indexes (docs/adr/0009).

What an index of words, a group or the list of opt-outs narrows down is read as a whole and sorted;
anything else is walked in the order of the page, where the next ones are never far.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
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
from sender_app.stores.redis import contact_index
from sender_app.stores.redis.contact_index import name_of, parts_of
from sender_app.stores.redis.contact_rows import opt_outs, phones, read_contacts
from sender_app.stores.redis.keys import WORKSPACES
from sender_app.stores.redis.rows import Row
from sender_app.stores.redis.view import View

COUNTED = 10_000  # contacts counted one by one
_STEP = 500  # contacts looked at in one go
_MOST_ALIKE = 20  # contacts of one name; more are not the same person
_SHORT = 2  # letters; words of so few begin too many words to be looked up by their beginning
_ORDERS = {
    ContactSort.NAME: (contact_index.names, "name"),
    ContactSort.PHONE: (contact_index.numbers, "phone"),
    ContactSort.GROUP: (contact_index.first_groups, "grupo"),
    ContactSort.NEWEST: (contact_index.newest, ""),
}
_Lookup = Callable[[], set[str]]
_Rule = Callable[[Row], bool]
_Place = tuple[str, str]  # the key that a contact is sorted by, and its id


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of the page's order: contacts by the `column` of their entries that an index is
    made of and that begins with `prefix`, if they are in all `lookups` and pass the `rules`."""

    index: str = ""
    column: str = "name"
    backwards: bool = False
    prefix: str = ""
    lookups: tuple[_Lookup, ...] = ()
    rules: tuple[_Rule, ...] = ()
    without_opted_out: bool = False

    @property
    def walks_by(self) -> bool:
        """Whether some of those in the index may not be in it."""
        return bool(self.rules) or self.without_opted_out


def page(
    view: View, workspace: UUID, query: ContactQuery, start: str | None, limit: int
) -> Page[Contact]:
    """See ports.store.contacts.ContactStore.page."""
    first, key, after = book_place(start)
    found: list[tuple[int, str, str]] = []
    for n, part in enumerate(_parts(view, workspace, query)):
        if n < first:
            continue
        place = (key, str(after)) if n == first and after else None
        stretch = _stretch(view, workspace, part, place)
        found += [(n, *one) for one in islice(stretch, limit + 1 - len(found))]
        if len(found) > limit:
            break
    shown = found[:limit]
    contacts = read_contacts(view, workspace, [contact_id for _, _, contact_id in shown])
    return Page(contacts, book_cursor(*shown[-1]) if len(found) > limit else None)


def count(view: View, workspace: UUID, query: ContactQuery) -> Count:
    """See ports.store.contacts.ContactStore.count."""
    total = 0
    for part in _parts(view, workspace, query):
        if not (part.lookups or part.prefix or part.walks_by):
            total += view.size(part.index)
            continue
        stretch = _stretch(view, workspace, part, None)
        total += sum(1 for _ in islice(stretch, COUNTED + 1 - total))
        if total > COUNTED:
            return Count(COUNTED, exact=False)
    return Count(total)


def everybody(view: View, workspace: UUID, query: ContactQuery) -> Iterator[str]:
    """The id of everybody whom the query has."""
    for part in _parts(view, workspace, query):
        for _, contact_id in _stretch(view, workspace, part, None):
            yield contact_id


def duplicates(view: View, workspace: UUID, limit: int) -> list[list[str]]:
    """Ids of contacts with the same name, oldest first in each set, of up to `limit` names."""
    sets: list[list[str]] = []
    same: list[str] = []
    before = ""
    walk = _walk(view, workspace, _Part(contact_index.names(workspace)), None)
    for key, contact_id in (*walk, ("", "")):
        if key == before:
            same.append(contact_id)
            continue
        if 1 < len(same) <= _MOST_ALIKE and before != contact_index.NOBODY:
            sets.append(same)
            if len(sets) == limit:
                break
        before, same = key, [contact_id]
    return sets


def _parts(view: View, workspace: UUID, query: ContactQuery) -> list[_Part]:
    search = _search_of(view, workspace, query)
    facts = _facts(view, workspace, query)
    members = contact_index.members(workspace, query.group_id) if query.group_id else ""
    index, column = _ORDERS[query.sort]
    backwards = query.backwards != (query.sort is ContactSort.NEWEST)
    by_name = query.sort in (ContactSort.NAME, ContactSort.GROUP)
    if members and by_name and not search.key and facts == _Part():
        return [_Part(members, "name", backwards)]
    if members:
        facts = replace(facts, lookups=(*facts.lookups, partial(_ids, view, members, [""])))
    if search.key:
        return _likeness(view, workspace, search, facts)
    return [replace(facts, index=index(workspace), column=column, backwards=backwards)]


def _search_of(view: View, workspace: UUID, query: ContactQuery) -> Search:
    """The query's search, taken apart as people dial in the workspace's country."""
    if not query.search.strip():
        return Search("", ())
    row = view.row(WORKSPACES, workspace)
    return take_apart(query.search, row["default_country"] if row else "")


def _facts(view: View, workspace: UUID, query: ContactQuery) -> _Part:
    """What a query asks of everybody beside the words of its search."""
    lookups: tuple[_Lookup, ...] = ()
    rules: tuple[_Rule, ...] = ()
    if query.opted_out:
        lookups += (partial(_opted_out, view, workspace),)
    if query.whatsapp is OnWhatsapp.UNKNOWN:
        rules += (lambda entry: entry["whatsapp"] == OnWhatsapp.UNKNOWN,)
    elif query.whatsapp is not None:
        words, said = contact_index.words(workspace), name_of(f"={query.whatsapp.value}", "")
        lookups += (partial(_ids, view, words, [said]),)
    return _Part(lookups=lookups, rules=rules, without_opted_out=query.opted_out is False)


def _likeness(view: View, workspace: UUID, search: Search, facts: _Part) -> list[_Part]:
    """The order of a search: phones that begin with it, names that do, whatever else has it."""
    parts: list[_Part] = []
    seen = facts.rules
    for phone in search.phones:
        index = contact_index.numbers(workspace)
        parts.append(replace(facts, index=index, column="phone", prefix=phone, rules=seen))
        seen += (partial(_begins_otherwise, "phone", phone),)
    index = contact_index.names(workspace)
    parts.append(replace(facts, index=index, prefix=search.key, rules=seen))
    seen += (partial(_begins_otherwise, "name", search.key),)
    if search.words:
        alone = len(search.words) == 1 and not search.phones
        words = tuple(partial(_with_word, view, workspace, word, alone) for word in search.words)
        parts.append(replace(facts, index=index, lookups=(*facts.lookups, *words), rules=seen))
    return parts


def _begins_otherwise(column: str, beginning: str, entry: Row) -> bool:
    return not entry[column].startswith(beginning)


def _with_word(view: View, workspace: UUID, word: str, alone: bool) -> set[str]:
    """Who has a typed word. Of one `alone`, names that begin with it come before."""
    beginning = word[: contact_index.LONGEST] if len(word) > 1 else name_of(word, "")
    prefixes = [f"{mark}{beginning}" for mark in ("_" if alone else "_^")]
    if word.isdigit() and len(word) > _SHORT:
        prefixes.append(f"#{word[::-1]}")
    return _ids(view, contact_index.words(workspace), prefixes)


def _ids(view: View, index: str, prefixes: Sequence[str]) -> set[str]:
    return {parts_of(name)[1] for names in view.each(index, prefixes) for name in names}


def _opted_out(view: View, workspace: UUID) -> set[str]:
    rows = view.rows(phones(workspace), view.keys(opt_outs(workspace)))
    return {row["id"] for row in rows if row is not None}


def _stretch(view: View, workspace: UUID, part: _Part, after: _Place | None) -> Iterator[_Place]:
    """The places of a part behind `after`, in their order."""
    if not part.lookups:
        return _walk(view, workspace, part, after)
    ids = set.intersection(*(lookup() for lookup in part.lookups))
    found = sorted(_passing(view, workspace, part, list(ids)), reverse=part.backwards)
    if after is None:
        return iter(found)
    return iter([one for one in found if (one < after if part.backwards else one > after)])


def _walk(view: View, workspace: UUID, part: _Part, after: _Place | None) -> Iterator[_Place]:
    place = None if after is None else name_of(*after) if part.column else after[1]
    while True:
        names = view.names(
            part.index,
            after=None if part.backwards else place,
            before=place if part.backwards else None,
            prefix=part.prefix,
            limit=_STEP,
            descending=part.backwards,
        )
        places = [parts_of(name) for name in names]
        if part.walks_by:
            ids = [contact_id for _, contact_id in places]
            passing = set(_passing(view, workspace, part, ids))
            places = [one for one in places if one in passing]
        yield from places
        if len(names) < _STEP:
            return
        place = names[-1]


def _passing(view: View, workspace: UUID, part: _Part, ids: Sequence[str]) -> list[_Place]:
    """Where those of `ids` stand that belong to a part."""
    rows = zip(ids, view.rows(contact_index.entries(workspace), ids), strict=True)
    found = [
        (contact_id, entry)
        for contact_id, entry in rows
        if entry is not None
        and (not part.column or entry[part.column].startswith(part.prefix))
        and all(rule(entry) for rule in part.rules)
    ]
    if part.without_opted_out:
        out = view.raw(opt_outs(workspace), (entry["phone"] for _, entry in found))
        found = [one for one, opted_out in zip(found, out, strict=True) if opted_out is None]
    column = part.column
    return [(entry[column] if column else "", contact_id) for contact_id, entry in found]
