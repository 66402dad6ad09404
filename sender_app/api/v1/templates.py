"""The library of messages."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field

from sender_app import bootstrap
from sender_app.api.v1.requests import ApiRoute, CallingActor, Repeatable
from sender_app.api.v1.shapes import Asked, Name, PageOf, Shown, Text, whole

router = APIRouter(route_class=ApiRoute, tags=["templates"])
TemplateId = Annotated[UUID, Path(alias="templateId")]


class Template(Shown):
    """A message of the library."""

    id: UUID
    name: str = Field(examples=["Recordatorio"])
    texts: list[str] = Field(examples=[["Hola {sustantivo} {nombre|cliente}"]])
    updated_at: datetime


class NewTemplate(Asked):
    """One to five texts under a name; see the docs on messages for what stands in braces."""

    name: Name = Field(min_length=1, examples=["Recordatorio"])
    texts: list[Text] = Field(
        min_length=1, max_length=5, examples=[["Hola {sustantivo} {nombre|cliente}"]]
    )


class TemplateChange(Asked):
    """What is to be another; what is left out stays as it is."""

    name: Name | None = Field(None, min_length=1)
    texts: list[Text] | None = Field(
        None, min_length=1, max_length=5, examples=[["Hola {nombre|cliente}"]]
    )


@router.get("/templates", response_model=PageOf[Template])
def list_templates(actor: CallingActor):
    """List all templates by name."""
    return whole(bootstrap.services().templates.list_templates(actor))


@router.post("/templates", status_code=201, response_model=Template, dependencies=[Repeatable])
def create_template(actor: CallingActor, new: NewTemplate):
    """Add a template. 409 `template_name_taken` where another has that name."""
    return bootstrap.services().templates.save_template(actor, None, new.name, new.texts)


@router.get("/templates/{templateId}", response_model=Template)
def get_template(actor: CallingActor, template_id: TemplateId):
    """Get a template."""
    return bootstrap.services().templates.get_template(actor, template_id)


@router.patch("/templates/{templateId}", response_model=Template)
def change_template(actor: CallingActor, template_id: TemplateId, change: TemplateChange):
    """Change a template; campaigns keep their own copy of the text."""
    templates = bootstrap.services().templates
    now = templates.get_template(actor, template_id)
    texts = list(now.texts) if change.texts is None else change.texts
    return templates.save_template(actor, template_id, change.name or now.name, texts)


@router.delete("/templates/{templateId}", status_code=204)
def delete_template(actor: CallingActor, template_id: TemplateId) -> None:
    """Delete a template."""
    templates = bootstrap.services().templates
    templates.get_template(actor, template_id)
    templates.delete_template(actor, template_id)
