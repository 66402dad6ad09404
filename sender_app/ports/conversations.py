"""The part of the store that keeps conversations and the answers to people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.domain.conversation import AnswerClaim, AnswerOutcome
from sender_app.domain.delivery import Lease
from sender_app.ports.pages import Page
from sender_app.ports.whatsapp import Receipt


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
    source: str  # reply, answer or campaign
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
        self, workspace_id: UUID, answer_id: UUID, sent: bool, before: datetime
    ) -> UUID | None:
        """A person's word on an answer unconfirmed since `before`, or, to have it sent again, also
        on one that failed. Returns the account, None when it is neither (any more)."""
        ...


class AnsweringStore(Protocol):
    """Answers on their way; only the holder of the account's lease writes here."""

    def claim(self, lease: Lease, secret: bytes) -> AnswerClaim | None:
        """Move the oldest due answer to `sending`, with `secret`, committed. One whose person
        opted out meanwhile fails instead. None when nothing is due. Raises LeaseLost."""
        ...

    def record(self, lease: Lease, answer_id: UUID, outcome: AnswerOutcome) -> bool:
        """How the attempt ended; False when the answer is not this lease's any more."""
        ...

    def orphans(self, lease: Lease) -> Sequence[AnswerClaim]:
        """Answers left in `sending` by earlier leases."""
        ...

    def recover(self, lease: Lease, answer_id: UUID, message_id: str | None) -> None:
        """An orphan with a message id becomes `unconfirmed`, another waits again. Raises
        LeaseLost."""
        ...

    def next_due(self, account_id: UUID) -> datetime | None:
        """When the earliest waiting answer may be sent; None when none waits."""
        ...

    def fail_waiting(self, account_id: UUID, code: str) -> int:
        """The account cannot send until a person acts; returns how many answers failed."""
        ...

    def receipts(self, account_id: UUID, receipts: Sequence[Receipt]) -> int:
        """Record receipts, settling unconfirmed answers; returns how many answers changed."""
        ...
