"""Send messages: one request makes a whole campaign."""

from itertools import zip_longest
from pathlib import Path
from shutil import copyfileobj
from tempfile import NamedTemporaryFile
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
from sender_app.domain.actor import Actor
from sender_app.domain.content import MAX_ATTACHMENTS, MAX_CAPTION, Attachment
from sender_app.domain.errors import RuleViolation
from sender_app.services.accounts import MOST_ACCOUNTS
from sender_app.services.sending import Order

router = APIRouter(route_class=ApiRoute, tags=["messages"])
_LARGEST = 110 * 1024 * 1024  # bytes of a request: contacts, and files to be sent
_Text = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=NO_NUL)]
_Caption = Annotated[str, StringConstraints(max_length=MAX_CAPTION, pattern=NO_NUL)]


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
    attachments: Annotated[
        list[UploadFile],
        File(
            default_factory=list,
            max_length=MAX_ATTACHMENTS,
            description="Files that everybody gets: images, videos, sound (as voice notes) and "
            "documents. With one that takes a caption, the text may be left out or is the caption.",
        ),
    ],
    captions: Annotated[
        list[_Caption],
        Form(
            default_factory=list,
            max_length=MAX_ATTACHMENTS,
            description="A caption for each attachment, in their order; blank for none.",
        ),
    ],
    more_account_ids: Annotated[
        list[UUID],
        Form(
            alias="moreAccountIds",
            default_factory=list,
            max_length=MOST_ACCOUNTS - 1,
            description="Further accounts that share the sending with `accountId`. Each person "
            "gets the message once, from whichever comes to it.",
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

    Where the workspace wants a second person's approval, it waits for that. A placeholder that is
    blank for somebody, or an account that cannot send, is refused, and then there is no campaign.
    Use an `Idempotency-Key`: whoever repeats this request without one sends everybody a second
    message.
    """
    services = bootstrap.services()
    if bool(templates) == bool(template_id) and (templates or not attachments):
        raise RuleViolation("message_ambiguous")
    if len(captions) > len(attachments):
        raise RuleViolation("captions_many")
    texts = tuple(templates) or ("",)
    if template_id is not None:
        texts = services.templates.get_template(actor, template_id).texts
    order = Order(
        texts=texts,
        name=name,
        account_id=account_id,
        more_accounts=tuple(more_account_ids),
        file=file and (_filename(file), file.file.read()),
        contact_ids=tuple(contact_ids),
        group_id=group_id,
        starts_at=starts_at,
        attachments=tuple(
            Attachment(_added(actor, one), caption)
            for one, caption in zip_longest(attachments, captions, fillvalue="")
        ),
    )
    campaign, queued = services.sending.send(actor, order)
    response.headers["Location"] = f"/api/v1/campaigns/{campaign.id}"
    return {"campaign_id": campaign.id, "queued": queued}


def _filename(file: UploadFile) -> str:
    return (file.filename or "archivo").replace("\x00", "")[:200]


def _added(actor: Actor, file: UploadFile) -> UUID:
    """The id of a file that was taken in."""
    with NamedTemporaryFile(prefix="sender-api-") as kept:
        copyfileobj(file.file, kept)
        kept.flush()
        return bootstrap.services().media.add(actor, Path(kept.name), _filename(file)).id
