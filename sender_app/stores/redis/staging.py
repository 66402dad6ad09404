"""Rows of a file beside the address book: folded, compared, and written in one transaction.

What the rows come to is worked out before the transaction, which then only looks whether the
contacts are still as they were, and works out anew what is not. So it has a rival only in who
writes contacts in that very moment, whatever else goes on, and however long a file is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

import orjson

from sender_app.domain.audience import AudienceRow, folded
from sender_app.ports.contact_reader import ContactBatch
from sender_app.stores.redis import contact_index
from sender_app.stores.redis.contact_rows import contacts, group_names, new_row, phones
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.groups import make
from sender_app.stores.redis.rows import Row, new_key, packed
from sender_app.stores.redis.view import View

_STEP = 2_000  # rows worked out at a time
_COLUMNS = ("nombre", "sustantivo", "grupo")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What staged rows are to the address book, counted by phone."""

    created: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """A row's contact as it was found, and as it shall be."""

    id: str
    found: bytes | None
    after: bytes  # `found` itself when the row changes nothing

    @property
    def changes(self) -> bool:
        return self.after is not self.found


class Stage:
    """The rows of one file, by phone; it outlives a transaction that is tried anew."""

    def __init__(self, batches: Iterable[ContactBatch]) -> None:
        rows = folded(row for batch in batches for row in batch.rows())
        self.rows = {row.phone: row for row in rows}
        self._seen: dict[str, _Seen] = {}
        self._groups: dict[str, str] = {}  # ids by name, of those in the rows
        self._made: dict[str, str] = {}  # ids allotted to groups that are not there yet

    def compare(self, view: View, workspace_id: UUID) -> Comparison:
        """What would change."""
        self.plan(view, workspace_id, "")
        return self._comparison()

    def plan(
        self,
        view: View,
        workspace_id: UUID,
        user_id: str,
        on_step: Callable[[float], None] | None = None,
    ) -> None:
        """Work out what the rows come to; `on_step` hears which part is done."""
        self._look_at_groups(view, workspace_id)
        rows, done, now = iter(self.rows.values()), 0, view.now()
        while step := list(islice(rows, _STEP)):
            new = new_row("", user_id, now, source="file")
            self._work_out(view, workspace_id, step, new)
            done += len(step)
            if on_step is not None:
                on_step(done / len(self.rows))

    def write(self, tx: Transaction, workspace_id: UUID, user_id: str) -> Comparison:
        """Bring the rows into the address book. Blank cells keep what a contact had."""
        self.plan(tx, workspace_id, user_id)
        for name, group_id in self._made.items():
            make(tx, workspace_id, group_id, name)
        touched = [(phone, seen) for phone, seen in self._seen.items() if seen.changes]
        for phone, seen in touched:
            tx.put(contacts(workspace_id), seen.id, seen.after)
            if seen.found is None:
                tx.put(phones(workspace_id), phone, {"id": seen.id})
        contact_index.note(tx, workspace_id, [seen.id for _, seen in touched])
        return self._comparison()

    def contact(self, phone: str) -> Row:
        """The contact of a row, as it is after `write`."""
        return orjson.loads(self._seen[phone].after)

    def contacts(self) -> dict[str, bytes]:
        """The contacts of all rows by phone, in the rows' order, as `write` keeps them."""
        return {phone: self._seen[phone].after for phone in self.rows}

    def blank(self, names: Sequence[str], limit: int) -> tuple[int, list[int]]:
        """How many of the written people lack a value for one of `names`, and the first rows."""
        wanted = [name for name in names if name != "numero"]
        if not wanted:
            return 0, []
        found = [
            row.row
            for phone, row in self.rows.items()
            if not all(_value(self.contact(phone), name).strip(" ") for name in wanted)
        ]
        return len(found), found[:limit]

    def _look_at_groups(self, view: View, workspace_id: UUID) -> None:
        """Find the groups of the rows, and allot ids to those that are not there."""
        names = list(dict.fromkeys(row.grupo for row in self.rows.values() if row.grupo))
        found = zip(names, view.rows(group_names(workspace_id), names), strict=True)
        there = {name: row["id"] for name, row in found if row is not None}
        self._made = {
            name: self._made.get(name) or str(new_key()) for name in names if name not in there
        }
        groups = there | self._made
        if groups != self._groups:
            self._seen.clear()
        self._groups = groups

    def _work_out(self, view: View, workspace_id: UUID, step: list[AudienceRow], new: Row) -> None:
        """Rows that were worked out before, on contacts that are as they were, are left alone."""
        ids = [row and row["id"] for row in view.rows(phones(workspace_id), _phones(step))]
        found = view.raw(contacts(workspace_id), (contact_id or "" for contact_id in ids))
        stale = [
            (row, raw, None if raw is None else orjson.loads(raw))
            for row, contact_id, raw in zip(step, ids, found, strict=True)
            if not self._stands(row.phone, contact_id, raw)
        ]
        left = list({before["grupo"] for _, _, before in stale if before is not None})
        kept = view.rows(group_names(workspace_id), left)
        groups = {name: row["id"] for name, row in zip(left, kept, strict=True) if row}
        for row, raw, before in stale:
            if before is None:
                made = new | {"id": str(new_key()), "phone": row.phone}
                after = self._merged(made, row, groups)
            elif (after := self._merged(before, row, groups)) is not before:
                after["updated_at"] = new["updated_at"]
            same = raw if after is before else None
            self._seen[row.phone] = _Seen(after["id"], raw, same or packed(after))

    def _stands(self, phone: str, contact_id: str | None, raw: bytes | None) -> bool:
        seen = self._seen.get(phone)
        return seen is not None and seen.found == raw and (raw is None or seen.id == contact_id)

    def _merged(self, contact: Row, row: AudienceRow, groups: dict[str, str]) -> Row:
        """The contact with the row's cells; itself when none of them is another."""
        cells = {name: getattr(row, name) or contact[name] for name in _COLUMNS}
        fields = contact["fields"] | row.own
        if fields == contact["fields"] and all(contact[name] == cells[name] for name in cells):
            return contact
        merged = contact | cells | {"fields": fields}
        if cells["grupo"] != contact["grupo"]:
            joined = self._groups[cells["grupo"]]
            left = (groups.get(contact["grupo"]), joined)
            merged["groups"] = [joined, *(one for one in contact["groups"] if one not in left)]
        return merged

    def _comparison(self) -> Comparison:
        created = sum(seen.found is None for seen in self._seen.values())
        changed = sum(seen.changes for seen in self._seen.values())
        return Comparison(created, changed - created, len(self._seen) - changed)


def _phones(rows: Iterable[AudienceRow]) -> list[str]:
    return [row.phone for row in rows]


def _value(contact: Row, name: str) -> str:
    return contact[name] if name in _COLUMNS else contact["fields"].get(name, "")
