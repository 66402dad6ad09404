"""A campaign read from its row."""

from typing import Any
from uuid import UUID

from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason
from sender_app.domain.errors import NotFound
from sender_app.stores.postgres.engine import Cursor


def read_campaign(cursor: Cursor, workspace_id: UUID, campaign_id: UUID) -> Campaign:
    """A campaign of the workspace that is not deleted; raises NotFound."""
    row = cursor.execute(
        "SELECT * FROM campaigns WHERE id = %s AND workspace_id = %s AND deleted_at IS NULL",
        (campaign_id, workspace_id),
    ).fetchone()
    if row is None:
        raise NotFound("campaign", campaign_id)
    return campaign_of(row)


def campaign_of(row: Any) -> Campaign:
    """A campaign from a row of the table."""
    return Campaign(
        id=row.id,
        workspace_id=row.workspace_id,
        user_id=row.user_id,
        account_id=row.account_id,
        more_accounts=tuple(row.more_accounts),
        name=row.name,
        status=CampaignStatus(row.status),
        message_template=row.message_template,
        total_recipients=row.total_recipients,
        sent_count=row.sent_count,
        error_count=row.error_count,
        skipped_count=row.skipped_count,
        unconfirmed_count=row.unconfirmed_count,
        delivered_count=row.delivered_count,
        read_count=row.read_count,
        replied_count=row.replied_count,
        media_config=row.media_config,
        pause_reason=PauseReason(row.pause_reason) if row.pause_reason else None,
        pacing=dict(row.pacing),
        scheduled_at=row.scheduled_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        created_at=row.created_at,
        variants=tuple(row.variants),
        audience=dict(row.audience),
        approved_by=row.approved_by,
        review_note=row.review_note,
        is_test=row.is_test,
    )
