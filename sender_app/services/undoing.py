"""Taking back what was just done: once, by the same person in the same workspace, for a while."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sender_app.domain.actor import Actor
from sender_app.domain.errors import RuleViolation
from sender_app.ports.undoing import Undoables

Back = TypeVar("Back")


@dataclass(frozen=True, slots=True)
class Done:
    """How many something was done to, and the secret with which the person can take it back."""

    count: int
    undo: str = ""  # blank when there is nothing to take back, or nobody asked for it


def done(undoables: Undoables, actor: Actor, kind: str, count: int, record: bytes | None) -> Done:
    """What was done to `count` things; a `record` of it is kept for undoing."""
    if not count or record is None:
        return Done(count)
    return Done(count, undoables.keep(actor, kind, record))


def undone(
    undoables: Undoables, actor: Actor, kind: str, secret: str, restore: Callable[[bytes], Back]
) -> Back:
    """What `restore` makes of the record. Raises RuleViolation("undo_gone")."""
    record = undoables.find(actor, kind, secret)
    if record is None:
        raise RuleViolation("undo_gone")
    back = restore(record)
    undoables.drop(secret)
    return back
