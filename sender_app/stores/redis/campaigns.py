"""Campaigns in Redis, as people see and steer them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason
from sender_app.domain.delivery import RecipientStatus
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.pages import Page
from sender_app.ports.store.audiences import AudienceSpec
from sender_app.ports.store.campaigns import CampaignFilter, NewCampaign, RecipientRow
from sender_app.ports.store.removed import Removed
from sender_app.stores.cursors import key_at
from sender_app.stores.redis import contact_index, recipient_pages, recipients
from sender_app.stores.redis.accounts import wake
from sender_app.stores.redis.audiences import filled
from sender_app.stores.redis.campaign_rows import (
    SCHEDULED,
    accounts_of,
    awaiting,
    campaign_of,
    campaigns,
    counted,
    counted_about,
    drop_campaign,
    kept_campaign,
    new_campaign,
    newest,
    put_campaign,
    read_campaign,
    values_of,
    workspace_of_campaign,
)
from sender_app.stores.redis.contact_rows import by_phone
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.media import use_media
from sender_app.stores.redis.recipient_rows import queued
from sender_app.stores.redis.records import content_of, record_of
from sender_app.stores.redis.rows import Row, at, compact
from sender_app.stores.redis.staging import Stage
from sender_app.stores.redis.turns import change_much
from sender_app.stores.redis.view import View

_STEP = 200  # campaigns looked at in one go
_MANY = 1_000  # recipients
_OVER = frozenset({CampaignStatus.FINISHED, CampaignStatus.CANCELLED})


class RedisCampaigns:
    """See ports.store.campaigns.CampaignStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def create(
        self,
        workspace_id: UUID,
        user_id: str,
        new: NewCampaign,
        audience: Iterable[ContactBatch],
        needed: Sequence[str] = (),
        written_since: datetime | None = None,
    ) -> Campaign:
        draft = new.status is CampaignStatus.DRAFT
        stage = Stage(() if draft else audience)
        stage.plan(self._database.view(), workspace_id, user_id)

        def work(tx: Transaction) -> Campaign:
            use_media(tx, workspace_id, new.media_config)
            row = new_campaign(tx, user_id, new)
            if not draft:
                spec = AudienceSpec(written_since=written_since)
                recipients.add_file(tx, workspace_id, user_id, row, spec, stage, needed)
            put_campaign(tx, workspace_id, row)
            if new.status is CampaignStatus.RUNNING:
                wake(tx, *accounts_of(row))
            return campaign_of(workspace_id, counted_about(tx, workspace_id, row))

        return change_much(self._database, workspace_id, work)

    def create_test(
        self, workspace_id: UUID, user_id: str, new: NewCampaign, phone: str
    ) -> Campaign:
        def work(tx: Transaction) -> Campaign:
            row = new_campaign(tx, user_id, new, test=True) | {"total_recipients": 1}
            recipients.add_one(tx, workspace_id, row["id"], phone)
            put_campaign(tx, workspace_id, row)
            wake(tx, new.account_id)
            return campaign_of(workspace_id, counted_about(tx, workspace_id, row))

        return self._database.transact(work)

    def get(self, workspace_id: UUID, campaign_id: UUID) -> Campaign:
        return read_campaign(self._database.view(), workspace_id, campaign_id)

    def with_book(self, workspace_id: UUID, rows: Sequence[AudienceRow]) -> Sequence[AudienceRow]:
        book = by_phone(self._database.view(), workspace_id, (row.phone for row in rows))
        return [filled(row, book.get(row.phone)) for row in rows]

    def list(
        self,
        workspace_id: UUID,
        cursor: str | None,
        limit: int,
        wanted: CampaignFilter = CampaignFilter(),
    ) -> Page[Campaign]:
        rows: list[Row] = []
        for row in _newest(self._database.view(), workspace_id, key_at(cursor)):
            if _fits(row, wanted):
                rows.append(row)
            if len(rows) > limit:
                break
        found = [campaign_of(workspace_id, row) for row in rows[:limit]]
        return Page(found, rows[limit - 1]["id"] if len(rows) > limit else None)

    def save_draft(self, workspace_id: UUID, campaign_id: UUID, new: NewCampaign) -> bool:
        def work(tx: Transaction) -> bool:
            use_media(tx, workspace_id, new.media_config)
            before = _draft(tx, workspace_id, campaign_id)
            if before is None:
                return False
            put_campaign(tx, workspace_id, before | values_of(new), before)
            return True

        return self._database.transact(work)

    def launch(
        self,
        workspace_id: UUID,
        user_id: str,
        campaign_id: UUID,
        audience: AudienceSpec,
        status: CampaignStatus,
        scheduled_at: datetime | None = None,
        confirmed: int | None = None,
    ) -> bool:
        view = self._database.view()
        if _draft(view, workspace_id, campaign_id) is None:
            return False
        contact_index.refresh(self._database, workspace_id)
        stage = Stage(audience.rows)
        stage.plan(view, workspace_id, user_id)
        values = {
            "status": status.value,
            "user_id": user_id,
            "scheduled_at": scheduled_at and scheduled_at.isoformat(),
            "approved_by": None,
            "review_note": "",
        }

        def work(tx: Transaction) -> bool:
            before = _draft(tx, workspace_id, campaign_id)
            if before is None:
                return False
            row = before | values | {"started_at": _if_running(tx, status)}
            recipients.add_audience(tx, workspace_id, user_id, row, audience, stage, confirmed)
            put_campaign(tx, workspace_id, row, before)
            if status is CampaignStatus.RUNNING:
                wake(tx, *accounts_of(row))
            return True

        return change_much(self._database, workspace_id, work)

    def approve(self, campaign_id: UUID, user_id: str, now: datetime) -> bool:
        def work(tx: Transaction) -> bool:
            workspace, before = _found(tx, campaign_id, {CampaignStatus.AWAITING})
            if before is None or before["user_id"] == user_id:
                return False
            later = before["scheduled_at"] and at(before["scheduled_at"]) > now
            status = CampaignStatus.SCHEDULED if later else CampaignStatus.RUNNING
            started = _if_running(tx, status)
            values = {"status": status.value, "approved_by": user_id, "started_at": started}
            put_campaign(tx, workspace, before | values, before)
            if status is CampaignStatus.RUNNING:
                wake(tx, *accounts_of(before))
            return True

        return self._database.transact(work)

    def send_back(self, campaign_id: UUID, note: str) -> bool:
        def work(tx: Transaction) -> bool:
            workspace, before = _found(tx, campaign_id, {CampaignStatus.AWAITING})
            if before is None:
                return False
            recipients.drop_all(tx, workspace, before)
            values = {"status": "draft", "review_note": note, "total_recipients": 0}
            put_campaign(tx, workspace, before | values, before)
            return True

        return self._database.transact(work)

    def awaiting(self, workspace_id: UUID, user_id: str) -> int:
        view = self._database.view()
        rows = view.rows(campaigns(workspace_id), view.names(awaiting(workspace_id)))
        return sum(row["user_id"] != user_id for row in compact(rows))

    def delete(
        self, workspace_id: UUID, campaign_id: UUID, sources: frozenset[CampaignStatus]
    ) -> Removed:
        """A draft has no ledger yet; of anything else only the campaign is hidden."""

        def work(tx: Transaction) -> Removed:
            before = kept_campaign(tx, workspace_id, campaign_id)
            if before is None or before["status"] not in sources:
                return Removed(0)
            if before["status"] == CampaignStatus.DRAFT:
                drop_campaign(tx, workspace_id, before)
            else:
                hidden = before | {"deleted_at": tx.now().isoformat()}
                put_campaign(tx, workspace_id, hidden, before)
            return Removed(1, record_of(workspace_id, before))

        return self._database.transact(work)

    def restore(self, workspace_id: UUID, record: bytes) -> bool:
        row: Row | None = content_of(workspace_id, record)
        if row is None:
            return False

        def work(tx: Transaction) -> bool:
            hidden = tx.row(campaigns(workspace_id), row["id"])
            if hidden is not None and hidden["deleted_at"] is not None:
                put_campaign(tx, workspace_id, hidden | {"deleted_at": None}, hidden)
            elif hidden is None and row["status"] == CampaignStatus.DRAFT:
                put_campaign(tx, workspace_id, row)
            else:
                return False
            return True

        return self._database.transact(work)

    def move(
        self,
        campaign_id: UUID,
        sources: frozenset[CampaignStatus],
        target: CampaignStatus,
        reason: PauseReason | None = None,
    ) -> bool:
        def work(tx: Transaction) -> bool:
            workspace, before = _found(tx, campaign_id, sources)
            if before is None:
                return False
            row = before | {
                "status": target.value,
                "pause_reason": reason and reason.value,
                "finished_at": tx.now().isoformat() if target in _OVER else None,
            }
            if target is CampaignStatus.RUNNING:
                row["started_at"] = row["started_at"] or tx.now().isoformat()
                wake(tx, *accounts_of(row))
            if target is CampaignStatus.CANCELLED:
                recipients.skip_queued(tx, workspace, row)
            put_campaign(tx, workspace, row, before)
            return True

        if target is CampaignStatus.CANCELLED and CampaignStatus.PAUSED in sources:
            self._hold_back(campaign_id)
        return self._database.transact(work)

    def recipients(
        self,
        campaign_id: UUID,
        status: RecipientStatus | None,
        cursor: str | None,
        limit: int,
        *,
        reached: str = "",
        search: str = "",
    ) -> Page[RecipientRow]:
        return recipient_pages.page(
            self._database.view(),
            campaign_id,
            status,
            cursor,
            limit,
            reached=reached,
            search=search,
        )

    def resolve_unconfirmed(
        self, campaign_id: UUID, recipient_ids: Sequence[UUID], sent: bool, before: datetime
    ) -> int:
        def work(tx: Transaction) -> int:
            workspace, campaign = _found(tx, campaign_id)
            if campaign is None:
                return 0
            n = recipients.resolve_unconfirmed(tx, workspace, campaign, recipient_ids, sent, before)
            if n and not sent:
                wake(tx, *accounts_of(campaign))
                if campaign["status"] == CampaignStatus.FINISHED:
                    again = campaign | {"status": "running", "finished_at": None}
                    put_campaign(tx, workspace, again, campaign)
            return n

        return self._database.transact(work)

    def requeue_failed(self, campaign_id: UUID) -> int:
        again = {"status": "running", "finished_at": None, "pause_reason": None}

        def work(tx: Transaction) -> int:
            workspace, campaign = _found(tx, campaign_id)
            n = recipients.requeue_failed(tx, workspace, campaign) if campaign else 0
            if campaign and n:
                put_campaign(tx, workspace, campaign | again, campaign)
                wake(tx, *accounts_of(campaign))
            return n

        return self._database.transact(work)

    def _hold_back(self, campaign_id: UUID) -> None:
        """Pause a campaign of many people who shall be skipped: it takes seconds, in which whoever
        sends to others of them would be in the way."""

        def work(tx: Transaction) -> None:
            workspace, before = _found(tx, campaign_id, {CampaignStatus.RUNNING})
            if before and tx.aside().size(queued(workspace, campaign_id)) > _MANY:
                values = {"status": "paused", "pause_reason": PauseReason.PERSON.value}
                put_campaign(tx, workspace, before | values, before)

        self._database.transact(work)

    def start_due(self, now: datetime) -> Sequence[UUID]:
        def work(tx: Transaction) -> list[UUID]:
            accounts: dict[str, None] = {}
            for name, _ in tx.ranked(SCHEDULED, high=now.timestamp()):
                workspace, key = name.split(":")
                before = tx.row(campaigns(workspace), key)
                if before is None:
                    continue
                started = before["started_at"] or tx.now().isoformat()
                row = before | {"status": "running", "started_at": started}
                put_campaign(tx, workspace, row, before)
                accounts |= dict.fromkeys(accounts_of(row))
            wake(tx, *accounts)
            return [UUID(account) for account in accounts]

        return self._database.transact(work)


def _found(
    tx: Transaction, campaign_id: UUID, sources: Iterable[CampaignStatus] = CampaignStatus
) -> tuple[str, Row | None]:
    """A campaign's workspace, and its row if the status is one of `sources`."""
    workspace = workspace_of_campaign(tx.aside(), campaign_id)
    row = tx.row(campaigns(workspace), campaign_id)
    return workspace, row if row and row["status"] in set(sources) else None


def _draft(view: View, workspace_id: UUID, campaign_id: UUID) -> Row | None:
    row = kept_campaign(view, workspace_id, campaign_id)
    return row if row and row["status"] == CampaignStatus.DRAFT else None


def _if_running(tx: Transaction, status: CampaignStatus) -> str | None:
    return tx.now().isoformat() if status is CampaignStatus.RUNNING else None


def _newest(view: View, workspace_id: UUID, before: UUID | None) -> Iterator[Row]:
    """Rows of campaigns with their counters, the newest first."""
    end = str(before) if before else None
    while names := view.names(newest(workspace_id), before=end, limit=_STEP, descending=True):
        yield from counted(view, workspace_id, compact(view.rows(campaigns(workspace_id), names)))
        end = names[-1]


def _fits(row: Row, wanted: CampaignFilter) -> bool:
    if wanted.statuses and row["status"] not in wanted.statuses:
        return False
    if wanted.search.strip().lower() not in row["name"].lower():
        return False
    if wanted.since is not None and at(row["created_at"]) < wanted.since:
        return False
    return not wanted.unreached or row["error_count"] > 0 or row["status"] == "cancelled"
