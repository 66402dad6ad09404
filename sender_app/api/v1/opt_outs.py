"""Numbers that are never written to."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from sender_app import bootstrap
from sender_app.api.v1.requests import ApiRoute, CallingActor, Repeatable
from sender_app.api.v1.shapes import (
    E164,
    Asked,
    Cursor,
    Limit,
    PageOf,
    Shown,
    Typed,
    page_of,
    start_of,
)
from sender_app.domain.errors import NotFound

router = APIRouter(route_class=ApiRoute, tags=["opt-outs"])


class OptOut(Shown):
    """A number on the list."""

    phone: str = Field(examples=["+595981000001"])
    source: str = Field(description="reply, person or import.", examples=["reply"])
    text: str = Field(description="What the person wrote.", examples=["BAJA"])
    nombre: str = Field(description="The contact's name, while there is one.")
    created_at: datetime


class NewOptOuts(Asked):
    """Numbers for the list."""

    phones: list[Typed] = Field(min_length=1, max_length=10_000, examples=[["0981000001"]])


class OptedOut(Shown):
    """What came of it."""

    added: int = Field(examples=[1])
    known: int = Field(description="Numbers that were on the list already.", examples=[0])
    unreadable: list[str] = Field(description="The first of those that are no numbers.")
    unreadable_count: int


@router.get("/opt-outs", response_model=PageOf[OptOut])
def list_opt_outs(
    actor: CallingActor,
    search: Annotated[
        str, Query(max_length=20, pattern=r"^[0-9 +]*$", description="A part of the number.")
    ] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
):
    """List opt-outs, the latest first."""
    return page_of(bootstrap.services().opt_outs.page(actor, search, start_of(cursor), limit))


@router.post("/opt-outs", response_model=OptedOut, dependencies=[Repeatable])
def add_opt_outs(actor: CallingActor, new: NewOptOuts):
    """Never write to these numbers again."""
    return bootstrap.services().opt_outs.add(actor, "\n".join(new.phones))


@router.delete("/opt-outs/{phone}", status_code=204)
def lift_opt_out(actor: CallingActor, phone: E164) -> None:
    """Write to a number again from now on. For admins: the person asked for the contrary."""
    if not bootstrap.services().opt_outs.remove(actor, phone).count:
        raise NotFound("opt-out", phone)
