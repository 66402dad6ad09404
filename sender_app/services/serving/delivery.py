"""Delivery: claim, send, record. The ledger's rules are in `domain/delivery.py`."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog

from sender_app.domain.campaign import Campaign
from sender_app.domain.delivery import (
    COLD_LOCK,
    Claim,
    Outcome,
    RecipientStatus,
    Settlement,
    attempt_secret,
    failed,
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
from sender_app.ports.whatsapp import Connection, OutgoingMessage
from sender_app.services.serving.desk import Desk
from sender_app.services.serving.recorder import Recorder

_HEAR_EVERY = 0.2  # seconds between two looks at receipts and replies while sending
_log = structlog.get_logger()


@dataclass(slots=True)
class Delivery:
    """Sends what is due for one account over one connection."""

    desk: Desk
    connection: Connection
    on_sent: Callable[[datetime], None]  # pacing's history
    hear: Callable[[], None]  # takes in receipts and replies between two messages
    recorder: Recorder
    _heard_at: float = 0.0  # monotonic seconds
    _cursors: dict[UUID, UUID | None] = field(default_factory=dict)
    _in_flight: tuple[Claim, bytes] | None = None  # with its secret
    hold_until: datetime | None = None  # WhatsApp asked the account to slow down
    _leaves_some: bool = False  # what it cannot send now, another account perhaps can
    session_error: SessionUnusable | None = None

    def recover(self) -> None:
        """Settle what earlier leases left in `sending`: the session store knows what left.

        Called once connected: by then an older process's connection is closed by WhatsApp.
        """
        orphans = self.desk.store.deliveries.orphans(self.desk.lease)
        if orphans:
            ids = self.connection.find_message_ids([orphan.secret for orphan in orphans])
            settlements = [
                Settlement(orphan.recipient_id, ids.get(orphan.secret)) for orphan in orphans
            ]
            self.desk.store.deliveries.recover(self.desk.lease, settlements)
            left = sum(settlement.message_id is not None for settlement in settlements)
            _log.info("recovered", orphans=len(settlements), unconfirmed=left)

    def send_batch(self, limit: int) -> int:
        """Claim up to `limit` recipients of the oldest campaign with any, and send to them.

        Returns how many were claimed; 0 means that nothing is due. Raises LeaseLost.
        """
        for campaign in self.desk.store.deliveries.running(self.desk.account.id):
            claims = self._claim(campaign, limit)
            if claims:
                with structlog.contextvars.bound_contextvars(campaign_id=str(campaign.id)):
                    self._send_all(campaign, claims)
                return len(claims)
            self.recorder.flush()
            if self.desk.store.deliveries.finish(campaign.id, self.desk.now()):
                _log.info("campaign finished", campaign_id=str(campaign.id))
                self.desk.announce_campaigns(campaign.id)
        return 0

    def _claim(self, campaign: Campaign, limit: int) -> Sequence[Claim]:
        """The next due recipients; behind the last one first, then once more from the start."""
        locked = self.desk.account.cold_locked_until
        only_known = locked is not None and locked > self.desk.now()
        after = self._cursors.get(campaign.id)
        for start in dict.fromkeys((after, None)):
            claims = self.desk.store.deliveries.claim(
                self.desk.lease, campaign.id, start, limit, only_known
            )
            if claims:
                self.desk.opted_out.clear()  # the claims know of those
                self._cursors[campaign.id] = claims[-1].recipient_id
                return claims
        self._cursors[campaign.id] = None
        return ()

    def _send_all(self, campaign: Campaign, claims: Sequence[Claim]) -> None:
        """Send to `claims`; the rest goes back to the queue when something comes up."""
        left = deque(claims)
        try:
            while left:
                self.recorder.put(self._outcome(campaign, left.popleft()))
                self._hear_in_time()
                if self._shall_stop():
                    break
        finally:
            if left or self._leaves_some:
                self.recorder.put_all(_put_back(claim, self.desk.now()) for claim in left)
                self.recorder.flush()
            if self._leaves_some and campaign.more_accounts:
                self.desk.store.deliveries.wake_partners(self.desk.account.id)
            self._leaves_some = False

    def _hear_in_time(self) -> None:
        now = time.monotonic()
        if now - self._heard_at >= _HEAR_EVERY:
            self._heard_at = now
            self.hear()

    def _shall_stop(self) -> bool:
        return bool(self.desk.interrupted() or self.session_error or self.hold_until)

    def _outcome(self, campaign: Campaign, claim: Claim) -> Outcome:
        now = self.desk.now()
        if claim.opted_out or claim.phone in self.desk.opted_out:
            return Outcome(claim, RecipientStatus.SKIPPED, now, error_code="opted_out")
        if claim.contact_id is None and not campaign.is_test:
            return Outcome(claim, RecipientStatus.SKIPPED, now, error_code="contact_deleted")
        try:
            key = recipient_key(campaign.id, claim.phone)
            text = campaign.message.render(claim.fields, key)
        except RuleViolation as problem:
            return Outcome(
                claim,
                RecipientStatus.ERROR,
                now,
                error_code=problem.code,
                error_message=str(problem.params.get("names", "")),
            )
        return self._send(claim, OutgoingMessage(text))

    def _send(self, claim: Claim, message: OutgoingMessage) -> Outcome:
        secret = attempt_secret(self.desk.lease.key, claim.recipient_id, claim.attempt)
        self._in_flight = (claim, secret)
        try:
            with self.desk.keeper.sending():
                accepted = self.connection.send(claim.phone, message, secret)
        except OutcomeUnknown as error:
            return self._unknown(claim, secret, error)
        except GatewayError as error:
            self._note(error)
            _log.info("not sent", phone=masked(claim.phone), code=error.code, error=str(error))
            return failed(claim, error, self.desk.now())
        finally:
            self._in_flight = None
        now = self.desk.now()  # WhatsApp's own stamp has whole seconds, too coarse for pacing
        self.on_sent(now)
        return Outcome(claim, RecipientStatus.SENT, now, message_id=accepted.message_id)

    def rescue(self) -> None:
        """Called from another thread when a send is stuck, before the process ends.

        What is in flight is unconfirmed, and receipts that came meanwhile may settle it: they are
        in this process's memory only, since the library has acknowledged them.
        """
        if self._in_flight is not None:
            claim, secret = self._in_flight
            stuck = self._unknown(claim, secret, OutcomeUnknown("the send is stuck"))
            self.recorder.put_all([stuck])
        self.recorder.flush()
        self.hear()

    def _unknown(self, claim: Claim, secret: bytes, error: OutcomeUnknown) -> Outcome:
        """The session store knows whether the frame got as far as the socket."""
        now = self.desk.now()
        message_id = self.connection.find_message_ids([secret]).get(secret)
        if message_id is None:
            return failed(claim, Unavailable(str(error)), now)
        self.on_sent(now)
        return Outcome(
            claim,
            RecipientStatus.UNCONFIRMED,
            now,
            message_id=message_id,
            error_code=error.code,
            error_message=str(error),
        )

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
