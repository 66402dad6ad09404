"""The library of messages, for use in any campaign."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import RuleViolation
from sender_app.domain.template import checked_message
from sender_app.ports.store import MessageTemplate, Store


@dataclass(frozen=True, slots=True)
class Templates:
    """The workspace's templates."""

    store: Store

    def list_templates(self, actor: Actor) -> list[MessageTemplate]:
        """By name."""
        actor.require(Role.VIEWER)
        return self.store.templates.list(actor.workspace_id)

    def get_template(self, actor: Actor, template_id: UUID) -> MessageTemplate:
        """Raises NotFound."""
        actor.require(Role.VIEWER)
        return self.store.templates.get(actor.workspace_id, template_id)

    def save_template(
        self, actor: Actor, template_id: UUID | None, name: str, texts: Sequence[str]
    ) -> MessageTemplate:
        """Create a template, or change the one of this id.

        Raises RuleViolation when a text cannot be sent, or the name is blank or taken; NotFound.
        """
        actor.require(Role.SENDER)
        checked_message(texts)
        if not name.strip():
            raise RuleViolation("template_name_blank_in_library")
        saved = self.store.templates.save(
            actor.workspace_id, actor.user_id, template_id, name.strip(), texts
        )
        if saved is None:
            raise RuleViolation("template_name_taken", name=name.strip())
        return saved

    def delete_template(self, actor: Actor, template_id: UUID) -> None:
        """Nothing happens when it is not there. Campaigns keep their own copy of the text."""
        actor.require(Role.SENDER)
        self.store.templates.delete(actor.workspace_id, template_id)
