"""What comes back from people."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from sender_app.domain.conversation import REPLY_WINDOW
from sender_app.ports.whatsapp import Incoming, Receipt


class ReceiptStore(Protocol):
    """What comes back from people."""

    def receipts(self, account_id: UUID, receipts: Sequence[Receipt]) -> Sequence[UUID]:
        """Record receipts, settling unconfirmed recipients; returns the campaigns concerned.

        A message that is only in a journal may not be found: fold first.
        """
        ...

    def reply(
        self,
        account_id: UUID,
        message: Incoming,
        opt_out: bool,
        window: timedelta = REPLY_WINDOW,
    ) -> UUID | None:
        """Record a reply once, in its conversation, and its opt-out.

        Returns the campaign that it answers, if any: that of the message it quotes, else the last
        one that wrote to the person within the `window` before it.
        """
        ...
