"""Conversations in Redis, as people see them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sender_app.domain.conversation import AnswerStatus
from sender_app.domain.errors import NotFound
from sender_app.ports.pages import Page
from sender_app.ports.store.conversations import (
    CampaignReply,
    Conversation,
    ConversationFilter,
    Entry,
)
from sender_app.stores.cursors import key_at, time_cursor, time_place
from sender_app.stores.redis.accounts import wake
from sender_app.stores.redis.answer_rows import answers, put_answer, requests, write_answer
from sender_app.stores.redis.contact_rows import by_phone, opt_outs
from sender_app.stores.redis.conversation_entries import entries
from sender_app.stores.redis.conversation_rows import (
    conversations,
    find_conversations,
    newest,
    place_of,
    put_conversation,
    unread,
)
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.finding import known_to
from sender_app.stores.redis.replies import replies, to_campaign
from sender_app.stores.redis.rows import Row, at, compact
from sender_app.stores.redis.view import View

_STEP = 500  # conversations looked at in one go
_REPLIES = 5_000  # replies searched in one go


class RedisConversations:
    """See ports.store.conversations.ConversationStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def page(
        self, workspace_id: UUID, wanted: ConversationFilter, cursor: str | None, limit: int
    ) -> Page[Conversation]:
        view = self._database.view()
        last_at, key = time_place(cursor)
        before = place_of(last_at, key_at(key) or "") if last_at else None
        words = wanted.search.strip().lower()
        wrote = _who_wrote(view, workspace_id, words) if words else set[str]()
        found: list[Conversation] = []
        for step in _walk(view, workspace_id, wanted, before, limit):
            contacts = by_phone(view, workspace_id, [row["phone"] for row in step])
            rows = [row for row in step if not words or _has(row, contacts, words, wrote)]
            shown = _shown(view, workspace_id, rows, contacts)
            found += [one for one in shown if one.opted_out or not wanted.opted_out]
            if len(found) > limit:
                break
        last = found[limit - 1] if len(found) > limit else None
        return Page(found[:limit], time_cursor(last.last_at, str(last.id)) if last else None)

    def unread(self, workspace_id: UUID) -> int:
        return self._database.view().size(unread(workspace_id))

    def get(self, workspace_id: UUID, conversation_id: UUID) -> Conversation:
        view = self._database.view()
        row = view.row(conversations(workspace_id), conversation_id)
        if row is None:
            raise NotFound("conversation", conversation_id)
        contacts = by_phone(view, workspace_id, [row["phone"]])
        return _shown(view, workspace_id, [row], contacts)[0]

    def entries(self, conversation: Conversation, limit: int) -> Sequence[Entry]:
        return entries(self._database.view(), conversation, limit)

    def replies(self, workspace_id: UUID, campaign_id: UUID, limit: int) -> Sequence[CampaignReply]:
        view = self._database.view()
        keys = view.names(to_campaign(workspace_id, campaign_id), limit=limit, descending=True)
        rows = compact(view.rows(replies(workspace_id), keys))
        found = find_conversations(view, workspace_id, map(_person, rows))
        contacts = by_phone(view, workspace_id, [row["phone"] for row in rows])
        return [
            CampaignReply(
                id=UUID(row["id"]),
                conversation_id=UUID(conversation["id"]),
                phone=row["phone"],
                name=_name(row, contacts),
                kind=row["kind"],
                text=row["text"],
                at=at(row["received_at"]),
            )
            for row, conversation in zip(rows, found, strict=True)
            if conversation
        ]

    def mark_read(self, workspace_id: UUID, conversation_id: UUID | None) -> int:
        def work(tx: Transaction) -> int:
            keys: Sequence[object] = [conversation_id]
            if conversation_id is None:
                keys = tx.names(unread(workspace_id))
            rows = compact(tx.rows(conversations(workspace_id), keys)) if keys else []
            looked_at = [row for row in rows if row["unread"]]
            for row in looked_at:
                put_conversation(tx, workspace_id, row | {"unread": 0}, row)
            return len(looked_at)

        return self._database.transact(work)

    def answer(self, conversation: Conversation, request_id: UUID, user_id: str, text: str) -> bool:
        workspace_id = conversation.workspace_id

        def work(tx: Transaction) -> bool:
            before = tx.row(conversations(workspace_id), conversation.id)
            if before is None:
                raise NotFound("conversation", conversation.id)
            if tx.row(requests(workspace_id), f"{conversation.id}:{request_id}"):
                return False
            write_answer(tx, workspace_id, before, request_id, user_id, text)
            wake(tx, conversation.account_id)
            return True

        return self._database.transact(work)

    def resolve(
        self,
        workspace_id: UUID,
        conversation_id: UUID,
        answer_id: UUID,
        sent: bool,
        before: datetime,
    ) -> UUID | None:
        def work(tx: Transaction) -> UUID | None:
            row = tx.row(answers(workspace_id), answer_id)
            if row is None or row["conversation_id"] != str(conversation_id):
                return None
            if not _may_be_resolved(row, sent, before):
                return None
            values = {
                "status": AnswerStatus.SENT if sent else AnswerStatus.WAITING,
                "sent_at": row["claimed_at"] if sent else None,
                "message_id": row["message_id"] if sent else None,
                "error_code": None,
                "not_before": None,
                "attempts": 0,
            }
            put_answer(tx, workspace_id, row | values, row)
            account_id = UUID(row["account_id"])
            if not sent:
                wake(tx, account_id)
            return account_id

        return self._database.transact(work)


def _walk(
    view: View, workspace: UUID, wanted: ConversationFilter, before: str | None, limit: int
) -> Iterator[Sequence[Row]]:
    """Conversations behind a place, the latest first: all, or those of the narrowest filter that an
    index serves."""
    if wanted.unread or wanted.campaign_id:
        yield _chosen(view, workspace, wanted, before)
        return
    step = _STEP if wanted.search.strip() or wanted.opted_out else limit + 1
    while True:
        names = view.names(newest(workspace), before=before, limit=step, descending=True)
        keys = [name.split(":")[1] for name in names]
        yield compact(view.rows(conversations(workspace), keys))
        if len(names) < step:
            return
        before = names[-1]


def _chosen(
    view: View, workspace: UUID, wanted: ConversationFilter, before: str | None
) -> Sequence[Row]:
    if wanted.campaign_id:
        keys = view.names(to_campaign(workspace, wanted.campaign_id))
        persons = {_person(row) for row in compact(view.rows(replies(workspace), keys))}
        rows = compact(find_conversations(view, workspace, persons))
        rows = [row for row in rows if row["unread"] or not wanted.unread]
    else:
        rows = compact(view.rows(conversations(workspace), view.names(unread(workspace))))
    placed = {place_of(at(row["last_at"]), row["id"]): row for row in rows}
    behind = [name for name in placed if before is None or name < before]
    return [placed[name] for name in sorted(behind, reverse=True)]


def _who_wrote(view: View, workspace: UUID, words: str) -> set[str]:
    """Who ever wrote these words, as "account:phone"."""
    keys, found = list(view.keys(replies(workspace))), set[str]()
    for start in range(0, len(keys), _REPLIES):
        rows = compact(view.rows(replies(workspace), keys[start : start + _REPLIES]))
        found |= {_person(row) for row in rows if words in row["text"].lower()}
    return found


def _has(row: Row, contacts: dict[str, Row], words: str, wrote: set[str]) -> bool:
    """Whether a conversation has the words in a name or reply, or their digits in its number."""
    nombre = contacts.get(row["phone"], {}).get("nombre", "")
    digits = "".join(mark for mark in words if mark.isdecimal())
    return (
        words in row["name"].lower()
        or words in nombre.lower()
        or bool(digits and digits in row["phone"])
        or _person(row) in wrote
    )


def _shown(
    view: View, workspace: UUID, rows: Sequence[Row], contacts: dict[str, Row]
) -> list[Conversation]:
    out = view.rows(opt_outs(workspace), [row["phone"] for row in rows])
    return [
        Conversation(
            id=UUID(row["id"]),
            workspace_id=workspace,
            account_id=UUID(row["account_id"]),
            phone=row["phone"],
            name=_name(row, contacts),
            contact_id=UUID(contacts[row["phone"]]["id"]) if row["phone"] in contacts else None,
            opted_out=opted_out is not None,
            unread=row["unread"],
            last_text=row["last_text"],
            last_kind=row["last_kind"],
            last_is_ours=row["last_is_ours"],
            last_at=at(row["last_at"]),
        )
        for row, opted_out in zip(rows, out, strict=True)
    ]


def _person(row: Row) -> str:
    return known_to(row["account_id"], row["phone"])


def _name(row: Row, contacts: dict[str, Row]) -> str:
    """The book's, or what the person calls themselves."""
    return contacts.get(row["phone"], {}).get("nombre") or row["name"]


def _may_be_resolved(row: Row, sent: bool, before: datetime) -> bool:
    if row["status"] == AnswerStatus.UNCONFIRMED:
        return bool(row["claimed_at"]) and at(row["claimed_at"]) < before
    return row["status"] == AnswerStatus.FAILED and not sent
