"""Who is next, and what is claimed beside the sending."""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from sender_app.domain.delivery import Claim
from sender_app.domain.errors import LeaseLost
from sender_app.services.serving import claiming
from sender_app.services.serving.claiming import Claims

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CAMPAIGN = UUID(int=2**64)
AT_ONCE, AHEAD, SEEN = 200, 4_000, 25  # the last of the first 200


class FakeDesk:
    """An account's desk whose campaign has so many people, and a clock that the test moves."""

    def __init__(self, people: int) -> None:
        self.queued = list(range(1, people + 1))
        self.asked: list[tuple[int, int]] = []  # behind whom, how many at most
        self.threads: list[str] = []
        self.known: list[bool] = []
        self.error: Exception | None = None
        self.seconds = 0.0
        self.lease: Any = None
        self.opted_out: set[str] = set()
        self.account = SimpleNamespace(cold_locked_until=None)
        self.store = SimpleNamespace(deliveries=self)

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.seconds

    def claim(
        self, lease: object, campaign_id: UUID, after: UUID | None, limit: int, only_known: bool
    ) -> Sequence[Claim]:
        behind = after.int if after else 0
        self.asked.append((behind, limit))
        self.threads.append(threading.current_thread().name)
        self.known.append(only_known)
        if self.error is not None:
            raise self.error
        found = [n for n in self.queued if n > behind][:limit]
        self.queued = [n for n in self.queued if n not in found]
        return [Claim(UUID(int=n), campaign_id, UUID(int=n), phone(n), 1, {}) for n in found]


def phone(n: int) -> str:
    return f"+59598{n:07d}"


def numbers(claims: Sequence[Claim]) -> list[int]:
    return [claim.recipient_id.int for claim in claims]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> FakeDesk:
    desk = FakeDesk(6_000)
    monkeypatch.setattr(claiming, "time", desk)
    return desk


@pytest.fixture
def claims(desk: FakeDesk) -> Iterator[Claims]:
    claims = Claims(desk)  # type: ignore[arg-type]
    yield claims
    claims.more()
    claims._beside.shutdown()


def send(claims: Claims, desk: FakeDesk, count: int, each: float) -> None:
    """Send to that many, as delivery does, each taking so many seconds."""
    for left in reversed(range(count)):
        desk.seconds += each
        if left == claims.look_at:
            claims.look_ahead(CAMPAIGN)


def spell(claims: Claims, desk: FakeDesk, room: int, each: float) -> list[int]:
    """All that is claimed and sent until the orders are looked at again."""
    at_hand, sent = claims.first(CAMPAIGN, room), []
    while at_hand:
        sent += numbers(at_hand)
        send(claims, desk, len(at_hand), each)
        at_hand = claims.more()
    return sent


def test_it_claims_no_more_than_it_has_room_for_and_one_behind_the_other(
    claims: Claims, desk: FakeDesk
):
    assert numbers(claims.first(CAMPAIGN, 3)) == [1, 2, 3]
    assert numbers(claims.first(CAMPAIGN, 2)) == [4, 5]
    assert len(claims.first(CAMPAIGN, 1_000)) == AT_ONCE
    assert desk.asked == [(0, 3), (3, 2), (5, AT_ONCE)]


def test_it_looks_from_the_start_once_nobody_is_behind_the_last(claims: Claims, desk: FakeDesk):
    desk.queued = [1, 2, 3]
    claims.first(CAMPAIGN, 3)
    desk.queued = [2]  # put back meanwhile
    assert numbers(claims.first(CAMPAIGN, 3)) == [2]
    assert not claims.first(CAMPAIGN, 3)
    desk.queued = [1]
    assert numbers(claims.first(CAMPAIGN, 3)) == [1]


def test_each_campaign_has_its_own_place(claims: Claims, desk: FakeDesk):
    other = UUID(int=2**65)
    assert numbers(claims.first(CAMPAIGN, 2)) == [1, 2]
    assert numbers(claims.first(other, 2)) == [3, 4]
    assert desk.asked == [(0, 2), (0, 2)]


def test_what_was_claimed_beside_quick_sending_comes_next(claims: Claims, desk: FakeDesk):
    first = claims.first(CAMPAIGN, 10_000)
    send(claims, desk, len(first), 0)
    assert numbers(claims.more()) == list(range(AT_ONCE + 1, AT_ONCE + AHEAD + 1))
    assert desk.asked == [(0, AT_ONCE), (AT_ONCE, AHEAD)]
    assert desk.threads[0] == threading.current_thread().name != desk.threads[1]
    assert not claims.more()


@pytest.mark.parametrize(
    ("a_second", "ahead"), [(1_024, 200), (2_048, 204), (16_384, 1_638), (65_536, AHEAD)]
)
def test_it_claims_as_many_ahead_as_go_out_in_a_tenth_of_a_second(
    claims: Claims, desk: FakeDesk, a_second: int, ahead: int
):
    first = claims.first(CAMPAIGN, 10_000)
    send(claims, desk, len(first), 1 / a_second)
    assert len(claims.more()) == ahead


def test_it_looks_ahead_once_an_eighth_of_what_is_at_hand_is_sent(claims: Claims, desk: FakeDesk):
    first = claims.first(CAMPAIGN, 1_000)
    assert claims.look_at == len(first) - SEEN
    claims.look_ahead(CAMPAIGN)
    assert claims._ahead is not None


@pytest.mark.parametrize("room", [1, 2, 150, 200, 201, 250, 4_200, 4_201, 6_000])
def test_it_never_claims_more_than_the_room_until_it_is_asked_again(
    claims: Claims, desk: FakeDesk, room: int
):
    assert spell(claims, desk, room, 0) == list(range(1, room + 1))
    assert sum(limit for _, limit in desk.asked) == room
    assert len(desk.queued) == 6_000 - room


def test_who_is_claimed_ahead_counts_for_the_room_also_if_there_were_fewer(
    claims: Claims, desk: FakeDesk
):
    desk.queued = list(range(1, 301))
    assert spell(claims, desk, 900, 0) == list(range(1, 301))
    assert sum(limit for _, limit in desk.asked) <= 900


def test_it_claims_nobody_ahead_where_sending_is_slow(claims: Claims, desk: FakeDesk):
    assert len(spell(claims, desk, 1_000, 0.01)) == AT_ONCE
    assert len(desk.asked) == 1


def test_it_claims_nobody_ahead_once_sending_has_become_slow(claims: Claims, desk: FakeDesk):
    first = claims.first(CAMPAIGN, 1_000)
    send(claims, desk, len(first), 0)
    then = claims.more()
    send(claims, desk, len(then), 0.01)
    assert not claims.more()


def test_it_claims_nobody_ahead_after_a_spell(claims: Claims, desk: FakeDesk):
    desk.queued = list(range(1, 10_001))
    sent = spell(claims, desk, 10_000, 1 / 8_192)  # 819 last 0.1 s; 0.4 are over at 3,277
    assert sent == list(range(1, AT_ONCE + 5 * 819 + 1))
    assert len(spell(claims, desk, 300, 0)) == 300


def test_it_claims_nobody_ahead_of_a_pace(claims: Claims, desk: FakeDesk):
    for n in range(1, 5):
        assert spell(claims, desk, 1, 0) == [n]
    assert len(desk.asked) == 4


def test_what_goes_wrong_beside_the_sending_is_raised_where_the_next_are_asked_for(
    claims: Claims, desk: FakeDesk
):
    first = claims.first(CAMPAIGN, 1_000)
    desk.error = LeaseLost("over")
    send(claims, desk, len(first), 0)
    with pytest.raises(LeaseLost):
        claims.more()
    assert not claims.more()
    desk.error = None
    assert numbers(claims.first(CAMPAIGN, 2)) == [AT_ONCE + 1, AT_ONCE + 2]


def test_it_raises_what_goes_wrong_with_the_first(claims: Claims, desk: FakeDesk):
    desk.error = LeaseLost("over")
    with pytest.raises(LeaseLost):
        claims.first(CAMPAIGN, 1)


def test_an_opt_out_is_remembered_as_long_as_earlier_claims_are_at_hand(
    claims: Claims, desk: FakeDesk
):
    desk.opted_out.add(phone(1))
    first = claims.first(CAMPAIGN, 1_000)
    assert not desk.opted_out, "the claims know of those that came before them"
    send(claims, desk, len(first), 0)
    assert claims._ahead is not None
    claims._ahead.result()
    late = phone(AT_ONCE + 5)  # claimed already, and not yet written to
    desk.opted_out.add(late)
    then = claims.more()
    assert late in [claim.phone for claim in then]
    assert desk.opted_out == {late}
    send(claims, desk, len(then), 0)
    claims.more()
    assert desk.opted_out == {late}
    claims.first(CAMPAIGN, 1)
    assert not desk.opted_out


def test_it_forgets_no_opt_out_where_nobody_is_claimed(claims: Claims, desk: FakeDesk):
    desk.queued = []
    desk.opted_out.add(phone(1))
    assert not claims.first(CAMPAIGN, 10)
    assert desk.opted_out == {phone(1)}


@pytest.mark.parametrize(
    ("locked_until", "only_known"),
    [(None, False), (NOW, False), (NOW + timedelta(seconds=1), True)],
)
def test_only_who_is_known_is_claimed_while_writing_to_strangers_is_locked(
    claims: Claims, desk: FakeDesk, locked_until: datetime | None, only_known: bool
):
    desk.account.cold_locked_until = locked_until
    spell(claims, desk, 300, 0)
    assert desk.known == [only_known, only_known]
