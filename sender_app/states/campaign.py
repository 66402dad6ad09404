"""One campaign, live: counters and a page of recipients that follow what happens."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import reflex as rx

from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.errors import NotFound
from sender_app.states.access import handler, use
from sender_app.states.attachments import AttachmentView, attachment_view
from sender_app.states.inbox_rows import ReplyView
from sender_app.states.live import Aim, look
from sender_app.states.paging import Paging
from sender_app.states.rows import CampaignView, RecipientView
from sender_app.states.steering import Steering


class Campaign(Paging, Steering, rx.State):
    """The campaign in view."""

    campaign: CampaignView = CampaignView()
    files: list[AttachmentView] = []
    text_is_caption: bool = False
    parts: int = 1  # messages for each person
    rows: list[RecipientView] = []
    replies: list[ReplyView] = []
    senders: str = ""  # names of the accounts that send, where the workspace has several
    filter: str = ""  # a recipient's status, or how far a message got
    search: str = ""
    loaded: bool = False
    missing: bool = False
    live: str = ""  # where the browser hears of changes of what is in view; see live.py

    @rx.event
    async def begin(self) -> None:
        """On opening the page, first: nothing of a campaign seen before stays in view."""
        self.loaded = self.missing = False
        self.cancelling = self.repeating = self.deleting = self.returning = False
        self.campaign, self.rows, self.files, self.more = CampaignView(), [], [], ""
        self.replies, self.senders = [], ""
        self.filter = self.search = self._id = self.live = ""
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
        return None

    @rx.event
    @handler
    async def look_again(self) -> Any:
        """When changes are not told any more: whoever is signed out learns it here."""
        if not self._id:
            return
        try:
            await self._look()
        except NotFound:
            self._id, self.live, self.missing, self.loaded = "", "", True, False

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
        aim = Aim(UUID(self._id), self.filter, self.search, self._cursor)
        found = await use(self, lambda services, actor: look(services, actor, aim))
        self.campaign, self.rows, self.more = found["campaign"], found["rows"], found["more"]
        self.replies, self.senders = found["replies"], found["senders"]
        asked = {"filter": aim.filter, "search": aim.search, "cursor": aim.cursor or ""}
        self.live = f"/live/campaigns/{self._id}?{urlencode(asked)}"
