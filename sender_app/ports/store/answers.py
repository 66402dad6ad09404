"""Answers to requests that bear an idempotency key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as it is kept."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What is known of an idempotency key that was used. Without an `answer`, the request that
    began at `started_at` is under way, or its process died."""

    fingerprint: bytes  # of the request
    started_at: datetime
    answer: Answer | None


class AnswerStore(Protocol):
    """Answers to requests that bear an idempotency key, by workspace and key."""

    def begin(
        self, workspace_id: UUID, key: str, fingerprint: bytes, now: datetime, since: datetime
    ) -> KeptAnswer | None:
        """Take the key for a request; None: it was free, or last taken before `since`.

        Else what is kept. Of several that ask at once, one gets None.
        """
        ...

    def keep(self, workspace_id: UUID, key: str, answer: Answer) -> None:
        """The request was answered."""
        ...

    def release(self, workspace_id: UUID, key: str) -> None:
        """The request did nothing: the key is free again."""
        ...
