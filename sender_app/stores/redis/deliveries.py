"""The delivery ledger in Redis: claim, recover, finish. Only a lease's holder writes here."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sender_app.domain.account import CANNOT_SEND
from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason
from sender_app.domain.content import from_config
from sender_app.domain.delivery import (
    Claim,
    Lease,
    Orphan,
    RecipientStatus,
    Settlement,
    attempt_secret,
)
from sender_app.domain.errors import OutcomeUnknown
from sender_app.domain.pacing import History
from sender_app.stores.redis.accounts import accounts, wake, workspace_of
from sender_app.stores.redis.campaign_rows import (
    accounts_of,
    campaign_of,
    campaigns,
    counted,
    put_campaign,
    running,
    workspace_of_campaign,
)
from sender_app.stores.redis.claiming import claim, release
from sender_app.stores.redis.contact_rows import opt_outs
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.journals import RedisJournal, take_in
from sender_app.stores.redis.keys import WORKSPACES
from sender_app.stores.redis.leases import hold, key_of
from sender_app.stores.redis.metrics import by_account
from sender_app.stores.redis.recipient_rows import (
    held,
    note_messages,
    noted_parts,
    put_recipient,
    recipients,
    sending,
    sent_lately,
)
from sender_app.stores.redis.rollups import Moved, follow
from sender_app.stores.redis.rows import Row, compact
from sender_app.stores.redis.view import View

_LOOK_BACK = timedelta(hours=1)
_MOST_RECENT = 5_000  # messages that pacing looks back on
_SETTLED = ("sent", "error", "skipped", "unconfirmed")


class RedisDeliveries:
    """See ports.store.deliveries.DeliveryStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def running(self, account_id: UUID) -> Sequence[Campaign]:
        view = self._database.view()
        workspace = workspace_of(view, account_id)
        rows = counted(view, workspace, running(view, workspace, account_id))
        ordered = sorted(rows, key=lambda row: (not row["is_test"], row["started_at"], row["id"]))
        return [campaign_of(workspace, row) for row in ordered]

    def next_due(self, account_id: UUID) -> datetime | None:
        view = self._database.view()
        workspace = workspace_of(view, account_id)
        first = [
            score
            for row in running(view, workspace, account_id)
            for _, score in view.ranked(held(workspace, row["id"]), limit=1)
        ]
        return datetime.fromtimestamp(min(first), UTC) if first else None

    def claim(
        self, lease: Lease, campaign_id: UUID, after: UUID | None, limit: int, only_known: bool
    ) -> Sequence[Claim]:
        release(self._database, lease, campaign_id)
        return self._database.transact(
            lambda tx: claim(tx, lease, campaign_id, after, limit, only_known=only_known)
        )

    def open_journal(self, lease: Lease) -> RedisJournal:
        return RedisJournal(self._database, lease)

    def opted_out(self, workspace_id: UUID, phones: Sequence[str]) -> frozenset[str]:
        rows = self._database.view().rows(opt_outs(workspace_id), phones) if phones else []
        return frozenset(row["phone"] for row in compact(rows))

    def orphans(self, lease: Lease) -> Sequence[Orphan]:
        def work(tx: Transaction) -> list[Orphan]:
            take_in(tx, lease)
            workspace = workspace_of(tx, lease.account_id)
            left = _left(tx, workspace, lease)
            rows = tx.rows(campaigns(workspace), {row["campaign_id"] for row in left.values()})
            known = {row["id"]: row for row in compact(rows)}
            found = (_orphan(tx, row, known[row["campaign_id"]]) for row in left.values())
            return [orphan for orphan in found if orphan is not None]

        return self._database.transact(work)

    def recover(self, lease: Lease, settlements: Sequence[Settlement]) -> None:
        if not settlements:
            return

        def work(tx: Transaction) -> None:
            hold(tx, lease)
            workspace = workspace_of(tx, lease.account_id)
            left, now = _left(tx, workspace, lease), tx.now().isoformat()
            moved: defaultdict[str, list[Moved]] = defaultdict(list)
            for settlement in settlements:
                before = left.get(str(settlement.recipient_id))
                if before is None:
                    continue
                campaign = tx.row(campaigns(workspace), before["campaign_id"])
                row = _recovered(before, settlement, campaign)
                put_recipient(tx, workspace, row, before)
                note_messages(tx, workspace, row, settlement.parts)
                moved[row["campaign_id"]].append(Moved.to(row, before["status"], now, first=True))
            for campaign in compact(tx.rows(campaigns(workspace), moved)):
                follow(tx, workspace, campaign, moved[campaign["id"]])

        self._database.transact(work)

    def finish(self, campaign_id: UUID, now: datetime) -> bool:
        def work(tx: Transaction) -> bool:
            workspace = workspace_of_campaign(tx, campaign_id)
            row = tx.row(campaigns(workspace), campaign_id)
            if row is None or row["status"] != CampaignStatus.RUNNING:
                return False
            numbers = counted(tx, workspace, [row])[0]
            if sum(numbers[f"{name}_count"] for name in _SETTLED) < row["total_recipients"]:
                return False
            done = {"status": CampaignStatus.FINISHED.value, "finished_at": now.isoformat()}
            put_campaign(tx, workspace, row | done, row)
            return True

        return self._database.transact(work)

    def history(self, account_id: UUID, now: datetime) -> History:
        view = self._database.view()
        workspace = workspace_of(view, account_id)
        since = (now - _LOOK_BACK).timestamp()
        index = sent_lately(workspace, account_id)
        latest = view.ranked(index, low=since, limit=_MOST_RECENT, descending=True)
        recent = [datetime.fromtimestamp(at, UTC) for _, at in reversed(latest) if at > since]
        place = view.row(WORKSPACES, workspace)
        if place is None:
            return History(recent)
        today = now.astimezone(ZoneInfo(place["time_zone"])).date()
        days = by_account(view, workspace, today).get(account_id)
        return History(recent, days[0] if days else 0, today, days[1] if days else None)

    def pause_all(self, account_id: UUID, reason: PauseReason) -> Sequence[UUID]:
        def work(tx: Transaction) -> list[UUID]:
            workspace = workspace_of(tx, account_id)
            rows = running(tx, workspace, account_id)
            partners = _partners(tx, workspace, rows, account_id)
            stuck = [row for row in rows if not _can_go_on(row, partners)]
            for row in stuck:
                paused = {"status": CampaignStatus.PAUSED.value, "pause_reason": reason.value}
                put_campaign(tx, workspace, row | paused, row)
            left = [row for row in rows if row not in stuck]
            _wake(tx, left, partners)
            return [UUID(row["id"]) for row in stuck]

        return self._database.transact(work)

    def wake_partners(self, account_id: UUID) -> None:
        def work(tx: Transaction) -> None:
            workspace = workspace_of(tx, account_id)
            rows = running(tx, workspace, account_id)
            _wake(tx, rows, _partners(tx, workspace, rows, account_id))

        self._database.transact(work)


def _left(tx: Transaction, workspace: str, lease: Lease) -> dict[str, Row]:
    """Recipients that earlier leases of the account left in `sending`, by id."""
    found = tx.ranked(sending(workspace, lease.account_id), high=lease.epoch - 1)
    wanted: defaultdict[str, list[str]] = defaultdict(list)
    for name, _ in found:
        recipient, campaign = name.split(":")
        wanted[campaign].append(recipient)
    return {
        row["id"]: row
        for campaign, keys in wanted.items()
        for row in compact(tx.rows(recipients(workspace, campaign), keys))
    }


def _orphan(view: View, row: Row, campaign: Row) -> Orphan | None:
    """Without its lease's key nobody can tell whether a message left: it stays as it is."""
    key = key_of(view, row["account_id"], row["lease_epoch"])
    if not key:
        return None
    content = from_config((campaign["message_template"],), campaign["media_config"])
    recipient_id, before = UUID(row["id"]), row.get("parts", {})
    secrets = {
        part: attempt_secret(key, recipient_id, row["attempts"], part)
        for part in range(len(content.parts))
        if str(part) not in before
    }
    return Orphan(UUID(campaign["id"]), recipient_id, secrets, several=len(content.parts) > 1)


def _recovered(row: Row, settlement: Settlement, campaign: Row | None) -> Row:
    after = noted_parts(row, settlement.parts)
    if settlement.message_id is not None:
        return after | {
            "status": RecipientStatus.UNCONFIRMED.value,
            "message_id": settlement.message_id,
            "error_code": OutcomeUnknown.code,
        }
    cancelled = campaign is None or campaign["status"] == CampaignStatus.CANCELLED
    status = RecipientStatus.SKIPPED if cancelled else RecipientStatus.QUEUED
    return after | {
        "status": status.value,
        "message_id": None,
        "error_code": None,
        "attempts": row["attempts"] - 1,
    }


def _partners(
    tx: Transaction, workspace: str, rows: Sequence[Row], account_id: UUID
) -> Mapping[str, Row]:
    """The other accounts of these campaigns that have a device, by id."""
    ids = {one for row in rows for one in accounts_of(row)} - {str(account_id)}
    found = compact(tx.rows(accounts(workspace), ids)) if ids else []
    return {row["id"]: row for row in found if row["session_id"] is not None}


def _can_go_on(row: Row, partners: Mapping[str, Row]) -> bool:
    """Whether another of a campaign's accounts can send."""
    able = (one for one in accounts_of(row) if one in partners)
    return any(partners[one]["status"] not in CANNOT_SEND for one in able)


def _wake(tx: Transaction, rows: Sequence[Row], partners: Mapping[str, Row]) -> None:
    wake(tx, *_of(rows, partners))


def _of(rows: Sequence[Row], partners: Mapping[str, Row]) -> Iterator[str]:
    """Those of the partners that send these campaigns, each once."""
    yield from {one: None for row in rows for one in accounts_of(row) if one in partners}
