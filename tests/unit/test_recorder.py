"""Recording beside the sending: what is promised to the sender and to the ledger."""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from uuid import UUID

import pytest

from sender_app.domain.delivery import Claim, Outcome, RecipientStatus
from sender_app.domain.errors import LeaseLost
from sender_app.services.serving import recorder as module
from sender_app.services.serving.recorder import Recorder
from tests.stack import eventually

NOW = datetime(2026, 11, 24, tzinfo=UTC)
HOUR = 3600.0  # longer than any test


def outcome(n: int) -> Outcome:
    """Each of a campaign of its own, so that it can be seen who was told of which."""
    claim = Claim(UUID(int=n), UUID(int=n), UUID(int=2), f"+59598{n:07d}", 1, {})
    return Outcome(claim, RecipientStatus.SENT, NOW, message_id=f"M{n}")


def numbers(outcomes: Sequence[Outcome]) -> list[int]:
    return [o.claim.recipient_id.int for o in outcomes]


class Gate:
    """Whoever comes passes it, unless it is shut: then as many as the test says."""

    def __init__(self) -> None:
        self.waiting = 0
        self._passes = float("inf")
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.waiting += 1
            assert self._changed.wait_for(lambda: self._passes > 0, 60), "nobody opened"
            self.waiting -= 1
            self._passes -= 1

    def shut(self) -> None:
        self._passes = 0

    def open(self, passes: float = float("inf")) -> None:
        with self._changed:
            self._passes += passes
            self._changed.notify_all()


class FakeJournal:
    """Keeps what it is given. It is slow where the test says so, and insists on its protocol."""

    def __init__(self) -> None:
        self.records: list[list[int]] = []
        self.counted: list[int] = []
        self.commits = 0
        self.closed = False
        self.commit, self.count = Gate(), Gate()
        self.errors: dict[str, Exception] = {}  # by what they happen in
        self.fails_when_counted: Exception | None = None
        self.threads: set[str] = set()  # that have recorded
        self.begun: Sequence[Outcome] | None = None
        self._uncounted: list[int] = []
        self._in_use = threading.Lock()

    def settle(self, outcomes: Sequence[Outcome], *, fold: bool) -> None:
        with self._used("settle" if outcomes else "fold"):
            assert self.begun is None, "something was begun and is not finished"
            (self.commit if outcomes else self.count)()
            self._record(outcomes)
            if fold:
                if self.fails_when_counted is not None:
                    raise self.fails_when_counted
                self.counted += self._uncounted
                self._uncounted = []

    def begin(self, outcomes: Sequence[Outcome]) -> None:
        with self._used("begin"):
            assert self.begun is None, "something was begun and is not finished"
            assert outcomes
            self.begun = outcomes

    def finish(self) -> None:
        with self._used("finish"):
            assert self.begun is not None, "nothing was begun"
            self.commit()
            self._record(self.begun)
            self.begun = None

    def close(self) -> None:
        with self._used("close"):
            assert self.begun is None, "something was begun and is not finished"
            self.closed = True

    def _record(self, outcomes: Sequence[Outcome]) -> None:
        self.commits += 1
        if outcomes:
            self.records.append(numbers(outcomes))
            self._uncounted += numbers(outcomes)
            self.threads.add(threading.current_thread().name)

    @contextmanager
    def _used(self, what: str) -> Iterator[None]:
        assert self._in_use.acquire(blocking=False), "two threads use one journal"
        try:
            if what in self.errors:
                raise self.errors[what]
            yield
        finally:
            self._in_use.release()


class Bench:
    """A recorder with journals that the test holds."""

    def __init__(self, *, window: int = 100, group: int = 100, lanes: int = 1) -> None:
        self.journals = [FakeJournal() for _ in range(lanes)]
        self.opened: list[FakeJournal] = []
        self.told: list[int] = []  # the campaigns that `on_folded` heard of
        self.on_folded: Callable[[Collection[UUID]], None] = self._hear
        self.recorder = Recorder(
            self._open,
            self._tell,
            window=window,
            group=group,
            lanes=lanes,
        )

    def _tell(self, campaign_ids: Collection[UUID]) -> None:
        self.on_folded(campaign_ids)

    def _hear(self, campaign_ids: Collection[UUID]) -> None:
        self.told += [campaign_id.int for campaign_id in campaign_ids]

    def _open(self) -> FakeJournal:
        self.opened.append(self.journals[len(self.opened)])
        return self.opened[-1]

    def put(self, *ns: int) -> None:
        for n in ns:
            self.recorder.put(outcome(n))

    @property
    def records(self) -> list[list[int]]:
        return list(chain(*(journal.records for journal in self.opened)))

    @property
    def recorded(self) -> list[int]:
        return sorted(chain(*self.records))

    @property
    def counted(self) -> list[int]:
        return sorted(chain(*(journal.counted for journal in self.opened)))


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[threading.Thread]:
    """`work` in a thread of its own, until it has ended well."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join(60)
    assert not thread.is_alive(), "it hangs"
    if errors:
        raise errors[0]


def has(name: str, value: float) -> object:
    """A fixture under which the recorder has that constant."""

    @pytest.fixture
    def setting(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, name, value)

    return setting


# However few outcomes there are, their counters follow in a transaction of their own.
counted_apart = has("_FEW", 0)
# What comes after a commit gathers for longer than the test lasts, or not at all.
gathers_on, gathers_never = has("_GATHER", HOUR), has("_GATHER", 0.0)
# After the first time, which is at once, counters follow when they are waited for.
counts_at_flush = has("_FOLD_EVERY", HOUR)
# The keeper does not look at what the sender does before the end.
keeper_sleeps = has("_TICK", HOUR)


@pytest.mark.usefixtures("counted_apart")
def test_it_gathers_for_the_next_commit_what_comes_in_during_one():
    bench = Bench()
    bench.journals[0].commit.shut()
    with bench.recorder as record:
        bench.put(0)
        eventually(lambda: bench.journals[0].commit.waiting)
        bench.put(1, 2, 3)
        bench.journals[0].commit.open()
        record.flush()
        assert bench.records == [[0], [1, 2, 3]]
    assert bench.journals[0].closed


@pytest.mark.usefixtures("gathers_on")
def test_what_comes_right_after_a_commit_waits_for_company():
    bench = Bench()
    with bench.recorder as record:
        bench.put(0, 1, 2)
        assert bench.records == [[0]]
        record.flush()
        assert bench.records == [[0], [1, 2]]


def test_what_gathers_is_recorded_by_the_keeper_when_nothing_comes_behind():
    bench = Bench()
    with bench.recorder:
        bench.put(0, 1, 2)
        eventually(lambda: bench.recorded == [0, 1, 2])
        assert "recorder" in bench.journals[0].threads


@pytest.mark.usefixtures("counted_apart")
def test_a_commit_that_has_begun_is_finished_by_the_keeper_when_nothing_comes_behind():
    bench = Bench()
    with bench.recorder:
        bench.put(0)
        eventually(lambda: bench.records)
        assert bench.journals[0].threads == {"recorder"}
        assert bench.journals[0].begun is None


@pytest.mark.usefixtures("counted_apart")
def test_a_slow_commit_holds_up_no_sender_whose_window_is_not_full():
    bench = Bench()
    journal = bench.journals[0]
    journal.commit.shut()
    with bench.recorder as record:
        bench.put(0)
        eventually(lambda: journal.commit.waiting, what="the keeper at the commit")
        with beside(lambda: bench.put(1, 2, 3)):
            pass
        assert bench.records == []
        journal.commit.open()
        record.flush()


@pytest.mark.usefixtures("gathers_on", "counts_at_flush", "keeper_sleeps")
def test_a_full_window_is_recorded_by_the_sender_itself():
    bench = Bench(window=5, group=5)
    with bench.recorder:
        bench.put(0)
        bench.put(1, 2, 3, 4)
        assert bench.records == [[0]]
        bench.put(5)
        assert bench.records == [[0], [1, 2, 3, 4, 5]]
        assert bench.journals[0].threads == {threading.current_thread().name}


@pytest.mark.usefixtures("counted_apart")
def test_it_lets_no_more_than_a_window_go_unrecorded():
    bench = Bench(window=3, group=2)
    journal = bench.journals[0]
    journal.commit.shut()
    accepted: list[int] = []

    def send() -> None:
        for n in range(6):
            bench.put(n)
            accepted.append(n)
            assert len(accepted) - len(bench.recorded) < 3

    with bench.recorder as record:
        with beside(send) as sender:
            eventually(lambda: journal.commit.waiting)
            eventually(lambda: accepted == [0, 1], what="a full window")
            sender.join(0.2)
            assert accepted == [0, 1]
            journal.commit.open()
        record.flush()
    assert bench.recorded == [0, 1, 2, 3, 4, 5]


@pytest.mark.usefixtures("counted_apart", "gathers_never")
def test_a_sender_that_met_a_full_window_goes_on_when_the_oldest_commit_has_ended():
    bench = Bench(window=4, group=1, lanes=4)
    for journal in bench.journals:
        journal.commit.shut()
    accepted: list[int] = []

    def send() -> None:
        for n in range(6):
            bench.put(n)
            accepted.append(n)

    with bench.recorder as record:
        with beside(send) as sender:
            eventually(lambda: len(bench.opened) == 4, what="a full window")
            sender.join(0.2)
            assert accepted == [0, 1, 2]
            bench.journals[0].commit.open(1)
            eventually(lambda: len(accepted) == 4)
            assert bench.records == [[0]]
            for journal in bench.journals:
                journal.commit.open()
        record.flush()
    assert bench.recorded == [0, 1, 2, 3, 4, 5]


@pytest.mark.usefixtures("counted_apart", "keeper_sleeps")
def test_a_group_of_one_has_several_commits_under_way_and_each_its_own():
    bench = Bench(window=50, group=1, lanes=3)
    with bench.recorder as record:
        bench.put(0, 1, 2)
        assert [numbers(journal.begun or ()) for journal in bench.opened] == [[0], [1], [2]]
        bench.put(3, 4)  # for these every lane is busy
        record.flush()
    assert sorted(bench.records) == [[0], [1], [2], [3], [4]]


@pytest.mark.usefixtures("counted_apart", "keeper_sleeps")
def test_it_needs_one_lane_as_long_as_a_commit_has_room_for_what_waits():
    bench = Bench(window=50, group=5, lanes=3)
    with bench.recorder as record:
        bench.put(0)
        bench.put(1, 2, 3, 4)
        assert len(bench.opened) == 1
        bench.put(5)
        assert [numbers(journal.begun or ()) for journal in bench.opened] == [[0], [1, 2, 3, 4, 5]]
        record.flush()


def test_counting_holds_up_no_put_on_another_lane():
    bench = Bench(window=11, group=11, lanes=2)
    one, other = bench.journals
    one.count.shut()
    with bench.recorder as record:
        record.put_all(outcome(n) for n in range(11))  # too many to count on the way
        eventually(lambda: one.count.waiting, what="the keeper at the counters")
        with beside(lambda: bench.put(*range(11, 33))):
            pass
        assert other.records
        one.count.open()
        record.flush()
    assert bench.counted == list(range(33))


@pytest.mark.usefixtures("counted_apart")
def test_there_is_room_as_soon_as_a_commit_has_ended_before_its_counters_have_followed():
    bench = Bench(window=2, group=1, lanes=2)
    one, other = bench.journals
    one.count.shut()
    other.count.shut()
    with bench.recorder as record:
        bench.put(0)
        eventually(lambda: one.count.waiting, what="the keeper at the counters")
        with beside(lambda: bench.put(1, 2, 3)):
            pass
        one.count.open()
        other.count.open()
        record.flush()
    assert bench.counted == [0, 1, 2, 3]


def test_it_takes_back_unused_claims_however_many_wait():
    bench = Bench(window=2, group=5)
    bench.journals[0].commit.shut()
    with bench.recorder as record:
        record.put_all(outcome(n) for n in range(10))
        bench.journals[0].commit.open()
        record.flush()
        assert bench.recorded == list(range(10))


@pytest.mark.parametrize(("group", "lanes"), [(1, 3), (5, 1), (5, 2), (50, 2)])
def test_counters_have_followed_when_a_flush_ends(group: int, lanes: int):
    bench = Bench(window=50, group=group, lanes=lanes)
    with bench.recorder as record:
        for end in (23, 46, 47):
            bench.put(*range(len(bench.recorded), end))
            record.flush()
            assert bench.recorded == list(range(end))
            assert bench.counted == list(range(end))
        eventually(lambda: sorted(bench.told) == list(range(47)))


def test_a_flush_waits_for_the_lane_that_is_counting():
    bench = Bench()
    journal = bench.journals[0]
    journal.count.shut()
    with bench.recorder as record:
        record.put_all(outcome(n) for n in range(11))
        eventually(lambda: journal.count.waiting, what="the keeper at the counters")
        with beside(record.flush) as flushing:
            flushing.join(0.2)
            assert flushing.is_alive()
            journal.count.open()
        assert bench.counted == list(range(11))


def test_counters_follow_by_themselves_and_cost_no_commit_of_their_own_at_first():
    bench = Bench(group=1)
    with bench.recorder:
        bench.put(0)
        eventually(lambda: bench.told)
        assert bench.journals[0].commits == 1
        bench.put(1, 2)
        eventually(lambda: sorted(bench.told) == [0, 1, 2])
        assert bench.counted == [0, 1, 2]


def test_many_outcomes_are_counted_after_they_are_recorded():
    bench = Bench(group=11)
    bench.journals[0].count.shut()
    with bench.recorder as record:
        record.put_all(outcome(n) for n in range(11))
        eventually(lambda: bench.recorded == list(range(11)), what="a record without counters")
        assert bench.counted == []
        bench.journals[0].count.open()
        eventually(lambda: bench.counted == list(range(11)))


def test_another_thread_has_everything_recorded_while_the_sender_does_other_things():
    """As a lease that is given up does, whose send is stuck."""
    bench, has_put, stuck = Bench(), threading.Event(), threading.Event()

    def send() -> None:
        bench.put(0, 1, 2)
        has_put.set()
        assert stuck.wait(60)

    with bench.recorder as record, beside(send):
        assert has_put.wait(60)
        record.put_all([outcome(3)])
        record.flush()
        assert bench.counted == [0, 1, 2, 3]
        stuck.set()


@pytest.mark.usefixtures("counted_apart", "gathers_on")
def test_what_the_sender_puts_while_another_thread_flushes_is_not_mixed_up_with_that():
    bench = Bench(window=50, group=11, lanes=2)
    one, other = bench.journals
    one.count.shut()
    with bench.recorder as record:
        record.put_all(outcome(n) for n in range(11))
        eventually(lambda: one.count.waiting, what="the keeper at the counters")
        with beside(record.flush) as flushing:
            flushing.join(0.2)  # as it waits for the first lane …
            bench.put(*range(11, 22))  # … a commit is begun on the second
            assert other.begun is not None
            one.count.open()
        assert bench.counted == list(range(22))


@pytest.mark.parametrize("where", ["begin", "finish"])
@pytest.mark.usefixtures("counted_apart")
def test_it_raises_where_outcomes_are_put_what_went_wrong_with_a_commit(where: str):
    bench = Bench()
    bench.journals[0].errors[where] = LeaseLost("over")
    with bench.recorder as record:

        def send() -> None:
            bench.put(0)
            record.flush()

        with pytest.raises(LeaseLost):
            send()
        with pytest.raises(LeaseLost):
            bench.put(1)
        with pytest.raises(LeaseLost):
            record.put_all([outcome(2)])
        with pytest.raises(LeaseLost):
            record.flush()
    assert not bench.journals[0].closed


@pytest.mark.parametrize("where", ["settle", "finish"])
@pytest.mark.usefixtures("counted_apart")
def test_it_raises_what_went_wrong_while_the_sender_did_other_things(where: str):
    bench = Bench()
    bench.journals[0].errors[where] = LeaseLost("over")
    with bench.recorder as record:
        if where == "settle":
            record.put_all([outcome(0)])  # all of it is left to the keeper
        else:
            bench.put(0)
        eventually(lambda: record._error, what="the error")
        with pytest.raises(LeaseLost):
            bench.put(1)
        with pytest.raises(LeaseLost):
            record.flush()


def test_it_raises_what_went_wrong_with_counting_and_no_flush_hangs():
    bench = Bench()
    journal = bench.journals[0]
    journal.count.shut()
    with bench.recorder as record:
        record.put_all(outcome(n) for n in range(11))
        eventually(lambda: journal.count.waiting, what="the keeper at the counters")

        def flush() -> None:
            with pytest.raises(LeaseLost):
                record.flush()

        with beside(flush) as flushing:
            flushing.join(0.2)
            journal.fails_when_counted = LeaseLost("over")
            journal.count.open()
        with pytest.raises(LeaseLost):
            bench.put(11)
    assert not journal.closed


def test_it_raises_what_went_wrong_with_telling_that_counters_have_followed():
    bench = Bench()

    def fails(campaign_ids: Collection[UUID]) -> None:
        if campaign_ids:
            raise LeaseLost("over")

    bench.on_folded = fails
    with bench.recorder as record:
        bench.put(0)
        eventually(lambda: record._error, what="the error")
        with pytest.raises(LeaseLost):
            bench.put(1)
        with pytest.raises(LeaseLost):
            record.flush()


def test_a_lease_that_is_lost_already_is_told_at_the_first_put():
    def lost() -> FakeJournal:
        raise LeaseLost("over")

    with Recorder(lost, lambda _: None, window=5, group=5, lanes=1) as record:
        for _ in range(2):
            with pytest.raises(LeaseLost):
                record.put(outcome(0))


@pytest.mark.usefixtures("counted_apart")
def test_a_sender_at_a_full_window_is_told_what_went_wrong_in_the_keeper():
    bench = Bench(window=4, group=4)
    journal = bench.journals[0]
    journal.count.shut()
    with bench.recorder as record:
        record.put_all(outcome(n) for n in range(11))
        eventually(lambda: journal.count.waiting, what="the keeper at the counters")

        def send() -> None:
            with pytest.raises(LeaseLost):
                bench.put(*range(11, 20))

        with beside(send) as sender:
            sender.join(0.2)  # its only lane is being counted
            assert sender.is_alive()
            journal.fails_when_counted = LeaseLost("over")
            journal.count.open()


@pytest.mark.usefixtures("gathers_on")
def test_it_records_and_counts_what_is_left_before_it_ends():
    bench = Bench()
    with bench.recorder:
        bench.put(0, 1)
    assert (bench.records, bench.counted) == ([[0], [1]], [0, 1])
    assert bench.journals[0].closed
    assert sorted(bench.told) == [0, 1]


@pytest.mark.usefixtures("counted_apart", "keeper_sleeps")
def test_it_ends_what_is_under_way_before_it_closes_its_journals():
    bench = Bench(window=50, group=1, lanes=3)
    with bench.recorder:
        bench.put(0, 1, 2, 3)
    assert bench.recorded == bench.counted == [0, 1, 2, 3]
    assert all(journal.closed for journal in bench.journals)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_lost_or_recorded_twice_in_whatever_order_threads_run(seed: int):
    """Two threads put as they like, and a third one flushes."""
    bench = Bench(window=7 + seed, group=1 + 3 * seed, lanes=1 + seed % 3)
    with bench.recorder as record:
        with (
            beside(lambda: bench.put(*range(500))),
            beside(lambda: bench.put(*range(500, 1000))),
            beside(lambda: [record.flush() for _ in range(50)]),
        ):
            pass
        record.flush()
    assert bench.recorded == bench.counted == list(range(1000))
    assert sorted(bench.told) == list(range(1000))
