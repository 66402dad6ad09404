"""Delivery: claim, send, record. The ledger's rules are in `domain/delivery.py`."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog

from sender_app.domain.campaign import Campaign
from sender_app.domain.content import Write
from sender_app.domain.delivery import (
    COLD_LOCK,
    Attempt,
    Claim,
    Outcome,
    RecipientStatus,
    attempt_secret,
    recovered,
)
from sender_app.domain.errors import (
    ColdContactLocked,
    GatewayError,
    OutcomeUnknown,
    RateLimited,
    RuleViolation,
    SessionUnusable,
    Unavailable,
)
from sender_app.domain.phone import masked
from sender_app.domain.template import recipient_key
from sender_app.ports.whatsapp import Connection, OutgoingFile, OutgoingMessage
from sender_app.services.serving.claiming import Claims
from sender_app.services.serving.desk import Desk
from sender_app.services.serving.recorder import Recorder
from sender_app.services.serving.uploads import Uploads

_HEAR_EVERY = 0.3  # seconds between two looks at receipts and replies while sending
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Letter:
    """What each recipient of a campaign gets, part by part, with the files at hand."""

    campaign: Campaign
    parts: Sequence[tuple[Write, OutgoingFile | None]]

    @classmethod
    def of(cls, campaign: Campaign, files: Mapping[UUID, OutgoingFile]) -> "Letter":
        """Raises RuleViolation for a text that cannot be read."""
        parts = campaign.content.parts
        return cls(campaign, [(p.write, files[p.media_id] if p.media_id else None) for p in parts])


@dataclass(slots=True)
class Delivery:
    """Sends what is due for one account over one connection."""

    desk: Desk
    connection: Connection
    on_sent: Callable[[datetime], None]  # pacing's history
    hear: Callable[[], None]  # takes in receipts and replies between two messages
    recorder: Recorder
    uploads: Uploads
    _heard_at: float = 0.0  # monotonic seconds
    _claims: Claims = field(init=False)
    _in_flight: tuple[Attempt, int, bytes] | None = None  # with the part and its secret
    hold_until: datetime | None = None  # WhatsApp asked the account to slow down
    _leaves_some: bool = False  # what it cannot send now, another account perhaps can
    session_error: SessionUnusable | None = None

    def __post_init__(self) -> None:
        self._claims = Claims(self.desk)

    def recover(self) -> None:
        """Settle what earlier leases left in `sending`: the session store knows what left.

        Called once connected: by then an older process's connection is closed by WhatsApp.
        """
        orphans = self.desk.store.deliveries.orphans(self.desk.lease)
        if orphans:
            secrets = [secret for orphan in orphans for secret in orphan.secrets.values()]
            ids, now = self.connection.find_message_ids(secrets), self.desk.now()
            settlements = [recovered(orphan, ids, now) for orphan in orphans]
            self.desk.store.deliveries.recover(self.desk.lease, settlements)
            left = sum(settlement.message_id is not None for settlement in settlements)
            _log.info("recovered", orphans=len(settlements), unconfirmed=left)

    def send_some(self, room: int) -> bool:
        """Claim recipients of the oldest campaign with any, `room` at most, and send to them.

        False means that nothing is due. Raises LeaseLost.
        """
        campaigns = self.desk.store.deliveries.running(self.desk.account.id)
        self.uploads.forget_others(campaign.id for campaign in campaigns)
        for campaign in campaigns:
            files = self.uploads.files_of(campaign)
            if files is None:
                continue
            claims = self._claims.first(campaign.id, room)
            if claims:
                with structlog.contextvars.bound_contextvars(campaign_id=str(campaign.id)):
                    self._send_all(Letter.of(campaign, files), claims)
                return True
            self.recorder.flush()
            if self.desk.store.deliveries.finish(campaign.id, self.desk.now()):
                _log.info("campaign finished", campaign_id=str(campaign.id))
                self.desk.announce_campaigns(campaign.id)
        return False

    def _send_all(self, letter: Letter, claims: Sequence[Claim]) -> None:
        """Send to `claims`, and to who is claimed behind them meanwhile; the rest goes back to the
        queue when something comes up."""
        left = deque(claims)
        try:
            while left:
                self.recorder.put(self._outcome(letter, left.popleft()))
                self._hear_in_time()
                if self._shall_stop():
                    break
                if len(left) == self._claims.look_at:
                    self._claims.look_ahead(letter.campaign.id)
                if not left:
                    left.extend(self._claims.more())
        finally:
            left.extend(self._claims.more())
            if left or self._leaves_some:
                self.recorder.put_all(_put_back(claim, self.desk.now()) for claim in left)
                self.recorder.flush()
            if self._leaves_some and letter.campaign.more_accounts:
                self.desk.store.deliveries.wake_partners(self.desk.account.id)
            self._leaves_some = False

    def _hear_in_time(self) -> None:
        now = time.monotonic()
        if now - self._heard_at >= _HEAR_EVERY:
            self._heard_at = now
            self.hear()

    def _shall_stop(self) -> bool:
        return bool(self.desk.interrupted() or self.session_error or self.hold_until)

    def _outcome(self, letter: Letter, claim: Claim) -> Outcome:
        if claim.opted_out or claim.phone in self.desk.opted_out:
            return self._not_sent(claim, RecipientStatus.SKIPPED, "opted_out")
        if claim.contact_id is None and not letter.campaign.is_test:
            return self._not_sent(claim, RecipientStatus.SKIPPED, "contact_deleted")
        try:
            key = recipient_key(letter.campaign.id, claim.phone)
            messages = [
                (n, OutgoingMessage(write(claim.fields, key), file))
                for n, (write, file) in enumerate(letter.parts)
                if n not in claim.parts_sent
            ]
        except RuleViolation as problem:
            names = str(problem.params.get("names", ""))
            return self._not_sent(claim, RecipientStatus.ERROR, problem.code, names)
        return self._send(Attempt(claim, len(letter.parts)), messages)

    def _not_sent(
        self, claim: Claim, status: RecipientStatus, code: str, message: str | None = None
    ) -> Outcome:
        return Outcome(claim, status, self.desk.now(), error_code=code, error_message=message)

    def _send(self, attempt: Attempt, messages: Sequence[tuple[int, OutgoingMessage]]) -> Outcome:
        """Send the parts in order, up to the first that surely is not sent."""
        for part, message in messages:
            error = self._send_part(attempt, part, message)
            if error is not None:
                return attempt.stopped(error, self.desk.now())
        return attempt.done(attempt.sent[-1].at if attempt.sent else self.desk.now())

    def _send_part(
        self, attempt: Attempt, part: int, message: OutgoingMessage
    ) -> GatewayError | None:
        claim = attempt.claim
        secret = attempt_secret(self.desk.lease.key, claim.recipient_id, claim.attempt, part)
        keeper = self.desk.keeper
        keeper.begin_call()
        self._in_flight = (attempt, part, secret)
        try:
            try:
                message_id = self.connection.send(claim.phone, message, secret)
            finally:
                keeper.end_call()
        except OutcomeUnknown as error:
            return self._unknown(attempt, part, secret, error)
        except GatewayError as error:
            self._note(error)
            _log.info("not sent", phone=masked(claim.phone), code=error.code, error=str(error))
            return error
        finally:
            self._in_flight = None
        self._left(attempt, part, message_id)
        return None

    def _left(self, attempt: Attempt, part: int, message_id: str, unknown: str = "") -> None:
        now = self.desk.now()  # WhatsApp's own stamp has whole seconds, too coarse for pacing
        if not attempt.sent:  # pacing counts people, not the messages that each gets
            self.on_sent(now)
        attempt.left(part, message_id, now, unknown)

    def rescue(self) -> None:
        """Called from another thread when a send is stuck, before the process ends.

        What is in flight is in doubt, and receipts that came meanwhile may settle it: they are
        in this process's memory only, since the library has acknowledged them. Parts that were not
        sent yet are left to the next process.
        """
        if self._in_flight is not None:
            attempt, part, secret = self._in_flight
            stuck = OutcomeUnknown("the send is stuck")
            error = self._unknown(attempt, part, secret, stuck) or Unavailable(str(stuck))
            now = self.desk.now()
            outcome = attempt.done(now) if attempt.is_complete else attempt.stopped(error, now)
            self.recorder.put_all([outcome])
        self.recorder.flush()
        self.hear()

    def _unknown(
        self, attempt: Attempt, part: int, secret: bytes, error: OutcomeUnknown
    ) -> GatewayError | None:
        """The session store knows whether the frame got as far as the socket."""
        message_id = self.connection.find_message_ids([secret]).get(secret)
        if message_id is None:
            return Unavailable(str(error))
        self._left(attempt, part, message_id, str(error))
        return None

    def _note(self, error: GatewayError) -> None:
        """What a failure says about the account, beyond this recipient."""
        now = self.desk.now()
        self._leaves_some |= isinstance(error, (ColdContactLocked, RateLimited, SessionUnusable))
        match error:
            case ColdContactLocked():
                until = error.until or now + COLD_LOCK
                self.desk.store.accounts.lock_cold(self.desk.account.id, until)
                self.desk.nudged.set()
            case RateLimited():
                self.hold_until = now + error.retry_after
            case SessionUnusable():
                self.session_error = error


def _put_back(claim: Claim, now: datetime) -> Outcome:
    """A claim that was not used: it costs the recipient no attempt's wait."""
    return Outcome(claim, RecipientStatus.QUEUED, now)
