"""The library of messages, for use in any campaign."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sender_app.domain.actor import Actor, Role
from sender_app.domain.errors import RuleViolation
from sender_app.domain.template import checked_message
from sender_app.ports.store import Store
from sender_app.ports.store.templates import MessageTemplate
from sender_app.ports.undoing import Undoables
from sender_app.services.undoing import Done, done, undone

_KIND = "template"


@dataclass(frozen=True, slots=True)
class Templates:
    """The workspace's templates."""

    store: Store
    undoables: Undoables

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

    def delete_template(self, actor: Actor, template_id: UUID, *, undoable: bool = False) -> Done:
        """Nothing happens when it is not there. Campaigns keep their own copy of the text."""
        actor.require(Role.SENDER)
        gone = self.store.templates.delete(actor.workspace_id, template_id)
        record = gone.record if undoable else None
        return done(self.undoables, actor, _KIND, gone.count, record)

    def restore_template(self, actor: Actor, undo: str) -> None:
        """Have a deleted template back as it was.

        Raises RuleViolation("undo_gone"), and "undo_name_taken" when another has its name by now.
        """
        actor.require(Role.SENDER)

        def restore(record: bytes) -> None:
            if not self.store.templates.restore(actor.workspace_id, record):
                raise RuleViolation("undo_name_taken")

        undone(self.undoables, actor, _KIND, undo, restore)
