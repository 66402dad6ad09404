"""The workspace's webhooks."""

from typing import Any

import reflex as rx

from sender_app.states.access import opening, use
from sender_app.states.session import Session
from sender_app.states.webhook_views import WebhookView, webhook_view


class WebhookList(rx.State):
    """Every endpoint."""

    rows: list[WebhookView] = []
    loaded: bool = False

    @rx.event
    @opening
    async def load(self) -> Any:
        """On opening the page."""
        found = await use(self, lambda s, actor: s.webhooks.list_webhooks(actor))
        lang = (await self.get_state(Session)).lang
        self.rows = [webhook_view(one, lang) for one in found]
        self.loaded = True
