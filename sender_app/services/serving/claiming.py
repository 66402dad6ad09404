"""Claims: who is next, and where sending is quicker than claiming, who is next after those."""

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

from sender_app.domain.delivery import Claim
from sender_app.services.serving.desk import Desk

_AT_ONCE = 200  # people claimed by one statement, unless they are claimed ahead
_AHEAD = 4000  # … and beside the sending, at most,
_LASTS = 0.1  # … or as many as go out in so many seconds, if that is fewer
_QUICK = 0.2  # seconds that the claims at hand last, at most: the next are claimed meanwhile
_SEEN = 8  # one in so many of them has gone out when that is looked at
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
    _at_hand: int = 0  # how many they were then
    look_at: int = -1  # how many of them are left when `look_ahead` shall be asked

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

    def look_ahead(self, campaign_id: UUID) -> None:
        """Have the next claimed meanwhile if those at hand go quickly: asked when `look_at` of them
        are left."""
        if self._ahead is not None or self._room <= 0:
            return
        now = time.monotonic()
        each = (now - self._since) / (self._at_hand - self.look_at)  # seconds
        if each * self._at_hand < _QUICK and now < self._ends_at:
            lasting = int(_LASTS / each) if each else _AHEAD
            limit = min(self._room, max(lasting, _AT_ONCE), _AHEAD)
            self._room -= limit
            start = self._cursors[campaign_id]
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
        self._since, self._at_hand = time.monotonic(), len(claims)
        self.look_at = self._at_hand - self._at_hand // _SEEN

    def _claim(self, campaign_id: UUID, start: UUID | None, limit: int) -> Sequence[Claim]:
        locked = self._desk.account.cold_locked_until
        only_known = locked is not None and locked > self._desk.now()
        claims = self._desk.store.deliveries.claim(
            self._desk.lease, campaign_id, start, limit, only_known
        )
        if claims:
            self._cursors[campaign_id] = claims[-1].recipient_id
        return claims
