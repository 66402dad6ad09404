"""The people of a campaign in Redis, as everybody but the account's process deals with them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sender_app.domain.delivery import RecipientStatus
from sender_app.domain.errors import RuleViolation
from sender_app.ports.store.audiences import AudienceSpec
from sender_app.stores.redis.audiences import Person, check_caught_up, gather
from sender_app.stores.redis.campaign_rows import count
from sender_app.stores.redis.engine import Transaction
from sender_app.stores.redis.recipient_rows import (
    drop_recipients,
    held,
    new_recipient,
    note_sent,
    put_recipient,
    queued,
    recipients,
    settled_parts,
    unreached,
)
from sender_app.stores.redis.rollups import Moved, follow
from sender_app.stores.redis.rows import Row, at, compact
from sender_app.stores.redis.staging import Stage

_NAMED = 10  # rows named in a message about blank placeholders
_AGAIN = {
    "status": RecipientStatus.QUEUED.value,
    "attempts": 0,
    "error_code": None,
    "error_message": None,
}


def add_one(tx: Transaction, workspace: UUID | str, campaign_id: str, phone: str) -> None:
    """Somebody who is in no address book."""
    _add(tx, workspace, campaign_id, [(None, phone)])


def add_file(
    tx: Transaction,
    workspace: UUID,
    user_id: str,
    campaign: Row,
    audience: AudienceSpec,
    stage: Stage,
    needed: Sequence[str],
) -> None:
    """Upsert the people of a file, which is in the stage, and make them the recipients of a
    campaign, whose row learns how many they are."""
    stage.write(tx, workspace, user_id)
    blanks, rows = stage.blank(needed, _NAMED)
    if blanks:
        named = ", ".join(map(str, rows))
        raise RuleViolation("placeholder_blank_rows", count=blanks, rows=named)
    if audience.written_since is not None:
        _freeze(tx, workspace, campaign, audience, stage, None)
        return
    people = [(stage.contact(phone)["id"], phone) for phone in stage.rows]
    if not people:
        raise RuleViolation("audience_empty")
    _add(tx, workspace, campaign["id"], people)
    campaign["total_recipients"] = len(people)


def add_audience(
    tx: Transaction,
    workspace: UUID,
    user_id: str,
    campaign: Row,
    audience: AudienceSpec,
    stage: Stage,
    confirmed: int | None,
) -> None:
    """Make the audience the campaign's recipients; see `CampaignStore.launch` of the port."""
    check_caught_up(tx.aside(), workspace, audience.choice)
    stage.write(tx, workspace, user_id)
    _freeze(tx, workspace, campaign, audience, stage, confirmed)


def drop_all(tx: Transaction, workspace: UUID | str, campaign: Row) -> None:
    """Nobody is the campaign's recipient any more, to whom nothing was sent."""
    rows = tx.all(recipients(workspace, campaign["id"])).values()
    resting = sum(row["status"] == RecipientStatus.SKIPPED for row in rows)
    count(tx, workspace, campaign["id"], skipped=-resting)
    drop_recipients(tx, workspace, rows)


def skip_queued(tx: Transaction, workspace: UUID | str, campaign: Row) -> None:
    """Whoever waits gets nothing any more."""
    key = campaign["id"]
    names = tx.names(queued(workspace, key)) + [n for n, _ in tx.ranked(held(workspace, key))]
    skipped = {"status": RecipientStatus.SKIPPED.value, "not_before": None}
    changes: list[tuple[Row, Row]] = []
    for before in compact(tx.rows(recipients(workspace, key), names)):
        code = "sent_in_part" if before["parts_sent"] else "cancelled"
        changes.append((before, before | skipped | {"error_code": code}))
    _move(tx, workspace, campaign, changes)


def requeue_failed(tx: Transaction, workspace: UUID | str, campaign: Row) -> int:
    """See ports.store.campaigns.CampaignStore.requeue_failed. The campaign's counter follows, but
    the rollups keep the error, which did happen that day."""
    rows = _of_status(tx, workspace, campaign["id"], RecipientStatus.ERROR, ())
    for before in rows:
        put_recipient(tx, workspace, before | _AGAIN | {"not_before": None}, before)
    count(tx, workspace, campaign["id"], error=-len(rows))
    return len(rows)


def resolve_unconfirmed(
    tx: Transaction,
    workspace: UUID | str,
    campaign: Row,
    recipient_ids: Sequence[UUID],
    sent: bool,
    before: datetime,
) -> int:
    """See ports.store.campaigns.CampaignStore.resolve_unconfirmed. Nobody knows when such a message
    left, if it did: its claim is the nearest there is."""
    rows = _of_status(tx, workspace, campaign["id"], RecipientStatus.UNCONFIRMED, recipient_ids)
    changes: list[tuple[Row, Row]] = []
    for row in rows:
        if at(row["claimed_at"]) < before:
            known = {"status": "sent", "error_code": None, "error_message": None, "attempts": 0}
            known |= {"sent_at": row["claimed_at"]}
            unknown = _AGAIN | {"sent_at": None, "message_id": None}
            after = settled_parts(row, sent=sent) | (known if sent else unknown)
            changes.append((row, after))
            if sent:
                note_sent(tx, workspace, row["account_id"] or campaign["account_id"], after)
    _move(tx, workspace, campaign, changes)
    return len(changes)


def _of_status(
    tx: Transaction,
    workspace: UUID | str,
    campaign_id: str,
    status: RecipientStatus,
    recipient_ids: Sequence[UUID],
) -> list[Row]:
    """Those of the recipients, or of all, who are in the status."""
    names = recipient_ids or tx.names(unreached(workspace, campaign_id, status))
    rows = compact(tx.rows(recipients(workspace, campaign_id), names))
    return [row for row in rows if row["status"] == status]


def _move(
    tx: Transaction,
    workspace: UUID | str,
    campaign: Row,
    changes: Sequence[tuple[Row, Row]],
) -> None:
    now = tx.now().isoformat()
    for before, after in changes:
        put_recipient(tx, workspace, after, before)
    moved = [Moved.to(after, before["status"], now) for before, after in changes]
    follow(tx, workspace, campaign, moved)


def _freeze(
    tx: Transaction,
    workspace: UUID,
    campaign: Row,
    audience: AudienceSpec,
    stage: Stage,
    confirmed: int | None,
) -> None:
    """The file's people are looked up as they will be, everything else as others have made it."""
    found = gather(tx.aside(), workspace, audience, stage, stage.contacts())
    numbers = found.counts()
    if numbers.people == 0:
        raise RuleViolation("audience_empty")
    if confirmed is not None and numbers.reached != confirmed:
        raise RuleViolation("audience_changed", count=numbers.reached)
    if numbers.reached == 0:
        raise RuleViolation("audience_left_out")
    _add(tx, workspace, campaign["id"], _people(found.people, resting=False))
    # No event tells of those who rest: nothing happened.
    left_out = {"status": RecipientStatus.SKIPPED.value, "error_code": "written_lately"}
    _add(tx, workspace, campaign["id"], _people(found.people, resting=True), **left_out)
    count(tx, workspace, campaign["id"], skipped=numbers.resting)
    campaign["total_recipients"] = numbers.people


def _people(people: Iterable[Person], *, resting: bool) -> list[tuple[str | None, str]]:
    return [(person.contact_id, person.phone) for person in people if person.resting is resting]


def _add(
    tx: Transaction,
    workspace: UUID | str,
    campaign_id: str,
    people: Iterable[tuple[str | None, str]],
    **values: str,
) -> None:
    """New recipients, queued unless the values say something else."""
    now = tx.now().isoformat()
    for contact_id, phone in people:
        row = new_recipient(campaign_id, phone, now, contact_id=contact_id, **values)
        put_recipient(tx, workspace, row)
