"""Answers on their way to people, in Redis: a small ledger of its own.

As in the large one, an attempt's secret is committed before anything is sent, and the holder of a
newer lease finds by it what became of an attempt that an older one left.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sender_app.domain.conversation import SENDER, AnswerClaim, AnswerOutcome, AnswerStatus
from sender_app.domain.delivery import Lease
from sender_app.ports.whatsapp import Receipt, ReceiptKind
from sender_app.stores.redis.accounts import workspace_of
from sender_app.stores.redis.answer_rows import (
    answers,
    answers_with,
    open_answers,
    put_answer,
    write_answer,
)
from sender_app.stores.redis.contact_rows import opt_outs
from sender_app.stores.redis.conversation_rows import find_conversation
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.leases import hold
from sender_app.stores.redis.opt_outs import cross_off
from sender_app.stores.redis.rows import Row, at

_TO_BE_HEARD_OF = frozenset({AnswerStatus.SENT, AnswerStatus.UNCONFIRMED})


class RedisAnswering:
    """See ports.store.answering.AnsweringStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def confirm(self, lease: Lease, phone: str, text: str) -> bool:
        def work(tx: Transaction) -> bool:
            hold(tx, lease)
            workspace = workspace_of(tx.aside(), lease.account_id)
            if not cross_off(tx, workspace, lease.account_id, phone):
                return False
            conversation = find_conversation(tx, workspace, lease.account_id, phone)
            if text and conversation:
                write_answer(tx, workspace, conversation, uuid4(), SENDER, text)
            return True

        return self._database.transact(work)

    def claim(self, lease: Lease, secret: bytes) -> AnswerClaim | None:
        def work(tx: Transaction) -> AnswerClaim | None:
            hold(tx, lease)
            workspace, now = workspace_of(tx.aside(), lease.account_id), tx.now()
            for before in _willing(tx, workspace, lease.account_id):
                if before["not_before"] and at(before["not_before"]) > now:
                    continue
                row = before | {
                    "status": AnswerStatus.SENDING,
                    "lease_epoch": lease.epoch,
                    "attempts": before["attempts"] + 1,
                    "secret": secret.hex(),
                    "claimed_at": now,
                    "error_code": None,
                    "not_before": None,
                }
                put_answer(tx, workspace, row, before)
                return _claim(row)
            return None

        return self._database.transact(work)

    def record(self, lease: Lease, answer_id: UUID, outcome: AnswerOutcome) -> bool:
        values = {
            "status": outcome.status,
            "message_id": outcome.message_id,
            "error_code": outcome.error_code,
            "not_before": outcome.not_before,
            "sent_at": outcome.at if outcome.status is AnswerStatus.SENT else None,
        }

        def work(tx: Transaction) -> bool:
            workspace = workspace_of(tx.aside(), lease.account_id)
            row = _being_sent(tx, workspace, lease, answer_id)
            if row is None or row["lease_epoch"] != lease.epoch:
                return False
            put_answer(tx, workspace, row | values, row)
            return True

        return self._database.transact(work)

    def orphans(self, lease: Lease) -> Sequence[AnswerClaim]:
        view = self._database.view()
        workspace = workspace_of(view, lease.account_id)
        rows = open_answers(view, workspace, lease.account_id, AnswerStatus.SENDING)
        return [_claim(row) for row in rows if row["lease_epoch"] < lease.epoch]

    def recover(self, lease: Lease, answer_id: UUID, message_id: str | None) -> None:
        left = message_id is not None
        values = {
            "message_id": message_id,
            "status": AnswerStatus.UNCONFIRMED if left else AnswerStatus.WAITING,
            "error_code": "outcome_unknown" if left else None,
        }

        def work(tx: Transaction) -> None:
            hold(tx, lease)
            workspace = workspace_of(tx.aside(), lease.account_id)
            row = _being_sent(tx, workspace, lease, answer_id)
            if row and row["lease_epoch"] < lease.epoch:
                put_answer(tx, workspace, row | values, row)

        self._database.transact(work)

    def next_due(self, account_id: UUID) -> datetime | None:
        view = self._database.view()
        workspace = workspace_of(view, account_id)
        waiting = open_answers(view, workspace, account_id, AnswerStatus.WAITING)
        return min((at(row["not_before"] or row["created_at"]) for row in waiting), default=None)

    def fail_waiting(self, account_id: UUID, code: str) -> int:
        values = {"status": AnswerStatus.FAILED, "error_code": code, "not_before": None}

        def work(tx: Transaction) -> int:
            workspace = workspace_of(tx.aside(), account_id)
            waiting = open_answers(tx, workspace, account_id, AnswerStatus.WAITING)
            for row in waiting:
                put_answer(tx, workspace, row | values, row)
            return len(waiting)

        return self._database.transact(work)

    def receipts(self, account_id: UUID, receipts: Sequence[Receipt]) -> int:
        heard, seen = _times(receipts), _times(r for r in receipts if r.kind is ReceiptKind.READ)
        if not heard:
            return 0

        def work(tx: Transaction) -> int:
            workspace, changed = workspace_of(tx.aside(), account_id), 0
            for message_id, row in answers_with(tx, workspace, account_id, list(heard)).items():
                reached = row["delivered_at"] and (row["read_at"] or message_id not in seen)
                if reached or row["status"] not in _TO_BE_HEARD_OF:
                    continue
                values = {
                    "status": AnswerStatus.SENT,
                    "error_code": None,
                    "sent_at": row["sent_at"] or heard[message_id],
                    "delivered_at": row["delivered_at"] or heard[message_id],
                    "read_at": row["read_at"] or seen.get(message_id),
                }
                put_answer(tx, workspace, row | values, row)
                changed += 1
            return changed

        return self._database.transact(work)


def _willing(tx: Transaction, workspace: str, account_id: UUID) -> list[Row]:
    """What waits, without what fails: people's answers to those who opted out meanwhile, and the
    confirmation of an opt-out that was lifted."""
    waiting = open_answers(tx, workspace, account_id, AnswerStatus.WAITING)
    if not waiting:
        return []
    found: list[Row] = []
    opted_out = tx.rows(opt_outs(workspace), [row["phone"] for row in waiting])
    for row, out in zip(waiting, opted_out, strict=True):
        confirms = row["user_id"] == SENDER
        if confirms == (out is not None):
            found.append(row)
        else:
            code = "opt_out_lifted" if confirms else "opted_out"
            values = {"status": AnswerStatus.FAILED, "error_code": code}
            put_answer(tx, workspace, row | values, row)
    return found


def _being_sent(tx: Transaction, workspace: str, lease: Lease, answer_id: UUID) -> Row | None:
    row = tx.row(answers(workspace), answer_id)
    if row and row["status"] == AnswerStatus.SENDING and row["account_id"] == str(lease.account_id):
        return row
    return None


def _times(receipts: Iterable[Receipt]) -> dict[str, datetime]:
    """When each message was first heard of."""
    times: dict[str, datetime] = {}
    for receipt in receipts:
        for message_id in receipt.message_ids:
            times[message_id] = min(receipt.at, times.get(message_id, receipt.at))
    return times


def _claim(row: Row) -> AnswerClaim:
    secret = bytes.fromhex(row["secret"])
    return AnswerClaim(UUID(row["id"]), row["phone"], row["text"], row["attempts"], secret)
