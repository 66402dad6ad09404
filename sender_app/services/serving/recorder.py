"""Records outcomes beside the sending, so that no message waits for another one's commit."""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from uuid import UUID

import structlog

from sender_app.domain.delivery import Outcome
from sender_app.ports.store.journals import Journal

_log = structlog.get_logger()
_FOLD_EVERY = 0.25  # seconds between two updates of the counters by a lane
_GATHER = 0.1  # seconds from one commit's beginning to the next, unless that would be large
_FEW = 10  # outcomes that are counted in the transaction which records the last of them
_TICK = 0.02  # seconds between two looks at what is under way, while the sender does other things


@dataclass(slots=True, eq=False)
class _Lane:
    """A journal, and what it is at."""

    journal: Journal
    recording: int = 0  # outcomes of a commit that has begun and is not known to have ended
    since: float = 0.0  # when it began, in monotonic seconds
    kept: bool = False  # the keeper uses the journal; only the keeper does so unlocked
    uncounted: int = 0  # outcomes that are recorded, or about to be
    campaigns: set[UUID] = field(default_factory=set)  # of those
    fold_at: float = 0.0  # monotonic seconds; counters follow no later


class Recorder:
    """Lanes, each a journal with a connection of its own, take outcomes in their order.

    The sender begins a commit and goes on while Postgres is at it. While one is under way, and for
    a tenth of a second from its beginning, the outcomes that come in are gathered for the next:
    slow sends have a commit each, at once, and quick ones share. A second commit beside it, or
    sooner, is worth its cost only for as many as fill one. Never more than `window` outcomes are
    unrecorded: then the sender waits for the oldest commit. Where one commit takes the whole window
    it waits for that: two processors are better used by counting beside it.

    The keeper, a thread beside the sender, looks after what the sender leaves: commits that have
    ended, outcomes that have gathered for long enough, and the counters. While it waits for
    Postgres the sender goes on.
    """

    def __init__(
        self,
        open_journal: Callable[[], Journal],
        on_folded: Callable[[Collection[UUID]], None],
        *,
        window: int,
        group: int,
        lanes: int,
    ) -> None:
        """`group` outcomes at most share a commit; `on_folded` hears of the campaigns whose
        counters have followed."""
        self._open_journal = open_journal
        self._on_folded = on_folded
        self._window = window
        self._group = group
        self._enough = min(group, window)  # for a commit beside another one, or at once
        self._most_lanes = lanes
        self._lanes: list[_Lane] = []
        self._under_way: deque[_Lane] = deque()  # lanes that record, the oldest commit first
        self._waiting: deque[Outcome] = deque()
        self._recording = 0  # outcomes of commits under way
        self._room = self._enough  # how many may wait beside them, until something is done
        self._gather_until = 0.0  # monotonic seconds
        self._closing = False
        self._resting = False  # the keeper waits to be told that there is something
        self._error: BaseException | None = None
        self._folded: set[UUID] = set()  # `on_folded` is still to be told of these campaigns
        # Held by whoever uses a journal, but for one that is kept. Taken by itself, since a
        # condition takes it in Python: each message would pay for that.
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._keeper: threading.Thread | None = None

    def put(self, outcome: Outcome) -> None:
        """Have an outcome recorded soon; waits while `window` are not. Raises what went wrong."""
        with self._lock:
            self._waiting.append(outcome)
            few = len(self._waiting) < self._room
            if few and time.monotonic() < self._gather_until and self._is_attended:
                return
        with self._using():
            if self._is_worth_a_commit():
                self._begin()
            while len(self._waiting) + self._recording >= self._window:
                self._make_room()

    def put_all(self, outcomes: Iterable[Outcome]) -> None:
        """Have outcomes recorded soon, however many wait already."""
        with self._using():
            self._waiting.extend(outcomes)

    def flush(self) -> None:
        """Wait until everything is recorded, and counted. Raises what went wrong."""
        with self._using():
            while self._waiting:
                if not self._begin(last=True):
                    self._make_room()
            for lane in self._lanes:
                while lane.kept:
                    self._wait()
                if lane.recording:
                    self._finish(lane)
                if lane.uncounted:
                    lane.journal.settle((), fold=True)
                    self._ended(lane, counted=True)
            folded = self._take_folded()
        self._on_folded(folded)

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        """Record and count what is left. What went wrong is left to the next lease."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._keeper is not None:
            self._keeper.join()
        try:
            self.flush()
            for lane in self._lanes:
                lane.journal.close()
        except Exception as error:  # noqa: BLE001 - recovery takes in what was recorded
            _log.warning("not recorded", error=str(error))

    @contextmanager
    def _using(self) -> Iterator[None]:
        """Around whatever the sender asks for: raises what went wrong, now or before."""
        with self._lock:
            self._check()
            try:
                yield
            except BaseException as error:
                self._error = error
                raise
            if self._resting:
                self._changed.notify_all()
            elif self._keeper is None and not self._closing:
                self._keeper = threading.Thread(target=self._keep, name="recorder", daemon=True)
                self._keeper.start()

    @property
    def _is_attended(self) -> bool:
        """Whether the keeper looks at what waits before long."""
        return self._error is None and not self._resting and not self._closing

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _wait(self) -> None:
        """Until the keeper has done something."""
        self._changed.wait()
        self._check()

    def _is_worth_a_commit(self) -> bool:
        """Whether what waits shall be recorded now, not with what still comes."""
        if len(self._waiting) >= self._enough:
            return True
        gathered = not self._recording and time.monotonic() >= self._gather_until
        return bool(self._waiting) and gathered

    def _begin(self, *, last: bool = False) -> bool:
        """Begin a commit with what waits; False when every lane is busy.

        It is waited for where nobody could go on beside it, or where it counts what it records:
        few outcomes whose counters are due, or of which nothing comes behind (`last`).
        """
        lane = self._free_lane()
        if lane is None:
            return False
        batch, fold = self._take_batch(lane, last=last)
        is_alone = self._recording == len(batch)
        if fold or (is_alone and len(batch) + len(self._waiting) >= self._window):
            lane.journal.settle(batch, fold=fold)
            self._ended(lane, counted=fold)
        else:
            lane.journal.begin(batch)
        return True

    def _take_batch(self, lane: _Lane, *, last: bool = False) -> tuple[list[Outcome], bool]:
        """What the lane shall record now, and whether it counts that in the same transaction."""
        batch = [self._waiting.popleft() for _ in range(min(self._group, len(self._waiting)))]
        now = time.monotonic()
        self._gather_until = now + _GATHER
        lane.uncounted += len(batch)
        lane.campaigns.update(key for key, _ in groupby(batch, attrgetter("claim.campaign_id")))
        lane.recording, lane.since = len(batch), now
        self._count_recording(len(batch))
        self._under_way.append(lane)
        return batch, lane.uncounted <= _FEW and (last or now >= lane.fold_at)

    def _free_lane(self) -> _Lane | None:
        for lane in self._lanes:
            if not lane.recording and not lane.kept:
                return lane
        if len(self._lanes) == self._most_lanes:
            return None
        self._lanes.append(_Lane(self._open_journal()))
        return self._lanes[-1]

    def _make_room(self) -> None:
        """Wait for the oldest commit, or for the keeper."""
        if self._under_way and not self._under_way[0].kept:
            self._finish(self._under_way[0])
            if self._is_worth_a_commit():
                self._begin()
        elif self._under_way or not self._begin():
            self._wait()

    def _finish(self, lane: _Lane) -> None:
        """Wait until the lane's commit has ended."""
        lane.journal.finish()
        self._ended(lane)

    def _ended(self, lane: _Lane, *, counted: bool = False) -> None:
        """The lane has recorded, and `counted`, what it was at."""
        if lane.recording:
            self._under_way.remove(lane)
            self._count_recording(-lane.recording)
            lane.recording = 0
        if counted:
            self._folded |= lane.campaigns
            lane.uncounted, lane.campaigns = 0, set()
            lane.fold_at = time.monotonic() + _FOLD_EVERY

    def _count_recording(self, more: int) -> None:
        self._recording += more
        self._room = min(self._enough, self._window - self._recording)

    def _take_folded(self) -> set[UUID]:
        folded, self._folded = self._folded, set()
        return folded

    def _keep(self) -> None:
        """The thread beside the sender."""
        try:
            while self._rest():
                more = True
                while more:
                    more = self._look_after_a_lane()
                    with self._changed:
                        folded = self._take_folded()
                    if folded:
                        self._on_folded(folded)
        except BaseException as error:  # noqa: BLE001 - raised again where outcomes are put
            _log.warning("not recorded", error=str(error))
            with self._changed:
                self._error = self._error or error
                self._changed.notify_all()

    def _rest(self) -> bool:
        """Until it is time for another look; whether there shall be one."""
        with self._changed:
            if not self._closing and self._error is None:
                uncounted = any(lane.uncounted for lane in self._lanes)
                self._resting = not (self._waiting or self._folded or uncounted)
                self._changed.wait(None if self._resting else _TICK)
                self._resting = False
            return not self._closing and self._error is None

    def _look_after_a_lane(self) -> bool:
        """End, begin or count what the sender has left alone; False when there is nothing."""
        with self._changed:
            if self._closing or self._error is not None or (task := self._left_alone()) is None:
                return False
            lane, batch, fold = task
            lane.kept = True
        if batch:
            lane.journal.settle(batch, fold=fold)
        elif lane.recording:
            lane.journal.finish()
            with self._changed:
                self._ended(lane)  # the sender has room before the counters have followed
                self._changed.notify_all()
        if fold and not batch:
            lane.journal.settle((), fold=True)
        with self._changed:
            lane.kept = False
            self._ended(lane, counted=fold)
            self._changed.notify_all()
        return True

    def _left_alone(self) -> tuple[_Lane, Sequence[Outcome], bool] | None:
        """A lane to look after, with what it shall record, and whether it shall count: a commit
        that has ended by now, what has gathered, or the counters that have been due for longest."""
        now = time.monotonic()
        if self._under_way and now - self._under_way[0].since >= _TICK:
            return self._under_way[0], (), False
        if self._is_worth_a_commit() and (free := self._free_lane()):
            return free, *self._take_batch(free)
        due = [lane for lane in self._lanes if lane.uncounted and lane.fold_at <= now]
        return (min(due, key=lambda lane: lane.fold_at), (), True) if due else None
