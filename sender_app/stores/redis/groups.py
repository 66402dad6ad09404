"""Groups of contacts in Redis. The first group of a contact is also in its row's `grupo`."""

from collections.abc import Callable, Collection, Iterable, Sequence
from uuid import UUID

from sender_app.domain.contact_search import fold
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.ports.store.groups import Group, Moved
from sender_app.stores.redis import contact_index
from sender_app.stores.redis.contact_rows import contacts, group_names, group_names_of, groups
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.rows import Row, compact, new_key
from sender_app.stores.redis.turns import change_book


class RedisGroups:
    """See ports.store.groups.GroupStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def list(self, workspace_id: UUID) -> Sequence[Group]:
        found = self._database.view().all(groups(workspace_id)).items()
        named = [Group(UUID(group_id), row["name"]) for group_id, row in found]
        return sorted(named, key=lambda group: (fold(group.name), group.id))

    def ensure(self, workspace_id: UUID, name: str) -> Group:
        def work(tx: Transaction) -> Group:
            return Group(UUID(ensure(tx, workspace_id, [name])[name]), name)

        return change_book(self._database, workspace_id, work)

    def rename(self, workspace_id: UUID, group_id: UUID, name: str) -> None:
        def work(tx: Transaction) -> None:
            row = _one(tx, workspace_id, group_id)
            other = tx.row(group_names(workspace_id), name)
            if other is not None and other["id"] != str(group_id):
                raise RuleViolation("group_exists", name=name)
            before = row["name"]
            tx.put(groups(workspace_id), group_id, row | {"name": name})
            tx.remove(group_names(workspace_id), before)
            tx.put(group_names(workspace_id), name, {"id": str(group_id)})

            def follow(contact: Row) -> bool:
                if contact["grupo"] == before:
                    contact |= {"grupo": name, "updated_at": tx.now()}
                return True

            _rewrite(tx, workspace_id, _members(tx, workspace_id, group_id), follow)

        change_book(self._database, workspace_id, work)

    def delete(self, workspace_id: UUID, group_id: UUID) -> None:
        def work(tx: Transaction) -> None:
            row = _one(tx, workspace_id, group_id)
            everybody = _members(tx, workspace_id, group_id)
            _drop(tx, workspace_id, group_id, row)
            _leave(tx, workspace_id, everybody, str(group_id), row["name"])

        change_book(self._database, workspace_id, work)

    def add(self, workspace_id: UUID, group_id: UUID, ids: Sequence[UUID]) -> Moved:
        return change_book(
            self._database, workspace_id, lambda tx: _join(tx, workspace_id, group_id, ids)
        )

    def rejoin(self, workspace_id: UUID, group_id: UUID, left: Moved) -> int:
        def work(tx: Transaction) -> int:
            return len(_join(tx, workspace_id, group_id, left.ids, left.first).ids)

        return change_book(self._database, workspace_id, work)

    def drop_empty(self, workspace_id: UUID, group_id: UUID) -> None:
        def work(tx: Transaction) -> None:
            row = tx.row(groups(workspace_id), group_id)
            if row is not None and not _members(tx, workspace_id, group_id):
                _drop(tx, workspace_id, group_id, row)

        change_book(self._database, workspace_id, work)

    def remove(self, workspace_id: UUID, group_id: UUID, ids: Sequence[UUID]) -> Moved:
        def work(tx: Transaction) -> Moved:
            name = _one(tx, workspace_id, group_id)["name"]
            found = _found(tx, workspace_id, ids)
            return _leave(tx, workspace_id, found, str(group_id), name)

        return change_book(self._database, workspace_id, work)


def ensure(tx: Transaction, workspace_id: UUID, names: Iterable[str]) -> dict[str, str]:
    """Ids of the groups by name; those that are not there are made."""
    asked = list(dict.fromkeys(name for name in names if name))
    found = dict(zip(asked, tx.rows(group_names(workspace_id), asked), strict=True))
    return {
        name: row["id"] if row else make(tx, workspace_id, str(new_key()), name)
        for name, row in found.items()
    }


def make(tx: Transaction, workspace_id: UUID, group_id: str, name: str) -> str:
    """A new group's id."""
    tx.put(groups(workspace_id), group_id, {"name": name, "created_at": tx.now()})
    tx.put(group_names(workspace_id), name, {"id": group_id})
    return group_id


def _one(tx: Transaction, workspace_id: UUID, group_id: UUID) -> Row:
    row = tx.row(groups(workspace_id), group_id)
    if row is None:
        raise NotFound("group", group_id)
    return row


def _found(tx: Transaction, workspace_id: UUID, ids: Sequence[UUID]) -> list[Row]:
    return compact(tx.rows(contacts(workspace_id), dict.fromkeys(ids)))


def _drop(tx: Transaction, workspace_id: UUID, group_id: UUID, row: Row) -> None:
    tx.remove(groups(workspace_id), group_id)
    tx.remove(group_names(workspace_id), row["name"])


def _members(tx: Transaction, workspace_id: UUID, group_id: UUID) -> list[Row]:
    """Everybody in the group, also whom the index has not caught up with."""
    index = contact_index.members(workspace_id, group_id)
    ids = {contact_index.parts_of(name)[1] for name in tx.names(index)}
    ids |= set(tx.names(contact_index.changes(workspace_id)))
    rows = compact(tx.rows(contacts(workspace_id), ids))
    return [row for row in rows if str(group_id) in row["groups"]]


def _join(
    tx: Transaction,
    workspace_id: UUID,
    group_id: UUID,
    ids: Sequence[UUID],
    first: Collection[UUID] = (),
) -> Moved:
    """Have contacts join a group, as their first one if they have none or are in `first`."""
    name, now = _one(tx, workspace_id, group_id)["name"], tx.now()
    back = {str(one) for one in first}
    joined: list[UUID] = []
    made_first: list[UUID] = []

    def join(contact: Row) -> bool:
        new = str(group_id) not in contact["groups"]
        alone = not contact["grupo"] or contact["id"] in back
        if new:
            contact["groups"].append(str(group_id))
            joined.append(UUID(contact["id"]))
        if alone:
            contact |= {"grupo": name, "updated_at": now}
            made_first.append(UUID(contact["id"]))
        return new or alone

    _rewrite(tx, workspace_id, _found(tx, workspace_id, ids), join)
    return Moved(tuple(joined), tuple(made_first))


def _leave(tx: Transaction, workspace_id: UUID, rows: list[Row], group_id: str, name: str) -> Moved:
    """Have contacts leave a group; the next one by name becomes their first. Those who did."""
    names, now = group_names_of(tx, workspace_id, rows), tx.now()
    left: list[UUID] = []
    was_first: list[UUID] = []

    def leave(contact: Row) -> bool:
        if group_id not in contact["groups"]:
            return False
        contact["groups"].remove(group_id)
        if contact["grupo"] == name:
            others = [names[one] for one in contact["groups"] if one in names]
            contact |= {"grupo": min(others, default=""), "updated_at": now}
            was_first.append(UUID(contact["id"]))
        left.append(UUID(contact["id"]))
        return True

    _rewrite(tx, workspace_id, rows, leave)
    return Moved(tuple(left), tuple(was_first))


def _rewrite(
    tx: Transaction, workspace_id: UUID, rows: list[Row], change: Callable[[Row], bool]
) -> None:
    """Keep the rows that `change` says it changed."""
    touched = [row for row in rows if change(row)]
    for row in touched:
        tx.put(contacts(workspace_id), row["id"], row)
    contact_index.changed(tx, workspace_id, [row["id"] for row in touched])
