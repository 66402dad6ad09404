"""Campaigns: look at them, and steer them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field, StringConstraints

from sender_app import bootstrap
from sender_app.api.v1.requests import ApiRoute, CallingActor, Repeatable
from sender_app.api.v1.shapes import NO_NUL, Asked, Cursor, Limit, PageOf, Shown, page_of, start_of
from sender_app.domain.campaign import CampaignStatus, PauseReason
from sender_app.domain.delivery import RecipientStatus
from sender_app.ports.store.campaigns import CampaignFilter
from sender_app.services.campaigns import LONGEST_NOTE

router = APIRouter(route_class=ApiRoute, tags=["campaigns"])
CampaignId = Annotated[UUID, Path(alias="campaignId")]
Searched = Annotated[str, Query(max_length=100, pattern=NO_NUL)]


class Campaign(Shown):
    """A campaign; counts are numbers of recipients."""

    id: UUID
    account_id: UUID = Field(description="The first of the accounts.")
    accounts: list[UUID] = Field(
        alias="accountIds", description="Every account that sends it, each as its pace allows."
    )
    name: str = Field(examples=["Feria de noviembre"])
    status: CampaignStatus
    pause_reason: PauseReason | None
    texts: list[str] = Field(description="Each recipient gets one.", examples=[["Hola {nombre}"]])
    total_recipients: int
    sent_count: int = Field(description="WhatsApp's server took the message.")
    delivered_count: int
    read_count: int
    replied_count: int
    error_count: int = Field(description="Surely not sent.")
    skipped_count: int = Field(description="Deliberately not sent: opted out, or cancelled.")
    unconfirmed_count: int = Field(description="Perhaps sent; a receipt or a person settles it.")
    scheduled_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    created_at: datetime


class Recipient(Shown):
    """One person of a campaign."""

    id: UUID
    phone: str = Field(examples=["+595981000001"])
    nombre: str
    grupo: str
    status: RecipientStatus
    error_code: str | None
    error_message: str | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    replied_at: datetime | None
    not_before: datetime | None = Field(description="Held back until then.")


class Review(Asked):
    """What the second person says."""

    note: Annotated[str, StringConstraints(max_length=LONGEST_NOTE, pattern=NO_NUL)] = Field(
        "", examples=["Falta la dirección."]
    )


class Verdict(Asked):
    """A person's word on recipients of whom nobody knows whether they got the message."""

    sent: bool = Field(description="They did; false has it sent again.", examples=[True])
    recipient_ids: Annotated[list[UUID], Field(max_length=1_000)] = Field(
        [],
        description="Whom it is about; without, all who are unconfirmed for more than 5 minutes.",
        examples=[["0197a3c2-7e6b-7b6e-9a52-3f1d2c4b5a69"]],
    )


class Settled(Shown):
    """What came of a person's word."""

    settled: int = Field(description="How many recipients it was about.", examples=[2])


class Retried(Shown):
    """What came of trying again."""

    queued: int = Field(description="How many recipients are queued again.", examples=[7])


@router.get("/campaigns", response_model=PageOf[Campaign])
def list_campaigns(
    actor: CallingActor,
    status: Annotated[
        list[CampaignStatus], Query(default_factory=list, max_length=len(CampaignStatus))
    ],
    search: Searched = "",
    cursor: Cursor = None,
    limit: Limit = 50,
):
    """List campaigns, the newest first."""
    wanted = CampaignFilter(frozenset(status), search)
    campaigns = bootstrap.services().campaigns
    return page_of(campaigns.list_campaigns(actor, start_of(cursor), limit, wanted))


@router.get("/campaigns/{campaignId}", response_model=Campaign)
def get_campaign(actor: CallingActor, campaign_id: CampaignId):
    """Get a campaign."""
    return bootstrap.services().campaigns.get_campaign(actor, campaign_id)


@router.delete("/campaigns/{campaignId}", status_code=204)
def delete_campaign(actor: CallingActor, campaign_id: CampaignId) -> None:
    """Show a draft, or a campaign that has ended, no more; figures keep what it sent.

    409 `campaign_move_refused` for one that may still send: cancel it first.
    """
    bootstrap.services().campaigns.delete(actor, campaign_id)


@router.get("/campaigns/{campaignId}/recipients", response_model=PageOf[Recipient])
def list_recipients(
    actor: CallingActor,
    campaign_id: CampaignId,
    status: RecipientStatus | None = None,
    reached: Annotated[
        Literal["", "delivered", "read", "replied"],
        Query(description="Only those whose message got that far."),
    ] = "",
    search: Searched = "",
    cursor: Cursor = None,
    limit: Limit = 50,
):
    """List the recipients of a campaign in sending order: who got it, who did not, and why."""
    return page_of(
        bootstrap.services().campaigns.recipients(
            actor, campaign_id, status, start_of(cursor), limit, reached=reached, search=search
        )
    )


@router.post("/campaigns/{campaignId}/start", response_model=Campaign, dependencies=[Repeatable])
def start_campaign(actor: CallingActor, campaign_id: CampaignId):
    """Start a scheduled campaign before its time."""
    return bootstrap.services().campaigns.start(actor, campaign_id)


@router.post("/campaigns/{campaignId}/pause", response_model=Campaign, dependencies=[Repeatable])
def pause_campaign(actor: CallingActor, campaign_id: CampaignId):
    """Hold a running campaign before its next message."""
    return bootstrap.services().campaigns.pause(actor, campaign_id)


@router.post("/campaigns/{campaignId}/resume", response_model=Campaign, dependencies=[Repeatable])
def resume_campaign(actor: CallingActor, campaign_id: CampaignId):
    """Go on with a paused campaign."""
    return bootstrap.services().campaigns.resume(actor, campaign_id)


@router.post("/campaigns/{campaignId}/cancel", response_model=Campaign, dependencies=[Repeatable])
def cancel_campaign(actor: CallingActor, campaign_id: CampaignId):
    """Stop a campaign for good; whoever was queued is skipped."""
    return bootstrap.services().campaigns.cancel(actor, campaign_id)


@router.post("/campaigns/{campaignId}/retry", response_model=Retried, dependencies=[Repeatable])
def retry_campaign(actor: CallingActor, campaign_id: CampaignId):
    """Queue the recipients in error again."""
    return {"queued": bootstrap.services().campaigns.retry_failed(actor, campaign_id)}


@router.post("/campaigns/{campaignId}/resolve", response_model=Settled, dependencies=[Repeatable])
def resolve_campaign(actor: CallingActor, campaign_id: CampaignId, verdict: Verdict):
    """Say of unconfirmed recipients that they were sent to, or have them sent to again.

    Only after some minutes, in which a receipt settles it by itself: 409 `nothing_unconfirmed`.
    """
    settled = bootstrap.services().campaigns.resolve_unconfirmed(
        actor, campaign_id, verdict.recipient_ids, sent=verdict.sent
    )
    return {"settled": settled}


@router.post("/campaigns/{campaignId}/approve", response_model=Campaign, dependencies=[Repeatable])
def approve_campaign(actor: CallingActor, campaign_id: CampaignId):
    """Let a campaign start that waits for a second person: not whoever started it."""
    return bootstrap.services().campaigns.approve(actor, campaign_id)


@router.post(
    "/campaigns/{campaignId}/send-back", response_model=Campaign, dependencies=[Repeatable]
)
def send_back_campaign(actor: CallingActor, campaign_id: CampaignId, review: Review):
    """Make a draft again of a campaign that waits for approval, with a note saying why."""
    return bootstrap.services().campaigns.send_back(actor, campaign_id, review.note)
