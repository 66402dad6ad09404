"""Messages that left for recipients who get several: noted with the outcome of each attempt."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from sender_app.domain.delivery import Claim, SentPart, Settlement
from sender_app.stores.postgres.engine import Cursor

# Runs before the recipients themselves are settled, in the same transaction and for the same rows.
_NOTE = """
WITH {journal} part AS (
  SELECT * FROM jsonb_to_recordset(%(parts)s::jsonb)
  AS p(campaign uuid, id uuid, part smallint, message_id text, in_doubt boolean, at timestamptz)),
noted AS (
  INSERT INTO recipient_messages (recipient_id, campaign_id, part, message_id, in_doubt, sent_at)
  SELECT p.id, r.campaign_id, p.part, p.message_id, p.in_doubt, p.at
  FROM part p JOIN campaign_recipients r ON r.campaign_id = p.campaign AND r.id = p.id
  WHERE r.status = 'sending' AND {mine}
  ON CONFLICT (recipient_id, part) DO NOTHING RETURNING campaign_id, recipient_id)
UPDATE campaign_recipients r SET parts_sent = r.parts_sent + n.n
FROM (SELECT campaign_id, recipient_id, count(*) AS n FROM noted GROUP BY 1, 2) n
WHERE r.campaign_id = n.campaign_id AND r.id = n.recipient_id
"""
NOTE_PARTS = _NOTE.format(
    journal="""journal AS MATERIALIZED (
  SELECT id FROM delivery_journals WHERE id = %(journal)s FOR SHARE),""",
    mine="r.lease_epoch = %(epoch)s AND EXISTS (SELECT FROM journal)",
)
NOTE_ORPHANS_PARTS = _NOTE.format(journal="", mine="r.lease_epoch < %(epoch)s")


def certain(cursor: Cursor, recipient_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of the recipients of whom no message is in doubt (any more)."""
    doubted = cursor.execute(
        "SELECT DISTINCT recipient_id FROM recipient_messages"
        " WHERE recipient_id = ANY(%s) AND in_doubt",
        (list(recipient_ids),),
    )
    return frozenset(recipient_ids) - {row.recipient_id for row in doubted}


def dumped(parts: Sequence[tuple[Claim | Settlement, SentPart]]) -> str:
    """Parts by whom they are for, as the statements take them: one JSON value."""
    rows = [
        {
            "campaign": whom.campaign_id,
            "id": whom.recipient_id,
            "part": part.part,
            "message_id": part.message_id,
            "in_doubt": part.in_doubt,
            "at": part.at,
        }
        for whom, part in parts
    ]
    return orjson.dumps(rows).decode()
