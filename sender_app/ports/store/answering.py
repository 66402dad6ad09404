"""Answers to people, on their way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sender_app.domain.conversation import AnswerClaim, AnswerOutcome
from sender_app.domain.delivery import Lease
from sender_app.ports.whatsapp import Receipt


class AnsweringStore(Protocol):
    """Answers on their way; only the holder of the account's lease writes here."""

    def confirm(self, lease: Lease, phone: str, text: str) -> bool:
        """Have the one confirmation of an opt-out sent, as an answer by SENDER; a blank text is
        none. False when it is not due any more. Raises LeaseLost."""
        ...

    def claim(self, lease: Lease, secret: bytes) -> AnswerClaim | None:
        """Move the oldest due answer to `sending`, with `secret`, committed. One whose person
        opted out meanwhile fails instead, and so does the confirmation of an opt-out that was
        lifted. None when nothing is due. Raises LeaseLost."""
        ...

    def record(self, lease: Lease, answer_id: UUID, outcome: AnswerOutcome) -> bool:
        """How the attempt ended; False when the answer is not this lease's any more."""
        ...

    def orphans(self, lease: Lease) -> Sequence[AnswerClaim]:
        """Answers left in `sending` by earlier leases."""
        ...

    def recover(self, lease: Lease, answer_id: UUID, message_id: str | None) -> None:
        """An orphan with a message id becomes `unconfirmed`, another waits again. Raises
        LeaseLost."""
        ...

    def next_due(self, account_id: UUID) -> datetime | None:
        """When the earliest waiting answer may be sent; None when none waits."""
        ...

    def fail_waiting(self, account_id: UUID, code: str) -> int:
        """The account cannot send until a person acts; returns how many answers failed."""
        ...

    def receipts(self, account_id: UUID, receipts: Sequence[Receipt]) -> int:
        """Record receipts, settling unconfirmed answers; returns how many answers changed."""
        ...
