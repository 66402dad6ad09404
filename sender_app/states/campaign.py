"""One campaign, live: counters and a page of recipients that follow what happens."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import reflex as rx

from sender_app import bootstrap
from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.delivery import RecipientStatus
from sender_app.domain.errors import NotFound
from sender_app.states.access import explain, handler, use
from sender_app.states.attachments import AttachmentView, attachment_view
from sender_app.states.paging import Paging
from sender_app.states.rows import CampaignView, RecipientView, campaign_view, recipient_view
from sender_app.states.steering import Steering

REACHED = ("delivered", "read", "replied")
PAGE = 50  # recipients shown at once
_CALM = 0.25  # seconds at least between two looks
_STILL_HERE = 40.0  # seconds without a sign of the page until the watch ends
_watched: dict[str, float] = {}  # watch id → loop time of the page's last sign, in this process


class Campaign(Paging, Steering, rx.State):
    """The campaign in view."""

    campaign: CampaignView = CampaignView()
    files: list[AttachmentView] = []
    text_is_caption: bool = False
    parts: int = 1  # messages for each person
    rows: list[RecipientView] = []
    filter: str = ""  # a recipient's status, or how far a message got
    search: str = ""
    loaded: bool = False
    missing: bool = False
    _watch: str = ""

    @rx.event
    async def begin(self) -> None:
        """On opening the page, first: nothing of a campaign seen before stays in view."""
        self.loaded = self.missing = False
        self.cancelling = self.repeating = self.deleting = self.returning = False
        self.campaign, self.rows, self.files, self.more = CampaignView(), [], [], ""
        self.filter = self.search = self._id = self._watch = ""
        self._first_page()

    @rx.event
    @handler
    async def load(self) -> Any:
        """On opening the page, then; `campaign_id` is in its address."""
        try:
            self._id = str(UUID(self.router.url.path.rstrip("/").rsplit("/", 1)[-1]))
            await self._look()
            await self._look_at_files()
        except (ValueError, NotFound):
            self._id, self.missing = "", True
            return None
        if self.campaign.status == CampaignStatus.DRAFT:
            return rx.redirect(self.campaign.href)
        self.loaded = True
        self._watch = uuid4().hex
        return Campaign.watch

    @rx.event(background=True)
    async def watch(self) -> Any:
        """Look again at every change, until the page is left."""
        watch, campaign_id = self._watch, self._id
        loop = asyncio.get_running_loop()
        _watched[watch] = loop.time()
        try:
            with bootstrap.hub().looking_at(UUID(campaign_id)) as changed:
                while loop.time() - _watched[watch] < _STILL_HERE:
                    try:
                        await asyncio.wait_for(changed.wait(), 5)
                    except TimeoutError:
                        continue
                    changed.clear()
                    async with self:
                        if self._watch != watch:
                            return None
                        try:
                            await self._look()
                        except Exception as error:  # noqa: BLE001 - the boundary to the browser
                            return explain(self, error)
                    await asyncio.sleep(_CALM)
            return None
        finally:
            del _watched[watch]

    @rx.event
    @handler
    async def still_here(self) -> Any:
        """The open page's sign of life; begins a new watch where there is none any more."""
        if not self._id:
            return None
        await use(self, lambda _services, actor: actor)  # whoever is signed out learns it here
        if self._watch in _watched:
            _watched[self._watch] = asyncio.get_running_loop().time()
            return None
        await self._look()
        self._watch = uuid4().hex
        return Campaign.watch

    @rx.event
    @handler
    async def show(self, status: str) -> Any:
        """Only recipients of one status, or whose message got as far as that."""
        self.filter = status
        self._first_page()
        await self._look()

    @rx.event
    @handler
    async def find(self, text: str) -> Any:
        """Only recipients with `text` in their name or phone."""
        self.search = text
        self._first_page()
        await self._look()

    async def _look_at_files(self) -> None:
        """What is sent does not change while the campaign is in view."""
        campaign_id = UUID(self._id)
        content, found = await use(self, lambda s, actor: s.campaigns.content(actor, campaign_id))
        self.files = [
            attachment_view(found[file.media_id], file.caption)
            for file in content.attachments
            if file.media_id in found
        ]
        self.text_is_caption, self.parts = content.text_as_caption, len(content.parts)

    async def _look(self) -> None:
        campaign_id = UUID(self._id)
        reached = self.filter if self.filter in REACHED else ""
        status = RecipientStatus(self.filter) if self.filter and not reached else None
        search = self.search
        cursor = self._cursor

        def read(services: Any, actor: Any) -> Any:
            campaigns = services.campaigns
            return (
                campaigns.get_campaign(actor, campaign_id),
                campaigns.recipients(
                    actor, campaign_id, status, cursor, PAGE, reached=reached, search=search
                ),
            )

        campaign, page = await use(self, read)
        self.campaign = campaign_view(campaign)
        self.rows = [recipient_view(row, campaign) for row in page.rows]
        self.more = page.next or ""
