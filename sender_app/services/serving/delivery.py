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
from sender_app.domain.template import Template
from sender_app.ports.whatsapp import Connection, OutgoingMessage
from sender_app.services.serving.desk import Desk

_RECORD_SHARE = 10  # recording takes at most about a tenth of the time
_CHAIN = 0.5  # seconds until the orders are looked at again, should no nudge have come
_SHOWN_WITHIN = 0.2  # seconds from a message to its record, at most
_log = structlog.get_logger()


@dataclass(slots=True)
class Delivery:
    """Sends what is due for one account over one connection."""

    desk: Desk
    connection: Connection
    on_sent: Callable[[datetime], None]  # pacing's history
    hear: Callable[[], None]  # takes in receipts and replies between two messages
    _pending: list[Outcome] = field(default_factory=list)
    _recorded_at: float = 0.0  # monotonic seconds
    _record_cost: float = 0.0  # seconds that the last record took
    _announced_at: float = 0.0  # monotonic seconds
    _cursors: dict[UUID, UUID | None] = field(default_factory=dict)
    _in_flight: tuple[Claim, bytes] | None = None  # with its secret
    hold_until: datetime | None = None  # WhatsApp asked the account to slow down
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

    def send_batch(self, limit: int, *, chain: bool) -> int:
        """Claim up to `limit` recipients of the oldest campaign with any, and send to them.

        With `chain`, which is for accounts without any pace, goes on with the campaign's next ones
        for a moment: one commit then records and claims. Returns how many were claimed; 0 means
        that nothing is due. Raises LeaseLost.
        """
        for campaign in self.desk.store.deliveries.running(self.desk.account.id):
            claims = self._claim(campaign, limit)
            if claims:
                return self._send_windows(campaign, claims, limit if chain else 0)
            if self.desk.store.deliveries.finish(campaign.id, self.desk.now()):
                _log.info("campaign finished", campaign_id=str(campaign.id))
                self.desk.announce_campaigns(campaign.id)
        return 0

    def _send_windows(self, campaign: Campaign, claims: Sequence[Claim], more: int) -> int:
        """Send to `claims`, then to windows of `more` (0: none); returns how many there were."""
        template = Template(campaign.message_template)
        until = time.monotonic() + _CHAIN
        claimed = 0
        while claims:
            claimed += len(claims)
            self._send_all(template, claims, last=not more or time.monotonic() > until)
            if not self._pending:
                break
            claims = self._record_and_claim(campaign, more)
        return claimed

    def _record_and_claim(self, campaign: Campaign, limit: int) -> Sequence[Claim]:
        outcomes, self._pending = self._pending, []
        claims = self.desk.store.deliveries.advance(
            self.desk.lease, outcomes, campaign.id, self._cursors[campaign.id], limit
        )
        if claims:
            self._cursors[campaign.id] = claims[-1].recipient_id
        now = time.monotonic()
        if now - self._announced_at > _SHOWN_WITHIN:
            self._announced_at = now
            self.desk.announce_campaigns(campaign.id)
        self._recorded_at = now
        return claims

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
                self._cursors[campaign.id] = claims[-1].recipient_id
                return claims
        self._cursors[campaign.id] = None
        return ()

    def _send_all(self, template: Template, claims: Sequence[Claim], *, last: bool) -> None:
        """Send to `claims`, recording on the way; unless it is the `last` window or something came
        up, the final outcomes are left for the commit that claims the next."""
        left = deque(claims)
        done = False
        try:
            while left:
                claim = left.popleft()
                self._pending.append(self._outcome(template, claim))
                if self._is_record_due():
                    self.record()
                    self.hear()
                if left and self._shall_stop():
                    break
            done = not left and not last and not self._shall_stop()
        finally:
            self._pending.extend(_put_back(claim, self.desk.now()) for claim in left)
            if not done:
                self.record()

    def _shall_stop(self) -> bool:
        return bool(self.desk.interrupted() or self.session_error or self.hold_until)

    def _outcome(self, template: Template, claim: Claim) -> Outcome:
        now = self.desk.now()
        if claim.opted_out:
            return Outcome(claim, RecipientStatus.SKIPPED, now, error_code="opted_out")
        if claim.contact_id is None:
            return Outcome(claim, RecipientStatus.SKIPPED, now, error_code="contact_deleted")
        try:
            text = template.render(claim.fields)
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
            self._pending.append(self._unknown(claim, secret, OutcomeUnknown("the send is stuck")))
        self.record()
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
        match error:
            case ColdContactLocked():
                until = error.until or now + COLD_LOCK
                self.desk.store.accounts.lock_cold(self.desk.account.id, until)
                self.desk.nudged.set()
            case RateLimited():
                self.hold_until = now + error.retry_after
            case SessionUnusable():
                self.session_error = error

    def _is_record_due(self) -> bool:
        """A commit for every message where sending is slow beside it, else one for several.

        Recording shall take no more than a share of the time, and people shall see progress.
        """
        waited = time.monotonic() - self._recorded_at
        return waited >= min(self._record_cost * _RECORD_SHARE, _SHOWN_WITHIN)

    def record(self) -> None:
        """Record the outcomes so far, and show them."""
        began = time.monotonic()
        if self._pending:
            outcomes, self._pending = self._pending, []
            self.desk.store.deliveries.settle(self.desk.lease, outcomes)
            self.desk.announce_campaigns(*(outcome.claim.campaign_id for outcome in outcomes))
            self._record_cost = time.monotonic() - began
        self._recorded_at = time.monotonic()


def _put_back(claim: Claim, now: datetime) -> Outcome:
    """A claim that was not used: it costs the recipient no attempt's wait."""
    return Outcome(claim, RecipientStatus.QUEUED, now)
