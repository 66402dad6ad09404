"""Conversations and their messages as the inbox shows them; times are ISO."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sender_app.domain.conversation import AnswerStatus
from sender_app.domain.phone import pretty
from sender_app.ports.store.conversations import CampaignReply, Conversation, Entry
from sender_app.services.conversations import is_late


@dataclass(frozen=True)
class ConversationView:
    """A conversation in the list, or the open one."""

    id: str = ""
    name: str = ""
    phone: str = ""
    contact_id: str = ""
    account: str = ""  # where the workspace has several
    opted_out: bool = False
    unread: int = 0
    text: str = ""
    kind: str = ""
    is_ours: bool = False
    at: str = ""


@dataclass(frozen=True)
class EntryView:
    """A bubble."""

    id: str
    is_ours: bool
    kind: str
    text: str
    at: str
    files: int = 0
    status: str = ""  # how far what we sent got
    reason: str = ""
    campaign_id: str = ""
    campaign: str = ""
    author: str = ""
    is_automatic: bool = False  # Sender itself wrote it
    quoted: str = ""  # the words that it answers
    can_repeat: bool = False
    can_settle: bool = False


@dataclass(frozen=True)
class ReplyView:
    """A reply among those to a campaign."""

    id: str
    href: str
    name: str
    kind: str
    text: str
    at: str


def conversation_view(row: Conversation, account: str = "") -> ConversationView:
    """A conversation for the browser."""
    return ConversationView(
        id=str(row.id),
        name=pretty(row.phone) if row.name in ("", row.phone) else row.name,
        phone=pretty(row.phone),
        contact_id=str(row.contact_id) if row.contact_id else "",
        account=account,
        opted_out=row.opted_out,
        unread=row.unread,
        text=row.last_text,
        kind=row.last_kind,
        is_ours=row.last_is_ours,
        at=row.last_at.isoformat(),
    )


def entry_views(entries: Sequence[Entry]) -> list[EntryView]:
    """Messages for the browser, each with the words that it quotes, if they are among these."""
    said = {entry.message_id: _words(entry) for entry in entries if entry.message_id}
    now = datetime.now(UTC)
    return [_entry_view(entry, said, now) for entry in entries]


def _entry_view(entry: Entry, said: Mapping[str, str], now: datetime) -> EntryView:
    is_automatic = entry.source == "confirmation"
    is_answer = is_automatic or entry.source == "answer"
    in_doubt = is_answer and entry.status == AnswerStatus.UNCONFIRMED and is_late(entry, now)
    return EntryView(
        id=str(entry.id),
        is_ours=entry.source != "reply",
        kind=entry.kind,
        text="" if entry.files and not entry.text else _words(entry),
        at=entry.at.isoformat(),
        files=entry.files,
        status=_reached(entry),
        reason=entry.error_code,
        campaign_id=str(entry.campaign_id) if entry.campaign_id else "",
        campaign=entry.campaign if entry.source == "campaign" else "",
        author=entry.author,
        is_automatic=is_automatic,
        quoted=said.get(entry.quoted_id or "", ""),
        can_repeat=in_doubt or (is_answer and entry.status == AnswerStatus.FAILED),
        can_settle=in_doubt,
    )


def _words(entry: Entry) -> str:
    """What it says; a campaign's message that says nothing goes by the campaign's name."""
    return entry.text or (entry.campaign if entry.source == "campaign" else "")


def reply_view(reply: CampaignReply) -> ReplyView:
    """A reply for the browser."""
    return ReplyView(
        id=str(reply.id),
        href=f"/inbox?conversation={reply.conversation_id}",
        name=reply.name or pretty(reply.phone),
        kind=reply.kind,
        text=reply.text,
        at=reply.at.isoformat(),
    )


def _reached(entry: Entry) -> str:
    if entry.status != AnswerStatus.SENT:
        return entry.status
    if entry.read_at:
        return "read"
    return "delivered" if entry.delivered_at else "sent"
