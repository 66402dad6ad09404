"""What comes back from people in Postgres: receipts and replies."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sender_app.domain.conversation import REPLY_WINDOW
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind
from sender_app.stores.postgres.engine import Database
from sender_app.stores.postgres.outbox import TELL_REACHED
from sender_app.stores.postgres.rollups import FOLLOW

# Of a recipient who gets several messages, each that is in doubt needs a receipt of its own.
_CLEAR = """
UPDATE recipient_messages m SET in_doubt = false
WHERE m.message_id = ANY(%(ids)s) AND m.in_doubt AND %(account)s = (
  SELECT coalesce(r.account_id, c.account_id)
  FROM campaign_recipients r JOIN campaigns c ON c.id = r.campaign_id
  WHERE r.campaign_id = m.campaign_id AND r.id = m.recipient_id)
RETURNING m.campaign_id, m.recipient_id
"""
_NO_DOUBT = """NOT EXISTS (
    SELECT FROM recipient_messages m WHERE m.recipient_id = r.id AND m.in_doubt)"""
_CLEARED = f"""
WITH touched AS (
  UPDATE campaign_recipients r SET status = 'sent', error_code = NULL, error_message = NULL,
    sent_at = coalesce(r.sent_at, r.claimed_at)
  FROM unnest(%(campaigns)s::uuid[], %(cleared)s::uuid[]) AS k(campaign_id, id)
  WHERE r.campaign_id = k.campaign_id AND r.id = k.id
    AND r.status = 'unconfirmed' AND {_NO_DOUBT}
  RETURNING r.id AS recipient_id, r.campaign_id, r.contact_id, NULL::text AS message_id, r.status,
    old.status AS was, r.sent_at AS at, r.error_code, r.account_id),
changed AS (
  SELECT t.*, coalesce(c.grupo, '') AS grupo
  FROM touched t LEFT JOIN contacts c ON c.id = t.contact_id),
{FOLLOW}
SELECT DISTINCT campaign_id FROM changed
"""
# A receipt proves that the message left, so it settles an unconfirmed recipient as sent.
_RECEIPTS = f"""
WITH heard AS (
  SELECT id, min(at) AS at, min(at) FILTER (WHERE kind = 'read') AS read_at
  FROM unnest(%(ids)s::text[], %(kinds)s::text[], %(ats)s::timestamptz[]) AS h(id, kind, at)
  GROUP BY id),
found AS MATERIALIZED (
  SELECT DISTINCT e.campaign_id, e.recipient_id, heard.*, c.account_id AS own_account,
    c.workspace_id, c.is_test
  FROM heard JOIN metric_events e ON e.message_id = heard.id
  JOIN campaigns c ON c.id = e.campaign_id),
touched AS (
  UPDATE campaign_recipients r SET
    status = CASE WHEN r.status = 'unconfirmed' AND {_NO_DOUBT} THEN 'sent' ELSE r.status END,
    error_code = CASE WHEN r.status = 'unconfirmed' AND {_NO_DOUBT} THEN NULL
      ELSE r.error_code END,
    sent_at = coalesce(r.sent_at, heard.at),
    delivered_at = coalesce(r.delivered_at, heard.at),
    read_at = coalesce(r.read_at, heard.read_at)
  FROM found heard
  WHERE r.campaign_id = heard.campaign_id AND r.id = heard.recipient_id
    AND r.message_id = heard.id AND coalesce(r.account_id, heard.own_account) = %(account)s
    AND (r.delivered_at IS NULL OR (r.read_at IS NULL AND heard.read_at IS NOT NULL)
      OR r.status = 'unconfirmed')
  RETURNING r.id, r.campaign_id, r.contact_id, r.status, old.status AS was, r.sent_at, r.account_id,
    r.delivered_at, r.read_at, old.delivered_at AS was_delivered, old.read_at AS was_read,
    heard.workspace_id, heard.is_test),
{TELL_REACHED},
changed AS (
  SELECT t.id AS recipient_id, t.campaign_id, t.contact_id, NULL::text AS message_id, t.status,
    t.was, t.sent_at AS at, coalesce(c.grupo, '') AS grupo, NULL::text AS error_code,
    t.account_id
  FROM touched t LEFT JOIN contacts c ON c.id = t.contact_id WHERE t.was <> t.status),
{FOLLOW}
SELECT campaign_id,
  count(*) FILTER (WHERE was_delivered IS NULL AND delivered_at IS NOT NULL) AS delivered,
  count(*) FILTER (WHERE was_read IS NULL AND read_at IS NOT NULL) AS read
FROM touched GROUP BY campaign_id ORDER BY campaign_id
"""
# One statement can change a row once only, and the first changed the campaign's other counters.
_REACH = """
UPDATE campaigns SET delivered_count = delivered_count + %s, read_count = read_count + %s
WHERE id = %s
"""
_REPLY = """
WITH account AS (SELECT workspace_id FROM accounts WHERE id = %(account)s),
person AS (
  SELECT c.id FROM contacts c, account a
  WHERE c.workspace_id = a.workspace_id AND c.phone = %(phone)s),
matched AS (
  SELECT r.id, r.campaign_id, r.replied_at FROM (
    SELECT campaign_id, recipient_id AS id, true AS quoted FROM metric_events
    WHERE message_id = %(quoted)s
    UNION ALL
    SELECT campaign_id, recipient_id, true FROM recipient_messages WHERE message_id = %(quoted)s
    UNION ALL
    SELECT w.campaign_id, w.id, false FROM campaign_recipients w
    WHERE w.contact_id IN (SELECT id FROM person) AND w.sent_at > %(at)s - %(window)s::interval) f
  JOIN campaign_recipients r ON r.campaign_id = f.campaign_id AND r.id = f.id
  JOIN campaigns c ON c.id = r.campaign_id
  WHERE coalesce(r.account_id, c.account_id) = %(account)s
  ORDER BY f.quoted DESC, r.sent_at DESC LIMIT 1),
noted AS (
  INSERT INTO replies (workspace_id, account_id, campaign_id, contact_id, phone, name, kind, text,
    message_id, quoted_id, received_at)
  SELECT a.workspace_id, %(account)s, (SELECT campaign_id FROM matched), (SELECT id FROM person),
    %(phone)s, %(name)s, %(kind)s, %(text)s, %(message)s, %(quoted)s, %(at)s
  FROM account a ON CONFLICT (account_id, message_id) DO NOTHING
  RETURNING workspace_id, campaign_id),
conversation AS (
  INSERT INTO conversations AS v (workspace_id, account_id, phone, name, unread, last_text,
    last_kind, last_at)
  SELECT workspace_id, %(account)s, %(phone)s, %(name)s, 1, %(text)s, %(kind)s, %(at)s FROM noted
  ON CONFLICT (account_id, phone) DO UPDATE SET unread = v.unread + 1,
    name = coalesce(nullif(EXCLUDED.name, ''), v.name),
    last_text = CASE WHEN EXCLUDED.last_at < v.last_at THEN v.last_text ELSE EXCLUDED.last_text END,
    last_kind = CASE WHEN EXCLUDED.last_at < v.last_at THEN v.last_kind ELSE EXCLUDED.last_kind END,
    last_is_ours = EXCLUDED.last_at < v.last_at AND v.last_is_ours,
    last_at = greatest(EXCLUDED.last_at, v.last_at)),
marked AS (
  UPDATE campaign_recipients r SET replied_at = %(at)s FROM matched m
  WHERE r.campaign_id = m.campaign_id AND r.id = m.id AND r.replied_at IS NULL
    AND EXISTS (SELECT FROM noted)
  RETURNING r.campaign_id),
counted AS (
  UPDATE campaigns c SET replied_count = c.replied_count + 1 FROM marked m
  WHERE c.id = m.campaign_id),
event AS (
  INSERT INTO metric_events (workspace_id, user_id, campaign_id, contact_id, event_type, created_at)
  SELECT c.workspace_id, c.user_id, c.id, (SELECT id FROM person), 'reply', %(at)s
  FROM noted n JOIN campaigns c ON c.id = n.campaign_id)
SELECT campaign_id FROM noted
"""
_OPT_OUT = """
INSERT INTO opt_outs (workspace_id, phone, source, text, answer_due)
SELECT workspace_id, %(phone)s, 'reply', %(text)s, id FROM accounts WHERE id = %(account)s
ON CONFLICT (workspace_id, phone) DO NOTHING
"""


class PostgresReceipts:
    """See ports.store.receipts.ReceiptStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def receipts(self, account_id: UUID, receipts: Sequence[Receipt]) -> Sequence[UUID]:
        heard = [(message, r.kind, r.at) for r in receipts for message in r.message_ids]
        if not heard:
            return []
        values = {
            "account": account_id,
            "ids": [message for message, _, _ in heard],
            "kinds": [ReceiptKind(kind).value for _, kind, _ in heard],
            "ats": [at for _, _, at in heard],
        }
        with self._database.transaction() as cursor:
            cleared = cursor.execute(_CLEAR, values).fetchall()
            keys = {
                "campaigns": [row.campaign_id for row in cleared],
                "cleared": [row.recipient_id for row in cleared],
            }
            settled = cursor.execute(_CLEARED, keys).fetchall() if cleared else []
            cursor.execute(_RECEIPTS, values)
            reached = cursor.fetchall()
            for row in reached:  # hardly ever more than one campaign's
                cursor.execute(_REACH, (row.delivered, row.read, row.campaign_id))
            return [row.campaign_id for row in (*settled, *reached)]

    def reply(
        self,
        account_id: UUID,
        message: Incoming,
        opt_out: bool,
        window: timedelta = REPLY_WINDOW,
    ) -> UUID | None:
        values = {
            "account": account_id,
            "window": window,
            "kind": message.kind.value,
            "phone": message.phone,
            "name": message.name,
            "text": message.text,
            "message": message.message_id,
            "quoted": message.quoted_id,
            "at": message.at,
        }
        with self._database.transaction() as cursor:
            row = cursor.execute(_REPLY, values).fetchone()
            if opt_out:
                cursor.execute(_OPT_OUT, values)
            return row.campaign_id if row else None
