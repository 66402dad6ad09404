"""Conversations: what people wrote, and answering them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, StringConstraints

from sender_app import bootstrap
from sender_app.api.v1.requests import ApiRoute, CallingActor, Repeatable
from sender_app.api.v1.shapes import (
    NO_NUL,
    Asked,
    Cursor,
    Limit,
    PageOf,
    Shown,
    page_of,
    start_of,
    whole,
)
from sender_app.domain.conversation import LONGEST_ANSWER, MessageKind
from sender_app.ports.store.conversations import Conversation as Found
from sender_app.ports.store.conversations import ConversationFilter, Entry

router = APIRouter(route_class=ApiRoute, tags=["conversations"])
ConversationId = Annotated[UUID, Path(alias="conversationId")]


class Conversation(Shown):
    """An account and a person who wrote to it."""

    id: UUID
    account_id: UUID
    phone: str = Field(examples=["+595981000001"])
    name: str = Field(description="The book's, else the person's own.")
    contact_id: UUID | None = Field(description="Null for somebody who is not in the book.")
    opted_out: bool
    unread: int = Field(description="Messages that nobody of the team has looked at.")
    last_text: str
    last_kind: MessageKind
    last_is_ours: bool
    last_at: datetime


class Message(Shown):
    """One message of a conversation."""

    id: UUID
    source: Literal["reply", "answer", "confirmation", "campaign"] = Field(
        description="A confirmation is what Sender itself answers to an opt-out."
    )
    at: datetime
    kind: MessageKind
    text: str = Field(
        description="Blank for a campaign's message whose campaign was deleted.",
        examples=["¿A qué hora?"],
    )
    files: int = Field(description="How many files a campaign's message has.")
    status: str | None = Field(
        description="Of what we sent. An answer: waiting, sending, sent, failed or unconfirmed; a "
        "campaign's message: the recipient's."
    )
    error_code: str | None
    delivered_at: datetime | None
    read_at: datetime | None
    campaign_id: UUID | None


class NewMessage(Asked):
    """An answer."""

    text: Annotated[str, StringConstraints(max_length=LONGEST_ANSWER, pattern=NO_NUL)] = Field(
        min_length=1, examples=["La esperamos a las 10."]
    )


class Read(Shown):
    """What came of marking as read."""

    read: int = Field(description="How many conversations had something unread.", examples=[1])


class Word(Asked):
    """A person's word on an answer of which nobody knows whether it was sent."""

    sent: bool = Field(description="It was sent; false has it sent again.", examples=[True])


@router.get("/conversations", response_model=PageOf[Conversation])
def list_conversations(
    actor: CallingActor,
    search: Annotated[
        str, Query(max_length=100, pattern=NO_NUL, description="In a name, number or reply.")
    ] = "",
    unread: bool = False,
    opted_out: Annotated[bool, Query(alias="optedOut")] = False,
    campaign_id: Annotated[
        UUID | None, Query(alias="campaignId", description="Only who replied to it.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
):
    """List conversations, the latest message first."""
    wanted = ConversationFilter(search, unread, opted_out, campaign_id)
    found = bootstrap.services().conversations.page(actor, wanted, start_of(cursor), limit)
    return page_of(found)


@router.get("/conversations/{conversationId}", response_model=Conversation)
def get_conversation(actor: CallingActor, conversation_id: ConversationId) -> Found:
    """Get a conversation."""
    return bootstrap.services().conversations.get(actor, conversation_id)


@router.get("/conversations/{conversationId}/messages", response_model=PageOf[Message])
def list_messages(actor: CallingActor, conversation_id: ConversationId, limit: Limit = 50):
    """List the last messages of a conversation, the oldest of them first: what the person wrote,
    what was answered, and what campaigns sent. There is one page, of up to `limit`."""
    entries = bootstrap.services().conversations.entries(actor, conversation_id, limit)
    return whole(_message(entry) for entry in entries)


@router.post(
    "/conversations/{conversationId}/messages",
    status_code=202,
    response_model=Conversation,
    dependencies=[Repeatable],
)
def answer(
    response: Response, actor: CallingActor, conversation_id: ConversationId, new: NewMessage
) -> Found:
    """Have an answer sent, before any campaign's next message. Its status is among the messages.

    Whoever opted out is not answered: 409 `phone_opted_out`. Use an `Idempotency-Key`: whoever
    repeats this request without one sends a second message.
    """
    conversations = bootstrap.services().conversations
    conversations.answer(actor, conversation_id, uuid4(), new.text)
    response.headers["Location"] = f"/api/v1/conversations/{conversation_id}/messages"
    return conversations.get(actor, conversation_id)


@router.post("/conversations/{conversationId}/read", response_model=Read, dependencies=[Repeatable])
def mark_read(actor: CallingActor, conversation_id: ConversationId):
    """Note that somebody looked at a conversation."""
    conversations = bootstrap.services().conversations
    conversations.get(actor, conversation_id)
    return {"read": conversations.mark_read(actor, conversation_id)}


@router.post(
    "/conversations/{conversationId}/messages/{messageId}/resolve",
    status_code=204,
    dependencies=[Repeatable],
)
def resolve_answer(
    actor: CallingActor,
    conversation_id: ConversationId,
    message_id: Annotated[UUID, Path(alias="messageId")],
    word: Word,
) -> None:
    """Say of an unconfirmed answer that it was sent, or have it, or a failed one, sent again.

    Only after some minutes, in which a receipt settles it by itself: 409 `nothing_unconfirmed`.
    """
    conversations = bootstrap.services().conversations
    conversations.get(actor, conversation_id)
    conversations.resolve_answer(actor, conversation_id, message_id, sent=word.sent)


def _message(entry: Entry) -> dict[str, Any]:
    names = (
        *("id", "source", "at", "kind", "text", "files", "delivered_at", "read_at"),
        "campaign_id",
    )
    return {name: getattr(entry, name) for name in names} | {
        "status": entry.status or None,
        "error_code": entry.error_code or None,
    }
