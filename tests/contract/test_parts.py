"""What every store promises about recipients who get several messages."""

from datetime import UTC, datetime, timedelta

import pytest

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import CampaignStatus, sources
from sender_app.domain.content import Attachment, Content
from sender_app.domain.delivery import (
    Claim,
    Outcome,
    RecipientStatus,
    SentPart,
    Settlement,
    attempt_secret,
)
from sender_app.domain.errors import LeaseLost
from sender_app.domain.media import MediaKind, Prepared
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Store
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind
from tests.contract.clinic import NOW, Clinic, sent

PHOTO = Prepared(MediaKind.IMAGE, "image/jpeg", "x.jpg", b"pixels")


@pytest.fixture
def clinic(store: Store) -> Clinic:
    """With a campaign of a text and two files, each a message of its own, for five people."""
    clinic = Clinic(store)
    scope = clinic.workspace.id
    photos = [store.media.add(scope, "alice", PHOTO, "00", f"media/{n}") for n in range(2)]
    content = Content(("Hola",), tuple(Attachment(photo.id) for photo in photos))
    status, config = CampaignStatus.RUNNING, content.to_config()
    new = NewCampaign(clinic.account.id, "Turnos", "Hola", status, {}, media_config=config)
    rows = [AudienceRow(n, f"+59599{n:07d}", f"Persona {n}", "Sr.") for n in range(5)]
    clinic.campaign = store.campaigns.create(scope, "alice", new, [ContactBatch.of(rows)])
    return clinic


def part(n: int, *, in_doubt: bool = False) -> SentPart:
    return SentPart(n, f"P{n}", NOW, in_doubt)


def in_parts(claim: Claim, status: RecipientStatus, *parts: SentPart) -> Outcome:
    code = "outcome_unknown" if status is RecipientStatus.UNCONFIRMED else None
    done = status in (RecipientStatus.SENT, RecipientStatus.UNCONFIRMED)
    message_id = parts[-1].message_id if done else None
    return Outcome(claim, status, NOW, message_id=message_id, error_code=code, parts=parts)


def heard(clinic: Clinic, *message_ids: str) -> None:
    receipt = Receipt(message_ids, ReceiptKind.DELIVERED, NOW)
    clinic.store.receipts.receipts(clinic.account.id, [receipt])


def test_it_remembers_which_parts_left_for_the_next_attempt(clinic: Clinic):
    lease = clinic.lease()
    claim = clinic.claim(lease, 1)[0]
    assert (claim.parts_sent, claim.in_doubt) == (frozenset(), False)
    clinic.settle(lease, [in_parts(claim, RecipientStatus.QUEUED, part(0), part(1, in_doubt=True))])
    again = clinic.claim(lease, 1)[0]
    assert (again.recipient_id, again.parts_sent) == (claim.recipient_id, {0, 1})
    assert again.in_doubt
    heard(clinic, "P1")
    clinic.settle(lease, [in_parts(again, RecipientStatus.UNCONFIRMED, part(2))])
    # The receipt came after the claim: nothing is in doubt any more.
    assert (clinic.now().sent_count, clinic.now().unconfirmed_count) == (1, 0)
    row = clinic.store.campaigns.recipients(clinic.campaign.id, None, None, 1).rows[0]
    assert (row.parts_sent, row.status, row.error_code) == (3, RecipientStatus.SENT, None)


def test_every_part_in_doubt_needs_a_receipt_of_its_own(clinic: Clinic):
    lease = clinic.lease()
    claim = clinic.claim(lease, 1)[0]
    parts = (part(0, in_doubt=True), part(1), part(2, in_doubt=True))
    clinic.settle(lease, [in_parts(claim, RecipientStatus.UNCONFIRMED, *parts)])
    for message_id, sent_count in (("P1", 0), ("P2", 0), ("P0", 1), ("P0", 1)):
        heard(clinic, message_id)
        assert clinic.now().sent_count == sent_count
        assert clinic.now().delivered_count == (message_id != "P1")
    assert clinic.now().unconfirmed_count == 0
    assert clinic.sent_today() == 1


def test_recovery_puts_back_who_got_a_part_and_finds_the_rest(clinic: Clinic):
    old = clinic.lease("one")
    first, second = clinic.claim(old, 2)
    clinic.store.leases.release(old)
    new = clinic.lease("two")
    orphans = {one.recipient_id: one for one in clinic.store.deliveries.orphans(new)}
    orphan = orphans[first.recipient_id]
    assert orphan.several
    assert orphan.secrets == {
        n: attempt_secret(old.key, first.recipient_id, first.attempt, n) for n in range(3)
    }
    doubts = tuple(part(n, in_doubt=True) for n in range(3))
    settlements = [
        Settlement(first.campaign_id, first.recipient_id, None, doubts[:1]),
        Settlement(second.campaign_id, second.recipient_id, "P2", doubts),
    ]
    clinic.store.deliveries.recover(new, settlements)
    assert clinic.statuses()[:2] == ["queued", "unconfirmed"]
    assert clinic.store.deliveries.orphans(new) == []
    again = clinic.claim(new, 1)[0]
    assert (again.recipient_id, again.parts_sent, again.in_doubt) == (
        first.recipient_id,
        {0},
        True,
    )
    clinic.store.leases.release(new)
    third = clinic.lease("three")
    [orphan] = clinic.store.deliveries.orphans(third)
    assert orphan.secrets.keys() == {1, 2}  # what left before is not looked for again


@pytest.mark.parametrize("was_sent", [True, False])
def test_a_person_decides_about_the_parts_in_doubt_only(clinic: Clinic, was_sent: bool):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    doubt = in_parts(claims[0], RecipientStatus.UNCONFIRMED, part(0, in_doubt=True), part(1))
    clinic.settle(lease, [doubt, *(sent(c) for c in claims[1:])])
    assert clinic.store.deliveries.finish(clinic.campaign.id, NOW)
    late = datetime.now(UTC) + timedelta(hours=1)
    assert clinic.store.campaigns.resolve_unconfirmed(clinic.campaign.id, [], was_sent, late) == 1
    assert clinic.now().unconfirmed_count == 0
    if was_sent:
        assert clinic.now().sent_count == 5
        return
    [again] = clinic.claim(lease)
    assert (again.parts_sent, again.in_doubt) == ({1}, False)
    clinic.settle(lease, [in_parts(again, RecipientStatus.SENT, part(0))])
    assert clinic.now().sent_count == 5


def test_an_older_lease_notes_no_parts(clinic: Clinic):
    old = clinic.lease("one")
    claim = clinic.claim(old, 1)[0]
    clinic.settle(old, [])
    clinic.store.leases.release(old)
    new = clinic.lease("two")
    clinic.store.deliveries.orphans(new)
    with pytest.raises(LeaseLost):
        clinic.settle(old, [in_parts(claim, RecipientStatus.QUEUED, part(0))])
    clinic.store.deliveries.recover(new, [Settlement(claim.campaign_id, claim.recipient_id)])
    assert clinic.claim(new, 1)[0].parts_sent == frozenset()


def test_a_cancelled_campaign_tells_who_got_a_part(clinic: Clinic):
    lease = clinic.lease()
    claim = clinic.claim(lease, 1)[0]
    clinic.settle(lease, [in_parts(claim, RecipientStatus.QUEUED, part(0))])
    clinic.store.campaigns.move(clinic.campaign.id, sources("cancel"), CampaignStatus.CANCELLED)
    rows = clinic.store.campaigns.recipients(clinic.campaign.id, None, None, 10).rows
    assert [row.error_code for row in rows] == ["sent_in_part", *["cancelled"] * 4]


def test_a_reply_that_quotes_a_part_finds_its_campaign(clinic: Clinic):
    lease = clinic.lease()
    claim = clinic.claim(lease, 1)[0]
    clinic.settle(lease, [in_parts(claim, RecipientStatus.SENT, part(0), part(1))])
    reply = Incoming("R1", "+595981999999", "hola", "P0", datetime.now(UTC))
    found = clinic.store.receipts.reply(clinic.account.id, reply, False)
    assert found == clinic.campaign.id
