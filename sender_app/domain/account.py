"""A linked WhatsApp account and the states that people see it in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class AccountStatus(StrEnum):
    """What a WhatsApp account is doing, or what it waits for."""

    UNLINKED = "unlinked"  # no device linked yet
    LINKING = "linking"  # a QR or a pairing code is being shown
    OFFLINE = "offline"  # linked; not connected because nothing is due
    CONNECTING = "connecting"  # linked; on its way to WhatsApp
    ONLINE = "online"  # linked and connected
    UNREACHABLE = "unreachable"  # WhatsApp cannot be reached; tries again by itself
    LOGGED_OUT = "logged_out"  # the phone removed the device: link again
    REPLACED = "replaced"  # another program took the session over
    BANNED = "banned"  # banned by WhatsApp until `status_until`
    OUTDATED = "outdated"  # WhatsApp refuses this version
    REFUSED = "refused"  # WhatsApp refused the login


NEEDS_LINKING = frozenset({AccountStatus.UNLINKED, AccountStatus.LINKING, AccountStatus.LOGGED_OUT})
TROUBLES = frozenset(
    {
        AccountStatus.UNREACHABLE,
        AccountStatus.LOGGED_OUT,
        AccountStatus.REPLACED,
        AccountStatus.BANNED,
        AccountStatus.OUTDATED,
        AccountStatus.REFUSED,
    }
)
CANNOT_SEND = frozenset(
    {
        AccountStatus.UNLINKED,
        AccountStatus.LOGGED_OUT,
        AccountStatus.REPLACED,
        AccountStatus.BANNED,
        AccountStatus.OUTDATED,
        AccountStatus.REFUSED,
    }
)


@dataclass(frozen=True, slots=True)
class Account:
    """A WhatsApp account of a workspace. `session_id` is the gateway's own name for the device."""

    id: UUID
    workspace_id: UUID
    label: str
    phone: str | None
    status: AccountStatus
    status_reason: str | None
    status_until: datetime | None
    session_id: str | None
    pairing_until: datetime | None
    pairing_phone: str | None
    unlink_wished: bool
    wake_at: datetime | None
    cold_locked_until: datetime | None
    linked_at: datetime | None
    replaced_at: datetime | None  # when another connection of the same device last took over
    last_online_at: datetime | None
    pacing: dict[str, object]
    created_at: datetime
    last_problem: AccountStatus | None = None  # of TROUBLES, also when it is over
    last_problem_at: datetime | None = None

    @property
    def is_linked(self) -> bool:
        """Whether a device is linked, connected or not."""
        return self.session_id is not None and self.status not in NEEDS_LINKING
