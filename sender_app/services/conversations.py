"""Conversations: what people wrote, and answering them. The account's process does the sending."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sender_app.domain.account import CANNOT_SEND, AccountStatus
from sender_app.domain.actor import Actor, Role
from sender_app.domain.audience import AudienceRow
from sender_app.domain.conversation import checked_answer
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.domain.template import recipient_key
from sender_app.ports.events import Changed, Control, Events
from sender_app.ports.pages import Page
from sender_app.ports.queue import Queue
from sender_app.ports.store import Store
from sender_app.ports.store.conversations import (
    CampaignReply,
    Conversation,
    ConversationFilter,
    Entry,
)
from sender_app.services.campaigns import GRACE, check_account
from sender_app.services.clock import Clock, system_clock

LISTENING = timedelta(seconds=20)  # less than an account stays online for


@dataclass(frozen=True, slots=True)
class Conversations:
    """The workspace's conversations."""

    store: Store
    queue: Queue
    control: Control
    events: Events
    clock: Clock = system_clock

    def page(
        self,
        actor: Actor,
        wanted: ConversationFilter = ConversationFilter(),
        cursor: str | None = None,
        limit: int = 30,
    ) -> Page[Conversation]:
        """Those with the latest message first."""
        actor.require(Role.VIEWER)
        return self.store.conversations.page(actor.workspace_id, wanted, cursor, limit)

    def unread(self, actor: Actor) -> int:
        """How many conversations have something that nobody has looked at."""
        actor.require(Role.VIEWER)
        return self.store.conversations.unread(actor.workspace_id)

    def get(self, actor: Actor, conversation_id: UUID) -> Conversation:
        """Raises NotFound."""
        actor.require(Role.VIEWER)
        return self.store.conversations.get(actor.workspace_id, conversation_id)

    def entries(self, actor: Actor, conversation_id: UUID, limit: int = 50) -> Sequence[Entry]:
        """The last `limit` messages, the oldest first, those of campaigns as the person got them
        (with what the address book knows today). Raises NotFound."""
        conversation = self.get(actor, conversation_id)
        found = self.store.conversations.entries(conversation, limit)
        fields = self._fields(conversation) if any(e.source == "campaign" for e in found) else {}
        return [self._with_content(actor, conversation, one, fields) for one in reversed(found)]

    def replies(self, actor: Actor, campaign_id: UUID, limit: int = 10) -> Sequence[CampaignReply]:
        """The latest replies to a campaign."""
        actor.require(Role.VIEWER)
        return self.store.conversations.replies(actor.workspace_id, campaign_id, limit)

    def listen(self, actor: Actor) -> None:
        """Somebody waits for what people write: the linked accounts come online and stay for a
        while. To be repeated for as long as somebody does; nothing is done more often than every
        LISTENING."""
        actor.require(Role.VIEWER)
        now = self.clock()
        for account in self.store.accounts.list(actor.workspace_id):
            woken = account.wake_at is not None and now - LISTENING < account.wake_at <= now
            if account.is_linked and account.status not in CANNOT_SEND and not woken:
                self.store.accounts.wake(account.id)
                self.control.nudge(account.id)
                if account.status is AccountStatus.OFFLINE:
                    self.queue.serve_account(account.id)

    def mark_read(self, actor: Actor, conversation_id: UUID | None = None) -> int:
        """Somebody looked at a conversation, or at all; how many had something unread."""
        actor.require(Role.SENDER)
        count = self.store.conversations.mark_read(actor.workspace_id, conversation_id)
        if count:
            self._announce(actor)
        return count

    def answer(self, actor: Actor, conversation_id: UUID, request_id: UUID, text: str) -> bool:
        """Have an answer sent; False when the same request was there already.

        Raises NotFound, RuleViolation: the text is blank or too long, the account cannot send, or
        the person asked never to be written to again, which answers do not get round.
        """
        actor.require(Role.SENDER)
        conversation = self.store.conversations.get(actor.workspace_id, conversation_id)
        text = checked_answer(text)
        if conversation.opted_out:
            raise RuleViolation("phone_opted_out")
        check_account(self.store.accounts.get(conversation.account_id, actor.workspace_id))
        written = self.store.conversations.answer(conversation, request_id, actor.user_id, text)
        self._wake(actor, conversation.account_id)
        return written

    def resolve_answer(
        self, actor: Actor, conversation_id: UUID, answer_id: UUID, *, sent: bool
    ) -> None:
        """Say of an unconfirmed answer that it was `sent`, or have it, or a failed one, sent again.

        Only a person may say so, and only after GRACE, in which a receipt settles it by itself.
        Raises RuleViolation("nothing_unconfirmed").
        """
        actor.require(Role.SENDER)
        account_id = self.store.conversations.resolve(
            actor.workspace_id, conversation_id, answer_id, sent, self.clock() - GRACE
        )
        if account_id is None:
            minutes = int(GRACE.total_seconds() // 60)
            raise RuleViolation("nothing_unconfirmed", minutes=minutes)
        self._wake(actor, account_id)

    def _wake(self, actor: Actor, account_id: UUID) -> None:
        self.control.nudge(account_id)
        self.queue.serve_account(account_id)
        self._announce(actor)

    def _announce(self, actor: Actor) -> None:
        self.events.publish(Changed(actor.workspace_id, "inbox", actor.workspace_id))

    def _fields(self, conversation: Conversation) -> Mapping[str, str]:
        stranger = AudienceRow(0, conversation.phone)
        return self.store.campaigns.with_book(conversation.workspace_id, [stranger])[0].fields

    def _with_content(
        self, actor: Actor, conversation: Conversation, entry: Entry, fields: Mapping[str, str]
    ) -> Entry:
        """A campaign's message with its words and files, unless the campaign was deleted."""
        if entry.source != "campaign" or entry.campaign_id is None:
            return entry
        try:
            campaign = self.store.campaigns.get(actor.workspace_id, entry.campaign_id)
            key = recipient_key(campaign.id, conversation.phone)
            parts = [part.write(fields, key) for part in campaign.content.parts]
            words = "\n".join(part for part in parts if part)
            return replace(entry, text=words, files=len(campaign.content.attachments))
        except (NotFound, RuleViolation):
            return entry


def is_late(entry: Entry, now: datetime) -> bool:
    """Whether a person may decide about an unconfirmed answer."""
    return entry.claimed_at is not None and entry.claimed_at < now - GRACE
