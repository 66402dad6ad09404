"""Answers to people: sent by the account's process, as safely as a campaign's messages.

They are written by hand, one at a time, so they go before campaigns and wait for no pacing.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

import structlog

from sender_app.domain.conversation import AnswerClaim, AnswerOutcome, AnswerStatus, not_sent
from sender_app.domain.errors import GatewayError, OutcomeUnknown, SessionUnusable, Unavailable
from sender_app.domain.phone import masked
from sender_app.ports.whatsapp import Connection, OutgoingMessage
from sender_app.services.serving.desk import Desk

_log = structlog.get_logger()


@dataclass(slots=True)
class Answering:
    """One account's answers over one connection."""

    desk: Desk
    connection: Connection
    more: bool = True  # until a look found nothing
    again_at: datetime | None = None  # when one that could not be sent is tried again
    _in_flight: AnswerClaim | None = None

    def recover(self) -> None:
        """Settle what earlier leases left in `sending`: the session store knows what left."""
        store, lease = self.desk.store.answering, self.desk.lease
        orphans = store.orphans(lease)
        if not orphans:
            return
        ids = self.connection.find_message_ids([orphan.secret for orphan in orphans])
        for orphan in orphans:
            store.recover(lease, orphan.id, ids.get(orphan.secret))
        _log.info("answers recovered", orphans=len(orphans), unconfirmed=len(ids))
        self.desk.announce_inbox()

    def run(self) -> bool:
        """Send the next answer, if one is due; whether there was one.

        Raises LeaseLost, SessionUnusable (the answer then waits as before).
        """
        now = self.desk.now()
        if self.again_at is not None and now >= self.again_at:
            self.more, self.again_at = True, None
        if not self.more:
            return False
        claim = self.desk.store.answering.claim(self.desk.lease, secrets.token_bytes(32))
        self.more = claim is not None
        if claim is None:
            return False
        self._send(claim)
        return True

    def rescue(self) -> None:
        """Called from another thread when a send is stuck, before the process ends."""
        if self._in_flight is not None:
            self._record(self._in_flight, self._unknown(self._in_flight, OutcomeUnknown("stuck")))

    def _send(self, claim: AnswerClaim) -> None:
        self._in_flight = claim
        try:
            with self.desk.keeper.calling():
                message = OutgoingMessage(claim.text)
                message_id = self.connection.send(claim.phone, message, claim.secret)
        except OutcomeUnknown as error:
            self._record(claim, self._unknown(claim, error))
        except SessionUnusable as error:
            waits = AnswerOutcome(AnswerStatus.WAITING, self.desk.now(), error_code=error.code)
            self._record(claim, waits)
            raise
        except GatewayError as error:
            self._record(claim, not_sent(claim, error, self.desk.now()))
        else:
            now = self.desk.now()
            self._record(claim, AnswerOutcome(AnswerStatus.SENT, now, message_id))
        finally:
            self._in_flight = None

    def _unknown(self, claim: AnswerClaim, error: OutcomeUnknown) -> AnswerOutcome:
        """The session store knows whether the frame got as far as the socket."""
        now = self.desk.now()
        message_id = self.connection.find_message_ids([claim.secret]).get(claim.secret)
        if message_id is None:
            return not_sent(claim, Unavailable(str(error)), now)
        return AnswerOutcome(AnswerStatus.UNCONFIRMED, now, message_id, error.code)

    def _record(self, claim: AnswerClaim, outcome: AnswerOutcome) -> None:
        self.desk.store.answering.record(self.desk.lease, claim.id, outcome)
        if outcome.not_before is not None:
            self.again_at = min(self.again_at or outcome.not_before, outcome.not_before)
        status, code = outcome.status.value, outcome.error_code
        _log.info("answer", phone=masked(claim.phone), status=status, code=code)
        self.desk.announce_inbox()
