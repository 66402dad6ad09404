"""Contacts that are forgotten, and come back as they were when somebody thinks better of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sender_app.ports.store.removed import Removed
from sender_app.stores.redis import contact_index
from sender_app.stores.redis.contact_rows import contacts, groups, phones
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.history import by_contact
from sender_app.stores.redis.merging import forget
from sender_app.stores.redis.recipient_rows import acquainted
from sender_app.stores.redis.records import content_of, record_of
from sender_app.stores.redis.replies import adopt_replies, replies, replies_of_contact
from sender_app.stores.redis.rollups import add_counts, counts_of
from sender_app.stores.redis.rows import Row, compact


def remove(tx: Transaction, workspace: UUID, ids: Sequence[UUID]) -> Removed:
    """See ports.store.ContactStore.delete. The ledger's rows still name them, which finds
    nobody."""
    rows = compact(tx.rows(contacts(workspace), dict.fromkeys(ids)))
    prefixes = [f"{row['id']}:" for row in rows]
    sent, known = (
        [name for found in tx.each(index, prefixes) for name in found]
        for index in (by_contact(workspace), acquainted(workspace))
    )
    gone = [row["id"] for row in rows]
    first = compact(tx.rows(groups(workspace), {one for row in rows for one in row["groups"]}))
    record = {
        "contacts": rows,
        "sent": sent,
        "known": known,
        "heard": {one: replies_of_contact(tx, workspace, one) for one in gone},
        "counts": counts_of(tx, workspace, gone),
        "firsts": sorted(row["name"] for row in first),
    }
    tx.take_out(by_contact(workspace), *sent)
    forget(tx, workspace, rows, None)
    return Removed(len(rows), record_of(workspace, record))


def bring_back(tx: Transaction, workspace: UUID, record: bytes) -> int:
    """See ports.store.ContactStore.restore."""
    kept: dict[str, Any] | None = content_of(workspace, record)
    if kept is None:
        return 0
    rows = _missing(tx, workspace, kept["contacts"])
    back = {row["id"] for row in rows}
    for row in rows:
        tx.put(contacts(workspace), row["id"], _in_groups(tx, workspace, row, kept["firsts"]))
        tx.put(phones(workspace), row["phone"], {"id": row["id"]})
    for index, names in (
        (by_contact(workspace), kept["sent"]),
        (acquainted(workspace), kept["known"]),
    ):
        tx.add(index, *(name for name in names if name.partition(":")[0] in back))
    for contact_id in back:
        heard = compact(tx.rows(replies(workspace), kept["heard"][contact_id]))
        nobodys = [reply for reply in heard if reply["contact_id"] is None]
        adopt_replies(tx, workspace, nobodys, contact_id)
    add_counts(tx, workspace, [one for one in kept["counts"] if one["contact"] in back])
    contact_index.changed(tx, workspace, sorted(back))
    return len(rows)


def _missing(tx: Transaction, workspace: UUID, rows: Sequence[Row]) -> list[Row]:
    """Those of the rows that are not there, nor their numbers."""
    there = tx.raw(contacts(workspace), [row["id"] for row in rows])
    taken = tx.raw(phones(workspace), [row["phone"] for row in rows])
    found = zip(rows, there, taken, strict=True)
    return [row for row, one, other in found if one is None and other is None]


def _in_groups(tx: Transaction, workspace: UUID, row: Row, firsts: Sequence[str]) -> Row:
    """The contact in those of its groups that are still there. `firsts` are names that its groups
    had: a first one that is gone or renamed meanwhile gives way to what is there now."""
    found = zip(row["groups"], tx.rows(groups(workspace), row["groups"]), strict=True)
    names = {group_id: group["name"] for group_id, group in found if group is not None}
    grupo = row["grupo"]
    if grupo in firsts and grupo not in names.values():
        grupo = min(names.values(), default="")
    return row | {"groups": list(names), "grupo": grupo}
