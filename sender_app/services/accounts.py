"""WhatsApp accounts: link, look at, unlink. The account's own process does the talking."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sender_app.domain import phone as phones
from sender_app.domain.account import NEEDS_LINKING, Account, AccountStatus
from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import RuleViolation
from sender_app.domain.pacing import History, Pace, day_cap, pace_of
from sender_app.ports.events import Control
from sender_app.ports.pairing import PairingBoard
from sender_app.ports.queue import Queue
from sender_app.ports.store import Store
from sender_app.services.audit import PAIR
from sender_app.services.clock import Clock, system_clock

LONGEST_LABEL = 60  # characters of an account's name
MOST_ACCOUNTS = 20  # of a workspace
LOOKING = timedelta(seconds=45)  # a pairing goes on for this long after the page's last look


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """What the connection page shows. The codes are there only while the account is linked."""

    account: Account
    state: AccountStatus
    qr: str | None  # the text of the QR code
    qr_expires_at: datetime | None
    pairing_code: str | None  # ABCD-EFGH


@dataclass(frozen=True, slots=True)
class Health:
    """How an account is, and how much of the day it has used."""

    account: Account
    sent_today: int
    cap_today: int | None  # None: no limit but the pause between two messages


@dataclass(frozen=True, slots=True)
class Accounts:
    """The workspace's WhatsApp accounts."""

    store: Store
    queue: Queue
    board: PairingBoard
    control: Control
    default_pace: Pace
    clock: Clock = system_clock

    def list_accounts(self, actor: Actor) -> list[Account]:
        """Oldest first."""
        actor.require(Role.VIEWER)
        return self.store.accounts.list(actor.workspace_id)

    def list_health(self, actor: Actor) -> list[Health]:
        """Every account with what it has sent today, in the workspace's time zone; oldest first."""
        actor.require(Role.VIEWER)
        workspace = self.store.workspaces.get(actor.workspace_id)
        today = self.clock().astimezone(workspace.zone).date()
        days = self.store.metrics.by_account(actor.workspace_id, today)
        found = []
        for account in self.store.accounts.list(actor.workspace_id):
            sent, first_day = days.get(account.id, (0, None))
            pace = pace_of(account, workspace, self.default_pace)
            cap = day_cap(pace, History((), sent, today, first_day), today)
            found.append(Health(account, sent, cap))
        return found

    def create_account(self, actor: Actor, label: str) -> Account:
        """A further account, to be linked. Raises RuleViolation for its name."""
        actor.require(Role.ADMIN)
        label = self._checked_label(actor, label)
        return self.store.accounts.create(actor.workspace_id, actor.user_id, label)

    def rename_account(self, actor: Actor, account_id: UUID, label: str) -> None:
        """Call it something else. Raises NotFound, RuleViolation for its name."""
        actor.require(Role.ADMIN)
        account = self.store.accounts.get(account_id, actor.workspace_id)
        self.store.accounts.rename(account.id, self._checked_label(actor, label, account.id))

    def ensure_account(self, actor: Actor) -> Account:
        """The workspace's first account, made if there is none."""
        actor.require(Role.VIEWER)
        accounts = self.store.accounts.list(actor.workspace_id)
        if accounts:
            return accounts[0]
        return self.store.accounts.create(actor.workspace_id, actor.user_id, "WhatsApp")

    def connection_status(
        self, actor: Actor, account_id: UUID, *, keep_pairing: bool = False
    ) -> ConnectionStatus:
        """The account now. With `keep_pairing`, an account without a device goes on showing codes.

        Raises NotFound. `keep_pairing` needs an admin and is ignored for others; the audit log has
        who began to look, since whoever sees a code can link their telephone.
        """
        actor.require(Role.VIEWER)
        account = self.store.accounts.get(account_id, actor.workspace_id)
        if keep_pairing and actor.role is Role.ADMIN and account.status in NEEDS_LINKING:
            self._keep_pairing(actor, account)
        codes = self.board.read(account_id)
        return ConnectionStatus(account, account.status, codes.qr, codes.qr_expires_at, codes.code)

    def request_pairing(self, actor: Actor, account_id: UUID, phone: str | None = None) -> None:
        """Show a QR, or with `phone` (as typed) also a code for that phone.

        Raises NotFound, RuleViolation (the number cannot be read, or a device is linked already).
        """
        actor.require(Role.ADMIN)
        account = self.store.accounts.get(account_id, actor.workspace_id)
        if account.status not in NEEDS_LINKING:
            raise RuleViolation("account_linked_already")
        if phone is not None:
            country = self.store.workspaces.get(actor.workspace_id).default_country
            phone = phones.normalise(phone, country)
        self.store.accounts.wish_pairing(account_id, self.clock() + LOOKING, phone)
        self.queue.serve_account(account_id)
        self.control.nudge(account_id)

    def stop_pairing(self, actor: Actor, account_id: UUID) -> None:
        """Nobody looks at the codes any more."""
        actor.require(Role.ADMIN)
        self.store.accounts.get(account_id, actor.workspace_id)
        self.store.accounts.wish_pairing(account_id, None, None)
        self.control.nudge(account_id)

    def unlink(self, actor: Actor, account_id: UUID) -> None:
        """Unlink the device, on the phone too; done by the account's process within seconds."""
        actor.require(Role.ADMIN)
        self.store.accounts.get(account_id, actor.workspace_id)
        self.store.accounts.wish_unlinking(account_id)
        self.queue.serve_account(account_id)
        self.control.nudge(account_id)

    def _checked_label(self, actor: Actor, label: str, own: UUID | None = None) -> str:
        label = " ".join(label.split())
        if not label:
            raise RuleViolation("account_name_blank")
        if len(label) > LONGEST_LABEL:
            raise RuleViolation("field_too_long", limit=LONGEST_LABEL)
        others = [a for a in self.store.accounts.list(actor.workspace_id) if a.id != own]
        if len(others) >= MOST_ACCOUNTS:
            raise RuleViolation("accounts_many", limit=MOST_ACCOUNTS)
        if label.casefold() in {other.label.casefold() for other in others}:
            raise RuleViolation("account_name_taken", name=label)
        return label

    def _keep_pairing(self, actor: Actor, account: Account) -> None:
        now = self.clock()
        until = account.pairing_until
        if until is not None and until > now + LOOKING / 2:
            return
        if until is None or until <= now:
            self.store.audit.append(actor, PAIR, account.label, "done")
        self.store.accounts.wish_pairing(account.id, now + LOOKING, account.pairing_phone)
        self.queue.serve_account(account.id)
