"""Endpoints of webhooks, and what is on its way to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sender_app.domain.webhook import DeliveryStatus, Disabled, EventType, Result


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint. `last_…` tell of the latest attempt to reach it."""

    id: UUID
    workspace_id: UUID
    url: str
    events: tuple[EventType, ...]
    disabled: Disabled | None
    disabled_at: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    waiting: int = 0  # events due now or later
    failed: int = 0  # events given up


@dataclass(frozen=True, slots=True)
class SealedSecrets:
    """An endpoint's secret as it is kept, and the one before it while that still signs too."""

    now: str
    before: str | None = None
    before_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint, as the log shows it."""

    id: UUID
    event_id: UUID
    event_type: str
    status: DeliveryStatus
    attempts: int
    next_at: datetime | None
    answered_at: datetime | None
    result: Result
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery that is to be attempted now. `attempt` counts from 1 and fences slower ones."""

    delivery_id: UUID
    webhook_id: UUID
    attempt: int
    event_id: UUID
    event_type: str
    event_at: datetime
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an endpoint's parcels go, and what signs them."""

    webhook_id: UUID
    url: str
    secrets: SealedSecrets


class WebhookStore(Protocol):
    """Endpoints and deliveries. Events are written by the store itself, with what they tell of."""

    def list(self, workspace_id: UUID) -> Sequence[Webhook]:
        """Oldest first."""
        ...

    def get(self, workspace_id: UUID, webhook_id: UUID) -> Webhook:
        """Raises NotFound."""
        ...

    def create(
        self,
        workspace_id: UUID,
        user_id: str,
        webhook_id: UUID,
        url: str,
        events: Sequence[EventType],
        sealed: str,
        most: int,
    ) -> bool:
        """A new endpoint under the given id; False when the workspace has `most` already."""
        ...

    def change(
        self, workspace_id: UUID, webhook_id: UUID, url: str, events: Sequence[EventType]
    ) -> None:
        """Raises NotFound."""
        ...

    def enable(self, workspace_id: UUID, webhook_id: UUID, disabled: Disabled | None) -> None:
        """Switch on (None) or off. Raises NotFound."""
        ...

    def rotate(self, workspace_id: UUID, webhook_id: UUID, sealed: str, until: datetime) -> None:
        """A new secret; the one before signs beside it until `until`. Raises NotFound."""
        ...

    def delete(self, workspace_id: UUID, webhook_id: UUID) -> None:
        """The endpoint and its log. Raises NotFound."""
        ...

    def add_test(self, workspace_id: UUID, webhook_id: UUID) -> UUID:
        """An event `webhook.test` for this endpoint alone; its delivery's id. Raises NotFound."""
        ...

    def count_failing(self, workspace_id: UUID) -> int:
        """How many endpoints were disabled because they could not be reached."""
        ...

    def deliveries(
        self,
        workspace_id: UUID,
        webhook_id: UUID,
        status: DeliveryStatus | None,
        cursor: str | None,
        limit: int,
        event_type: str | None = None,
    ) -> tuple[Sequence[Delivery], str | None]:
        """The latest first, and the cursor of the page after. Raises NotFound."""
        ...

    def delivery(self, workspace_id: UUID, webhook_id: UUID, delivery_id: UUID) -> Delivery:
        """One of the endpoint's deliveries. Raises NotFound."""
        ...

    def send_again(self, workspace_id: UUID, webhook_id: UUID, delivery_id: UUID | None) -> int:
        """Make a settled delivery due now, or with None all that failed; returns how many.

        Raises NotFound for an endpoint of another workspace.
        """
        ...

    def is_due(self, now: datetime) -> bool:
        """Whether anything is to be delivered."""
        ...

    def due(self, now: datetime) -> Sequence[Destination]:
        """Enabled endpoints with something due, the longest waiting first."""
        ...

    def take(self, webhook_id: UUID, now: datetime, within: timedelta) -> Parcel | None:
        """Take what has been due longest for one attempt; nothing while the endpoint is disabled.

        What is not settled `within` that time, because a process died, is due again.
        """
        ...

    def settle(
        self, parcel: Parcel, result: Result, next_at: datetime | None, now: datetime
    ) -> None:
        """Note how an attempt ended; without `next_at` the event arrived or is given up.

        Does nothing when a later attempt has begun.
        """
        ...

    def disable(self, webhook_id: UUID, why: Disabled, unless_arrived_after: datetime) -> bool:
        """Switch an endpoint off, but for one that took an event after that; whether it did."""
        ...
