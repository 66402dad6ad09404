"""Recording beside the sending: what is promised to the sender and to the ledger."""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from uuid import UUID

import pytest

from sender_app.domain.delivery import Claim, Outcome, RecipientStatus
from sender_app.domain.errors import LeaseLost
from sender_app.services.serving.recorder import Recorder
from tests.stack import eventually

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def outcome(n: int) -> Outcome:
    claim = Claim(UUID(int=n), UUID(int=1), UUID(int=2), f"+59598{n:07d}", 1, {})
    return Outcome(claim, RecipientStatus.SENT, NOW, message_id=f"M{n}")


class SlowJournal:
    """Keeps what it is given; a commit ends when the test says so."""

    def __init__(self) -> None:
        self.records: list[list[int]] = []
        self.commits = 0
        self.closed = False
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.error: Exception | None = None

    def settle(self, outcomes: Sequence[Outcome], *, fold: bool) -> int:
        self.asked.release()
        assert self.go_on.acquire(timeout=60)
        if self.error is not None:
            raise self.error
        self.commits += 1
        if outcomes:
            self.records.append([o.claim.recipient_id.int for o in outcomes])
        return len(outcomes)

    def close(self) -> None:
        self.closed = True

    def commits_freely(self) -> None:
        self.go_on.release(1000)


class Journals(list[SlowJournal]):
    """Journals, one for each lane that has begun."""

    def open(self) -> SlowJournal:
        self.append(SlowJournal())
        return self[-1]


def recorder(journal: SlowJournal, *, window: int = 5, group: int = 5) -> Recorder:
    return Recorder(lambda: journal, lambda _: None, window=window, group=group, lanes=1)


def test_it_gathers_for_the_next_commit_what_comes_in_during_one():
    journal = SlowJournal()
    with recorder(journal) as record:
        record.put(outcome(0))
        assert journal.asked.acquire(timeout=60)
        for n in (1, 2, 3):
            record.put(outcome(n))
        journal.commits_freely()
        record.flush()
        assert journal.records == [[0], [1, 2, 3]]
    assert journal.closed


def test_it_gives_each_outcome_a_commit_of_its_own_when_a_group_is_one():
    journal = SlowJournal()
    journal.commits_freely()
    with recorder(journal, group=1) as record:
        for n in range(5):
            record.put(outcome(n))
        record.flush()
    assert journal.records == [[0], [1], [2], [3], [4]]


def test_it_lets_no_more_than_a_window_go_unrecorded():
    journal = SlowJournal()
    accepted: list[int] = []

    def send() -> None:
        for n in range(4):
            record.put(outcome(n))
            accepted.append(n)

    with recorder(journal, window=2) as record:
        sender = threading.Thread(target=send)
        sender.start()
        assert journal.asked.acquire(timeout=60)
        eventually(lambda: accepted == [0, 1], what="a full window")
        sender.join(0.2)
        assert accepted == [0, 1]
        journal.commits_freely()
        sender.join(60)
        record.flush()
        assert accepted == [0, 1, 2, 3]
        assert list(chain(*journal.records)) == [0, 1, 2, 3]


def test_a_sender_that_met_a_full_window_goes_on_when_half_of_it_is_recorded():
    journal = SlowJournal()
    accepted: list[int] = []

    def send() -> None:
        for n in range(6):
            record.put(outcome(n))
            accepted.append(n)

    with recorder(journal, window=4, group=1) as record:
        sender = threading.Thread(target=send)
        sender.start()
        eventually(lambda: len(accepted) == 4, what="a full window")
        journal.go_on.release()
        eventually(lambda: record._unrecorded == 3)
        sender.join(0.2)
        assert len(accepted) == 4
        journal.go_on.release()
        eventually(lambda: len(accepted) == 6)
        journal.commits_freely()
        sender.join(60)
        record.flush()
    assert list(chain(*journal.records)) == list(range(6))


def test_what_comes_right_after_a_commit_waits_for_company():
    journal = SlowJournal()
    journal.commits_freely()
    with recorder(journal, window=50, group=50) as record:
        record.put(outcome(0))
        eventually(lambda: journal.records == [[0]])
        record._gather_until = time.monotonic() + 3600
        record.put(outcome(1))
        record.put(outcome(2))
        assert journal.records == [[0]]
        record.flush()
        assert journal.records == [[0], [1, 2]]


def test_counting_many_holds_up_no_record():
    journal = SlowJournal()
    with recorder(journal, window=100, group=100) as record:
        record.put(outcome(0))
        assert journal.asked.acquire(timeout=60)
        for n in range(1, 31):
            record.put(outcome(n))
        flushing = threading.Thread(target=record.flush)
        flushing.start()
        eventually(lambda: record._flushing)
        journal.go_on.release(2)  # two records; the lane counts next, and does not end
        eventually(lambda: record._uncounted == 30, what="a record that waits for no counter")
        assert record._unrecorded == 0
        journal.commits_freely()
        flushing.join(60)
    assert list(chain(*journal.records)) == list(range(31))


def test_it_takes_back_unused_claims_however_many_wait():
    journal = SlowJournal()
    with recorder(journal, window=2) as record:
        record.put_all(outcome(n) for n in range(10))
        journal.commits_freely()
        record.flush()
    assert list(chain(*journal.records)) == list(range(10))


def test_counters_have_followed_when_a_flush_ends():
    journal = SlowJournal()
    journal.commits_freely()
    folded: list[Outcome] = []
    with Recorder(lambda: journal, folded.extend, window=50, group=5, lanes=1) as record:
        for n in range(23):
            record.put(outcome(n))
        record.flush()
        assert len(folded) == 23


def test_counters_follow_by_themselves_and_cost_no_commit_of_their_own_at_first():
    journal = SlowJournal()
    journal.commits_freely()
    folded: list[Outcome] = []
    with Recorder(lambda: journal, folded.extend, window=50, group=1, lanes=1) as record:
        record.put(outcome(0))
        eventually(lambda: folded)
        assert journal.commits == 1
        record.put(outcome(1))
        record.put(outcome(2))
        eventually(lambda: len(folded) == 3)


def test_it_needs_one_lane_as_long_as_a_commit_has_room_for_what_waits():
    opened = Journals()
    with Recorder(opened.open, lambda _: None, window=9, group=5, lanes=3) as record:
        record.put(outcome(0))
        eventually(lambda: opened)
        assert opened[0].asked.acquire(timeout=60)
        for n in (1, 2, 3, 4):
            record.put(outcome(n))
        assert len(opened) == 1
        record.put(outcome(5))
        eventually(lambda: len(opened) == 2)
        for journal in opened:
            journal.commits_freely()
        record.flush()


def test_a_commit_beside_another_waits_for_half_a_window():
    journals = Journals()
    with Recorder(journals.open, lambda _: None, window=8, group=8, lanes=2) as record:
        record.put(outcome(0))
        eventually(lambda: journals)
        first = journals[0]
        assert first.asked.acquire(timeout=60)
        for n in (1, 2, 3, 4):
            record.put(outcome(n))
        eventually(lambda: len(journals) == 2)
        second = journals[1]
        assert second.asked.acquire(timeout=60)
        first.go_on.release()
        eventually(lambda: record._idle, what="the first lane's rest")
        record.put(outcome(5))
        record.put(outcome(6))
        assert not first.asked.acquire(timeout=0.2)
        for journal in journals:
            journal.commits_freely()
        record.flush()
        assert (first.records[0], second.records[0]) == ([0], [1, 2, 3, 4])
        assert [*first.records[1:], *second.records[1:]] == [[5, 6]]


def test_each_lane_counts_what_it_recorded_before_a_flush_ends():
    journals = Journals()
    folded: list[Outcome] = []
    with Recorder(journals.open, folded.extend, window=9, group=1, lanes=2) as record:
        for n in range(3):
            record.put(outcome(n))
        eventually(lambda: len(journals) == 2)
        for journal in journals:
            assert journal.asked.acquire(timeout=60)
        journals[0].commits_freely()  # goes on with the third while the other still commits
        assert journals[0].asked.acquire(timeout=60)
        for journal in journals:
            journal.commits_freely()
        record.flush()
        assert len(folded) == 3


def test_it_raises_where_outcomes_are_put_what_went_wrong_with_recording():
    journal = SlowJournal()
    journal.error = LeaseLost("over")
    journal.commits_freely()
    with recorder(journal) as record:
        record.put(outcome(0))
        with pytest.raises(LeaseLost):
            record.flush()
        with pytest.raises(LeaseLost):
            record.put(outcome(1))
    assert not journal.closed


def test_it_records_what_is_left_before_it_ends():
    journal = SlowJournal()
    journal.commits_freely()
    with recorder(journal) as record:
        record.put(outcome(0))
    assert (journal.records, journal.closed) == ([[0]], True)
