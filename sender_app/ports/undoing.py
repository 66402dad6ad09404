"""What was removed a moment ago, kept so that who did it can take it back."""

from typing import Protocol

from sender_app.domain.actor import Actor


class Undoables(Protocol):
    """Records of removals, each for one person in one workspace, and only for a while."""

    def keep(self, actor: Actor, kind: str, record: bytes) -> str:
        """A secret that finds the record again."""
        ...

    def find(self, actor: Actor, kind: str, secret: str) -> bytes | None:
        """The record, if it was kept by the same person in the same workspace as of this `kind`,
        not too long ago, and not dropped."""
        ...

    def drop(self, secret: str) -> None:
        """It was taken back."""
        ...
