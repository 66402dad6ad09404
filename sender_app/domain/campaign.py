"""A campaign's life: its states, the moves between them, and its counters."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sender_app.domain.errors import RuleViolation


class CampaignStatus(StrEnum):
    """States of a campaign."""

    DRAFT = "draft"  # being written; nothing is sent
    SCHEDULED = "scheduled"  # starts by itself at `scheduled_at`
    RUNNING = "running"  # messages go out as pacing allows
    PAUSED = "paused"  # a person, or a problem of the account, holds it
    FINISHED = "finished"  # every recipient has a final state or is unconfirmed
    CANCELLED = "cancelled"  # stopped for good; what was queued is skipped


_MOVES: dict[str, tuple[frozenset[CampaignStatus], CampaignStatus]] = {
    "start": (
        frozenset({CampaignStatus.DRAFT, CampaignStatus.SCHEDULED}),
        CampaignStatus.RUNNING,
    ),
    "schedule": (
        frozenset({CampaignStatus.DRAFT, CampaignStatus.SCHEDULED}),
        CampaignStatus.SCHEDULED,
    ),
    "pause": (
        frozenset({CampaignStatus.RUNNING, CampaignStatus.SCHEDULED}),
        CampaignStatus.PAUSED,
    ),
    "resume": (frozenset({CampaignStatus.PAUSED}), CampaignStatus.RUNNING),
    "cancel": (
        frozenset(
            {
                CampaignStatus.DRAFT,
                CampaignStatus.SCHEDULED,
                CampaignStatus.RUNNING,
                CampaignStatus.PAUSED,
            }
        ),
        CampaignStatus.CANCELLED,
    ),
    "retry_failed": (
        frozenset({CampaignStatus.FINISHED, CampaignStatus.CANCELLED}),
        CampaignStatus.RUNNING,
    ),
}


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
