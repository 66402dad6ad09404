"""WhatsApp accounts in Redis."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sender_app.domain.account import TROUBLES, Account, AccountStatus
from sender_app.domain.errors import NotFound
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import of, place
from sender_app.stores.redis.leases import live
from sender_app.stores.redis.outbox import tell_account
from sender_app.stores.redis.rows import Row, new_key, read
from sender_app.stores.redis.view import View

# When each account has something to do, which is no part of its row: whoever makes work adds to it
# without a look, so that nobody is in their way. The process that serves the account sets the next
# due time when it goes. A process that dies leaves a time in the past: the account is served again.
_WAKE = "accounts:wake"  # index of the installation
_NEW = {
    "phone": None,
    "status": AccountStatus.UNLINKED.value,
    "status_reason": None,
    "status_until": None,
    "session_id": None,
    "pairing_until": None,
    "pairing_phone": None,
    "unlink_wished": False,
    "cold_locked_until": None,
    "linked_at": None,
    "replaced_at": None,
    "last_online_at": None,
    "last_problem": None,
    "last_problem_at": None,
    "pacing": {},
}


class RedisAccounts:
    """See ports.store.accounts.AccountStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def list(self, workspace_id: UUID) -> list[Account]:
        view = self._database.view()
        rows = view.all(accounts(workspace_id)).values()
        return [_account(view, workspace_id, row) for row in rows]

    def create(self, workspace_id: UUID, user_id: str, label: str) -> Account:
        def work(tx: Transaction) -> Account:
            row = {"id": str(new_key()), "user_id": user_id, "label": label, **_NEW}
            row["created_at"] = tx.now().isoformat()
            tx.put(accounts(workspace_id), row["id"], row)
            tx.put(place("accounts"), row["id"], {"workspace": workspace_id})
            return read(Account, row | {"workspace_id": workspace_id, "wake_at": None})

        return self._database.transact(work)

    def rename(self, account_id: UUID, label: str) -> None:
        self._change(account_id, {"label": label})

    def get(self, account_id: UUID, workspace_id: UUID | None = None) -> Account:
        view = self._database.view()
        workspace = workspace_of(view, account_id)
        row = view.row(accounts(workspace), account_id) if workspace else None
        if row is None or workspace_id not in (None, UUID(workspace)):
            raise NotFound("account", account_id)
        return _account(view, workspace, row)

    def set_status(
        self,
        account_id: UUID,
        status: AccountStatus,
        reason: str | None = None,
        until: datetime | None = None,
    ) -> None:
        def work(tx: Transaction) -> None:
            values: dict[str, Any] = {
                "status": status.value,
                "status_reason": reason,
                "status_until": until and until.isoformat(),
            }
            if status is AccountStatus.ONLINE:
                values["last_online_at"] = tx.now().isoformat()
            if status in TROUBLES:
                values |= _problem(tx, status)
            _put(tx, account_id, values)

        self._database.transact(work)

    def linked(self, account_id: UUID, phone: str, session_id: str) -> None:
        values = {
            "phone": phone,
            "session_id": session_id,
            "pairing_until": None,
            "pairing_phone": None,
            "status": AccountStatus.CONNECTING.value,
            "status_reason": None,
            "status_until": None,
        }
        self._database.transact(
            lambda tx: _put(tx, account_id, values | {"linked_at": tx.now().isoformat()})
        )

    def unlinked(self, account_id: UUID, status: AccountStatus, reason: str | None) -> None:
        values: dict[str, Any] = {
            "session_id": None,
            "linked_at": None,
            "unlink_wished": False,
            "status": status.value,
            "status_reason": reason,
            "status_until": None,
            "last_problem": None,
            "last_problem_at": None,
        }

        def work(tx: Transaction) -> None:
            problem = _problem(tx, status) if status in TROUBLES else {}
            _put(tx, account_id, values | problem)

        self._database.transact(work)

    def wish_pairing(self, account_id: UUID, until: datetime | None, phone: str | None) -> None:
        def work(tx: Transaction) -> None:
            _put(tx, account_id, {"pairing_until": until, "pairing_phone": phone})
            if until is not None:
                wake(tx, account_id)

        self._database.transact(work)

    def wish_unlinking(self, account_id: UUID) -> None:
        def work(tx: Transaction) -> None:
            _put(tx, account_id, {"unlink_wished": True})
            wake(tx, account_id)

        self._database.transact(work)

    def lock_cold(self, account_id: UUID, until: datetime | None) -> None:
        self._change(account_id, {"cold_locked_until": until})

    def note_replaced(self, account_id: UUID, at: datetime) -> None:
        self._change(account_id, {"replaced_at": at})

    def wake(self, account_id: UUID) -> None:
        self._database.transact(lambda tx: wake(tx, account_id))

    def rest(self, account_id: UUID, seen: datetime | None, until: datetime | None) -> bool:
        def work(tx: Transaction) -> bool:
            if _wake_at(tx, account_id) != seen:
                return False
            if until is None:
                tx.take_out(_WAKE, account_id)
            else:
                tx.add(_WAKE, account_id, score=until.timestamp())
            return True

        return self._database.transact(work)

    def to_serve(self, now: datetime) -> Sequence[UUID]:
        return [UUID(account) for account, _ in due(self._database.view(), now)]

    def _change(self, account_id: UUID, values: Mapping[str, Any]) -> None:
        self._database.transact(lambda tx: _put(tx, account_id, values))


def accounts(workspace: UUID | str) -> str:
    """The table of a workspace's accounts."""
    return of(workspace, "accounts")


def workspace_of(view: View, account_id: UUID | str) -> str:
    """Whose an account is; blank when there is none, whose tables are empty."""
    where = view.row(place("accounts"), account_id)
    return where["workspace"] if where else ""


def wake(tx: Transaction, *account_ids: UUID | str) -> None:
    """There is something to do for these accounts now."""
    tx.add(_WAKE, *account_ids, score=tx.now().timestamp())


def due(view: View, now: datetime) -> list[tuple[str, float]]:
    """Accounts with something to do at `now` and no live lease, and since when."""
    found = view.ranked(_WAKE, high=now.timestamp())
    served = live(view)
    left = [(account, since) for account, since in found if account not in served]
    there = view.rows(place("accounts"), (account for account, _ in left)) if left else []
    return [one for one, where in zip(left, there, strict=True) if where]


def _put(tx: Transaction, account_id: UUID, values: Mapping[str, Any]) -> None:
    """Nothing happens where there is no such account."""
    workspace = workspace_of(tx.aside(), account_id)
    before = tx.row(accounts(workspace), account_id) if workspace else None
    if before is not None:
        after = before | values
        tx.put(accounts(workspace), account_id, after)
        tell_account(tx, workspace, before, after)


def _problem(tx: Transaction, status: AccountStatus) -> Row:
    return {"last_problem": status.value, "last_problem_at": tx.now().isoformat()}


def _wake_at(view: View, account_id: UUID | str) -> datetime | None:
    score = view.score(_WAKE, account_id)
    return None if score is None else datetime.fromtimestamp(score, UTC)


def _account(view: View, workspace: UUID | str, row: Row) -> Account:
    own = {"workspace_id": workspace, "wake_at": _wake_at(view, row["id"])}
    return read(Account, row | own)
