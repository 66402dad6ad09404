"""Leases in Redis: who serves an account, with epochs that fence older holders.

Each account's lease is a key of its own, so that those who send are not in each other's way.
"""

import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sender_app.domain.delivery import Lease
from sender_app.domain.errors import LeaseLost
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.keys import place
from sender_app.stores.redis.recipient_rows import sending
from sender_app.stores.redis.rows import Row, at
from sender_app.stores.redis.view import View

# Indexes of the installation: accounts whose lease nobody gave back
_UNTIL = "leases:until"  # by its end
_SINCE = "leases:since"  # by its beginning
_KEPT = timedelta(days=7)  # keys are kept so long, and while a message of their epoch may be open


class RedisLeases:
    """See ports.store.leases.LeaseStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def take(self, account_id: UUID, owner: str, ttl: timedelta) -> Lease | None:
        key = secrets.token_bytes(32)

        def work(tx: Transaction) -> Lease | None:
            before, now = lease_of(tx, account_id), tx.now()
            if before and at(before["expires_at"]) > now:
                return None
            epoch = before["epoch"] + 1 if before else 1
            _put(tx, account_id, owner, epoch, now + ttl)
            tx.add(_SINCE, account_id, score=now.timestamp())
            tx.put(_keys(account_id), epoch, {"key": key.hex()})
            tx.add(_taken(account_id), epoch, score=now.timestamp())
            _forget(tx, account_id, now - _KEPT)
            return Lease(account_id, epoch, key, owner, (before and before["owner"]) or None)

        return self._database.transact(work)

    def renew(self, lease: Lease, ttl: timedelta) -> bool:
        def work(tx: Transaction) -> bool:
            row, now = lease_of(tx, lease.account_id), tx.now()
            if row is None or row["epoch"] != lease.epoch or at(row["expires_at"]) <= now:
                return False
            _put(tx, lease.account_id, row["owner"], lease.epoch, now + ttl)
            return True

        return self._database.transact(work)

    def release(self, lease: Lease) -> None:
        def work(tx: Transaction) -> None:
            row = lease_of(tx, lease.account_id)
            if row and row["epoch"] == lease.epoch:
                _give_back(tx, lease.account_id, row)

        self._database.transact(work)

    def release_of(self, account_id: UUID, owner: str) -> None:
        def work(tx: Transaction) -> None:
            row = lease_of(tx, account_id)
            if row and row["owner"] == owner:
                _give_back(tx, account_id, row)

        self._database.transact(work)


def lease_of(view: View, account_id: UUID | str) -> Row | None:
    """Who serves an account, or did last: {"epoch", "owner", "expires_at"}."""
    return view.row(f"leases:{account_id}", "lease")


def hold(tx: Transaction, lease: Lease) -> None:
    """See to it that the lease is held until the transaction is made. Raises LeaseLost."""
    row = lease_of(tx, lease.account_id)
    if row is None or row["epoch"] != lease.epoch or at(row["expires_at"]) <= tx.now():
        raise LeaseLost


def key_of(view: View, account_id: UUID | str, epoch: int) -> bytes:
    """The key that a lease was given."""
    row = view.row(_keys(account_id), epoch)
    return bytes.fromhex(row["key"]) if row else b""


def live(view: View) -> set[str]:
    """The accounts that are served now."""
    return {account for account, _ in view.ranked(_UNTIL, low=view.now().timestamp())}


def run_out(view: View) -> int:
    """How many leases ended without being given back."""
    return len(view.ranked(_UNTIL, high=view.now().timestamp()))


def oldest(view: View) -> datetime | None:
    """Since when the account that is served longest has been."""
    served = live(view)
    found = (since for account, since in view.ranked(_SINCE) if account in served)
    first = next(found, None)
    return None if first is None else datetime.fromtimestamp(first, UTC)


def _forget(tx: Transaction, account_id: UUID, before: datetime) -> None:
    """Keys that no message in doubt needs any more."""
    old = [epoch for epoch, _ in tx.ranked(_taken(account_id), high=before.timestamp())]
    where = tx.aside().row(place("accounts"), account_id) if old else None
    if where is None:
        return
    index = sending(where["workspace"], account_id)
    gone = [epoch for epoch in old if not tx.ranked(index, int(epoch), int(epoch), limit=1)]
    tx.remove(_keys(account_id), *gone)
    tx.take_out(_taken(account_id), *gone)


def _put(tx: Transaction, account_id: UUID, owner: str, epoch: int, until: datetime) -> None:
    row = {"epoch": epoch, "owner": owner, "expires_at": until}
    tx.put(f"leases:{account_id}", "lease", row)
    tx.add(_UNTIL, account_id, score=until.timestamp())


def _give_back(tx: Transaction, account_id: UUID, row: Row) -> None:
    _put(tx, account_id, "", row["epoch"], tx.now())
    tx.take_out(_UNTIL, account_id)
    tx.take_out(_SINCE, account_id)


def _keys(account_id: UUID | str) -> str:
    return f"lease_keys:{account_id}"


def _taken(account_id: UUID | str) -> str:
    """The index of the epochs whose keys are kept, by when they began."""
    return f"lease_keys:{account_id}:taken"
