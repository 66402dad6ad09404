"""What the parts of an account's process share: the account, its lease, its orders."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sender_app.domain.account import Account, AccountStatus
from sender_app.domain.conversation import REPLY_WINDOW
from sender_app.domain.delivery import Lease
from sender_app.domain.pacing import Pace, pace_of
from sender_app.domain.workspace import Workspace
from sender_app.ports.events import Changed, Events
from sender_app.ports.store import Store
from sender_app.services.clock import Clock
from sender_app.services.serving.lease_keeper import LeaseKeeper


@dataclass(frozen=True, slots=True)
class Timings:
    """How long an account's process waits for things."""

    lease_ttl: timedelta = timedelta(seconds=15)
    linger: timedelta = timedelta(seconds=60)  # online after the last message, for receipts
    connect: timedelta = timedelta(seconds=30)  # until logged in and caught up
    retry: timedelta = timedelta(seconds=10)  # before WhatsApp is tried again
    send: timedelta = timedelta(seconds=25)  # for one message; the library itself waits for 75
    upload: timedelta = timedelta(minutes=10)  # for one file
    window: int = 50  # messages sent and not yet recorded, at most
    group: int = 50  # messages whose records share a commit, at most
    check_pause: timedelta = timedelta(seconds=20)  # and up to half more, between two look-ups
    # An idle account comes online (each of these and up to a fifth more) …
    check_in_soon: timedelta = timedelta(minutes=5)  # after something was sent or heard
    check_in: timedelta = timedelta(hours=20)  # at the latest
    reply_window: timedelta = REPLY_WINDOW


@dataclass(slots=True)
class Desk:
    """One account's process at work."""

    store: Store
    events: Events
    now: Clock  # the time, aware
    timings: Timings
    lease: Lease
    keeper: LeaseKeeper
    account: Account
    workspace: Workspace
    default_pace: Pace
    stop: threading.Event  # the process shall end
    nudged: threading.Event = field(default_factory=threading.Event)  # orders may have changed
    on_nudge: Callable[[], None] = lambda: None  # ends the wait for what WhatsApp may say
    opted_out: set[str] = field(default_factory=set)  # phones, heard since the last claim
    answers_due: bool = True  # somebody may wait for the confirmation of an opt-out
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self._set_pace()

    def reload(self) -> Account:
        """Read the account's orders and the workspace's rules again."""
        self.account = self.store.accounts.get(self.lease.account_id)
        self.workspace = self.store.workspaces.get(self.account.workspace_id)
        self._set_pace()
        return self.account

    def _set_pace(self) -> None:
        self.pace = pace_of(self.account, self.workspace, self.default_pace)

    def nudge(self) -> None:
        """Have the orders looked at now; called from any thread."""
        self.nudged.set()
        self.on_nudge()

    def interrupted(self) -> bool:
        """Whether to look at the orders before going on."""
        return self.stop.is_set() or self.nudged.is_set()

    def show(
        self, status: AccountStatus, reason: str | None = None, until: datetime | None = None
    ) -> None:
        """Tell people what the account is doing."""
        self.keeper.guard()
        self.store.accounts.set_status(self.account.id, status, reason, until)
        self.announce()

    def announce(self) -> None:
        """Viewers of the account look again."""
        self.events.publish(Changed(self.account.workspace_id, "account", self.account.id))

    def announce_inbox(self) -> None:
        """Viewers of the workspace's conversations look again."""
        workspace_id = self.account.workspace_id
        self.events.publish(Changed(workspace_id, "inbox", workspace_id))

    def announce_campaigns(self, *campaign_ids: object) -> None:
        """Viewers of these campaigns look again."""
        for campaign_id in dict.fromkeys(campaign_ids):
            if campaign_id is not None:
                self.events.publish(
                    Changed(self.account.workspace_id, "campaign", campaign_id)  # type: ignore[arg-type]
                )
