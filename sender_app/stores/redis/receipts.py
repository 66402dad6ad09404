"""What comes back from people in Redis: receipts and replies."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sender_app.domain.conversation import REPLY_WINDOW
from sender_app.domain.delivery import RecipientStatus
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind
from sender_app.stores.redis.accounts import workspace_of
from sender_app.stores.redis.campaign_rows import campaigns, count
from sender_app.stores.redis.contact_rows import phones
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.history import by_contact, recipients_of
from sender_app.stores.redis.opt_outs import opt_out
from sender_app.stores.redis.outbox import Told, tell_reached
from sender_app.stores.redis.recipient_rows import (
    acquainted,
    in_doubt,
    messages,
    note_sent,
    put_recipient,
    recipients,
)
from sender_app.stores.redis.replies import note_reply
from sender_app.stores.redis.rollups import Moved, follow, note_event
from sender_app.stores.redis.rows import Row, at, compact
from sender_app.stores.redis.view import View


@dataclass(slots=True)
class _Heard:
    """When a message was first heard of, and when it was first read."""

    at: datetime
    read_at: datetime | None = None


class RedisReceipts:
    """See ports.store.receipts.ReceiptStore."""

    def __init__(self, database: RedisDatabase) -> None:
        self._database = database

    def receipts(self, account_id: UUID, receipts: Sequence[Receipt]) -> Sequence[UUID]:
        heard = _heard(receipts)
        if not heard:
            return []

        def work(tx: Transaction) -> list[UUID]:
            workspace = workspace_of(tx.aside(), account_id)
            found = _whose(tx.aside(), workspace, heard)
            rows = tx.rows(campaigns(workspace), found) if found else []
            return [
                UUID(campaign["id"])
                for campaign in compact(rows)
                if _reach(tx, workspace, account_id, campaign, found[campaign["id"]], heard)
            ]

        return self._database.transact(work)

    def reply(
        self,
        account_id: UUID,
        message: Incoming,
        opt_out: bool,
        window: timedelta = REPLY_WINDOW,
    ) -> UUID | None:
        def work(tx: Transaction) -> UUID | None:
            workspace = workspace_of(tx, account_id)
            if not workspace:
                return None
            answered = _note(tx, workspace, account_id, message, window)
            if opt_out:
                _opt_out(tx, workspace, account_id, message)
            return answered

        return self._database.transact(work)


def _heard(receipts: Iterable[Receipt]) -> dict[str, _Heard]:
    found: dict[str, _Heard] = {}
    for receipt in receipts:
        for message_id in receipt.message_ids:
            one = found.setdefault(message_id, _Heard(receipt.at))
            one.at = min(one.at, receipt.at)
            if receipt.kind is ReceiptKind.READ:
                one.read_at = min(one.read_at or receipt.at, receipt.at)
    return found


def _whose(
    view: View, workspace: str, message_ids: Iterable[str]
) -> dict[str, dict[str, list[str]]]:
    """The messages by campaign and recipient. Whose a message is never changes."""
    ids = list(message_ids)
    found: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for message_id, row in zip(ids, view.rows(messages(workspace), ids), strict=True):
        if row is not None:
            found[row["campaign"]][row["recipient"]].append(message_id)
    return {campaign: dict(people) for campaign, people in found.items()}


def _reach(
    tx: Transaction,
    workspace: str,
    account_id: UUID,
    campaign: Row,
    people: Mapping[str, Sequence[str]],
    heard: Mapping[str, _Heard],
) -> bool:
    """Messages of a campaign reached people; whether that was news."""
    changed: list[tuple[Row, Row]] = []
    for before in compact(tx.rows(recipients(workspace, campaign["id"]), people)):
        if (before["account_id"] or campaign["account_id"]) != str(account_id):
            continue
        row = _reached(before, {key: heard[key] for key in people[before["id"]]})
        if row != before:
            changed.append((before, row))
    for before, row in changed:
        put_recipient(tx, workspace, row, before)
        if row["sent_at"] != before["sent_at"]:
            note_sent(tx, workspace, account_id, row)
        if before["delivered_at"] is None and row["delivered_at"] and row["contact_id"]:
            tx.add(acquainted(workspace), f"{row['contact_id']}:{account_id}")
    moved = [
        Moved.to(row, before["status"], row["sent_at"])
        for before, row in changed
        if row["status"] != before["status"]
    ]
    follow(tx, workspace, campaign, moved)
    delivered, read = _first(changed, "delivered_at"), _first(changed, "read_at")
    count(tx, workspace, campaign["id"], delivered=len(delivered), read=len(read))
    tell_reached(tx, workspace, campaign, delivered, read)
    return any(_shown(row) != _shown(before) for before, row in changed)


def _reached(before: Row, heard: Mapping[str, _Heard]) -> Row:
    """A recipient's row after something was heard of their messages. It proves that a message left,
    and so settles what was unconfirmed; of several messages each that is in doubt needs its own."""
    row = before
    if parts := row.get("parts"):
        sure = {
            place: part | {"in_doubt": part["in_doubt"] and part["message_id"] not in heard}
            for place, part in parts.items()
        }
        row = row | {"parts": sure}
    last = heard.get(row["message_id"] or "")
    cleared = row != before
    settles = row["status"] == RecipientStatus.UNCONFIRMED and not in_doubt(row)
    if settles and (cleared or last is not None):
        left = row["claimed_at"] if last is None or cleared else last.at.isoformat()
        settled = {"status": RecipientStatus.SENT.value, "error_code": None, "error_message": None}
        row = row | settled | {"sent_at": row["sent_at"] or left}
    if last is not None:
        row = row | {
            "sent_at": row["sent_at"] or last.at.isoformat(),
            "delivered_at": row["delivered_at"] or last.at.isoformat(),
            "read_at": row["read_at"] or (last.read_at and last.read_at.isoformat()),
        }
    return row


def _shown(row: Row) -> Row:
    """A recipient as people see them: without what is known of each part."""
    return row | {"parts": None}


def _first(changed: Iterable[tuple[Row, Row]], column: str) -> list[Told]:
    """Who got as far as the column says for the first time."""
    return [
        Told(
            recipient_id=row["id"],
            contact_id=row["contact_id"],
            phone=row["phone"],
            message_id=row["message_id"],
            error_code=None,
            at=row[column],
        )
        for before, row in changed
        if before[column] is None and row[column] is not None
    ]


def _note(
    tx: Transaction, workspace: str, account_id: UUID, message: Incoming, window: timedelta
) -> UUID | None:
    """Record a reply with what it answers; returns the campaign, unless it was known."""
    contact = tx.row(phones(workspace), message.phone)
    contact_id = contact["id"] if contact else None
    matched = _answered(tx.aside(), workspace, account_id, message, contact_id, window)
    noted = note_reply(
        tx,
        workspace,
        {
            "account_id": account_id,
            "campaign_id": matched and matched[0],
            "contact_id": contact_id,
            "phone": message.phone,
            "name": message.name,
            "kind": message.kind.value,
            "text": message.text,
            "message_id": message.message_id,
            "quoted_id": message.quoted_id,
            "received_at": message.at,
        },
    )
    if noted is None or matched is None:
        return None
    campaign_id, recipient_id = matched
    row = tx.row(recipients(workspace, campaign_id), recipient_id)
    if row and row["replied_at"] is None:
        put_recipient(tx, workspace, row | {"replied_at": message.at.isoformat()}, row)
        count(tx, workspace, campaign_id, replied=1)
    note_event(tx, workspace)
    return UUID(campaign_id)


def _answered(
    view: View,
    workspace: str,
    account_id: UUID,
    message: Incoming,
    contact_id: str | None,
    window: timedelta,
) -> tuple[str, str] | None:
    """The campaign and the recipient that a reply answers: whom the quoted message went to, else
    whom the account wrote to last within the window."""
    quoted = view.row(messages(workspace), message.quoted_id) if message.quoted_id else None
    if quoted is not None:
        pair = quoted["campaign"], quoted["recipient"]
        row = view.row(recipients(workspace, pair[0]), pair[1])
        if row and _account_of(view, workspace, row) == str(account_id):
            return pair
    if contact_id is None:
        return None
    names = view.names(by_contact(workspace), prefix=f"{contact_id}:")
    lately = [
        (row["sent_at"], campaign, row["id"])
        for _, campaign, row in recipients_of(view, workspace, names)
        if row["sent_at"] is not None
        and at(row["sent_at"]) > message.at - window
        and _account_of(view, workspace, row) == str(account_id)
    ]
    latest = max(lately, key=lambda one: at(one[0]), default=None)
    return latest and (latest[1], latest[2])


def _account_of(view: View, workspace: str, row: Row) -> str | None:
    """Whose message a recipient got."""
    if row["account_id"] is not None:
        return row["account_id"]
    campaign = view.row(campaigns(workspace), row["campaign_id"])
    return campaign["account_id"] if campaign else None


def _opt_out(tx: Transaction, workspace: str, account_id: UUID, message: Incoming) -> None:
    opt_out(
        tx,
        workspace,
        [message.phone],
        source="reply",
        text=message.text,
        answer_due=account_id,
    )
