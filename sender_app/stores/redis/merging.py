"""Making one contact of several, so that nothing of their history is lost."""

from collections.abc import Sequence
from uuid import UUID

from sender_app.domain.errors import NotFound
from sender_app.stores.redis import contact_index
from sender_app.stores.redis.contact_rows import contacts, group_names, opt_outs, phones
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.history import by_contact, recipients_of
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.opt_outs import opt_out
from sender_app.stores.redis.recipient_rows import hand_acquainted
from sender_app.stores.redis.replies import adopt_replies, hand_replies, replies_by
from sender_app.stores.redis.rollups import hand_counts
from sender_app.stores.redis.rows import Row, compact

_COLUMNS = ("nombre", "sustantivo", "grupo")


def merge(tx: Transaction, workspace: UUID, kept: UUID, others: Sequence[UUID]) -> None:
    """See ports.store.contacts.ContactStore.merge."""
    rows = compact(tx.rows(contacts(workspace), [kept, *others]))
    if len(rows) < 1 + len(others):
        raise NotFound("contact", kept)
    contact, *gone = rows
    _take_over(tx, workspace, str(kept), gone)
    for row in compact(tx.rows(opt_outs(workspace), [row["phone"] for row in gone])):
        opt_out(tx, workspace, [contact["phone"]], source=row["source"], text=row["text"])
    accounts = tx.keys(of(workspace, "accounts"))
    for row in gone:
        heard = replies_by(tx, workspace, accounts, row["phone"], row["id"])
        nobodys = [reply for reply in heard if reply["contact_id"] is None]
        adopt_replies(tx, workspace, nobodys, str(kept))
    forget(tx, workspace, gone, str(kept))
    tx.put(contacts(workspace), kept, _merged(tx, workspace, contact, gone))
    contact_index.changed(tx, workspace, [kept])


def forget(tx: Transaction, workspace: UUID, rows: Sequence[Row], kept: str | None) -> None:
    """These contacts are no more; what was counted and heard is of the one that was `kept`, or
    nobody's."""
    ids = [row["id"] for row in rows]
    hand_replies(tx, workspace, ids, kept)
    hand_counts(tx, workspace, ids, kept)
    hand_acquainted(tx, workspace, ids, kept)
    tx.remove(contacts(workspace), *ids)
    tx.remove(phones(workspace), *(row["phone"] for row in rows))
    contact_index.changed(tx, workspace, ids)


def _take_over(tx: Transaction, workspace: UUID, kept: str, gone: Sequence[Row]) -> None:
    """Recipients that were the other contacts are the one that stays."""
    found = tx.each(by_contact(workspace), [f"{row['id']}:" for row in gone])
    names = [name for one in found for name in one]
    tx.take_out(by_contact(workspace), *names)
    for _, campaign, row in recipients_of(tx, workspace, names):
        table = of(workspace, "campaigns", campaign, "recipients")
        tx.put(table, row["id"], row | {"contact_id": kept})
        tx.add(by_contact(workspace), f"{kept}:{row['id']}:{campaign}")


def _merged(tx: Transaction, workspace: UUID, contact: Row, gone: Sequence[Row]) -> Row:
    """The contact with what it lacks of those that go, and with the groups of all."""
    values = {
        name: contact[name] or min((row[name] for row in gone if row[name]), default="")
        for name in _COLUMNS
    }
    groups = dict.fromkeys(group_id for row in (contact, *gone) for group_id in row["groups"])
    first = tx.row(group_names(workspace), values["grupo"]) if values["grupo"] else None
    if first is not None:
        groups = {first["id"]: None, **groups}
    fields: dict[str, str] = {}
    for row in (*gone, contact):
        fields |= row["fields"]
    return contact | values | {"groups": list(groups), "fields": fields, "updated_at": tx.now()}
