"""Conversations in Postgres, as people see them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sender_app.domain.conversation import SENDER
from sender_app.domain.errors import NotFound
from sender_app.ports.pages import Page
from sender_app.ports.store.conversations import (
    CampaignReply,
    Conversation,
    ConversationFilter,
    Entry,
)
from sender_app.stores.cursors import key_at, time_cursor, time_place
from sender_app.stores.postgres.accounts import WAKE
from sender_app.stores.postgres.engine import Database, like

_CONVERSATION = """
SELECT v.id, v.workspace_id, v.account_id, v.phone,
  coalesce(nullif(c.nombre, ''), v.name) AS name, c.id AS contact_id,
  o.phone IS NOT NULL AS opted_out, v.unread, v.last_text, v.last_kind, v.last_is_ours, v.last_at
FROM conversations v
LEFT JOIN contacts c ON c.workspace_id = v.workspace_id AND c.phone = v.phone
LEFT JOIN opt_outs o ON o.workspace_id = v.workspace_id AND o.phone = v.phone
WHERE v.workspace_id = %(workspace)s
"""
_PAGE = f"""{_CONVERSATION}
  AND (%(at)s::timestamptz IS NULL OR (v.last_at, v.id) < (%(at)s, %(id)s::uuid))
  AND (NOT %(unread)s OR v.unread > 0) AND (NOT %(opted_out)s OR o.phone IS NOT NULL)
  AND (%(campaign)s::uuid IS NULL OR EXISTS (SELECT FROM replies p
    WHERE p.account_id = v.account_id AND p.phone = v.phone AND p.campaign_id = %(campaign)s))
  AND (%(search)s = '' OR v.name ILIKE %(like)s OR c.nombre ILIKE %(like)s
    OR (%(digits)s <> '' AND v.phone LIKE '%%' || %(digits)s || '%%')
    OR EXISTS (SELECT FROM replies p
      WHERE p.account_id = v.account_id AND p.phone = v.phone AND p.text ILIKE %(like)s))
ORDER BY v.last_at DESC, v.id DESC LIMIT %(limit)s
"""
_ONE = f"{_CONVERSATION} AND v.id = %(id)s"
# What a campaign wrote is not kept: its text is the campaign's, for this person. WhatsApp cuts the
# time of what a person wrote to the second, so that it would stand before what it answers; it
# was written within that second, and before it was recorded.
_ENTRIES = """
SELECT * FROM (
  SELECT p.id, 'reply' AS source,
    least(p.received_at + interval '999 milliseconds', uuid_extract_timestamp(p.id)) AS at,
    p.kind, p.text, '' AS status, '' AS error_code, NULL::timestamptz AS delivered_at,
    NULL::timestamptz AS read_at,
    NULL::timestamptz AS claimed_at, p.message_id, p.quoted_id, k.id AS campaign_id,
    coalesce(k.name, '') AS campaign, '' AS author
  FROM replies p LEFT JOIN campaigns k ON k.id = p.campaign_id AND k.deleted_at IS NULL
  WHERE p.account_id = %(account)s AND p.phone = %(phone)s
  UNION ALL
  SELECT a.id, CASE WHEN a.user_id = %(sender)s THEN 'confirmation' ELSE 'answer' END,
    a.created_at, 'text', a.text, a.status, coalesce(a.error_code, ''), a.delivered_at, a.read_at,
    a.claimed_at, a.message_id, NULL, NULL, '', coalesce(m.name, '')
  FROM answers a
  LEFT JOIN members m ON m.workspace_id = a.workspace_id AND m.user_id = a.user_id
  WHERE a.conversation_id = %(conversation)s
  UNION ALL
  SELECT r.id, 'campaign', coalesce(r.sent_at, r.claimed_at), 'text', '', r.status,
    coalesce(r.error_code, ''), r.delivered_at, r.read_at, r.claimed_at, r.message_id, NULL,
    CASE WHEN k.deleted_at IS NULL THEN k.id END, k.name, ''
  FROM contacts c JOIN campaign_recipients r ON r.contact_id = c.id
  JOIN campaigns k ON k.id = r.campaign_id
  WHERE c.workspace_id = %(workspace)s AND c.phone = %(phone)s
    AND coalesce(r.account_id, k.account_id) = %(account)s
    AND r.status IN ('sent', 'unconfirmed')) e
ORDER BY at DESC, id DESC LIMIT %(limit)s
"""
_REPLIES = """
SELECT p.id, v.id AS conversation_id, p.phone, coalesce(nullif(c.nombre, ''), p.name) AS name,
  p.kind, p.text, p.received_at AS at
FROM replies p
JOIN conversations v ON v.account_id = p.account_id AND v.phone = p.phone
LEFT JOIN contacts c ON c.workspace_id = p.workspace_id AND c.phone = p.phone
WHERE p.campaign_id = %(campaign)s AND p.workspace_id = %(workspace)s
ORDER BY p.id DESC LIMIT %(limit)s
"""
_MARK_READ = """
UPDATE conversations SET unread = 0
WHERE workspace_id = %(workspace)s AND unread > 0 AND (%(id)s::uuid IS NULL OR id = %(id)s)
"""
_ANSWER = """
WITH written AS (
  INSERT INTO answers (workspace_id, account_id, conversation_id, request_id, user_id, phone, text)
  VALUES (%(workspace)s, %(account)s, %(conversation)s, %(request)s, %(user)s, %(phone)s, %(text)s)
  ON CONFLICT (conversation_id, request_id) DO NOTHING RETURNING conversation_id, text)
UPDATE conversations v SET unread = 0, last_text = w.text, last_kind = 'text',
  last_is_ours = true, last_at = greatest(v.last_at, now())
FROM written w WHERE v.id = w.conversation_id RETURNING v.id
"""
_RESOLVE = """
UPDATE answers SET status = CASE WHEN %(sent)s THEN 'sent' ELSE 'waiting' END,
  sent_at = CASE WHEN %(sent)s THEN claimed_at END,
  message_id = CASE WHEN %(sent)s THEN message_id END,
  error_code = NULL, not_before = NULL, attempts = 0
WHERE id = %(answer)s AND workspace_id = %(workspace)s AND conversation_id = %(conversation)s
  AND ((status = 'unconfirmed' AND claimed_at < %(before)s)
    OR (status = 'failed' AND NOT %(sent)s))
RETURNING account_id
"""


class PostgresConversations:
    """See ports.store.conversations.ConversationStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, workspace_id: UUID, wanted: ConversationFilter, cursor: str | None, limit: int
    ) -> Page[Conversation]:
        at, key = time_place(cursor)
        with self._database.transaction() as reader:
            reader.execute(
                _PAGE,
                {
                    "workspace": workspace_id,
                    "at": at,
                    "id": key_at(key),
                    "unread": wanted.unread,
                    "opted_out": wanted.opted_out,
                    "campaign": wanted.campaign_id,
                    "search": wanted.search.strip(),
                    "like": like(wanted.search),
                    "digits": "".join(mark for mark in wanted.search if mark.isdecimal()),
                    "limit": limit + 1,
                },
            )
            rows = [Conversation(*row) for row in reader]
        last = rows[limit - 1] if len(rows) > limit else None
        place = time_cursor(last.last_at, str(last.id)) if last else None
        return Page(rows[:limit], place)

    def unread(self, workspace_id: UUID) -> int:
        with self._database.transaction() as cursor:
            row = cursor.execute(
                "SELECT count(*)::int AS n FROM conversations"
                " WHERE workspace_id = %s AND unread > 0",
                (workspace_id,),
            ).fetchone()
            return row.n if row else 0

    def get(self, workspace_id: UUID, conversation_id: UUID) -> Conversation:
        with self._database.transaction() as cursor:
            row = cursor.execute(
                _ONE, {"workspace": workspace_id, "id": conversation_id}
            ).fetchone()
        if row is None:
            raise NotFound("conversation", conversation_id)
        return Conversation(*row)

    def entries(self, conversation: Conversation, limit: int) -> Sequence[Entry]:
        with self._database.transaction() as cursor:
            cursor.execute(
                _ENTRIES,
                {
                    "workspace": conversation.workspace_id,
                    "account": conversation.account_id,
                    "conversation": conversation.id,
                    "phone": conversation.phone,
                    "sender": SENDER,
                    "limit": limit,
                },
            )
            return [Entry(*row) for row in cursor]

    def replies(self, workspace_id: UUID, campaign_id: UUID, limit: int) -> Sequence[CampaignReply]:
        with self._database.transaction() as cursor:
            values = {"workspace": workspace_id, "campaign": campaign_id, "limit": limit}
            return [CampaignReply(*row) for row in cursor.execute(_REPLIES, values)]

    def mark_read(self, workspace_id: UUID, conversation_id: UUID | None) -> int:
        with self._database.transaction() as cursor:
            values = {"workspace": workspace_id, "id": conversation_id}
            return cursor.execute(_MARK_READ, values).rowcount

    def answer(self, conversation: Conversation, request_id: UUID, user_id: str, text: str) -> bool:
        with self._database.transaction() as cursor:
            written = cursor.execute(
                _ANSWER,
                {
                    "workspace": conversation.workspace_id,
                    "account": conversation.account_id,
                    "conversation": conversation.id,
                    "request": request_id,
                    "user": user_id,
                    "phone": conversation.phone,
                    "text": text,
                },
            ).fetchone()
            if written is not None:
                cursor.execute(WAKE, (conversation.account_id,))
            return written is not None

    def resolve(
        self,
        workspace_id: UUID,
        conversation_id: UUID,
        answer_id: UUID,
        sent: bool,
        before: datetime,
    ) -> UUID | None:
        with self._database.transaction() as cursor:
            row = cursor.execute(
                _RESOLVE,
                {
                    "workspace": workspace_id,
                    "conversation": conversation_id,
                    "answer": answer_id,
                    "sent": sent,
                    "before": before,
                },
            ).fetchone()
            if row is not None and not sent:
                cursor.execute(WAKE, (row.account_id,))
            return row.account_id if row else None
