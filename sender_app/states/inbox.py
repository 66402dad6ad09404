"""The inbox: conversations, the open one, and answering in it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import reflex as rx

from sender_app.bootstrap import Services
from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import NotFound
from sender_app.ports.store.conversations import ConversationFilter
from sender_app.states.access import handler, use
from sender_app.states.inbox_rows import (
    ConversationView,
    EntryView,
    conversation_view,
    entry_views,
)
from sender_app.states.unread import Unread
from sender_app.states.watching import follow, still_watched

KINDS = ("all", "unread", "opted_out")
PAGE = 30  # conversations, and messages of one, shown at first


class Inbox(rx.State):
    """What people wrote."""

    rows: list[ConversationView] = []
    kind: str = "all"  # one of KINDS
    search: str = ""
    campaign: str = ""  # the name of the campaign that the list is narrowed to
    has_more: bool = False
    current: ConversationView = ConversationView()
    entries: list[EntryView] = []
    has_older: bool = False
    request: str = ""  # of the answer being written, so that two presses are one answer
    repeating: str = ""  # the answer that a question is about
    loaded: bool = False
    _campaign_id: str = ""
    _count: int = PAGE
    _depth: int = PAGE
    _scope: str = ""  # the workspace
    _may_mark: bool = False
    _watch: str = ""

    @rx.var
    def narrowed(self) -> bool:
        """Whether some may be left out."""
        return self.kind != "all" or bool(self.search.strip()) or bool(self.campaign)

    @rx.event
    @handler
    async def load(self) -> Any:
        """On opening the page; its address may name a conversation, or a campaign."""
        query = self.router.url.query_parameters
        self.kind, self.search, self.repeating, self._count = "all", "", "", PAGE
        self._campaign_id = _id(query.get("campaign"))
        self._turn_to(_id(query.get("conversation")))
        await self._look()
        self.loaded = True
        await use(self, lambda s, actor: s.conversations.listen(actor))
        self._watch = uuid4().hex
        return [Inbox.watch, *self._seen()]

    @rx.event(background=True)
    async def watch(self) -> Any:
        """Look again at every change, until the page is left."""
        return await follow(self, self._scope)

    @rx.event
    @handler
    async def still_here(self) -> Any:
        """The open page's sign of life: what is in view is seen. Begins a new watch where there is
        none any more."""
        if not self.loaded:
            return None
        await use(self, lambda s, actor: s.conversations.listen(actor))
        if still_watched(self._watch):
            return self._seen()
        await self._look()
        self._watch = uuid4().hex
        return [Inbox.watch, *self._seen()]

    @rx.event
    @handler
    async def show(self, kind: str) -> Any:
        """Only conversations of a kind."""
        self.kind = kind if kind in KINDS else "all"
        self._count = PAGE
        await self._look()

    @rx.event
    @handler
    async def find(self, text: str) -> Any:
        """Only conversations with `text` in a name, a number or a reply."""
        self.search, self._count = text, PAGE
        await self._look()

    @rx.event
    @handler
    async def every_campaign(self) -> Any:
        """Of one campaign no longer, but of all."""
        self._campaign_id = ""
        await self._look()

    @rx.event
    @handler
    async def load_more(self) -> Any:
        """Further conversations."""
        self._count += PAGE
        await self._look()

    @rx.event
    @handler
    async def load_older(self) -> Any:
        """Older messages of the open conversation."""
        self._depth += PAGE
        await self._look()

    @rx.event
    @handler
    async def open(self, conversation_id: str) -> Any:
        """Show a conversation, or with a blank none."""
        self._turn_to(_id(conversation_id))
        await self._look()
        return self._seen()

    @rx.event
    @handler
    async def mark_read(self) -> Any:
        """Somebody of the team looks at the open conversation."""
        if self.current.unread:
            conversation_id = UUID(self.current.id)
            await use(self, lambda s, actor: s.conversations.mark_read(actor, conversation_id))
            await self._look()

    @rx.event
    @handler
    async def mark_all_read(self) -> Any:
        """Nothing is new any more."""
        await use(self, lambda s, actor: s.conversations.mark_read(actor))
        await self._look()

    @rx.event
    @handler
    async def send(self, form: dict[str, Any]) -> Any:
        """Answer the open conversation."""
        conversation_id, request = UUID(self.current.id), UUID(str(form.get("request")))
        text = str(form.get("text", ""))
        await use(
            self, lambda s, actor: s.conversations.answer(actor, conversation_id, request, text)
        )
        self.request = str(uuid4())
        await self._look()

    @rx.event
    async def ask_again(self, answer_id: str) -> None:
        """Open the question about an answer in doubt, or close it when blank."""
        self.repeating = answer_id

    @rx.event
    @handler
    async def send_again(self, answer_id: str) -> Any:
        """Have an answer sent that failed, or, once more perhaps, one in doubt."""
        self.repeating = ""
        await self._resolve(answer_id, sent=False)

    @rx.event
    @handler
    async def mark_sent(self, answer_id: str) -> Any:
        """An answer in doubt was sent."""
        await self._resolve(answer_id, sent=True)

    async def _resolve(self, answer_id: str, *, sent: bool) -> None:
        where, which = UUID(self.current.id), UUID(answer_id)
        await use(
            self, lambda s, actor: s.conversations.resolve_answer(actor, where, which, sent=sent)
        )
        await self._look()

    def _turn_to(self, conversation_id: str) -> None:
        self.current = ConversationView(id=conversation_id)
        self.entries, self._depth, self.request = [], PAGE, str(uuid4())

    def _seen(self) -> list[Any]:
        """Who may mark as read does so by looking."""
        return [Inbox.mark_read] if self.current.unread and self._may_mark else []

    async def _look(self) -> None:
        wanted = ConversationFilter(
            self.search,
            unread=self.kind == "unread",
            opted_out=self.kind == "opted_out",
            campaign_id=UUID(self._campaign_id) if self._campaign_id else None,
        )
        count, depth = self._count, self._depth
        current = UUID(self.current.id) if self.current.id else None

        try:
            seen = await use(self, lambda s, actor: _read(s, actor, wanted, count, current, depth))
        except NotFound:
            self._turn_to("")
            self._campaign_id = ""
            raise
        self._scope, self._may_mark = str(seen.workspace_id), seen.may_mark
        self.campaign, self.rows, self.has_more = seen.campaign, seen.rows, seen.has_more
        self.current, self.entries = seen.current, seen.entries
        self.has_older = len(seen.entries) >= depth
        (await self.get_state(Unread)).count = seen.unread


@dataclass(frozen=True)
class _Seen:
    """What one look found."""

    workspace_id: UUID
    may_mark: bool
    campaign: str
    rows: list[ConversationView]
    has_more: bool
    current: ConversationView
    entries: list[EntryView]
    unread: int


def _read(
    s: Services,
    actor: Actor,
    wanted: ConversationFilter,
    count: int,
    current: UUID | None,
    depth: int,
) -> _Seen:
    labels = {one.id: one.label for one in s.accounts.list_accounts(actor)}
    if len(labels) == 1:
        labels = {}
    campaign = wanted.campaign_id and s.campaigns.get_campaign(actor, wanted.campaign_id)
    page = s.conversations.page(actor, wanted, None, count)
    shown, entries = ConversationView(), list[EntryView]()
    if current is not None:
        found = s.conversations.get(actor, current)
        shown = conversation_view(found, labels.get(found.account_id, ""))
        entries = entry_views(s.conversations.entries(actor, current, depth))
    return _Seen(
        workspace_id=actor.workspace_id,
        may_mark=actor.role.rank >= Role.SENDER.rank,
        campaign=campaign.name if campaign else "",
        rows=[conversation_view(row, labels.get(row.account_id, "")) for row in page.rows],
        has_more=page.next is not None,
        current=shown,
        entries=entries,
        unread=s.conversations.unread(actor),
    )


def _id(text: object) -> str:
    """An id from an address; blank where it is none."""
    try:
        return str(UUID(str(text)))
    except ValueError:
        return ""
