"""Delivery journals in Redis: outcomes are recorded at once, counters and rollups follow now and
then.

A journal is one stream of records under one lease. Its row is there while it is open, and every
record looks at it; what is recorded and not counted yet stands beside. The successor of a lease
counts and ends what was left open: no outcome is lost to the counters or counted twice, whatever
moment a process ends at.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sender_app.domain.delivery import Lease, Outcome, RecipientStatus
from sender_app.domain.errors import LeaseLost
from sender_app.stores.redis.accounts import workspace_of
from sender_app.stores.redis.campaign_rows import campaigns
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.leases import hold
from sender_app.stores.redis.recipient_rows import (
    RECENT,
    in_doubt,
    note_messages,
    note_sent,
    noted_parts,
    put_recipient,
    recipients,
    sent_lately,
)
from sender_app.stores.redis.rollups import Moved, follow
from sender_app.stores.redis.rows import Row, compact, dict_of, new_key, read

_Found = list[tuple[Row, Row, Outcome]]  # a campaign, a recipient that the lease claimed, its end


class RedisJournal:
    """See ports.store.journals.Journal."""

    def __init__(self, database: RedisDatabase, lease: Lease) -> None:
        self._database = database
        self._lease = lease
        self._id = str(new_key())
        self._uncounted: dict[str, list[tuple[str, Moved]]] = {}  # by entry, with the campaigns

        def work(tx: Transaction) -> str:
            hold(tx, lease)
            tx.put(_open(lease.account_id), self._id, {"epoch": lease.epoch})
            return workspace_of(tx, lease.account_id)

        self._workspace = database.transact(work)

    def settle(self, outcomes: Sequence[Outcome], *, fold: bool) -> None:
        entry = f"{self._id}:{new_key()}"

        def work(tx: Transaction) -> list[tuple[str, Moved]]:
            is_open = tx.row(_open(self._lease.account_id), self._id) is not None
            if outcomes and not is_open:
                raise LeaseLost(f"a journal of account {self._lease.account_id} was closed")
            moved = self._record(tx, outcomes)
            if fold and is_open:
                self._fold(tx, moved)
            elif moved:
                row = {"epoch": self._lease.epoch, "moved": moved}
                tx.put(_entries(self._lease.account_id), entry, dict_of(row))
            return moved

        moved = self._database.transact(work)
        if fold:
            self._uncounted = {}
        elif moved:
            self._uncounted[entry] = moved

    def begin(self, outcomes: Sequence[Outcome]) -> None:
        self.settle(outcomes, fold=False)

    def finish(self) -> None:
        return

    def close(self) -> None:
        def work(tx: Transaction) -> None:
            if tx.row(_open(self._lease.account_id), self._id) is not None:
                self._fold(tx, [])
                tx.remove(_open(self._lease.account_id), self._id)

        self._database.transact(work)
        self._uncounted = {}

    def _record(self, tx: Transaction, outcomes: Sequence[Outcome]) -> list[tuple[str, Moved]]:
        """Settle those that are still the lease's."""
        moved: list[tuple[str, Moved]] = []
        for campaign, before, outcome in self._find(tx, outcomes):
            row = _settled(campaign, before, outcome)
            put_recipient(tx, self._workspace, row, before)
            note_messages(tx, self._workspace, row, outcome.parts)
            if row["sent_at"]:
                note_sent(tx, self._workspace, self._lease.account_id, row)
            one = Moved.to(row, before["status"], outcome.at.isoformat(), first=True)
            moved.append((campaign["id"], one))
        return moved

    def _find(self, tx: Transaction, outcomes: Sequence[Outcome]) -> _Found:
        found: _Found = []
        by_campaign: defaultdict[UUID, list[Outcome]] = defaultdict(list)
        for outcome in outcomes:
            by_campaign[outcome.claim.campaign_id].append(outcome)
        tables = [recipients(self._workspace, campaign_id) for campaign_id in by_campaign]
        tx.about(campaigns(self._workspace), *tables)
        for campaign_id, some in by_campaign.items():
            campaign = tx.row(campaigns(self._workspace), campaign_id)
            table = recipients(self._workspace, campaign_id)
            rows = tx.rows(table, [outcome.claim.recipient_id for outcome in some])
            for row, outcome in zip(rows, some, strict=True):
                if campaign and row and self._is_claimed(row):
                    found.append((campaign, row, outcome))
        return found

    def _is_claimed(self, row: Row) -> bool:
        return (
            row["status"] == RecipientStatus.SENDING
            and row["lease_epoch"] == self._lease.epoch
            and row["account_id"] == str(self._lease.account_id)
        )

    def _fold(self, tx: Transaction, moved: Iterable[tuple[str, Moved]]) -> None:
        # A fold whose answer was lost has counted some already. Nobody else takes entries out but
        # who ends the journal, and that the transaction would see.
        left = tx.aside().raw(_entries(self._lease.account_id), self._uncounted)
        entries = zip(self._uncounted.values(), left, strict=True)
        before = (one for entry, raw in entries if raw is not None for one in entry)
        _count(tx, self._workspace, (*before, *moved))
        tx.remove(_entries(self._lease.account_id), *self._uncounted)
        index = sent_lately(self._workspace, self._lease.account_id)
        tx.trim(index, (tx.now() - RECENT).timestamp())


def take_in(tx: Transaction, lease: Lease) -> None:
    """Count what earlier leases of the account recorded and did not, and end their journals."""
    account = lease.account_id
    ended = [key for key, row in tx.all(_open(account)).items() if row["epoch"] < lease.epoch]
    left = {
        key: row for key, row in tx.all(_entries(account)).items() if row["epoch"] < lease.epoch
    }
    moved = [
        (campaign_id, read(Moved, one))
        for row in left.values()
        for campaign_id, one in row["moved"]
    ]
    _count(tx, workspace_of(tx, account), moved)
    tx.remove(_open(account), *ended)
    tx.remove(_entries(account), *left)


def _count(tx: Transaction, workspace: str, moved: Iterable[tuple[str, Moved]]) -> None:
    by_campaign: defaultdict[str, list[Moved]] = defaultdict(list)
    for campaign_id, one in moved:
        by_campaign[campaign_id].append(one)
    rows = tx.aside().rows(campaigns(workspace), by_campaign) if by_campaign else []
    for campaign in compact(rows):
        follow(tx, workspace, campaign, by_campaign[campaign["id"]])


def _settled(campaign: Row, row: Row, outcome: Outcome) -> Row:
    """A recipient's row after an outcome."""
    status, code, message = outcome.status, outcome.error_code, outcome.error_message
    back = status is RecipientStatus.QUEUED
    after = noted_parts(row, outcome.parts)
    if outcome.parts and status is RecipientStatus.UNCONFIRMED and not in_doubt(after):
        # A receipt has come since the claim for a part that was in doubt then.
        status, code, message = RecipientStatus.SENT, None, None
    if back and campaign["status"] == "cancelled":
        status = RecipientStatus.SKIPPED
    changed: dict[str, Any] = {
        "status": status,
        "message_id": outcome.message_id,
        "error_code": code,
        "error_message": message,
        "attempts": row["attempts"] - (back and outcome.error_code is None),
        "not_before": outcome.not_before,
        "sent_at": outcome.at if status is RecipientStatus.SENT else None,
    }
    return after | dict_of(changed)


def _open(account_id: UUID) -> str:
    """The table of an account's open journals: {"epoch": …}."""
    return f"journals:{account_id}"


def _entries(account_id: UUID) -> str:
    """The table of what journals recorded and did not count, by "journal:entry"."""
    return f"journals:{account_id}:entries"
