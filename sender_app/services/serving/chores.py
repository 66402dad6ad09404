"""What an account does beside its campaigns: answer people, confirm opt-outs, look numbers up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from sender_app.domain.errors import GatewayError, SessionUnusable
from sender_app.ports.whatsapp import Connection
from sender_app.services.serving.answering import Answering
from sender_app.services.serving.desk import Desk
from sender_app.text import translate

CHECKED_AT_ONCE = 50  # numbers in one look-up; WhatsApp watches who asks for many
_AFTER_TROUBLE = timedelta(minutes=10)
_ANSWERED_AT_ONCE = 20
_log = structlog.get_logger()


@dataclass(slots=True)
class Chores:
    """One account's chores over one connection."""

    desk: Desk
    connection: Connection
    draw: Callable[[], float]
    answering: Answering
    next_check: datetime | None = None
    more_to_check: bool = True  # until a look found nothing

    def run(self) -> bool:
        """Do what is due now; whether there was anything. Raises SessionUnusable."""
        if not self.connection.is_ready():
            return False
        confirmed = self._confirm() if self.desk.answers_due else False
        answered = self.answering.run()
        return self._check() or answered or confirmed

    def forget_rest(self) -> None:
        """Somebody woke the account: there may be people to answer, or numbers to look up."""
        self.more_to_check = self.answering.more = True

    def _confirm(self) -> bool:
        """Have who opted out answered, once."""
        desk = self.desk
        text = desk.workspace.opt_out_reply
        if text is None:
            text = translate(desk.workspace.language, "opt_out.confirmation")
        due = desk.store.opt_outs.answers_due(desk.account.id, _ANSWERED_AT_ONCE)
        desk.answers_due = len(due) == _ANSWERED_AT_ONCE
        for phone in due:
            desk.store.answering.confirm(desk.lease, phone, text)
        self.answering.more = self.answering.more or bool(due)
        return bool(due)

    def _check(self) -> bool:
        """Look up the next few numbers that somebody asked about; how often, the timings say."""
        desk, now = self.desk, self.desk.now()
        if not self.more_to_check or (self.next_check is not None and now < self.next_check):
            return False
        phones = desk.store.contacts.to_check(desk.account.id, CHECKED_AT_ONCE)
        self.more_to_check = bool(phones)
        if not phones:
            return False
        self.next_check = now + desk.timings.check_pause * (1 + 0.5 * self.draw())
        desk.keeper.guard()
        try:
            with desk.keeper.calling():
                found = self.connection.are_on_whatsapp(phones)
        except SessionUnusable:
            raise
        except GatewayError as error:
            _log.warning("numbers not looked up", error=str(error))
            self.next_check = now + _AFTER_TROUBLE
            return False
        desk.store.contacts.record_check(desk.account.id, phones, found, desk.now())
        _log.info("numbers looked up", count=len(found), present=sum(found.values()))
        return True
