"""The dashboard's figures, and the cache that they come from."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from sender_app import bootstrap
from sender_app.api.v1.requests import ApiRoute, CallingActor
from sender_app.api.v1.shapes import Shown
from sender_app.domain.reporting import LONGEST, Step

router = APIRouter(route_class=ApiRoute, tags=["dashboard"])
Days = Annotated[int, Query(ge=1, le=LONGEST, description="How many days back, today included.")]


class Month(Shown):
    """The month so far, in the workspace's time zone."""

    month: str = Field(examples=["2026-11"])
    sent: int
    errors: int
    success_rate: float | None = Field(description="0 to 1; null while nothing was tried.")
    daily_average: float = Field(description="Messages sent a day, today included.")


class Day(Shown):
    """One day."""

    day: str = Field(examples=["2026-11-24"])
    sent: int
    errors: int


class GroupFigures(Shown):
    """One group; that of people without one is blank."""

    group: str = Field(examples=["Clientes"])
    sent: int
    errors: int


class ContactFigures(Shown):
    """One contact."""

    phone: str = Field(
        description="The number that was written to, in E.164.", examples=["+595981000001"]
    )
    label: str = Field(description="The contact's name, or number.", examples=["Ana"])
    sent: int
    errors: int


class Cleared(Shown):
    """What was cleared."""

    success: bool
    deleted_keys: int = Field(examples=[4])


@router.get("/dashboard/current-month", response_model=Month)
def current_month(actor: CallingActor):
    """This month's figures."""
    return bootstrap.services().dashboard.current_month(actor)


@router.get("/dashboard/timeline", response_model=list[Day])
def timeline(actor: CallingActor, days: Days = 30):
    """Each of the last days, the empty ones too."""
    return [
        {"day": one.key, "sent": one.sent, "errors": one.errors}
        for one in bootstrap.services().dashboard.timeline(actor, days, by=Step.DAY)
    ]


@router.get("/dashboard/by-group", response_model=list[GroupFigures])
def by_group(actor: CallingActor, days: Days = 30):
    """Groups with the most messages first; over 124 days count whole months."""
    return [
        {"group": one.key, "sent": one.sent, "errors": one.errors}
        for one in bootstrap.services().dashboard.by_group(actor, days)
    ]


@router.get("/dashboard/by-contact", response_model=list[ContactFigures])
def by_contact(
    actor: CallingActor, days: Days = 30, limit: Annotated[int, Query(ge=1, le=100)] = 10
):
    """Contacts with the most messages first, of this month, or with over 31 days of this year."""
    return [
        {"phone": one.key, "label": one.label or one.key, "sent": one.sent, "errors": one.errors}
        for one in bootstrap.services().dashboard.by_contact(actor, days, limit)
    ]


@router.delete("/cache/user", response_model=Cleared, tags=["cache"])
def clear_cache(actor: CallingActor):
    """Forget what the person's dashboards were read into."""
    deleted = bootstrap.services().dashboard.clear_cache(actor)
    return {"success": True, "deleted_keys": deleted}
