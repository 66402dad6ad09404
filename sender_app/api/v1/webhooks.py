"""Webhooks: endpoints that are told of events, their secrets, and the log of deliveries."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, StringConstraints

from sender_app import bootstrap
from sender_app.api.v1.requests import ApiRoute, CallingActor, Repeatable, ToldOnce
from sender_app.api.v1.shapes import (
    NO_NUL,
    Asked,
    Cursor,
    Limit,
    PageOf,
    Shown,
    page_of,
    start_of,
    whole,
)
from sender_app.domain.actor import Actor
from sender_app.domain.errors import NotFound
from sender_app.domain.webhook import LONGEST_URL, DeliveryStatus, Disabled, EventType
from sender_app.ports.pages import Page
from sender_app.ports.store.webhooks import Delivery as Found
from sender_app.ports.store.webhooks import Webhook as Endpoint

router = APIRouter(route_class=ApiRoute, tags=["webhooks"])
WebhookId = Annotated[UUID, Path(alias="webhookId")]
DeliveryId = Annotated[UUID, Path(alias="deliveryId")]
Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_URL, pattern=NO_NUL),
    Field(description="On the internet, with `https`; the installation may name private networks."),
]
Events = Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]
_URL = "https://crm.example.org/sender"
_EVENTS = [EventType.CAMPAIGN_FINISHED, EventType.REPLY_RECEIVED]


class Webhook(Shown):
    """An endpoint. `last…` tell of the latest attempt to reach it."""

    id: UUID
    url: str = Field(examples=[_URL])
    events: list[EventType] = Field(description="What it is told.", examples=[_EVENTS])
    enabled: bool = Field(description="Whether it is told anything.")
    disabled: Disabled | None = Field(
        description="Why it is not: a person switched it off, it failed for a day, or it answered "
        "410 (gone)."
    )
    disabled_at: datetime | None
    last_at: datetime | None
    last_status: int | None = Field(description="The HTTP status that it answered.", examples=[200])
    last_error: str | None = Field(description="What prevented an answer.", examples=["timeout"])
    waiting: int = Field(description="Deliveries that are due now or later.")
    failed: int = Field(description="Deliveries that were given up.")
    created_at: datetime


class SecretWebhook(Webhook):
    """An endpoint with its new secret."""

    secret: str | None = Field(
        description="What verifies its signatures, in the form of Standard Webhooks. It is shown "
        "here and never again: a repeat with the same `Idempotency-Key` has null.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="],
    )


class NewWebhook(Asked):
    """An endpoint, and what it is told."""

    url: Url = Field(examples=[_URL])
    events: Events = Field(examples=[_EVENTS])


class WebhookChange(Asked):
    """What is to be another; what is left out stays as it is."""

    url: Url | None = Field(None, examples=[_URL])
    events: Events | None = Field(None, examples=[_EVENTS])


class Delivery(Shown):
    """One event on its way to one endpoint."""

    id: UUID
    event_id: UUID = Field(description="The header `webhook-id`: the same whenever it is sent.")
    event_type: str = Field(examples=["campaign.finished"])
    status: DeliveryStatus = Field(
        description="Due at `nextAt`; answered with 2xx; or given up after a day of attempts."
    )
    attempts: int
    next_at: datetime | None
    answered_at: datetime | None = Field(description="When the latest attempt ended.")
    response_status: int | None = Field(description="The HTTP status of the answer.")
    error: str | None = Field(
        description="What prevented an answer: `broken`, `plain_http`, `private_address`, "
        "`redirect`, `secret_unreadable`, `timeout`, `tls`, `unknown_host` or `unreachable`.",
        examples=["timeout"],
    )
    excerpt: str = Field(description="The beginning of the answer.")
    took_ms: int = Field(description="How long the latest attempt took.")
    created_at: datetime


class SentAgain(Shown):
    """What came of sending again."""

    queued: int = Field(description="How many deliveries are due again.", examples=[7])


@router.get("/webhooks", response_model=PageOf[Webhook])
def list_webhooks(actor: CallingActor):
    """List all webhooks, the oldest first."""
    return whole(_webhook(one) for one in bootstrap.services().webhooks.list_webhooks(actor))


@router.post(
    "/webhooks",
    status_code=201,
    response_model=SecretWebhook,
    response_class=ToldOnce,
    dependencies=[Repeatable],
)
def create_webhook(response: Response, actor: CallingActor, new: NewWebhook):
    """Add a webhook. Its secret is in the answer, and can be looked up nowhere afterwards."""
    webhooks = bootstrap.services().webhooks
    webhook_id, secret = webhooks.create(actor, new.url, [*new.events])
    response.headers["Location"] = f"/api/v1/webhooks/{webhook_id}"
    return _webhook(webhooks.get_webhook(actor, webhook_id)) | {"secret": secret}


@router.get("/webhooks/{webhookId}", response_model=Webhook)
def get_webhook(actor: CallingActor, webhook_id: WebhookId):
    """Get a webhook."""
    return _webhook(bootstrap.services().webhooks.get_webhook(actor, webhook_id))


@router.patch("/webhooks/{webhookId}", response_model=Webhook)
def change_webhook(actor: CallingActor, webhook_id: WebhookId, change: WebhookChange):
    """Change where a webhook's events go, or which they are; its secret stays."""
    webhooks = bootstrap.services().webhooks
    now = webhooks.get_webhook(actor, webhook_id)
    url = now.url if change.url is None else change.url
    events = now.events if change.events is None else change.events
    webhooks.update(actor, webhook_id, url, [*events])
    return _webhook(webhooks.get_webhook(actor, webhook_id))


@router.delete("/webhooks/{webhookId}", status_code=204)
def delete_webhook(actor: CallingActor, webhook_id: WebhookId) -> None:
    """Delete a webhook with its log."""
    bootstrap.services().webhooks.delete(actor, webhook_id)


@router.post("/webhooks/{webhookId}/enable", response_model=Webhook, dependencies=[Repeatable])
def enable_webhook(actor: CallingActor, webhook_id: WebhookId):
    """Switch a webhook on. What waited is due at once; what failed waits for being re-sent."""
    return _switched(actor, webhook_id, on=True)


@router.post("/webhooks/{webhookId}/disable", response_model=Webhook, dependencies=[Repeatable])
def disable_webhook(actor: CallingActor, webhook_id: WebhookId):
    """Switch a webhook off. What happens from now on is not kept for it."""
    return _switched(actor, webhook_id, on=False)


@router.post(
    "/webhooks/{webhookId}/rotate-secret",
    response_model=SecretWebhook,
    response_class=ToldOnce,
    dependencies=[Repeatable],
)
def rotate_webhook_secret(actor: CallingActor, webhook_id: WebhookId):
    """Give a webhook a new secret, which is in the answer and nowhere afterwards. For 24 hours the
    one before signs as well, each with a signature of its own."""
    webhooks = bootstrap.services().webhooks
    secret = webhooks.rotate_secret(actor, webhook_id)
    return _webhook(webhooks.get_webhook(actor, webhook_id)) | {"secret": secret}


@router.post(
    "/webhooks/{webhookId}/test",
    status_code=202,
    response_model=Delivery,
    dependencies=[Repeatable],
)
def send_test_event(response: Response, actor: CallingActor, webhook_id: WebhookId):
    """Send a webhook the event `webhook.test`; what becomes of it is in the log.

    409 `webhook_disabled` for one that is switched off.
    """
    webhooks = bootstrap.services().webhooks
    return _told(response, actor, webhook_id, webhooks.send_test(actor, webhook_id))


@router.get("/webhooks/{webhookId}/deliveries", response_model=PageOf[Delivery])
def list_deliveries(
    actor: CallingActor,
    webhook_id: WebhookId,
    status: DeliveryStatus | None = None,
    event_type: Annotated[
        EventType | Literal["webhook.test"] | None,
        Query(alias="eventType", description="Only those of this event."),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
):
    """List what was sent to a webhook, and what is to be, the latest event first."""
    rows, more = bootstrap.services().webhooks.list_deliveries(
        actor, webhook_id, status, start_of(cursor), limit, event_type
    )
    return page_of(Page(rows, more), _delivery)


@router.get("/webhooks/{webhookId}/deliveries/{deliveryId}", response_model=Delivery)
def get_delivery(actor: CallingActor, webhook_id: WebhookId, delivery_id: DeliveryId):
    """Get one delivery."""
    return _delivery(bootstrap.services().webhooks.get_delivery(actor, webhook_id, delivery_id))


@router.post(
    "/webhooks/{webhookId}/deliveries/{deliveryId}/resend",
    status_code=202,
    response_model=Delivery,
    dependencies=[Repeatable],
)
def resend_delivery(
    response: Response, actor: CallingActor, webhook_id: WebhookId, delivery_id: DeliveryId
):
    """Send an event once more, with the same id and body, whether or not it arrived before.

    409 `webhook_disabled` for a webhook that is switched off.
    """
    if not bootstrap.services().webhooks.resend(actor, webhook_id, delivery_id):
        raise NotFound("delivery", delivery_id)
    return _told(response, actor, webhook_id, delivery_id)


@router.post(
    "/webhooks/{webhookId}/resend-failed",
    status_code=202,
    response_model=SentAgain,
    dependencies=[Repeatable],
)
def resend_failed_deliveries(actor: CallingActor, webhook_id: WebhookId):
    """Send everything once more that was given up.

    409 `webhook_disabled` for a webhook that is switched off.
    """
    return {"queued": bootstrap.services().webhooks.resend_failed(actor, webhook_id)}


def _switched(actor: Actor, webhook_id: UUID, *, on: bool) -> dict[str, Any]:
    webhooks = bootstrap.services().webhooks
    webhooks.set_enabled(actor, webhook_id, on)
    return _webhook(webhooks.get_webhook(actor, webhook_id))


def _told(response: Response, actor: Actor, webhook_id: UUID, delivery_id: UUID) -> dict[str, Any]:
    response.headers["Location"] = f"/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}"
    return _delivery(bootstrap.services().webhooks.get_delivery(actor, webhook_id, delivery_id))


def _webhook(webhook: Endpoint) -> dict[str, Any]:
    return asdict(webhook) | {"enabled": webhook.disabled is None}


def _delivery(delivery: Found) -> dict[str, Any]:
    result = delivery.result
    return asdict(delivery) | {
        "response_status": result.status,
        "error": result.error,
        "excerpt": result.excerpt,
        "took_ms": result.took // timedelta(milliseconds=1),
    }
