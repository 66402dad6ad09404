"""Contacts of the book as rows, and the ways to them."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson

from sender_app.domain.contact_search import OnWhatsapp
from sender_app.domain.errors import NotFound
from sender_app.ports.store.contacts import Contact
from sender_app.stores.redis.finding import raw_by
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.rows import Row, compact, read
from sender_app.stores.redis.view import View

_SHOWN = (
    "id",
    "phone",
    "nombre",
    "sustantivo",
    "grupo",
    "fields",
    "source",
    "created_at",
    "updated_at",
    "whatsapp_checked_at",
)


def contacts(workspace: UUID | str) -> str:
    """The table of contacts. Its rows also say their groups: {"groups": [ids], …}."""
    return of(workspace, "contacts")


def phones(workspace: UUID | str) -> str:
    """The table that finds a contact by its number: {"id": …}."""
    return of(workspace, "contacts", "phones")


def groups(workspace: UUID | str) -> str:
    """The table of groups."""
    return of(workspace, "contacts", "groups")


def group_names(workspace: UUID | str) -> str:
    """The table that finds a group by its name: {"id": …}."""
    return of(workspace, "contacts", "group_names")


def opt_outs(workspace: UUID | str) -> str:
    """The table of numbers that are never written to."""
    return of(workspace, "contacts", "opt_outs")


def new_row(contact_id: UUID | str, user_id: str, now: object, **values: Any) -> Row:
    """The row of a contact that joins the book."""
    return {
        "id": str(contact_id),
        "user_id": user_id,
        "phone": "",
        "nombre": "",
        "sustantivo": "",
        "grupo": "",
        "groups": [],
        "fields": {},
        "source": "",
        "whatsapp_status": OnWhatsapp.UNKNOWN,
        "whatsapp_checked_at": None,
        "created_at": now,
        "updated_at": now,
    } | values


def by_phone(view: View, workspace: UUID | str, numbers: Iterable[str]) -> dict[str, Row]:
    """The contacts that have these numbers, by number."""
    found = raw_by_phone(view, workspace, numbers)
    return {phone: orjson.loads(raw) for phone, raw in found.items()}


def raw_by_phone(view: View, workspace: UUID | str, numbers: Iterable[str]) -> dict[str, bytes]:
    """The same, as the bytes of the rows."""
    asked = list(numbers)
    rows = raw_by(view, phones(workspace), contacts(workspace), asked)
    return {phone: raw for phone, raw in zip(asked, rows, strict=True) if raw is not None}


def read_contacts(view: View, workspace: UUID | str, ids: Sequence[UUID | str]) -> list[Contact]:
    """These contacts, in this order; those gone meanwhile are left out."""
    rows = compact(view.rows(contacts(workspace), ids))
    out = view.rows(opt_outs(workspace), (row["phone"] for row in rows))
    names = group_names_of(view, workspace, rows)
    return [_contact(row, names, found is not None) for row, found in zip(rows, out, strict=True)]


def one_contact(view: View, workspace: UUID | str, contact_id: UUID) -> Contact:
    """Raises NotFound."""
    found = read_contacts(view, workspace, [contact_id])
    if not found:
        raise NotFound("contact", contact_id)
    return found[0]


def group_names_of(view: View, workspace: UUID | str, rows: Iterable[Row]) -> dict[str, str]:
    """Names of the groups of these contacts, by id."""
    ids = list({group_id for row in rows for group_id in row["groups"]})
    found = zip(ids, view.rows(groups(workspace), ids), strict=True)
    return {group_id: row["name"] for group_id, row in found if row is not None}


def _contact(row: Row, names: dict[str, str], opted_out: bool) -> Contact:
    more = {names[group_id] for group_id in row["groups"] if group_id in names} - {row["grupo"]}
    return read(
        Contact,
        {name: row[name] for name in _SHOWN}
        | {"more_groups": sorted(more), "opted_out": opted_out, "whatsapp": row["whatsapp_status"]},
    )
