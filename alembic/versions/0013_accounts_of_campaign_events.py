"""webhooks are told of every account that sends a campaign

Revision ID: 0013
Revises: 0010
"""

from alembic import op

revision = "0013"
down_revision = "0010"
branch_labels = None
depends_on = None

_TELL = """
CREATE OR REPLACE FUNCTION tell_of_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END;
  kind text := 'campaign.' || CASE
    WHEN NEW.status = 'running' AND was IN ('paused', 'finished', 'cancelled') THEN 'resumed'
    WHEN NEW.status = 'running' THEN 'started' ELSE NEW.status END;
BEGIN
  IF webhook_wanted(NEW.workspace_id, kind) THEN
    INSERT INTO webhook_events (workspace_id, type, data)
    SELECT c.workspace_id, kind, jsonb_build_object('campaign_id', c.id, 'name', c.name,
      'account_id', c.account_id, {accounts}'status', NEW.status,
      'pause_reason', NEW.pause_reason,
      'total', c.total_recipients, 'sent', c.sent_count, 'failed', c.error_count,
      'skipped', c.skipped_count, 'unconfirmed', c.unconfirmed_count,
      'delivered', c.delivered_count, 'read', c.read_count, 'replied', c.replied_count,
      'started_at', NEW.started_at, 'finished_at', NEW.finished_at)
    FROM campaigns c WHERE c.id = NEW.id;
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(_TELL.format(accounts="'account_ids', c.account_id || c.more_accounts, "))


def downgrade() -> None:
    op.execute(_TELL.format(accounts=""))
