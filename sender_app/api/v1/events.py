"""What webhooks are told, as the API's description has it: the requests that Sender makes."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from sender_app.domain.account import AccountStatus
from sender_app.domain.campaign import CampaignStatus, PauseReason
from sender_app.domain.webhook import TEST, EventType

router = APIRouter(tags=["webhooks"])
_PHONE = "+595981000001"
_AT = "2026-11-24T12:00:00+00:00"
_ID = "0197a3c2-7e6b-7b6e-9a52-3f1d2c4b5a69"


class Told(BaseModel):
    """Base of what is told; names are as they are sent."""

    model_config = ConfigDict(extra="forbid")


class CampaignData(Told):
    """A campaign after its status changed; counts are numbers of recipients."""

    campaign_id: UUID
    name: str = Field(examples=["Feria de noviembre"])
    account_id: UUID
    account_ids: list[UUID] = Field(description="Every account that sends it.")
    status: CampaignStatus
    pause_reason: PauseReason | None
    total: int = Field(examples=[120])
    sent: int = Field(examples=[118])
    failed: int
    skipped: int
    unconfirmed: int
    delivered: int
    read: int
    replied: int
    started_at: datetime | None
    finished_at: datetime | None


class RecipientData(Told):
    """One recipient whose status changed."""

    recipient_id: UUID
    contact_id: UUID | None
    phone: str = Field(examples=[_PHONE])
    message_id: str | None = Field(examples=["3EB0C431C26A1916E07E"])
    error_code: str | None = Field(examples=[None])
    at: datetime = Field(examples=[_AT])


class RecipientsData(Told):
    """Recipients of one campaign who came to a status at about the same time."""

    campaign_id: UUID = Field(examples=[_ID])
    recipients: list[RecipientData] = Field(min_length=1, max_length=100)


class ReplyData(Told):
    """What a person wrote."""

    reply_id: UUID
    account_id: UUID
    campaign_id: UUID | None = Field(
        description="The campaign that it answers, where one is known."
    )
    contact_id: UUID | None
    phone: str = Field(examples=[_PHONE])
    name: str
    text: str = Field(examples=["¿A qué hora?"])
    message_id: str
    quoted_id: str | None
    received_at: datetime


class OptOutData(Told):
    """A number that is not written to any more."""

    phone: str = Field(examples=[_PHONE])
    source: str = Field(description="reply, person or import.", examples=["reply"])
    at: datetime


class OptOutsData(Told):
    """Numbers that came onto the list together."""

    opt_outs: list[OptOutData] = Field(
        min_length=1, max_length=100, examples=[[{"phone": _PHONE, "source": "reply", "at": _AT}]]
    )


class AccountData(Told):
    """An account after it was linked, unlinked, or kept from sending."""

    account_id: UUID
    label: str
    phone: str | None = Field(examples=[_PHONE])
    status: AccountStatus
    reason: str | None
    until: datetime | None


class CheckData(Told):
    """Who asked for a test."""

    webhook_id: UUID = Field(examples=[_ID])


class Event(Told):
    """Base of every event."""

    timestamp: datetime = Field(description="When it happened.", examples=[_AT])


class CampaignEvent(Event):
    """Something happened to a campaign as a whole."""

    type: Literal[
        EventType.CAMPAIGN_STARTED,
        EventType.CAMPAIGN_RESUMED,
        EventType.CAMPAIGN_PAUSED,
        EventType.CAMPAIGN_FINISHED,
        EventType.CAMPAIGN_CANCELLED,
    ]
    data: CampaignData


class RecipientEvent(Event):
    """Something happened to recipients of a campaign."""

    type: Literal[
        EventType.RECIPIENT_SENT,
        EventType.RECIPIENT_DELIVERED,
        EventType.RECIPIENT_READ,
        EventType.RECIPIENT_FAILED,
        EventType.RECIPIENT_SKIPPED,
        EventType.RECIPIENT_UNCONFIRMED,
    ]
    data: RecipientsData


class ReplyEvent(Event):
    """A person wrote to an account."""

    type: Literal[EventType.REPLY_RECEIVED]
    data: ReplyData


class OptOutEvent(Event):
    """People are not written to any more."""

    type: Literal[EventType.OPT_OUT_CREATED]
    data: OptOutsData


class AccountEvent(Event):
    """An account was linked, unlinked, or is kept from sending."""

    type: Literal[EventType.ACCOUNT_LINKED, EventType.ACCOUNT_UNLINKED, EventType.ACCOUNT_PAUSED]
    data: AccountData


class CheckEvent(Event):
    """Somebody asked for a test."""

    type: Literal["webhook.test"]
    data: CheckData


AnyEvent = Annotated[
    CampaignEvent | RecipientEvent | ReplyEvent | OptOutEvent | AccountEvent | CheckEvent,
    Field(discriminator="type"),
]
_Id = Annotated[
    UUID, Header(alias="webhook-id", description="The event's: the same whenever it is sent.")
]
_Sent = Annotated[
    int, Header(alias="webhook-timestamp", description="Seconds since 1970, of this attempt.")
]
_Signed = Annotated[
    str,
    Header(
        alias="webhook-signature",
        description="`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; several, separated "
        "by spaces, while a secret is being changed.",
    ),
]
_ANSWERS: dict[int | str, dict[str, object]] = {
    "410": {"description": "The endpoint wants no more, and is switched off."},
    "default": {"description": "Not taken: it is tried again for about a day."},
}
_KINDS = {
    "campaign": CampaignEvent,
    "recipient": RecipientEvent,
    EventType.REPLY_RECEIVED.value: ReplyEvent,
    EventType.OPT_OUT_CREATED.value: OptOutEvent,
    "account": AccountEvent,
    TEST: CheckEvent,
}


def _describe(name: str, event: type[Event]) -> None:
    def told(body: event, webhook_id: _Id, sent: _Sent, signed: _Signed) -> None:  # pyright: ignore[reportInvalidTypeForm]
        """Only for the description: endpoints are others'."""

    router.add_api_route(
        name,
        told,
        methods=["POST"],
        operation_id=to_camel(f"told_{event.__name__.removesuffix('Event').lower()}"),
        summary=event.__doc__,
        description="Sent to endpoints that want it, see docs/webhooks.md.",
        status_code=204,
        response_description="Taken, as with any 2xx. Answer within ten seconds.",
        responses=_ANSWERS,
    )


for _name, _event in _KINDS.items():
    _describe(_name, _event)
