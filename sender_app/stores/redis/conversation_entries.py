"""The messages of a conversation in Redis: replies, answers, and what campaigns sent."""

from collections.abc import Sequence
from uuid import UUID

from sender_app.domain.conversation import SENDER
from sender_app.domain.delivery import RecipientStatus
from sender_app.ports.store.conversations import Conversation, Entry
from sender_app.stores.redis.answer_rows import answers
from sender_app.stores.redis.contact_rows import by_phone
from sender_app.stores.redis.conversation_rows import answers_of, replies_of
from sender_app.stores.redis.history import by_contact, recipients_of
from sender_app.stores.redis.keys import of
from sender_app.stores.redis.member_rows import members
from sender_app.stores.redis.replies import replies, written_at
from sender_app.stores.redis.rows import Row, at, compact
from sender_app.stores.redis.view import View

_LEFT = frozenset({RecipientStatus.SENT, RecipientStatus.UNCONFIRMED})


def entries(view: View, conversation: Conversation, limit: int) -> Sequence[Entry]:
    """See ports.store.conversations.ConversationStore.entries."""
    found = [
        *_replies(view, conversation, limit),
        *_answers(view, conversation, limit),
        *_messages(view, conversation),
    ]
    return sorted(found, key=lambda entry: (entry.at, entry.id), reverse=True)[:limit]


def _replies(view: View, conversation: Conversation, limit: int) -> list[Entry]:
    workspace = conversation.workspace_id
    index = replies_of(workspace, conversation.id)
    keys = [name for name, _ in view.ranked(index, limit=limit, descending=True)]
    rows = compact(view.rows(replies(workspace), keys))
    ids = {row["campaign_id"] for row in rows if row["campaign_id"]}
    campaigns = _campaigns(view, workspace, ids)
    found: list[Entry] = []
    for row in rows:
        campaign = campaigns.get(row["campaign_id"])
        there = campaign if campaign and not campaign["deleted_at"] else None
        found.append(
            Entry(
                id=UUID(row["id"]),
                source="reply",
                at=written_at(row),
                kind=row["kind"],
                text=row["text"],
                message_id=row["message_id"],
                quoted_id=row["quoted_id"],
                campaign_id=UUID(there["id"]) if there else None,
                campaign=there["name"] if there else "",
            )
        )
    return found


def _answers(view: View, conversation: Conversation, limit: int) -> list[Entry]:
    workspace = conversation.workspace_id
    index = answers_of(workspace, conversation.id)
    keys = [name for name, _ in view.ranked(index, limit=limit, descending=True)]
    rows = compact(view.rows(answers(workspace), keys))
    authors = view.rows(members(workspace), [row["user_id"] for row in rows])
    return [
        Entry(
            id=UUID(row["id"]),
            source="confirmation" if row["user_id"] == SENDER else "answer",
            at=at(row["created_at"]),
            kind="text",
            text=row["text"],
            status=row["status"],
            error_code=row["error_code"] or "",
            delivered_at=at(row["delivered_at"]),
            read_at=at(row["read_at"]),
            claimed_at=at(row["claimed_at"]),
            message_id=row["message_id"],
            author=author["name"] if author else "",
        )
        for row, author in zip(rows, authors, strict=True)
    ]


def _messages(view: View, conversation: Conversation) -> list[Entry]:
    workspace = conversation.workspace_id
    contact = by_phone(view, workspace, [conversation.phone]).get(conversation.phone)
    if contact is None:
        return []
    names = view.names(by_contact(workspace), prefix=f"{contact['id']}:")
    rows = [
        (campaign_id, row)
        for _, campaign_id, row in recipients_of(view, workspace, names)
        if row["status"] in _LEFT
    ]
    campaigns = _campaigns(view, workspace, {campaign_id for campaign_id, _ in rows})
    return [
        _message(row, campaigns[campaign_id])
        for campaign_id, row in rows
        if campaign_id in campaigns
        and (row["account_id"] or campaigns[campaign_id]["account_id"])
        == str(conversation.account_id)
    ]


def _message(row: Row, campaign: Row) -> Entry:
    return Entry(
        id=UUID(row["id"]),
        source="campaign",
        at=at(row["sent_at"] or row["claimed_at"]),
        kind="text",
        text="",
        status=row["status"],
        error_code=row["error_code"] or "",
        delivered_at=at(row["delivered_at"]),
        read_at=at(row["read_at"]),
        claimed_at=at(row["claimed_at"]),
        message_id=row["message_id"],
        campaign_id=None if campaign["deleted_at"] else UUID(campaign["id"]),
        campaign=campaign["name"],
    )


def _campaigns(view: View, workspace: UUID, ids: set[str]) -> dict[str, Row]:
    rows = compact(view.rows(of(workspace, "campaigns"), ids)) if ids else []
    return {row["id"]: row for row in rows}
