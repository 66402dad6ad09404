"""One campaign, live: counters and a page of recipients that follow what happens."""

from typing import Any
from uuid import UUID, uuid4

import reflex as rx

from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.delivery import RecipientStatus
from sender_app.domain.errors import NotFound
from sender_app.states.access import handler, use
from sender_app.states.attachments import AttachmentView, attachment_view
from sender_app.states.inbox_rows import ReplyView, reply_view
from sender_app.states.paging import Paging
from sender_app.states.rows import CampaignView, RecipientView, campaign_view, recipient_view
from sender_app.states.steering import Steering
from sender_app.states.watching import follow, still_watched

REACHED = ("delivered", "read", "replied")
PAGE = 50  # recipients shown at once
REPLIES = 5  # of the latest, beside the recipients


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
    _watch: str = ""

    @rx.event
    async def begin(self) -> None:
        """On opening the page, first: nothing of a campaign seen before stays in view."""
        self.loaded = self.missing = False
        self.cancelling = self.repeating = self.deleting = self.returning = False
        self.campaign, self.rows, self.files, self.more = CampaignView(), [], [], ""
        self.replies, self.senders = [], ""
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
        return await follow(self, UUID(self._id))

    @rx.event
    @handler
    async def still_here(self) -> Any:
        """The open page's sign of life; begins a new watch where there is none any more."""
        if not self._id:
            return None
        await use(self, lambda _services, actor: actor)  # whoever is signed out learns it here
        if still_watched(self._watch):
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
            campaign = campaigns.get_campaign(actor, campaign_id)
            page = campaigns.recipients(
                actor, campaign_id, status, cursor, PAGE, reached=reached, search=search
            )
            replies = []
            if campaign.replied_count:
                replies = services.conversations.replies(actor, campaign_id, REPLIES)
            accounts = services.accounts.list_accounts(actor)
            names = [one.label for one in accounts if one.id in campaign.accounts]
            return campaign, page, replies, ", ".join(names) if len(accounts) > 1 else ""

        campaign, page, replies, self.senders = await use(self, read)
        self.campaign = campaign_view(campaign)
        self.replies = [reply_view(reply) for reply in replies]
        self.rows = [recipient_view(row, campaign) for row in page.rows]
        self.more = page.next or ""
