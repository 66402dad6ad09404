"""Campaigns in Redis, as people see and steer them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign, CampaignStatus
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import AudienceSpec, NewCampaign
from sender_app.stores.redis.accounts import wake
from sender_app.stores.redis.audiences import filled
from sender_app.stores.redis.campaign_rows import (
    accounts_of,
    new_campaign,
    put_campaign,
    read_campaign,
)
from sender_app.stores.redis.contact_rows import by_phone
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.media import use_media
from sender_app.stores.redis.recipients import add_file, add_one
from sender_app.stores.redis.staging import Stage


class RedisCampaigns:
    """See ports.store.CampaignStore."""

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
                add_file(tx, workspace_id, user_id, row, spec, stage, needed)
            put_campaign(tx, workspace_id, row)
            if new.status is CampaignStatus.RUNNING:
                wake(tx, *accounts_of(row))
            return read_campaign(tx, workspace_id, row["id"])

        return self._database.transact(work)

    def create_test(
        self, workspace_id: UUID, user_id: str, new: NewCampaign, phone: str
    ) -> Campaign:
        def work(tx: Transaction) -> Campaign:
            row = new_campaign(tx, user_id, new, test=True) | {"total_recipients": 1}
            add_one(tx, workspace_id, row["id"], phone)
            put_campaign(tx, workspace_id, row)
            wake(tx, new.account_id)
            return read_campaign(tx, workspace_id, row["id"])

        return self._database.transact(work)

    def get(self, workspace_id: UUID, campaign_id: UUID) -> Campaign:
        return read_campaign(self._database.view(), workspace_id, campaign_id)

    def with_book(self, workspace_id: UUID, rows: Sequence[AudienceRow]) -> Sequence[AudienceRow]:
        book = by_phone(self._database.view(), workspace_id, (row.phone for row in rows))
        return [filled(row, book.get(row.phone)) for row in rows]
