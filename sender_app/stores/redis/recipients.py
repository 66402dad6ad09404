"""The people of a campaign in Redis, as everybody but the account's process deals with them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sender_app.domain.delivery import RecipientStatus
from sender_app.domain.errors import RuleViolation
from sender_app.ports.store import AudienceSpec
from sender_app.stores.redis.audiences import Person, check_caught_up, gather
from sender_app.stores.redis.campaign_rows import count
from sender_app.stores.redis.engine import Row, Transaction
from sender_app.stores.redis.recipient_rows import new_recipient, put_recipient
from sender_app.stores.redis.staging import Stage

_NAMED = 10  # rows named in a message about blank placeholders


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
    """Make the audience the campaign's recipients; see ports.store.CampaignStore.launch."""
    check_caught_up(tx, workspace, audience.choice)
    stage.write(tx, workspace, user_id)
    _freeze(tx, workspace, campaign, audience, stage, confirmed)


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
