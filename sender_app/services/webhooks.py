"""Webhooks as an admin sees them: endpoints, their secrets, and the log of deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import RuleViolation
from sender_app.domain.webhook import (
    OLD_SECRET_LIVES,
    DeliveryStatus,
    Disabled,
    issue_secret,
    read_events,
    read_url,
)
from sender_app.ports.queue import Queue
from sender_app.ports.store import Store
from sender_app.ports.store.webhooks import Delivery, Webhook
from sender_app.ports.webhooks import AddressRefused, SecretBox, WebhookClient
from sender_app.services.clock import Clock, system_clock

MOST = 20  # endpoints of a workspace


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Endpoints of a workspace; see Courier for what is sent to them."""

    store: Store
    queue: Queue
    client: WebhookClient
    secrets: SecretBox
    clock: Clock = system_clock

    def list_webhooks(self, actor: Actor) -> Sequence[Webhook]:
        """Oldest first."""
        actor.require(Role.ADMIN)
        return self.store.webhooks.list(actor.workspace_id)

    def get_webhook(self, actor: Actor, webhook_id: UUID) -> Webhook:
        """Raises NotFound."""
        actor.require(Role.ADMIN)
        return self.store.webhooks.get(actor.workspace_id, webhook_id)

    def create(self, actor: Actor, url: str, events: list[str]) -> tuple[UUID, str]:
        """A new endpoint's id, and its secret, which nobody can look up again.

        Raises RuleViolation for an address or events that cannot be, and for one too many.
        """
        actor.require(Role.ADMIN)
        url, chosen = self._checked(url), read_events(events)
        webhook_id, secret = uuid4(), issue_secret()
        created = self.store.webhooks.create(
            actor.workspace_id,
            actor.user_id,
            webhook_id,
            url,
            chosen,
            self.secrets.seal(webhook_id, secret),
            MOST,
        )
        if not created:
            raise RuleViolation("webhooks_too_many", n=MOST)
        return webhook_id, secret

    def update(self, actor: Actor, webhook_id: UUID, url: str, events: list[str]) -> None:
        """Another address or other events, from now on. Raises as `create` does, and NotFound."""
        actor.require(Role.ADMIN)
        known = self.store.webhooks.get(actor.workspace_id, webhook_id)
        url = url if url.strip() == known.url else self._checked(url)
        self.store.webhooks.change(actor.workspace_id, webhook_id, url.strip(), read_events(events))

    def set_enabled(self, actor: Actor, webhook_id: UUID, enabled: bool) -> None:
        """Switched off, it is told nothing of what happens; what waited already goes on waiting.

        Raises NotFound.
        """
        actor.require(Role.ADMIN)
        disabled = None if enabled else Disabled.PERSON
        self.store.webhooks.enable(actor.workspace_id, webhook_id, disabled)
        if enabled:
            self.queue.deliver_webhooks()

    def rotate_secret(self, actor: Actor, webhook_id: UUID) -> str:
        """A new secret. For a day the one before signs as well. Raises NotFound."""
        actor.require(Role.ADMIN)
        secret, until = issue_secret(), self.clock() + OLD_SECRET_LIVES
        sealed = self.secrets.seal(webhook_id, secret)
        self.store.webhooks.rotate(actor.workspace_id, webhook_id, sealed, until)
        return secret

    def delete(self, actor: Actor, webhook_id: UUID) -> None:
        """Forget the endpoint and its log. Raises NotFound."""
        actor.require(Role.ADMIN)
        self.store.webhooks.delete(actor.workspace_id, webhook_id)

    def send_test(self, actor: Actor, webhook_id: UUID) -> UUID:
        """Send it `webhook.test`; returns the delivery's id. Raises NotFound.

        Raises RuleViolation for an endpoint that is switched off.
        """
        actor.require(Role.ADMIN)
        self._require_enabled(actor, webhook_id)
        delivery_id = self.store.webhooks.add_test(actor.workspace_id, webhook_id)
        self.queue.deliver_webhooks()
        return delivery_id

    def list_deliveries(
        self,
        actor: Actor,
        webhook_id: UUID,
        status: DeliveryStatus | None = None,
        cursor: str | None = None,
        limit: int = 25,
        event_type: str | None = None,
    ) -> tuple[Sequence[Delivery], str | None]:
        """The latest first, and the cursor of the page after. Raises NotFound."""
        actor.require(Role.ADMIN)
        return self.store.webhooks.deliveries(
            actor.workspace_id, webhook_id, status, cursor, limit, event_type
        )

    def get_delivery(self, actor: Actor, webhook_id: UUID, delivery_id: UUID) -> Delivery:
        """One line of the log. Raises NotFound."""
        actor.require(Role.ADMIN)
        return self.store.webhooks.delivery(actor.workspace_id, webhook_id, delivery_id)

    def resend(self, actor: Actor, webhook_id: UUID, delivery_id: UUID) -> int:
        """Send an event once more, with the same id; 0 when it is not in the log any more.

        Raises NotFound, and RuleViolation for an endpoint that is switched off.
        """
        actor.require(Role.ADMIN)
        return self._again(actor, webhook_id, delivery_id)

    def resend_failed(self, actor: Actor, webhook_id: UUID) -> int:
        """Send everything once more that was given up; returns how many. Raises as `resend`."""
        actor.require(Role.ADMIN)
        return self._again(actor, webhook_id, None)

    def count_failing(self, actor: Actor) -> int:
        """How many endpoints were switched off because they could not be reached."""
        actor.require(Role.ADMIN)
        return self.store.webhooks.count_failing(actor.workspace_id)

    def _again(self, actor: Actor, webhook_id: UUID, delivery_id: UUID | None) -> int:
        self._require_enabled(actor, webhook_id)
        count = self.store.webhooks.send_again(actor.workspace_id, webhook_id, delivery_id)
        self.queue.deliver_webhooks()
        return count

    def _require_enabled(self, actor: Actor, webhook_id: UUID) -> None:
        if self.store.webhooks.get(actor.workspace_id, webhook_id).disabled is not None:
            raise RuleViolation("webhook_disabled")

    def _checked(self, url: str) -> str:
        url = read_url(url)
        try:
            self.client.check(url)
        except AddressRefused as refusal:
            raise RuleViolation(f"webhook_{refusal.code}") from refusal
        return url
