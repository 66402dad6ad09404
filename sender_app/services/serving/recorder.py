"""Records outcomes beside the sending, so that no message waits for another one's commit."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import structlog

from sender_app.domain.delivery import Outcome
from sender_app.ports.store.journals import Journal

_log = structlog.get_logger()
_FOLD_EVERY = 0.2  # seconds between two updates of the counters
_GATHER = 0.1  # seconds from one commit's beginning to the next, unless that would be large
_FEW = 10  # outcomes that are counted in the transaction which records the last of them


class Recorder:
    """Lanes, each a thread with a journal of its own, take outcomes in their order.

    While a lane commits, and for a tenth of a second from its beginning, the outcomes that come in
    are gathered for the next record: slow sends have a commit each, at once, and quick ones share.
    A second commit beside it, or sooner, is worth its cost only for as many as fill one, or half of
    the window. Never more than `window` outcomes are unrecorded; once they are so many, the sender
    waits for half of them: to turn to recording and back for each message costs more than either.
    """

    def __init__(
        self,
        open_journal: Callable[[], Journal],
        on_folded: Callable[[Sequence[Outcome]], None],
        *,
        window: int,
        group: int,
        lanes: int,
    ) -> None:
        """`group` outcomes at most share a commit; `on_folded` is called when counters follow."""
        self._open_journal = open_journal
        self._on_folded = on_folded
        self._window = window
        self._group = group
        self._enough = min(group, (window + 1) // 2)  # for a commit beside another one, or at once
        self._most_lanes = lanes
        self._lanes: list[threading.Thread] = []
        self._idle = 0  # lanes that wait for outcomes
        self._waiting: deque[Outcome] = deque()
        self._recording = 0  # outcomes that lanes hold
        self._uncounted = 0  # outcomes recorded, but not yet folded
        self._gather_until = 0.0  # monotonic seconds
        self._flushing = 0  # callers that wait for everything to be counted
        self._closing = False
        self._error: BaseException | None = None
        lock = threading.Lock()
        self._more = threading.Condition(lock)  # there is something to record
        self._less = threading.Condition(lock)  # something has been recorded

    def put(self, outcome: Outcome) -> None:
        """Have an outcome recorded soon; waits while `window` are not. Raises what went wrong."""
        with self._less:
            if self._unrecorded >= self._window:
                while self._unrecorded > self._window // 2 and self._error is None:
                    self._less.wait()
            self._take((outcome,))

    def put_all(self, outcomes: Iterable[Outcome]) -> None:
        """Have outcomes recorded soon, however many wait already."""
        with self._less:
            self._take(outcomes)

    def flush(self) -> None:
        """Wait until everything is recorded, and counted. Raises what went wrong."""
        with self._less:
            self._flushing += 1
            self._more.notify_all()
            while (self._waiting or self._recording or self._uncounted) and self._error is None:
                self._less.wait()
            self._flushing -= 1
            self._check()

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        """Record what is left and end the lanes. What went wrong is left to the next lease."""
        with self._more:
            self._closing = True
            self._more.notify_all()
        for lane in self._lanes:
            lane.join()

    @property
    def _unrecorded(self) -> int:
        return len(self._waiting) + self._recording

    def _take(self, outcomes: Iterable[Outcome]) -> None:
        self._check()
        self._waiting.extend(outcomes)
        enough = len(self._waiting) >= (self._enough if self._lanes else 1)
        if enough and not self._idle and len(self._lanes) < self._most_lanes:
            lane = threading.Thread(target=self._run, name="recorder", daemon=True)
            self._lanes.append(lane)
            lane.start()
        elif self._is_worth_a_commit():
            self._more.notify()

    def _is_worth_a_commit(self) -> bool:
        """Whether what waits shall be recorded now, not with what still comes."""
        if len(self._waiting) >= self._enough:
            return True
        alone = not self._recording and time.monotonic() >= self._gather_until
        return bool(self._waiting) and (alone or self._closing or bool(self._flushing))

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            journal = self._open_journal()
            self._record(journal)
            journal.close()
        except BaseException as error:  # noqa: BLE001 - raised again where outcomes are put
            _log.warning("not recorded", error=str(error))
            with self._less:
                self._error = self._error or error
                self._less.notify_all()

    def _record(self, journal: Journal) -> None:
        fold_at = 0.0  # monotonic seconds; counters follow no later
        uncounted: list[Outcome] = []
        while True:
            batch = self._next_batch(fold_at if uncounted else None)
            if not batch and not uncounted:
                return
            now = time.monotonic()
            due = not batch or bool(self._flushing) or now >= fold_at
            uncounted += batch
            together = due and len(uncounted) <= _FEW
            if batch:
                journal.settle(batch, fold=together)
                self._recorded(len(batch))
            if due:
                if not (batch and together):  # nobody waits for more than the records
                    journal.settle((), fold=True)
                fold_at = now + _FOLD_EVERY
                self._on_folded(uncounted)
                self._counted(len(uncounted))
                uncounted = []

    def _recorded(self, count: int) -> None:
        with self._less:
            self._recording -= count
            self._uncounted += count
            self._less.notify_all()

    def _counted(self, count: int) -> None:
        with self._less:
            self._uncounted -= count
            self._less.notify_all()

    def _next_batch(self, fold_at: float | None) -> list[Outcome]:
        """The next outcomes to record together. None when the recorder is closed, and, for a lane
        that has something to count at `fold_at`, when it is time or somebody waits for that."""
        with self._more:
            while not (
                self._is_worth_a_commit()
                or self._closing
                or (self._flushing and fold_at is not None)
            ):
                now = time.monotonic()
                if fold_at is not None and now >= fold_at:
                    break
                ends = [at for at in (fold_at, self._gather_until) if at is not None and at > now]
                self._idle += 1
                self._more.wait(min(ends) - now if ends else None)
                self._idle -= 1
            count = min(self._group, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(count)]
            self._recording += count
            if batch:
                self._gather_until = time.monotonic() + _GATHER
            return batch
