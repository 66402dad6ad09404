"""webhooks: endpoints, the outbox of events, deliveries

Revision: 0009, after 0011
"""

import sqlalchemy as sa
import sqlmodel
from sqlalchemy.dialects import postgresql
from alembic import op

revision = "0009"
down_revision = "0011"
branch_labels = None
depends_on = None

# An endpoint that goes meanwhile must not fail the transaction that has something to tell, so its
# row is held: the foreign key of the delivery then finds it.
_DELIVER = """
CREATE FUNCTION deliver_webhook_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_deliveries (webhook_id, event_id)
  SELECT w.id, NEW.id FROM webhooks w
  WHERE w.workspace_id = NEW.workspace_id AND w.disabled IS NULL AND NEW.type = ANY (w.events)
  FOR KEY SHARE;
  RETURN NULL;
END $$;
CREATE TRIGGER webhook_events_delivered AFTER INSERT ON webhook_events
FOR EACH ROW EXECUTE FUNCTION deliver_webhook_event();
"""
_WANTED = """
CREATE FUNCTION webhook_wanted(workspace uuid, kind text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN EXISTS (SELECT FROM webhooks w
  WHERE w.workspace_id = workspace AND w.disabled IS NULL AND kind = ANY (w.events))
"""
# At the end of the transaction, when a new campaign has its recipients. The counters' own updates
# name no status, so they do not come here.
_CAMPAIGNS = """
CREATE FUNCTION tell_of_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END;
  kind text := 'campaign.' || CASE
    WHEN NEW.status = 'running' AND was IN ('paused', 'finished', 'cancelled') THEN 'resumed'
    WHEN NEW.status = 'running' THEN 'started' ELSE NEW.status END;
BEGIN
  IF webhook_wanted(NEW.workspace_id, kind) THEN
    INSERT INTO webhook_events (workspace_id, type, data)
    SELECT c.workspace_id, kind, jsonb_build_object('campaign_id', c.id, 'name', c.name,
      'account_id', c.account_id, 'status', NEW.status, 'pause_reason', NEW.pause_reason,
      'total', c.total_recipients, 'sent', c.sent_count, 'failed', c.error_count,
      'skipped', c.skipped_count, 'unconfirmed', c.unconfirmed_count,
      'delivered', c.delivered_count, 'read', c.read_count, 'replied', c.replied_count,
      'started_at', NEW.started_at, 'finished_at', NEW.finished_at)
    FROM campaigns c WHERE c.id = NEW.id;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER campaigns_begun AFTER INSERT ON campaigns
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (NEW.status = 'running' AND NOT NEW.is_test) EXECUTE FUNCTION tell_of_campaign();
CREATE CONSTRAINT TRIGGER campaigns_moved AFTER UPDATE OF status ON campaigns
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (OLD.status <> NEW.status AND NOT NEW.is_test
  AND NEW.status IN ('running', 'paused', 'finished', 'cancelled'))
EXECUTE FUNCTION tell_of_campaign();
"""
_REPLIES = """
CREATE FUNCTION tell_of_reply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF webhook_wanted(NEW.workspace_id, 'reply.received') THEN
    INSERT INTO webhook_events (workspace_id, type, data)
    VALUES (NEW.workspace_id, 'reply.received', jsonb_build_object('reply_id', NEW.id,
      'account_id', NEW.account_id, 'campaign_id', NEW.campaign_id, 'contact_id', NEW.contact_id,
      'phone', NEW.phone, 'name', NEW.name, 'text', NEW.text, 'message_id', NEW.message_id,
      'quoted_id', NEW.quoted_id, 'received_at', NEW.received_at));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER replies_told AFTER INSERT ON replies
FOR EACH ROW EXECUTE FUNCTION tell_of_reply();
"""
_OPT_OUTS = """
CREATE FUNCTION tell_of_opt_outs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO webhook_events (workspace_id, type, data)
  SELECT workspace_id, 'opt_out.created', jsonb_build_object('opt_outs', jsonb_agg(
    jsonb_build_object('phone', phone, 'source', source, 'at', created_at) ORDER BY phone))
  FROM (
    SELECT o.*, (row_number() OVER (PARTITION BY workspace_id ORDER BY phone) - 1) / 100 AS part
    FROM changed o WHERE webhook_wanted(workspace_id, 'opt_out.created')) p
  GROUP BY workspace_id, part ORDER BY workspace_id, part;
  RETURN NULL;
END $$;
CREATE TRIGGER opt_outs_told AFTER INSERT ON opt_outs REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_opt_outs();
"""
_ACCOUNTS = """
CREATE FUNCTION tell_of_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kind text := 'account.' || CASE
    WHEN NEW.session_id IS NOT DISTINCT FROM OLD.session_id THEN 'paused'
    WHEN NEW.session_id IS NULL THEN 'unlinked' ELSE 'linked' END;
BEGIN
  IF webhook_wanted(NEW.workspace_id, kind) THEN
    INSERT INTO webhook_events (workspace_id, type, data)
    VALUES (NEW.workspace_id, kind, jsonb_build_object('account_id', NEW.id, 'label', NEW.label,
      'phone', NEW.phone, 'status', NEW.status, 'reason', NEW.status_reason,
      'until', NEW.status_until));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER accounts_told AFTER UPDATE OF session_id, status ON accounts FOR EACH ROW
WHEN (OLD.session_id IS DISTINCT FROM NEW.session_id OR (OLD.status <> NEW.status
  AND NEW.status IN ('replaced', 'banned', 'outdated', 'refused')))
EXECUTE FUNCTION tell_of_account();
"""
_STAMP = sa.DateTime(timezone=True)
_TEXT = sqlmodel.sql.sqltypes.AutoString()


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", _TEXT, nullable=False),
        sa.Column("url", _TEXT, nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret", _TEXT, nullable=False),
        sa.Column("old_secret", _TEXT, nullable=True),
        sa.Column("old_secret_until", _STAMP, nullable=True),
        sa.Column("disabled", _TEXT, nullable=True),
        sa.Column("disabled_at", _STAMP, nullable=True),
        sa.Column("last_at", _STAMP, nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", _TEXT, nullable=True),
        sa.Column("arrived_at", _STAMP, nullable=True),
        sa.Column("created_at", _STAMP, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("webhooks_workspace", "webhooks", ["workspace_id"])
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("data", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("created_at", _STAMP, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("status", _TEXT, server_default="pending", nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", _STAMP, server_default=sa.text("now()"), nullable=True),
        sa.Column("answered_at", _STAMP, nullable=True),
        sa.Column("response_status", sa.Integer(), nullable=True),
        sa.Column("error", _TEXT, nullable=True),
        sa.Column("excerpt", _TEXT, server_default="", nullable=False),
        sa.Column("took_ms", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", _STAMP, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["event_id"], ["webhook_events.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "webhook_deliveries_open",
        "webhook_deliveries",
        ["webhook_id", "status", "next_at"],
        postgresql_where=sa.text("status <> 'delivered'"),
    )
    op.create_index("webhook_deliveries_newest", "webhook_deliveries", ["webhook_id", "id"])
    op.create_index("webhook_deliveries_event", "webhook_deliveries", ["event_id"])
    for statement in (_DELIVER, _WANTED, _CAMPAIGNS, _REPLIES, _OPT_OUTS, _ACCOUNTS):
        op.execute(statement)


def downgrade() -> None:
    for table, trigger in (
        ("campaigns", "campaigns_begun"),
        ("campaigns", "campaigns_moved"),
        ("replies", "replies_told"),
        ("opt_outs", "opt_outs_told"),
        ("accounts", "accounts_told"),
        ("webhook_events", "webhook_events_delivered"),
    ):
        op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for function in ("tell_of_campaign", "tell_of_reply", "tell_of_opt_outs", "tell_of_account"):
        op.execute(f"DROP FUNCTION {function}()")
    op.execute("DROP FUNCTION deliver_webhook_event()")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_events")
    op.execute("DROP FUNCTION webhook_wanted(uuid, text)")
    op.drop_table("webhooks")
