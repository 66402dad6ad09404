"""The course of one lease: connect, send what is due, hear, linger, rest."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from sender_app.domain.account import NEEDS_LINKING, AccountStatus
from sender_app.domain.campaign import PauseReason
from sender_app.domain.errors import SessionProblem, SessionUnusable, Unavailable
from sender_app.domain.pacing import History, Never, SendNow, WaitUntil, decide, rest_after
from sender_app.ports.media import MediaStore
from sender_app.ports.pairing import PairingBoard
from sender_app.ports.whatsapp import (
    CaughtUp,
    Connected,
    Connection,
    Disconnected,
    Gateway,
    GatewayEvent,
    Incoming,
    Receipt,
    SessionEnded,
    Stopped,
)
from sender_app.services.serving import inbox
from sender_app.services.serving.answering import Answering
from sender_app.services.serving.chores import Chores
from sender_app.services.serving.delivery import Delivery
from sender_app.services.serving.desk import Desk
from sender_app.services.serving.linking import link
from sender_app.services.serving.recorder import Recorder
from sender_app.services.serving.uploads import Uploads

_log = structlog.get_logger()
_TICK = 0.5  # seconds at most between two looks at orders and events
_LOOK = timedelta(seconds=0.5)  # between two looks at orders that nobody was told of
_LANES = 4  # journals at once: three commits on their way, and one being counted
_IDLE = timedelta(seconds=2)  # between two looks for work while lingering
_AFTER_REPLACED = timedelta(seconds=3)  # before the account tries to come back
_REPLACED_AGAIN = timedelta(minutes=5)  # twice within this time is another program's doing
_ENDED = {
    SessionProblem.REPLACED: AccountStatus.REPLACED,
    SessionProblem.BANNED: AccountStatus.BANNED,
    SessionProblem.OUTDATED: AccountStatus.OUTDATED,
    SessionProblem.REFUSED: AccountStatus.REFUSED,
}


class _Ended(Exception):
    """The connection cannot be used any longer; the account has been dealt with."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What a step came to. `idle`: nothing is due; `worked`: the account was busy."""

    again_at: datetime
    worked: bool = False
    idle: bool = False


class Session:
    """What an account's process does while it holds the lease."""

    def __init__(
        self,
        desk: Desk,
        gateway: Gateway,
        files: MediaStore,
        board: PairingBoard,
        draw: Callable[[], float],
    ) -> None:
        self._desk = desk
        self._gateway = gateway
        self._files = files
        self._board = board
        self._drawing = draw
        self._seen: datetime | None = desk.account.wake_at
        self._rested = _since(desk.account.last_online_at, desk.now())
        self._lively = False  # something was sent or heard
        self._history = History()
        self._looks_back = False
        self._draw = draw()
        # Receipts heard before recovery may be of messages whose ids only recovery will find.
        self._early: list[GatewayEvent] | None = []
        self._recorder: Recorder | None = None

    def run(self) -> None:
        """Everything, from the first look at the orders to the rest."""
        desk = self._desk
        try:
            connection = self._gateway.open(desk.account.session_id, desk.lease)
        except Unavailable as error:
            with suppress(_Ended):
                self._unreachable(str(error))
            return
        except SessionUnusable as error:
            self._session_ended(error.problem, error.until, str(error))
            return
        desk.on_nudge = connection.wake
        try:
            if desk.account.session_id is None or desk.account.status in NEEDS_LINKING:
                if not self._link(connection):
                    return
            else:
                if desk.account.status is not AccountStatus.UNREACHABLE:  # it is, until it is not
                    desk.show(AccountStatus.CONNECTING)
                connection.start()
            self._connected(connection)
            if desk.account.unlink_wished:
                self._unlink(connection)
                return
            self._deliver(connection)
        except _Ended:
            return
        finally:
            connection.close()
            self._take_in_the_rest(connection)

    def _take_in_the_rest(self, connection: Connection) -> None:
        """What came while the connection was being closed: WhatsApp counts it as delivered, and
        will not tell it again."""
        desk, early = self._desk, self._early or []
        desk.answers_due = False
        if early:  # no recovery has found yet what an earlier lease had sent
            desk.store.deliveries.orphans(desk.lease)
        inbox.record(desk, [*early, *connection.events(0.0)])
        if desk.answers_due:  # somebody asked to be left alone, and waits for the word
            desk.store.accounts.wake(desk.account.id)

    def _link(self, connection: Connection) -> bool:
        """Link a device if somebody is looking; otherwise say that one is needed, and rest."""
        desk = self._desk
        if desk.account.unlink_wished:
            desk.store.accounts.unlinked(desk.account.id, AccountStatus.UNLINKED, None)
        try:
            if self._wished() and link(desk, connection, self._board):
                return True
        except Unavailable as error:
            self._unreachable(str(error))
        if not self._wished():
            self._pause_all(PauseReason.NOT_LINKED)
            desk.store.accounts.rest(desk.account.id, self._seen, None)
        return False

    def _wished(self) -> bool:
        """Whether somebody looks at the pairing page now."""
        until = self._desk.reload().pairing_until
        return until is not None and until > self._desk.now()

    def _connected(self, connection: Connection) -> None:
        """Wait until the account is logged in and has taken in all that waited on the server."""
        desk = self._desk
        deadline = desk.now() + desk.timings.connect
        connected = False
        while desk.now() < deadline and not desk.stop.is_set():
            for event in self._hear(connection, _TICK):
                connected = connected or isinstance(event, Connected)
                if isinstance(event, CaughtUp):
                    desk.show(AccountStatus.ONLINE)
                    return
        if connected:  # nothing waited, and the server did not say so
            desk.show(AccountStatus.ONLINE)
            return
        self._unreachable("no answer in time")

    def _unlink(self, connection: Connection) -> None:
        desk = self._desk
        try:
            connection.log_out()
        except Unavailable as error:
            self._unreachable(str(error))
        desk.store.accounts.unlinked(desk.account.id, AccountStatus.UNLINKED, None)
        self._pause_all(PauseReason.NOT_LINKED)
        desk.store.accounts.rest(desk.account.id, self._seen, None)
        desk.announce()

    def _deliver(self, connection: Connection) -> None:
        """Send what is due as pacing allows; when nothing is, linger for receipts, then rest."""
        with self._open_recorder() as self._recorder:
            self._send_and_hear(connection, self._recorder)

    def _open_recorder(self) -> Recorder:
        desk = self._desk
        return Recorder(
            lambda: desk.store.deliveries.open_journal(desk.lease),
            lambda campaign_ids: desk.announce_campaigns(*campaign_ids),
            window=desk.timings.window,
            group=desk.timings.group,
            lanes=_LANES,
        )

    def _send_and_hear(self, connection: Connection, recorder: Recorder) -> None:
        desk = self._desk

        def hear() -> None:
            self._hear(connection, 0.0)

        uploads = Uploads(desk, connection, self._files, hear)
        delivery = Delivery(desk, connection, self._sent, hear, recorder, uploads)
        answering = Answering(desk, connection)
        desk.keeper.last_words = lambda: (answering.rescue(), delivery.rescue())
        chores = Chores(desk, connection, self._drawing, answering)
        delivery.recover()
        answering.recover()
        early, self._early = self._early or [], None
        inbox.record(desk, early)
        self._look_back(recorder)
        step = _Step(desk.now(), worked=True)
        last_work = look_at = desk.now()
        while not desk.stop.is_set():
            desk.keeper.guard()
            if desk.nudged.is_set() or desk.now() >= step.again_at:
                if desk.nudged.is_set() or desk.now() >= look_at:
                    if self._look_at_orders(recorder):
                        last_work = desk.now()  # somebody wants the account online
                    look_at = desk.now() + _LOOK
                    chores.forget_rest()
                if desk.account.unlink_wished:
                    self._unlink(connection)
                    return
                step = self._step(delivery, connection)
                last_work = desk.now() if step.worked else last_work
            if self._do(chores):
                last_work = desk.now()
            left = (step.again_at - desk.now()).total_seconds()
            self._hear(connection, min(_TICK, max(0.0, left)))
            idle = desk.now() - last_work >= desk.timings.linger and not chores.more_to_check
            if idle and self._may_rest(step):
                return
        desk.show(AccountStatus.OFFLINE)

    def _look_at_orders(self, recorder: Recorder) -> bool:
        """Read the account and the workspace's rules again, and go by them; whether somebody has
        woken the account since the last look."""
        desk = self._desk
        desk.nudged.clear()
        before, seen = (desk.pace, desk.workspace.zone), self._seen
        self._seen = desk.reload().wake_at
        if (desk.pace, desk.workspace.zone) != before:
            self._look_back(recorder)
        return self._seen != seen

    def _look_back(self, recorder: Recorder) -> None:
        """Read what the account has sent as its pace wants to know it."""
        desk = self._desk
        recorder.flush()
        self._history = desk.store.deliveries.history(desk.account.id, desk.now())
        self._looks_back = desk.pace.looks_back

    def _do(self, chores: Chores) -> bool:
        """The account's chores; whether there were any."""
        try:
            worked = chores.run()
            self._lively |= worked
            return worked
        except SessionUnusable as error:
            self._session_ended(error.problem, error.until, str(error))
            raise _Ended from error

    def _step(self, delivery: Delivery, connection: Connection) -> _Step:
        """Send what may be sent now."""
        desk = self._desk
        now = desk.now()
        if not connection.is_ready():
            return _Step(now + timedelta(seconds=_TICK), worked=True)
        if delivery.hold_until is not None and delivery.hold_until > now:
            return _Step(delivery.hold_until)
        delivery.hold_until = None
        decision = decide(desk.pace, self._history, now, desk.workspace.zone, self._draw)
        match decision:
            case SendNow(room):
                sent = delivery.send_some(room)
                if delivery.session_error is not None:
                    error = delivery.session_error
                    self._session_ended(error.problem, error.until, str(error))
                    raise _Ended
                if not sent and delivery.uploads.next_try is not None:
                    return _Step(max(now, delivery.uploads.next_try), worked=True)
                return _Step(now, worked=True) if sent else _Step(now + _IDLE, idle=True)
            case WaitUntil(at):
                return _Step(at)
            case Never():
                return _Step(now + timedelta(hours=1))

    def _sent(self, at: datetime) -> None:
        self._draw = self._drawing()
        self._lively = True
        if self._looks_back:
            self._history = self._history.with_sent(at, self._desk.workspace.zone)

    def _may_rest(self, step: _Step) -> bool:
        """Whether the account went to rest: nothing to do for a while, and nobody woke it."""
        desk = self._desk
        now = desk.now()
        due = desk.store.deliveries.next_due(desk.account.id) if step.idle else step.again_at
        answer_due = desk.store.answering.next_due(desk.account.id)
        if answer_due is not None and answer_due <= now:
            desk.nudged.set()
            return False
        locked = desk.account.cold_locked_until
        thaw = locked if locked is not None and locked > now else None
        due = min((at for at in (due, answer_due, thaw) if at is not None), default=None)
        check_in = now + self._check_in()
        until = min(due or check_in, check_in)
        if until - now < desk.timings.linger:
            return False
        if not desk.store.accounts.rest(desk.account.id, self._seen, until):
            desk.nudged.set()
            return False
        desk.show(AccountStatus.OFFLINE)
        return True

    def _check_in(self) -> timedelta:
        """How long to rest where nothing is due. Each account a time of its own, so that they do
        not all come at once."""
        timings = self._desk.timings
        shortest = max(timings.check_in_soon, 2 * timings.linger)
        last = timedelta() if self._lively else self._rested
        return rest_after(last, shortest, timings.check_in) * (1 + 0.2 * self._drawing())

    def _hear(self, connection: Connection, timeout: float) -> list[GatewayEvent]:
        """Take in what has come; what ends the session raises _Ended once dealt with."""
        desk = self._desk
        heard = list(connection.events(timeout))
        if self._early is not None:
            self._early += [event for event in heard if isinstance(event, Receipt)]
            heard = [event for event in heard if not isinstance(event, Receipt)]
        if heard and self._recorder is not None:
            self._recorder.flush()  # a receipt finds its message only once that is recorded
        self._lively |= any(isinstance(event, Incoming) for event in heard)
        events = inbox.record(desk, heard)
        for event in events:
            match event:
                case SessionEnded(problem, until, detail):
                    self._session_ended(problem, until, detail)
                    raise _Ended
                case Stopped(detail):
                    self._unreachable(detail)
                case Disconnected():
                    desk.show(AccountStatus.CONNECTING)
                case Connected():
                    desk.show(AccountStatus.ONLINE)
                case _:
                    pass
        return events

    def _unreachable(self, detail: str) -> None:
        """Say so, and try again soon in a new process, for as long as there is a reason to."""
        desk = self._desk
        desk.show(AccountStatus.UNREACHABLE, detail)
        desk.store.accounts.rest(desk.account.id, self._seen, desk.now() + desk.timings.retry)
        _log.warning("WhatsApp not reached", account_id=str(desk.account.id), detail=detail)
        raise _Ended

    def _session_ended(self, problem: SessionProblem, until: datetime | None, detail: str) -> None:
        """The account needs a person: pause its campaigns with the reason. Credentials are kept,
        unless the phone itself removed the device."""
        desk = self._desk
        desk.keeper.guard()
        if problem is SessionProblem.NOT_LINKED:  # it was, or there would be no session to end
            problem = SessionProblem.LOGGED_OUT
        if problem is SessionProblem.REPLACED and self._may_be_ours():
            _log.warning("replaced; trying once more", account_id=str(desk.account.id))
            desk.store.accounts.note_replaced(desk.account.id, desk.now())
            desk.store.accounts.rest(desk.account.id, self._seen, desk.now() + _AFTER_REPLACED)
            return
        _log.warning("session ended", account_id=str(desk.account.id), problem=problem.value)
        if problem is SessionProblem.LOGGED_OUT:
            desk.store.accounts.unlinked(desk.account.id, AccountStatus.LOGGED_OUT, detail)
        else:
            desk.store.accounts.set_status(desk.account.id, _ENDED[problem], detail, until)
        self._pause_all(PauseReason(problem.value))
        desk.store.accounts.rest(desk.account.id, self._seen, None)
        desk.announce()

    def _may_be_ours(self) -> bool:
        """Whether what replaced us may be an older process of our own, which goes by itself.

        It finds out in a moment that its lease is over. Another program would replace us again.
        """
        before = self._desk.reload().replaced_at
        return before is None or self._desk.now() - before > _REPLACED_AGAIN

    def _pause_all(self, reason: PauseReason) -> None:
        desk = self._desk
        desk.announce_campaigns(*desk.store.deliveries.pause_all(desk.account.id, reason))
        if desk.store.answering.fail_waiting(desk.account.id, SessionUnusable.code):
            desk.announce_inbox()


def _since(last: datetime | None, now: datetime) -> timedelta:
    return now - last if last is not None else timedelta()
