"""Webhooks and deliveries as pages show them."""

from dataclasses import dataclass, field

from sender_app.domain.webhook import DeliveryStatus, Result
from sender_app.ports.store.webhooks import Delivery, Webhook
from sender_app.text import texts


@dataclass(frozen=True)
class WebhookView:
    """An endpoint."""

    id: str = ""
    url: str = ""
    events: list[str] = field(default_factory=list)
    disabled: str = ""  # why it is, see domain.webhook.Disabled
    last_at: str = ""  # ISO, or blank
    last: str = ""  # what came of the last attempt, in words
    waiting: int = 0
    failed: int = 0


@dataclass(frozen=True)
class DeliveryView:
    """One line of the log."""

    id: str
    event: str
    at: str  # ISO
    status: str
    attempts: int
    next_at: str  # ISO, or blank
    answer: str  # in words
    excerpt: str
    event_id: str


def webhook_view(webhook: Webhook, lang: str) -> WebhookView:
    """`webhook` in the words of `lang`."""
    last = Result(webhook.last_status, webhook.last_error)
    return WebhookView(
        id=str(webhook.id),
        url=webhook.url,
        events=[event.value for event in webhook.events],
        disabled=webhook.disabled.value if webhook.disabled else "",
        last_at=webhook.last_at.isoformat() if webhook.last_at else "",
        last=_answer(last, lang),
        waiting=webhook.waiting,
        failed=webhook.failed,
    )


def delivery_view(delivery: Delivery, lang: str) -> DeliveryView:
    """`delivery` in the words of `lang`."""
    waits = delivery.status is DeliveryStatus.PENDING and delivery.attempts > 0
    return DeliveryView(
        id=str(delivery.id),
        event=delivery.event_type,
        at=delivery.created_at.isoformat(),
        status=delivery.status.value,
        attempts=delivery.attempts,
        next_at=delivery.next_at.isoformat() if waits and delivery.next_at else "",
        answer=_answer(delivery.result, lang),
        excerpt=delivery.result.excerpt,
        event_id=str(delivery.event_id),
    )


def _answer(result: Result, lang: str) -> str:
    error = texts(lang)[f"webhook_error.{result.error}"] if result.error else ""
    return " · ".join(part for part in (str(result.status or ""), error) if part)
