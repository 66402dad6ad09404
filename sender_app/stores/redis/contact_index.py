"""The indexes behind the book: how contacts are found and sorted.

What a person changes is indexed with the change. Many changes at once, as an import makes them, are
only noted; `catch_up` takes the notes in a few thousand at a time, as in Postgres (docs/adr/0009).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID, uuid4

from sender_app.domain.contact_search import OnWhatsapp, fold, words_of
from sender_app.stores.redis.contact_rows import contacts, group_names_of
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.rows import Row, compact
from sender_app.stores.redis.view import View

FRESH = 1_000  # changes that are indexed at once; more are the worker's work
NOBODY = "~"  # sorts whoever has no name, or no group, last
BEHIND = "contacts:behind"  # index of the installation: workspaces in which changes are noted
LONGEST = 60  # letters of a word that are told apart
_TURN = 10_000  # milliseconds that a process which dies keeps others from taking notes in
_BETWEEN = "\x00"  # what a name of an index is found by, and whose it is; sorts before every letter


def newest(workspace: UUID | str) -> str:
    """Everybody's id: those of later contacts sort later."""
    return of(workspace, "contacts", "newest")


def names(workspace: UUID | str) -> str:
    """Everybody by the name."""
    return of(workspace, "contacts", "names")


def numbers(workspace: UUID | str) -> str:
    """Everybody by the phone."""
    return of(workspace, "contacts", "numbers")


def first_groups(workspace: UUID | str) -> str:
    """Everybody by the first group's name."""
    return of(workspace, "contacts", "first_groups")


def members(workspace: UUID | str, group_id: UUID | str) -> str:
    """A group's contacts by their names."""
    return of(workspace, "contacts", "groups", group_id)


def words(workspace: UUID | str) -> str:
    """Contacts by words: ^ the name's first word, _ any other, # the phone from its end, = what
    WhatsApp said."""
    return of(workspace, "contacts", "words")


def entries(workspace: UUID | str) -> str:
    """The table of what the indexes hold of each contact."""
    return of(workspace, "contacts", "index")


def changes(workspace: UUID | str) -> str:
    """Contacts that the indexes have not caught up with."""
    return of(workspace, "contacts", "changes")


def name_of(key: str, contact_id: object) -> str:
    """What an index calls a contact that is found by `key`."""
    return f"{key}{_BETWEEN}{contact_id}"


def parts_of(name: str) -> tuple[str, str]:
    """The key and the contact's id of a name of an index."""
    key, _, contact_id = name.rpartition(_BETWEEN)
    return key, contact_id


def changed(tx: Transaction, workspace: UUID | str, ids: Sequence[UUID | str]) -> None:
    """These contacts were written or deleted: few are indexed here and now, many are noted."""
    if len(ids) <= FRESH:
        index(tx, workspace, ids)
    else:
        note(tx, workspace, ids)


def note(tx: Transaction, workspace: UUID | str, ids: Sequence[UUID | str]) -> None:
    """The indexes shall catch up with these contacts."""
    if ids:
        tx.add(changes(workspace), *ids)
        tx.add(BEHIND, workspace)


def index(tx: Transaction, workspace: UUID | str, ids: Sequence[UUID | str]) -> None:
    """Have the indexes hold these contacts as they are, or not at all when they are gone."""
    rows = tx.rows(contacts(workspace), ids)
    groups = group_names_of(tx, workspace, compact(rows))
    kept = tx.rows(entries(workspace), ids)
    gone: dict[str, list[str]] = defaultdict(list)
    come: dict[str, list[str]] = defaultdict(list)
    for contact_id, row, before in zip(map(str, ids), rows, kept, strict=True):
        after = _entry(row, groups) if row is not None else None
        if after == before:
            continue
        old = set(_places(workspace, contact_id, before))
        new = set(_places(workspace, contact_id, after))
        for key, name in old - new:
            gone[key].append(name)
        for key, name in new - old:
            come[key].append(name)
        if after is None:
            tx.remove(entries(workspace), contact_id)
        else:
            tx.put(entries(workspace), contact_id, after)
    for key, names_gone in gone.items():
        tx.take_out(key, *names_gone)
    for key, names_come in come.items():
        tx.add(key, *names_come)


def catch_up(database: RedisDatabase, workspace: UUID | str, limit: int) -> int:
    """Take up to `limit` notes in; how many there were, 0 also while another process does."""

    def work(tx: Transaction) -> int:
        ids = tx.names(changes(workspace), limit=limit)
        index(tx, workspace, ids)
        tx.take_out(changes(workspace), *ids)
        if len(ids) < limit:
            tx.take_out(BEHIND, workspace)
        return len(ids)

    with _alone(database, workspace) as alone:
        return database.transact(work) if alone else 0


@contextmanager
def _alone(database: RedisDatabase, workspace: UUID | str) -> Iterator[bool]:
    """Whether nobody else takes notes in: two would take in the same ones, and one in vain."""
    key, mine = of(workspace, "contacts", "indexer"), str(uuid4())
    if not database.redis.set(key, mine, nx=True, px=_TURN):
        yield False
        return
    try:
        yield True
    finally:
        if database.redis.get(key) == mine.encode():
            database.redis.delete(key)


def refresh(database: RedisDatabase, workspace: UUID | str) -> bool:
    """Take in what few notes there are; whether there are more."""
    if not behind(database.view(), workspace):
        return False
    catch_up(database, workspace, FRESH)
    return behind(database.view(), workspace)


def behind(view: View, workspace: UUID | str) -> bool:
    """Whether the indexes have not caught up."""
    return view.size(changes(workspace)) > 0


def _entry(row: Row, groups: dict[str, str]) -> Row:
    key = fold(row["nombre"]).replace(_BETWEEN, "")
    grupo = fold(row["grupo"]).replace(_BETWEEN, "")
    own = sorted(group_id for group_id in row["groups"] if group_id in groups)
    first, *others = words_of(key) or [""]
    others += words_of(fold(" ".join(groups[group_id] for group_id in own)).replace(_BETWEEN, ""))
    found = {f"_{word[:LONGEST]}" for word in others} | {f"#{row['phone'][::-1]}"}
    if first:
        found.add(f"^{first[:LONGEST]}")
    if row["whatsapp_status"] != OnWhatsapp.UNKNOWN:
        found.add(f"={row['whatsapp_status']}")
    return {
        "name": key if row["nombre"] else NOBODY,
        "phone": row["phone"],
        "grupo": grupo if row["grupo"] else NOBODY,
        "whatsapp": row["whatsapp_status"],
        "groups": own,
        "words": sorted(found),
    }


def _places(workspace: UUID | str, contact_id: str, entry: Row | None) -> Iterator[tuple[str, str]]:
    """Where the contact is: an index, and its name there."""
    if entry is None:
        return
    yield newest(workspace), contact_id
    yield names(workspace), name_of(entry["name"], contact_id)
    yield numbers(workspace), name_of(entry["phone"], contact_id)
    yield first_groups(workspace), name_of(entry["grupo"], contact_id)
    for group_id in entry["groups"]:
        yield members(workspace, group_id), name_of(entry["name"], contact_id)
    for word in entry["words"]:
        yield words(workspace), name_of(word, contact_id)
