"""Events and rollups: SQL that follows the changes of recipients' statuses.

FOLLOW does it in the statement of the change. The sending loop only notes what was sent and appends
events of the rest, and `fold` takes both in several times a second: many messages for one update.
Both write what webhooks are told of it.
"""

from collections.abc import Sequence
from uuid import UUID

from sender_app.stores.postgres.engine import KEYS, Cursor, numbered
from sender_app.stores.postgres.outbox import TELL_MOVED

EVERY_ACCOUNT = UUID(int=0)  # the `account_id` of rows that count all accounts together

_EVENTS = """
context AS (
  SELECT c.id AS campaign_id, c.workspace_id, c.account_id AS own_account, c.user_id, c.is_test,
    w.time_zone, c.account_id || c.more_accounts AS accounts
  FROM campaigns c JOIN workspaces w ON w.id = c.workspace_id
  WHERE c.id IN (SELECT campaign_id FROM changed)),
moved AS (
  SELECT recipient_id, campaign_id, contact_id, message_id, status, was, at, grupo, error_code,
    coalesce(account_id, own_account) AS account_id, workspace_id, user_id, is_test,
    date_trunc('hour', at AT TIME ZONE time_zone) AS hour,
    to_char(at AT TIME ZONE time_zone, 'YYYY-MM') AS month,
    (status = 'sent')::int - (was = 'sent')::int AS sent,
    (status = 'error')::int - (was = 'error')::int AS errors
  FROM changed JOIN context USING (campaign_id)),
events AS (
  INSERT INTO metric_events (workspace_id, user_id, campaign_id, contact_id, event_type, metadata,
    created_at, recipient_id, message_id)
  SELECT workspace_id, user_id, campaign_id, contact_id, status,
    CASE WHEN error_code IS NOT NULL THEN jsonb_build_object('code', error_code) END, at,
    recipient_id, message_id
  FROM moved WHERE status <> 'queued')
"""

# Figures by account and first group in three steps of time, each from the sums by hour.
_BY_STEP = ",\n".join(
    f"""
by_{step} AS (
  INSERT INTO {table} AS s (workspace_id, {step}, account_id, grupo, sent, errors)
  SELECT workspace_id, {value}, account_id, grupo, sum(sent), sum(errors) FROM hours
  GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  ON CONFLICT (workspace_id, {step}, account_id, grupo) DO UPDATE
  SET sent = s.sent + EXCLUDED.sent, errors = s.errors + EXCLUDED.errors)"""
    for table, step, value in (
        ("daily_stats", "day", "hour::date"),
        ("hourly_stats", "hour", "hour"),
        ("group_stats", "month", "month"),
    )
)

_TOTALS = f"""
{TELL_MOVED},
counters AS (
  UPDATE campaigns c SET
    sent_count = c.sent_count + n.sent, error_count = c.error_count + n.errors,
    skipped_count = c.skipped_count + n.skipped,
    unconfirmed_count = c.unconfirmed_count + n.unconfirmed
  FROM (SELECT campaign_id, sum(sent) AS sent, sum(errors) AS errors,
      sum((status = 'skipped')::int - (was = 'skipped')::int) AS skipped,
      sum((status = 'unconfirmed')::int - (was = 'unconfirmed')::int) AS unconfirmed
    FROM moved GROUP BY campaign_id) n
  WHERE c.id = n.campaign_id),
hours AS (
  SELECT workspace_id, user_id, month, hour, account_id, grupo, sum(sent) AS sent,
    sum(errors) AS errors
  FROM moved WHERE sent <> 0 OR errors <> 0
  GROUP BY workspace_id, user_id, month, hour, account_id, grupo),
{_BY_STEP},
monthly AS (
  INSERT INTO monthly_stats AS s (workspace_id, user_id, month, sent, errors)
  SELECT workspace_id, user_id, month, sum(sent), sum(errors) FROM hours
  GROUP BY workspace_id, user_id, month ORDER BY workspace_id, user_id, month
  ON CONFLICT (workspace_id, user_id, month) DO UPDATE
  SET sent = s.sent + EXCLUDED.sent, errors = s.errors + EXCLUDED.errors, updated_at = now())
"""

# A contact's row of a month or a year names the account that alone counted it, or EVERY_ACCOUNT
# once several have: only then `contact_shares` has a row for each of them.
_ADD = f"""
  ON CONFLICT (contact_id, {{period}}) DO UPDATE
  SET sent = s.sent + EXCLUDED.sent, errors = s.errors + EXCLUDED.errors,{{also}}
    account_id = CASE WHEN s.account_id = EXCLUDED.account_id THEN s.account_id
      ELSE '{EVERY_ACCOUNT}' END
  RETURNING s.workspace_id, s.contact_id, s.{{period}} AS period, s.account_id,
    s.sent - old.sent AS sent, s.errors - old.errors AS errors,
    old.account_id AS account_before, old.sent AS sent_before, old.errors AS errors_before"""


def _by_contact(whose: str, latest: str) -> str:
    """Follows KEYS and a CTE `moved(workspace_id, contact_id, month, account_id, sent, errors)`.

    `whose` is the account of a contact's rows there, and `latest` what each adds to a contact of
    `shared`."""
    return f"""
months AS (
  INSERT INTO contact_stats AS s (id, workspace_id, contact_id, month, account_id, sent, errors)
  SELECT {numbered("row_number() OVER ()")}, p.* FROM keys, (
    SELECT workspace_id, contact_id, month, {whose} AS account_id, sum(sent) AS sent,
      sum(errors) AS errors
    FROM moved WHERE contact_id IS NOT NULL AND (sent <> 0 OR errors <> 0)
    GROUP BY workspace_id, contact_id, month ORDER BY contact_id, month) p
{_ADD.format(period="month", also=" updated_at = now(),")}),
years AS (
  INSERT INTO contact_years AS s (workspace_id, contact_id, year, account_id, sent, errors)
  SELECT workspace_id, contact_id, left(month, 4), {whose}, sum(sent), sum(errors) FROM moved
  WHERE contact_id IS NOT NULL AND (sent <> 0 OR errors <> 0)
  GROUP BY workspace_id, contact_id, left(month, 4) ORDER BY contact_id, left(month, 4)
{_ADD.format(period="year", also="")}),
shared AS (
  SELECT * FROM months WHERE account_id = '{EVERY_ACCOUNT}'
  UNION ALL SELECT * FROM years WHERE account_id = '{EVERY_ACCOUNT}'),
shares AS (
  INSERT INTO contact_shares AS s (workspace_id, contact_id, period, account_id, sent, errors)
  SELECT workspace_id, contact_id, period, account_id, sum(sent), sum(errors) FROM (
    SELECT workspace_id, contact_id, period, account_before AS account_id, sent_before AS sent,
      errors_before AS errors
    FROM shared UNION ALL {latest}) p
  WHERE account_id <> '{EVERY_ACCOUNT}'
  GROUP BY workspace_id, contact_id, period, account_id ORDER BY contact_id, period, account_id
  ON CONFLICT (contact_id, period, account_id) DO UPDATE
  SET sent = s.sent + EXCLUDED.sent, errors = s.errors + EXCLUDED.errors)
"""


_OF_ONE_ACCOUNT = _by_contact(
    "any_value(account_id)",
    """
    SELECT workspace_id, contact_id, period, (SELECT account_id FROM moved LIMIT 1), sent, errors
    FROM shared""",
)
_OF_SEVERAL = _by_contact(
    f"""CASE WHEN count(DISTINCT account_id) = 1 THEN any_value(account_id)
      ELSE '{EVERY_ACCOUNT}' END""",
    """
    SELECT s.workspace_id, contact_id, period, m.account_id, m.sent, m.errors
    FROM shared s JOIN (
      SELECT contact_id, month AS period, account_id, sent, errors FROM moved
      UNION ALL SELECT contact_id, left(month, 4), account_id, sent, errors FROM moved
    ) m USING (contact_id, period)
    WHERE m.sent <> 0 OR m.errors <> 0""",
)

# Follows a CTE `changed(recipient_id, campaign_id, contact_id, message_id, status, was, at, grupo,
# error_code, account_id)`: the recipients whose status just moved from `was` to `status`, and the
# account whose message it is, if it is one's.
FOLLOW = f"{KEYS}, {_EVENTS}, {_TOTALS}, {_OF_SEVERAL}"


def fold(since: str) -> str:
    """Follows a CTE `journal(id, account_id, epoch, first, last)`, journals of one account.

    What was only noted of messages that were sent (`delivery_records`) is taken into recipients and
    events, and with the events of entries after `first` up to `last` into the counters. Those
    events' keys, which grow with time, are not below SQL's expression `since`."""
    return f"""
{KEYS},
records AS (
  DELETE FROM delivery_records d USING journal j WHERE d.journal_id = j.id
  RETURNING d.campaign_id, d.recipient_ids, d.contact_ids, d.message_ids, d.sent_ats, d.grupos,
    j.account_id, j.epoch),
notes AS MATERIALIZED (  -- each of one hour
  SELECT d.*, c.workspace_id, c.user_id, c.is_test,
    to_timestamp(d.sent_ats[1]) AT TIME ZONE w.time_zone AS clock
  FROM records d JOIN campaigns c ON c.id = d.campaign_id
  JOIN workspaces w ON w.id = c.workspace_id),
noted AS MATERIALIZED (
  SELECT n.campaign_id, n.account_id, n.epoch, n.workspace_id, n.user_id, n.is_test, n.hour,
    n.month, m.id, m.contact_id, m.message_id, m.grupo, to_timestamp(m.at) AS at
  FROM (SELECT *, date_trunc('hour', clock) AS hour, to_char(clock, 'YYYY-MM') AS month
    FROM notes OFFSET 0) n
  CROSS JOIN LATERAL
    unnest(n.recipient_ids, n.contact_ids, n.message_ids, n.sent_ats, n.grupos)
      AS m(id, contact_id, message_id, at, grupo)),
followed AS (
  UPDATE campaign_recipients r SET status = 'sent', message_id = n.message_id, error_code = NULL,
    error_message = NULL, not_before = NULL, sent_at = n.at
  FROM noted n WHERE r.campaign_id = n.campaign_id AND r.id = n.id
    AND r.status = 'sending' AND r.lease_epoch = n.epoch
  RETURNING n.workspace_id, n.user_id, r.campaign_id, n.is_test, n.account_id,
    r.id AS recipient_id, coalesce(r.contact_id, n.contact_id) AS contact_id, r.message_id,
    'sent' AS event_type, NULL::text AS error_code, n.grupo, n.at, n.hour, n.month),
events AS (
  INSERT INTO metric_events (id, workspace_id, user_id, campaign_id, contact_id, event_type,
    created_at, recipient_id, message_id)
  SELECT {numbered("row_number() OVER ()")}, workspace_id, user_id, campaign_id, contact_id,
    event_type, at, recipient_id, message_id
  FROM keys, followed),
moved AS (
  SELECT e.campaign_id, e.recipient_id, e.contact_id, e.message_id, e.event_type AS status,
    'sending' AS was, e.at, e.error_code, e.workspace_id, e.account_id, e.user_id, e.is_test,
    coalesce(e.grupo, (SELECT p.grupo FROM contacts p WHERE p.id = e.contact_id), '') AS grupo,
    e.hour, e.month,
    (e.event_type = 'sent')::int AS sent, (e.event_type = 'error')::int AS errors
  FROM (
    SELECT * FROM followed
    UNION ALL SELECT c.workspace_id, c.user_id, c.id, c.is_test, j.account_id,
      v.recipient_id, v.contact_id, v.message_id,
      v.event_type, v.metadata->>'code', NULL, v.created_at,
      date_trunc('hour', v.created_at AT TIME ZONE w.time_zone),
      to_char(v.created_at AT TIME ZONE w.time_zone, 'YYYY-MM')
    FROM journal j
    JOIN metric_events v ON v.journal_id = j.id AND v.entry > j.first AND v.entry <= j.last
    JOIN campaigns c ON c.id = v.campaign_id JOIN workspaces w ON w.id = c.workspace_id
    WHERE v.id >= {since}) e),
{_TOTALS}, {_OF_ONE_ACCOUNT}
"""


def count_again(contact: str, stats: str, shares: str) -> str:
    """A statement that adds to a `contact`, which may be each one's own, what rows of
    `contact_stats` and `contact_shares` say of contacts' months, and so of their years."""
    return f"""
WITH {KEYS}, stats AS ({stats}),
known AS (
  SELECT s.workspace_id, s.contact_id, s.month, p.account_id, p.sent, p.errors
  FROM stats s JOIN ({shares}) p ON p.contact_id = s.contact_id AND p.period = s.month
  WHERE s.account_id = '{EVERY_ACCOUNT}'),
moved AS (
  SELECT workspace_id, {contact} AS contact_id, month, account_id, sent, errors FROM stats
  UNION ALL SELECT workspace_id, {contact}, month, account_id, sent, errors FROM known
  UNION ALL SELECT workspace_id, {contact}, month, '{EVERY_ACCOUNT}', -sent, -errors FROM known),
{_OF_SEVERAL}
SELECT 1
"""


def forget(cursor: Cursor, contact_ids: Sequence[UUID]) -> None:
    """Contacts are gone, and with them what was counted for each."""
    for table in ("contact_stats", "contact_years", "contact_shares"):
        cursor.execute(f"DELETE FROM {table} WHERE contact_id = ANY(%s)", (list(contact_ids),))
