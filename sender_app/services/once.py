"""Requests that a program may repeat without fear: each is carried out once, and answered alike."""

from dataclasses import dataclass
from datetime import timedelta

from sender_app.domain.actor import Actor
from sender_app.domain.errors import RuleViolation
from sender_app.ports.store import Store
from sender_app.ports.store.answers import Answer
from sender_app.services.clock import Clock, system_clock
from sender_app.services.retention import KEEP_ANSWERS

_LONGEST = timedelta(minutes=5)  # that a request is believed to be under way


@dataclass(frozen=True, slots=True)
class Once:
    """Idempotency keys of a workspace."""

    store: Store
    clock: Clock = system_clock

    def begin(self, actor: Actor, key: str, fingerprint: bytes) -> Answer | None:
        """Take the key for a request; what was answered to the same one before, else None.

        Raises RuleViolation: `idempotency_other` (the key is another request's),
        `idempotency_under_way`, and `idempotency_unknown` where the process that carried it out
        died: whether it did, only a look can tell, and doing it again might be once too often.
        """
        now = self.clock()
        kept = self.store.answers.begin(
            actor.workspace_id, key, fingerprint, now, now - KEEP_ANSWERS
        )
        if kept is None:
            return None
        if kept.fingerprint != fingerprint:
            raise RuleViolation("idempotency_other")
        if kept.answer is not None:
            return kept.answer
        lost = now - kept.started_at > _LONGEST
        raise RuleViolation("idempotency_unknown" if lost else "idempotency_under_way")

    def keep(self, actor: Actor, key: str, answer: Answer) -> None:
        """Answer alike from now on."""
        self.store.answers.keep(actor.workspace_id, key, answer)

    def release(self, actor: Actor, key: str) -> None:
        """The request was refused and changed nothing: the key is free again."""
        self.store.answers.release(actor.workspace_id, key)
