"""A campaign's life: its states, the moves between them, and its counters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sender_app.domain.content import Content, from_config
from sender_app.domain.errors import RuleViolation
from sender_app.domain.template import Message, message_of


class CampaignStatus(StrEnum):
    """States of a campaign."""

    DRAFT = "draft"  # being written; nothing is sent
    AWAITING = "awaiting"  # its people are settled; a second person has to approve
    SCHEDULED = "scheduled"  # starts by itself at `scheduled_at`
    RUNNING = "running"  # messages go out as pacing allows
    PAUSED = "paused"  # a person, or a problem of the account, holds it
    FINISHED = "finished"  # every recipient has a final state or is unconfirmed
    CANCELLED = "cancelled"  # stopped for good; what was queued is skipped


# A draft has no recipients yet: launching it gives it some, and only then do these moves apply.
_MOVES: dict[str, tuple[frozenset[CampaignStatus], CampaignStatus]] = {
    "approve": (frozenset({CampaignStatus.AWAITING}), CampaignStatus.RUNNING),
    "send_back": (frozenset({CampaignStatus.AWAITING}), CampaignStatus.DRAFT),
    "start": (frozenset({CampaignStatus.SCHEDULED}), CampaignStatus.RUNNING),
    "pause": (frozenset({CampaignStatus.RUNNING}), CampaignStatus.PAUSED),
    "resume": (frozenset({CampaignStatus.PAUSED}), CampaignStatus.RUNNING),
    "cancel": (
        frozenset({CampaignStatus.SCHEDULED, CampaignStatus.RUNNING, CampaignStatus.PAUSED}),
        CampaignStatus.CANCELLED,
    ),
    "retry_failed": (
        frozenset({CampaignStatus.FINISHED, CampaignStatus.CANCELLED}),
        CampaignStatus.RUNNING,
    ),
}
DELETABLE = frozenset({CampaignStatus.DRAFT, CampaignStatus.FINISHED, CampaignStatus.CANCELLED})


class PauseReason(StrEnum):
    """Why a campaign is paused."""

    PERSON = "person"  # somebody pressed pause
    LOGGED_OUT = "logged_out"  # the account's phone removed the linked device
    REPLACED = "replaced"  # another program uses the linked device
    BANNED = "banned"  # WhatsApp banned the account for a time
    OUTDATED = "outdated"  # WhatsApp refuses this version of the library
    REFUSED = "refused"  # WhatsApp refused the login
    NOT_LINKED = "not_linked"  # the account has no linked device
    RESTORED = "restored"  # a backup was restored, which does not know what was sent since
    MEDIA = "media"  # a file of the campaign is gone, or WhatsApp's media server does not take it


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as everybody but the store sees it; counters are numbers of recipients."""

    id: UUID
    workspace_id: UUID
    user_id: str
    account_id: UUID
    name: str
    status: CampaignStatus
    message_template: str
    total_recipients: int
    sent_count: int
    error_count: int
    skipped_count: int
    unconfirmed_count: int
    pause_reason: PauseReason | None
    pacing: dict[str, object]
    scheduled_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    created_at: datetime
    delivered_count: int = 0
    read_count: int = 0
    replied_count: int = 0
    variants: tuple[str, ...] = ()  # further texts beside `message_template`
    media_config: Mapping[str, object] = field(default_factory=dict)
    audience: Mapping[str, object] = field(default_factory=dict)  # a draft's choice of people
    approved_by: str | None = None  # a user's id
    review_note: str = ""  # why it was sent back to be written anew
    is_test: bool = False  # one message to oneself; listed nowhere
    more_accounts: tuple[UUID, ...] = ()  # further ones that send it, each as its pace allows

    @property
    def accounts(self) -> tuple[UUID, ...]:
        """Every account that sends it."""
        return (self.account_id, *self.more_accounts)

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text of the message, of which each person gets one."""
        return (self.message_template, *self.variants)

    @property
    def message(self) -> Message:
        """The texts, read; raises RuleViolation where one cannot be read."""
        return message_of(self.texts)

    @property
    def content(self) -> Content:
        """The texts and the files."""
        return from_config(self.texts, self.media_config)

    @property
    def settled(self) -> int:
        """Recipients that need no further sending."""
        return self.sent_count + self.error_count + self.skipped_count + self.unconfirmed_count


def sources(move: str) -> frozenset[CampaignStatus]:
    """States from which `move` (start, pause, resume, cancel …) is allowed."""
    return _MOVES[move][0]


def after(move: str, status: CampaignStatus) -> CampaignStatus:
    """The state that `move` leads to; raises RuleViolation when `status` does not allow it."""
    allowed, target = _MOVES[move]
    if status not in allowed:
        raise RuleViolation("campaign_move_refused", move=move, status=status.value)
    return target
