"""Send messages: one request makes a whole campaign."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import AwareDatetime, Field, StringConstraints

from sender_app import bootstrap
from sender_app.api.v1.requests import (
    MOST_FIELDS,
    MOST_FILES,
    ApiRoute,
    CallingActor,
    Repeatable,
)
from sender_app.api.v1.shapes import NO_NUL, Shown
from sender_app.domain.errors import RuleViolation
from sender_app.services.imports import LARGEST_AT_ONCE
from sender_app.services.sending import Order

router = APIRouter(route_class=ApiRoute, tags=["messages"])
_LARGEST = LARGEST_AT_ONCE + 1024 * 1024  # bytes of a request: a file, and the rest of the form
_Text = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=NO_NUL)]


class Sent(Shown):
    """The campaign that was made."""

    campaign_id: UUID
    queued: int = Field(description="How many people it goes to.", examples=[3])


@router.post(
    "/send-messages",
    status_code=202,
    response_model=Sent,
    dependencies=[Repeatable],
    max_body_size=_LARGEST,
    form_limits={"max_fields": MOST_FIELDS, "max_files": MOST_FILES},
)
def send_messages(
    response: Response,
    actor: CallingActor,
    templates: Annotated[
        list[_Text],
        Form(
            default_factory=list,
            max_length=5,
            description="The message, or up to five of which each person gets one.",
            examples=[["Hola {sustantivo} {nombre}"]],
        ),
    ],
    contact_ids: Annotated[
        list[UUID],
        Form(
            alias="contactIds",
            default_factory=list,
            max_length=1_000,
            description="Contacts instead of a file.",
        ),
    ],
    template_id: Annotated[
        UUID | None, Form(alias="templateId", description="A template instead of `templates`.")
    ] = None,
    file: Annotated[
        UploadFile | None,
        File(description="CSV, TSV, TXT or XLSX with a column of phones, up to 20 MB."),
    ] = None,
    group_id: Annotated[
        UUID | None, Form(alias="groupId", description="A group instead of a file.")
    ] = None,
    account_id: Annotated[
        UUID | None,
        Form(alias="accountId", description="Needed where there are several accounts."),
    ] = None,
    name: Annotated[
        str,
        Form(max_length=200, pattern=NO_NUL, description="What the campaign is called."),
    ] = "",
    starts_at: Annotated[
        AwareDatetime | None,
        Form(alias="startsAt", description="When it starts; without it, at once."),
    ] = None,
):
    """Create a campaign and start it: a message to the people of a file, to contacts or to a group.

    Whole or not at all. A placeholder that is blank for somebody, or an account that cannot send,
    is refused and nothing is created. Use an `Idempotency-Key`: whoever repeats this request
    without one sends everybody a second message.
    """
    services = bootstrap.services()
    if bool(templates) == bool(template_id):
        raise RuleViolation("message_ambiguous")
    texts: tuple[str, ...] = tuple(templates)
    if template_id is not None:
        texts = services.templates.get_template(actor, template_id).texts
    content = file and (_filename(file), file.file.read())
    order = Order(texts, name, account_id, content, tuple(contact_ids), group_id, starts_at)
    campaign = services.sending.send(actor, order)
    response.headers["Location"] = f"/api/v1/campaigns/{campaign.id}"
    return {"campaign_id": campaign.id, "queued": campaign.total_recipients}


def _filename(file: UploadFile) -> str:
    return (file.filename or "contactos.csv").replace("\x00", "")[:200]
