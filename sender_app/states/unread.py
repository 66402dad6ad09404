"""How many conversations nobody has looked at: the badge in the navigation."""

from typing import Any

import reflex as rx

from sender_app.states.access import handler, use


class Unread(rx.State):
    """The number beside the inbox; what it counts is loaded with every page and looked at again."""

    count: int = 0

    @rx.event
    @handler
    async def look(self) -> Any:
        """As it is now."""
        self.count = await use(self, lambda s, actor: s.conversations.unread(actor))
