"""What keeps the store from growing for ever."""

from datetime import datetime
from typing import Protocol


class UpkeepStore(Protocol):
    """What keeps the store from growing for ever."""

    def forget_events(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` of the events that were recorded before and that the rollups have
        taken in; returns how many. Receipts of their messages find nobody any more."""
        ...

    def forget_answers(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` of the answers that were kept since before; returns how many."""
        ...

    def forget_replies(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` of the replies that were recorded before, and of the answers;
        returns how many. Conversations that are empty then go too.

        Opt-outs stay. Who wrote before that and never got a message counts as never talked with.
        """
        ...

    def forget_webhook_events(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` of the events for webhooks that were recorded before, with their
        deliveries; returns how many. What is still on its way stays."""
        ...

    def forget_loose_recipients(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` of the recipients of campaigns whose creation broke off before, and
        which nobody can see; returns how many."""
        ...
