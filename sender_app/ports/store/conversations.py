"""Conversations, as people see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.ports.pages import Page


@dataclass(frozen=True, slots=True)
class Conversation:
    """An account and a person who wrote to it. `name` is the book's, or the person's own."""

    id: UUID
    workspace_id: UUID
    account_id: UUID
    phone: str
    name: str
    contact_id: UUID | None
    opted_out: bool
    unread: int  # messages that nobody of the team has looked at
    last_text: str
    last_kind: str
    last_is_ours: bool
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """Which conversations to list: all of these at once; `search` in a name, number or reply."""

    search: str = ""
    unread: bool = False
    opted_out: bool = False
    campaign_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a conversation."""

    id: UUID
    source: str  # reply, answer, confirmation (of an opt-out) or campaign
    at: datetime
    kind: str  # a MessageKind
    text: str  # blank for a campaign's message, which the ledger does not keep
    status: str = ""  # of what we sent: an AnswerStatus, or the recipient's
    error_code: str = ""
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    claimed_at: datetime | None = None
    message_id: str | None = None
    quoted_id: str | None = None
    campaign_id: UUID | None = None
    campaign: str = ""  # its name
    author: str = ""  # who of the team answered
    files: int = 0  # that a campaign's message has; the ledger does not keep that either


@dataclass(frozen=True, slots=True)
class CampaignReply:
    """One reply to a campaign."""

    id: UUID
    conversation_id: UUID
    phone: str
    name: str
    kind: str
    text: str
    at: datetime


class ConversationStore(Protocol):
    """Conversations, as people see them; one for each account and person who wrote to it."""

    def page(
        self, workspace_id: UUID, wanted: ConversationFilter, cursor: str | None, limit: int
    ) -> Page[Conversation]:
        """Those with the latest message first. Raises RuleViolation for an unreadable cursor."""
        ...

    def unread(self, workspace_id: UUID) -> int:
        """How many conversations have something that nobody has looked at."""
        ...

    def get(self, workspace_id: UUID, conversation_id: UUID) -> Conversation:
        """Raises NotFound."""
        ...

    def entries(self, conversation: Conversation, limit: int) -> Sequence[Entry]:
        """The last messages, the latest first: replies, answers, and what campaigns sent to the
        person from this account."""
        ...

    def replies(self, workspace_id: UUID, campaign_id: UUID, limit: int) -> Sequence[CampaignReply]:
        """The latest replies to a campaign."""
        ...

    def mark_read(self, workspace_id: UUID, conversation_id: UUID | None) -> int:
        """Somebody looked at a conversation, or at all of them; how many had something unread."""
        ...

    def answer(self, conversation: Conversation, request_id: UUID, user_id: str, text: str) -> bool:
        """Have an answer sent, and wake the account; False when `request_id` was there already."""
        ...

    def resolve(
        self,
        workspace_id: UUID,
        conversation_id: UUID,
        answer_id: UUID,
        sent: bool,
        before: datetime,
    ) -> UUID | None:
        """A person's word on an answer unconfirmed since `before`, or, to have it sent again, also
        on one that failed. Returns the account, None when it is neither (any more)."""
        ...
