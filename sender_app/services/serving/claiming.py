"""Claims: who is next, and where sending is quicker than claiming, who is next after those."""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

from sender_app.domain.delivery import Claim
from sender_app.services.serving.desk import Desk

_AT_ONCE = 200  # people claimed by one statement, at most
_AHEAD = 500  # … beside the sending
_QUICK = 0.05  # seconds for half of the claims at hand, at most: the next are claimed meanwhile
_SPELL = 0.4  # seconds; what is claimed ahead is used up before the orders are looked at again


@dataclass(slots=True)
class Claims:
    """Claims recipients of one campaign after another, for one account's process."""

    _desk: Desk
    _cursors: dict[UUID, UUID | None] = field(default_factory=dict)
    _beside: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "claims"))
    _ahead: Future[Sequence[Claim]] | None = None
    _room: int = 0  # how many more may be claimed in this spell
    _ends_at: float = 0.0  # monotonic seconds, of the spell
    _since: float = 0.0  # when the claims at hand were begun with
    _half: int = 0  # of how many they are

    def first(self, campaign_id: UUID, room: int) -> Sequence[Claim]:
        """The next due recipients, `room` at most; behind the last one, then from the start.

        With those that are claimed ahead of their sending there are no more than `room` either,
        until `first` is asked again. Raises LeaseLost.
        """
        for start in dict.fromkeys((self._cursors.get(campaign_id), None)):
            claims = self._claim(campaign_id, start, min(room, _AT_ONCE))
            if claims:
                self._room = room - len(claims)
                self._ends_at = time.monotonic() + _SPELL
                self._begin_with(claims)
                self._desk.opted_out.clear()  # the claims know of those
                return claims
        self._cursors[campaign_id] = None
        return ()

    def look_ahead(self, campaign_id: UUID, left: int) -> None:
        """Have the next claimed meanwhile, if half of the claims at hand, of which `left` are left,
        went out quickly."""
        if left != self._half or self._ahead is not None or self._room <= 0:
            return
        now = time.monotonic()
        if now - self._since < _QUICK and now < self._ends_at:
            start, limit = self._cursors[campaign_id], min(self._room, _AHEAD)
            self._room -= limit
            self._ahead = self._beside.submit(self._claim, campaign_id, start, limit)

    def more(self) -> Sequence[Claim]:
        """What was claimed ahead, if anything. Raises what went wrong with that."""
        if self._ahead is None:
            return ()
        ahead, self._ahead = self._ahead, None
        claims = ahead.result()
        self._begin_with(claims)
        return claims

    def _begin_with(self, claims: Sequence[Claim]) -> None:
        self._since, self._half = time.monotonic(), len(claims) // 2

    def _claim(self, campaign_id: UUID, start: UUID | None, limit: int) -> Sequence[Claim]:
        locked = self._desk.account.cold_locked_until
        only_known = locked is not None and locked > self._desk.now()
        claims = self._desk.store.deliveries.claim(
            self._desk.lease, campaign_id, start, limit, only_known
        )
        if claims:
            self._cursors[campaign_id] = claims[-1].recipient_id
        return claims
