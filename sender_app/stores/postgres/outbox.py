"""The outbox of webhooks: SQL that writes events of recipients with the change they tell of.

Everything else that endpoints are told of is written by triggers of its own table (revision 0009).
Messages come by the thousand, so theirs are written a few times a second, where the rollups take
them in: one event for up to 100 recipients of a campaign, and nothing where nobody wants it.
"""

_MOST = 100  # recipients of one event


def telling(name: str, changes: str) -> str:
    """Two CTEs that write the events of `changes`, a query for columns (workspace_id, campaign_id,
    recipient_id, contact_id, message_id, error_code, at, type) of what a webhook wants to hear.

    (OFFSET 0: a look at each recipient told of. A plan that does not know how few they are would
    rather walk the whole campaign, a few times a second.)"""
    return f"""
{name} AS MATERIALIZED ({changes}),
{name}_events AS (
  INSERT INTO webhook_events (workspace_id, type, data)
  SELECT workspace_id, type, jsonb_build_object('campaign_id', campaign_id,
    'recipients', jsonb_agg(jsonb_build_object('recipient_id', recipient_id,
      'contact_id', contact_id, 'phone', phone, 'message_id', message_id, 'error_code', error_code,
      'at', at) ORDER BY at, recipient_id))
  FROM (
    SELECT t.workspace_id, t.type, t.campaign_id, t.recipient_id, t.contact_id, r.phone,
      coalesce(t.message_id, r.message_id) AS message_id, t.error_code, t.at,
      (row_number() OVER (PARTITION BY t.campaign_id, t.type ORDER BY t.at, t.recipient_id) - 1)
        / {_MOST} AS part
    FROM {name} t CROSS JOIN LATERAL (SELECT phone, message_id FROM campaign_recipients
      WHERE campaign_id = t.campaign_id AND id = t.recipient_id OFFSET 0) r) AS p
  GROUP BY workspace_id, campaign_id, type, part)
"""


# Asked once a statement, not once a message.
_WANTED = """
wanted AS MATERIALIZED (
  SELECT DISTINCT w.workspace_id, v.status, v.type
  FROM webhooks w JOIN (VALUES ('sent', 'recipient.sent'), ('error', 'recipient.failed'),
    ('skipped', 'recipient.skipped'), ('unconfirmed', 'recipient.unconfirmed')
  ) AS v(status, type) ON v.type = ANY (w.events)
  WHERE w.disabled IS NULL AND EXISTS (SELECT FROM moved m WHERE m.workspace_id = w.workspace_id)),
"""
# Follows a CTE `moved`, see rollups.
TELL_MOVED = _WANTED + telling(
    "told",
    """
    SELECT workspace_id, m.campaign_id, m.recipient_id, m.contact_id, m.message_id, m.error_code,
      m.at, v.type
    FROM moved m JOIN wanted v USING (workspace_id, status) WHERE NOT m.is_test""",
)
# Follows a CTE `touched`, see receipts.
TELL_REACHED = telling(
    "reached",
    """
    SELECT t.workspace_id, t.campaign_id, t.id AS recipient_id, t.contact_id,
      NULL::text AS message_id, NULL::text AS error_code, v.at, v.type
    FROM touched t CROSS JOIN LATERAL (VALUES
      ('recipient.delivered', CASE WHEN t.was_delivered IS NULL THEN t.delivered_at END),
      ('recipient.read', CASE WHEN t.was_read IS NULL THEN t.read_at END)) AS v(type, at)
    WHERE v.at IS NOT NULL AND NOT t.is_test AND EXISTS (
      SELECT FROM webhooks w WHERE w.workspace_id = t.workspace_id AND w.disabled IS NULL
        AND v.type = ANY (w.events))""",
)
