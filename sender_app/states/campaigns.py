"""The list of campaigns."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.domain.campaign import CampaignStatus
from sender_app.ports.store.campaigns import CampaignFilter
from sender_app.states.access import handler, use
from sender_app.states.rows import CampaignView, campaign_view
from sender_app.states.session import Session
from sender_app.states.undoing import say_done, say_undone
from sender_app.text import translate

PAGE = 20  # campaigns shown at first
SPANS = ("1", "7", "30", "90", "365")  # days
KINDS: dict[str, frozenset[CampaignStatus]] = {
    "all": frozenset(),
    "active": frozenset({CampaignStatus.RUNNING, CampaignStatus.PAUSED}),
    "awaiting": frozenset({CampaignStatus.AWAITING}),
    "scheduled": frozenset({CampaignStatus.SCHEDULED}),
    "drafts": frozenset({CampaignStatus.DRAFT}),
    "ended": frozenset({CampaignStatus.FINISHED, CampaignStatus.CANCELLED}),
}


class CampaignList(rx.State):
    """Campaigns, newest first."""

    rows: list[CampaignView] = []
    kind: str = "all"  # one of KINDS
    search: str = ""
    span: str = ""  # made within so many days, one of SPANS; blank: ever
    more: str = ""
    loaded: bool = False
    deleting: str = ""  # id of the campaign that a question is about
    deleting_draft: bool = False

    @rx.var
    def narrowed(self) -> bool:
        """Whether some may be left out."""
        return self.kind != "all" or bool(self.search.strip() or self.span)

    @rx.event
    @handler
    async def load(self) -> Any:
        """The first page of all."""
        self.kind, self.search, self.span, self.deleting = "all", "", "", ""
        await self._look(PAGE)
        self.loaded = True

    @rx.event
    @handler
    async def refresh(self) -> Any:
        """What is in view, as it is now."""
        await self._look(max(len(self.rows), PAGE))

    @rx.event
    @handler
    async def show(self, kind: str) -> Any:
        """Only campaigns of a kind."""
        self.kind = kind if kind in KINDS else "all"
        await self._look(PAGE)

    @rx.event
    @handler
    async def find(self, text: str) -> Any:
        """Only campaigns with `text` in their name."""
        self.search = text
        await self._look(PAGE)

    @rx.event
    @handler
    async def show_span(self, span: str) -> Any:
        """Only campaigns of the last days."""
        self.span = span if span in SPANS else ""
        await self._look(PAGE)

    @rx.event
    @handler
    async def load_more(self) -> Any:
        """The page after."""
        cursor, wanted = self.more, self._wanted()
        page = await use(
            self, lambda s, actor: s.campaigns.list_campaigns(actor, cursor, PAGE, wanted)
        )
        self.rows += [campaign_view(row) for row in page.rows]
        self.more = page.next or ""

    @rx.event
    async def ask_delete(self, campaign_id: str) -> None:
        """Open the question about a campaign, or close it with a blank."""
        self.deleting = campaign_id
        self.deleting_draft = any(
            row.id == campaign_id and row.status == CampaignStatus.DRAFT for row in self.rows
        )

    @rx.event
    @handler
    async def clone(self, campaign_id: str) -> Any:
        """A draft of the same."""
        wanted, lang = UUID(campaign_id), (await self.get_state(Session)).lang
        draft = await use(
            self,
            lambda s, actor: s.drafts.clone(
                actor,
                wanted,
                translate(
                    lang,
                    "campaign.copy_of",
                    name=s.campaigns.get_campaign(actor, wanted).name,
                ),
            ),
        )
        return rx.redirect(f"/messages?draft={draft.id}")

    @rx.event
    @handler
    async def delete(self) -> Any:
        """Delete the campaign that was asked about."""
        if not self.deleting:
            return None
        campaign_id, self.deleting = UUID(self.deleting), ""
        key = "campaigns.draft_deleted" if self.deleting_draft else "campaign.done_deleted"
        done = await use(
            self, lambda s, actor: s.campaigns.delete(actor, campaign_id, undoable=True)
        )
        await self._look(max(len(self.rows), PAGE))
        return await say_done(self, key, done, "onCampaign")

    @rx.event
    @handler
    async def bring_back(self, undo: str) -> Any:
        """Have the deleted one back."""
        await use(self, lambda s, actor: s.campaigns.restore(actor, undo))
        await self._look(max(len(self.rows), PAGE))
        return await say_undone(self, "campaigns.restored")

    def _wanted(self) -> CampaignFilter:
        since = datetime.now(UTC) - timedelta(days=int(self.span)) if self.span else None
        return CampaignFilter(KINDS[self.kind], self.search, since)

    async def _look(self, count: int) -> None:
        wanted = self._wanted()
        page = await use(
            self, lambda s, actor: s.campaigns.list_campaigns(actor, None, count, wanted)
        )
        self.rows, self.more = [campaign_view(row) for row in page.rows], page.next or ""
