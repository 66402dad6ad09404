"""The opt-out list in Redis."""

from collections.abc import Iterator, Sequence
from itertools import islice
from uuid import UUID

from sender_app.ports.pages import Page
from sender_app.ports.store.opt_outs import OptOut
from sender_app.ports.store.removed import Removed
from sender_app.stores.cursors import time_cursor, time_place
from sender_app.stores.redis import outbox
from sender_app.stores.redis.accounts import workspace_of
from sender_app.stores.redis.contact_rows import by_phone, opt_outs
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.finding import in_time, key_in
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.records import content_of, record_of
from sender_app.stores.redis.rows import Row, dict_of, read
from sender_app.stores.redis.view import View

_STEP = 1_000  # numbers looked at in one go


class RedisOptOuts:
    """See ports.store.opt_outs.OptOutStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def page(self, workspace_id: UUID, search: str, cursor: str | None, limit: int) -> Page[OptOut]:
        view = self._database.view()
        at, phone = time_place(cursor)
        before = in_time(str(dict_of(at)), phone) if at else None
        wanted = "".join(mark for mark in search if mark.isdecimal())
        found = list(islice(_walk(view, workspace_id, before, wanted), limit + 1))
        rows = [row for row in view.rows(opt_outs(workspace_id), found[:limit]) if row]
        contacts = by_phone(view, workspace_id, [row["phone"] for row in rows])
        shown = [
            read(OptOut, row | {"nombre": contacts.get(row["phone"], {}).get("nombre", "")})
            for row in rows
        ]
        more = len(found) > limit and shown
        return Page(shown, time_cursor(shown[-1].created_at, shown[-1].phone) if more else None)

    def count(self, workspace_id: UUID) -> int:
        return self._database.view().count(opt_outs(workspace_id))

    def add(self, workspace_id: UUID, phones: Sequence[str], source: str, text: str) -> int:
        return self._database.transact(
            lambda tx: opt_out(tx, workspace_id, phones, source=source, text=text)
        )

    def remove(self, workspace_id: UUID, phones: Sequence[str]) -> Removed:
        def work(tx: Transaction) -> Removed:
            asked = dict.fromkeys(phones)
            found = [row for row in tx.rows(opt_outs(workspace_id), asked) if row]
            for row in found:
                tx.remove(opt_outs(workspace_id), row["phone"])
                tx.take_out(_newest(workspace_id), _place(row))
                _owe_nothing(tx, workspace_id, row)
            return Removed(len(found), record_of(workspace_id, found))

        return self._database.transact(work)

    def restore(self, workspace_id: UUID, record: bytes) -> int:
        rows: list[Row] = content_of(workspace_id, record) or []

        def work(tx: Transaction) -> int:
            there = tx.raw(opt_outs(workspace_id), [row["phone"] for row in rows])
            back = [row for row, found in zip(rows, there, strict=True) if found is None]
            for row in back:
                _put(tx, workspace_id, row)
            outbox.tell_opt_outs(tx, workspace_id, back)
            return len(back)

        return self._database.transact(work)

    def answers_due(self, account_id: UUID, limit: int) -> Sequence[str]:
        view = self._database.view()
        workspace = workspace_of(view, account_id)
        names = view.names(_due(workspace, account_id), limit=limit)
        return [key_in(name) for name in names]


def cross_off(tx: Transaction, workspace: UUID | str, account_id: UUID, phone: str) -> bool:
    """The account owes the number no confirmation any more; False when it owed none."""
    row = tx.row(opt_outs(workspace), phone)
    if row is None or row["answer_due"] != str(account_id):
        return False
    _owe_nothing(tx, workspace, row)
    tx.put(opt_outs(workspace), phone, row | {"answer_due": None})
    return True


def opt_out(
    tx: Transaction,
    workspace: UUID | str,
    phones: Sequence[str],
    *,
    source: str,
    text: str,
    answer_due: UUID | None = None,
) -> int:
    """Put numbers on the list; how many of them were not on it yet. Whoever is on it stays as they
    are. `answer_due` is the account that owes them a confirmation."""
    now, asked = tx.now(), list(dict.fromkeys(phones))
    there = tx.raw(opt_outs(workspace), asked)
    rows = [
        dict_of(
            {
                "phone": phone,
                "source": source,
                "text": text,
                "answer_due": answer_due,
                "created_at": now,
            }
        )
        for phone, found in zip(asked, there, strict=True)
        if found is None
    ]
    for row in rows:
        _put(tx, workspace, row)
    outbox.tell_opt_outs(tx, workspace, rows)
    return len(rows)


def _put(tx: Transaction, workspace: UUID | str, row: Row) -> None:
    tx.put(opt_outs(workspace), row["phone"], row)
    tx.add(_newest(workspace), _place(row))
    if row["answer_due"] is not None:
        tx.add(_due(workspace, row["answer_due"]), _place(row))


def _walk(view: View, workspace: UUID, before: str | None, wanted: str) -> Iterator[str]:
    """Numbers that have the digits `wanted`, the latest first."""
    while True:
        names = view.names(_newest(workspace), before=before, limit=_STEP, descending=True)
        for name in names:
            phone = key_in(name)
            if wanted in phone:
                yield phone
        if len(names) < _STEP:
            return
        before = names[-1]


def _owe_nothing(tx: Transaction, workspace: UUID | str, row: Row) -> None:
    if row["answer_due"] is not None:
        tx.take_out(_due(workspace, row["answer_due"]), _place(row))


def _place(row: Row) -> str:
    return in_time(row["created_at"], row["phone"])


def _newest(workspace: UUID | str) -> str:
    return of(workspace, "contacts", "opt_outs", "newest")


def _due(workspace: UUID | str, account_id: UUID | str) -> str:
    return of(workspace, "contacts", "opt_outs", "due", account_id)
