"""The list of campaigns."""

from typing import Any

import reflex as rx

from sender_app.states.access import handler, use
from sender_app.states.rows import CampaignView, campaign_view

PAGE = 20  # campaigns shown at first


class CampaignList(rx.State):
    """Campaigns, newest first."""

    rows: list[CampaignView] = []
    more: str = ""
    loaded: bool = False

    @rx.event
    @handler
    async def load(self) -> Any:
        """The first page."""
        page = await use(self, lambda services, actor: services.campaigns.list_campaigns(actor))
        self.rows, self.more = [campaign_view(row) for row in page.rows], page.next or ""
        self.loaded = True

    @rx.event
    @handler
    async def refresh(self) -> Any:
        """What is in view, as it is now."""
        shown = max(len(self.rows), PAGE)
        page = await use(self, lambda s, actor: s.campaigns.list_campaigns(actor, None, shown))
        self.rows, self.more = [campaign_view(row) for row in page.rows], page.next or ""

    @rx.event
    @handler
    async def load_more(self) -> Any:
        """The page after."""
        cursor = self.more
        page = await use(self, lambda s, actor: s.campaigns.list_campaigns(actor, cursor))
        self.rows += [campaign_view(row) for row in page.rows]
        self.more = page.next or ""
