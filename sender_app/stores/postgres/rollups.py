"""Events and rollups: SQL that follows every change of recipients, in the same statement.

Each caller has a CTE `changed(campaign_id, contact_id, status, was, at, grupo, error_code)`: the
recipients whose status just moved from `was` to `status`.
"""

CONTEXT = """
context AS (
  SELECT c.id AS campaign_id, c.workspace_id, c.account_id, c.user_id, w.time_zone
  FROM campaigns c JOIN workspaces w ON w.id = c.workspace_id
  WHERE c.id IN (SELECT campaign_id FROM changed)),
moved AS (
  SELECT campaign_id, contact_id, status, at, grupo, error_code,
    workspace_id, account_id, user_id,
    (at AT TIME ZONE time_zone)::date AS day,
    to_char(at AT TIME ZONE time_zone, 'YYYY-MM') AS month,
    (status = 'sent')::int - (was = 'sent')::int AS sent,
    (status = 'error')::int - (was = 'error')::int AS errors
  FROM changed JOIN context USING (campaign_id))
"""

COUNTERS = """
counters AS (
  UPDATE campaigns c SET
    sent_count = c.sent_count + n.sent, error_count = c.error_count + n.errors,
    skipped_count = c.skipped_count + n.skipped,
    unconfirmed_count = c.unconfirmed_count + n.unconfirmed
  FROM (SELECT campaign_id,
      sum((status = 'sent')::int - (was = 'sent')::int) AS sent,
      sum((status = 'error')::int - (was = 'error')::int) AS errors,
      sum((status = 'skipped')::int - (was = 'skipped')::int) AS skipped,
      sum((status = 'unconfirmed')::int - (was = 'unconfirmed')::int) AS unconfirmed
    FROM changed GROUP BY campaign_id) n
  WHERE c.id = n.campaign_id)
"""

STATS = """
events AS (
  INSERT INTO metric_events
    (workspace_id, user_id, campaign_id, contact_id, event_type, metadata, created_at)
  SELECT workspace_id, user_id, campaign_id, contact_id, status,
    CASE WHEN error_code IS NOT NULL THEN jsonb_build_object('code', error_code) END, at
  FROM moved WHERE status <> 'queued'),
daily AS (
  INSERT INTO daily_stats AS s (workspace_id, day, account_id, grupo, sent, errors)
  SELECT workspace_id, day, account_id, grupo, sum(sent), sum(errors) FROM moved
  WHERE sent <> 0 OR errors <> 0
  GROUP BY workspace_id, day, account_id, grupo ORDER BY workspace_id, day, account_id, grupo
  ON CONFLICT (workspace_id, day, account_id, grupo) DO UPDATE
  SET sent = s.sent + EXCLUDED.sent, errors = s.errors + EXCLUDED.errors),
monthly AS (
  INSERT INTO monthly_stats AS s (workspace_id, user_id, month, sent, errors)
  SELECT workspace_id, user_id, month, sum(sent), sum(errors) FROM moved
  WHERE sent <> 0 OR errors <> 0
  GROUP BY workspace_id, user_id, month ORDER BY workspace_id, user_id, month
  ON CONFLICT (workspace_id, user_id, month) DO UPDATE
  SET sent = s.sent + EXCLUDED.sent, errors = s.errors + EXCLUDED.errors, updated_at = now()),
by_contact AS (
  INSERT INTO contact_stats AS s (workspace_id, contact_id, month, sent, errors)
  SELECT workspace_id, contact_id, month, sum(sent), sum(errors) FROM moved
  WHERE contact_id IS NOT NULL AND (sent <> 0 OR errors <> 0)
  GROUP BY workspace_id, contact_id, month ORDER BY contact_id, month
  ON CONFLICT (contact_id, month) DO UPDATE
  SET sent = s.sent + EXCLUDED.sent, errors = s.errors + EXCLUDED.errors, updated_at = now())
"""

FOLLOW = f"{CONTEXT}, {COUNTERS}, {STATS}"
