"""Contacts and their groups."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field, StringConstraints

from sender_app import bootstrap
from sender_app.api.v1.requests import ApiRoute, CallingActor, Repeatable
from sender_app.api.v1.shapes import (
    NO_NUL,
    Asked,
    Cursor,
    Limit,
    Name,
    PageOf,
    Shown,
    Typed,
    page_of,
    start_of,
    whole,
)
from sender_app.domain.columns import MOST, key_of
from sender_app.domain.contact_search import ContactQuery, ContactSort, OnWhatsapp
from sender_app.domain.errors import NotFound
from sender_app.ports.store.contacts import ContactDraft
from sender_app.services.contacts import LONGEST_OWN

router = APIRouter(route_class=ApiRoute)
Groups = Annotated[list[Name], Field(max_length=50)]
FieldName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=NO_NUL)]
FieldValue = Annotated[str, StringConstraints(max_length=LONGEST_OWN, pattern=NO_NUL)]
_FIELDS = {"saldo": "120.000"}
Ids = Annotated[list[UUID], Field(max_length=1_000)]


class Contact(Shown):
    """One person of the address book."""

    id: UUID
    phone: str = Field(description="E.164.", examples=["+595981000001"])
    nombre: str = Field(description="The name.", examples=["Ana"])
    sustantivo: str = Field(description="The form of address.", examples=["Sra."])
    grupo: str = Field(description="The first group.", examples=["Clientes"])
    more_groups: list[str]
    fields: dict[str, str] = Field(
        description="Further values, by the name of the placeholder that each fills.",
        examples=[_FIELDS],
    )
    source: str
    opted_out: bool = Field(description="Asked never to be written to.")
    whatsapp: OnWhatsapp
    created_at: datetime
    updated_at: datetime


class NewContact(Asked):
    """What a contact is made of."""

    phone: Typed = Field(examples=["0981 000 001"])
    nombre: Name = Field("", examples=["Ana"])
    sustantivo: Name = Field("", examples=["Sra."])
    grupo: Name = Field("", examples=["Clientes"])
    more_groups: Groups = Field([], examples=[["Coro"]])
    fields: dict[FieldName, FieldValue] = Field(
        {},
        max_length=MOST,
        description="Further values, for placeholders: a name in lower case, without accents, its "
        "words joined by `_`, is made of what is given. What is blank is left out.",
        examples=[_FIELDS],
    )


class ContactChange(Asked):
    """What is to be another; what is left out stays as it is."""

    phone: Typed | None = None
    nombre: Name | None = Field(None, examples=["Ana María"])
    sustantivo: Name | None = None
    grupo: Name | None = None
    more_groups: Groups | None = Field(None, examples=[["Coro"]])
    fields: dict[FieldName, FieldValue | None] | None = Field(
        None,
        max_length=MOST,
        description="Only the fields named here change; null, or a blank, takes one away.",
        examples=[{"saldo": "95.000", "cuota": None}],
    )


class Group(Shown):
    """A group of contacts."""

    id: UUID
    name: str = Field(examples=["Clientes"])


class GroupMembers(Asked):
    """Contacts for a group, which is made if there is none of that name."""

    name: Name = Field(min_length=1, examples=["Clientes"])
    contact_ids: Ids


class GroupName(Asked):
    """A group's new name."""

    name: Name = Field(min_length=1, examples=["Pacientes"])


class ContactIds(Asked):
    """Some contacts."""

    contact_ids: Ids = Field(examples=[["0197a3c2-7e6b-7b6e-9a52-3f1d2c4b5a69"]])


class Joined(Shown):
    """A group after contacts joined it."""

    group: Group
    added: int = Field(description="How many were not in it yet.", examples=[12])


class Left(Shown):
    """What came of taking contacts out of a group."""

    removed: int = Field(description="How many were in it.", examples=[3])


ContactId = Annotated[UUID, Path(alias="contactId")]
GroupId = Annotated[UUID, Path(alias="groupId")]


@router.get("/contacts", tags=["contacts"], response_model=PageOf[Contact])
def list_contacts(
    actor: CallingActor,
    search: Annotated[
        str,
        Query(max_length=100, pattern=NO_NUL, description="A beginning of a word, or of a phone."),
    ] = "",
    group_id: Annotated[UUID | None, Query(alias="groupId")] = None,
    opted_out: Annotated[bool | None, Query(alias="optedOut")] = None,
    whatsapp: OnWhatsapp | None = None,
    sort: Annotated[
        ContactSort, Query(description="The order, where there is no search.")
    ] = ContactSort.NAME,
    backwards: bool = False,
    cursor: Cursor = None,
    limit: Limit = 50,
):
    """List contacts. A new one is found at once, a large import some seconds later."""
    query = ContactQuery(search, group_id, opted_out, whatsapp, sort, backwards)
    return page_of(bootstrap.services().contacts.page(actor, query, start_of(cursor), limit))


@router.post(
    "/contacts",
    tags=["contacts"],
    status_code=201,
    response_model=Contact,
    dependencies=[Repeatable],
)
def create_contact(actor: CallingActor, new: NewContact):
    """Add a contact. 409 `contact_exists` where the number is in the book already."""
    draft = ContactDraft(
        new.phone, new.nombre, new.sustantivo, new.grupo, tuple(new.more_groups), new.fields
    )
    return bootstrap.services().contacts.create_contact(actor, draft)


@router.get("/contacts/{contactId}", tags=["contacts"], response_model=Contact)
def get_contact(actor: CallingActor, contact_id: ContactId):
    """Get a contact."""
    return bootstrap.services().contacts.get_contact(actor, contact_id)


@router.patch("/contacts/{contactId}", tags=["contacts"], response_model=Contact)
def change_contact(actor: CallingActor, contact_id: ContactId, change: ContactChange):
    """Change fields of a contact."""
    contacts = bootstrap.services().contacts
    now = contacts.get_contact(actor, contact_id)
    wanted = change.model_dump(exclude_none=True)
    groups = tuple(wanted.get("more_groups", now.more_groups))
    draft = ContactDraft(
        wanted.get("phone", now.phone),
        wanted.get("nombre", now.nombre),
        wanted.get("sustantivo", now.sustantivo),
        wanted.get("grupo", now.grupo),
        groups,
        _merged(now.fields, change.fields),
    )
    return contacts.update_contact(actor, contact_id, draft)


def _merged(
    now: Mapping[str, str], change: Mapping[str, str | None] | None
) -> Mapping[str, str] | None:
    """A contact's fields after a change; blank are those that go."""
    if change is None:
        return None
    named = {key_of(name) or name: text or "" for name, text in change.items()}
    return {**now, **named}


@router.delete("/contacts/{contactId}", tags=["contacts"], status_code=204)
def delete_contact(actor: CallingActor, contact_id: ContactId) -> None:
    """Forget a contact. What was sent to them stays in the campaigns, an opt-out on its list."""
    if not bootstrap.services().contacts.delete_contacts(actor, [contact_id]).count:
        raise NotFound("contact", contact_id)


@router.get("/groups", tags=["groups"], response_model=PageOf[Group])
def list_groups(actor: CallingActor):
    """List all groups by name."""
    return whole(bootstrap.services().contacts.groups(actor))


@router.post(
    "/groups",
    tags=["groups"],
    status_code=201,
    response_model=Joined,
    dependencies=[Repeatable],
)
def add_to_group(actor: CallingActor, members: GroupMembers):
    """Put contacts into the group of a name, which is made if there is none."""
    contacts = bootstrap.services().contacts
    group, added = contacts.add_to_group(actor, members.name, members.contact_ids)
    return {"group": group, "added": added.count}


@router.patch("/groups/{groupId}", tags=["groups"], status_code=204)
def rename_group(actor: CallingActor, group_id: GroupId, change: GroupName) -> None:
    """Rename a group. 409 `group_exists` where another has that name."""
    bootstrap.services().contacts.rename_group(actor, group_id, change.name)


@router.delete("/groups/{groupId}", tags=["groups"], status_code=204)
def delete_group(actor: CallingActor, group_id: GroupId) -> None:
    """Delete a group; its contacts stay."""
    bootstrap.services().contacts.delete_group(actor, group_id)


@router.post(
    "/groups/{groupId}/remove-contacts",
    tags=["groups"],
    response_model=Left,
    dependencies=[Repeatable],
)
def remove_from_group(actor: CallingActor, group_id: GroupId, members: ContactIds):
    """Take contacts out of a group."""
    contacts = bootstrap.services().contacts
    left = contacts.remove_from_group(actor, group_id, members.contact_ids)
    return {"removed": left.count}
