"""What comes back: receipts, a person's word, and replies."""

from datetime import UTC, datetime, timedelta

import pytest

from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.delivery import Outcome, RecipientStatus
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind
from tests.contract.clinic import NOW, Clinic, sent


def test_it_takes_a_receipt_as_proof_that_a_message_left(clinic: Clinic):
    lease = clinic.lease()
    claims = clinic.claim(lease, 2)
    unconfirmed = Outcome(claims[1], RecipientStatus.UNCONFIRMED, NOW, message_id="M2")
    clinic.settle(lease, [sent(claims[0], "M1"), unconfirmed])
    receipts = [
        Receipt(("M1", "M2"), ReceiptKind.DELIVERED, NOW),
        Receipt(("M1",), ReceiptKind.READ, NOW),
        Receipt(("M1",), ReceiptKind.DELIVERED, NOW),
        Receipt(("of another",), ReceiptKind.DELIVERED, NOW),
    ]
    for _ in range(2):  # hearing it again changes nothing
        clinic.store.receipts.receipts(clinic.account.id, receipts)
    now = clinic.now()
    assert (now.sent_count, now.unconfirmed_count) == (2, 0)
    assert (now.delivered_count, now.read_count) == (2, 1)
    month = clinic.store.metrics.month(
        clinic.workspace.id, f"{NOW.astimezone(clinic.workspace.zone):%Y-%m}"
    )
    assert month.sent == 2


@pytest.mark.parametrize("was_sent", [True, False])
def test_a_person_settles_what_no_receipt_did_after_its_grace(clinic: Clinic, was_sent: bool):
    lease = clinic.lease()
    claims = clinic.claim(lease)
    outcomes = [sent(c) for c in claims[1:]]
    doubt = Outcome(claims[0], RecipientStatus.UNCONFIRMED, NOW, message_id="M")
    clinic.settle(lease, [*outcomes, doubt])
    assert clinic.store.deliveries.finish(clinic.campaign.id, NOW)
    resolve = clinic.store.campaigns.resolve_unconfirmed
    early, late = NOW - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    assert resolve(clinic.campaign.id, [], was_sent, early) == 0
    assert resolve(clinic.campaign.id, [claims[1].recipient_id], was_sent, late) == 0
    assert resolve(clinic.campaign.id, [claims[0].recipient_id], was_sent, late) == 1
    now = clinic.now()
    assert now.unconfirmed_count == 0
    if was_sent:
        assert (now.status, now.sent_count) == (CampaignStatus.FINISHED, 5)
    else:
        assert (now.status, now.sent_count) == (CampaignStatus.RUNNING, 4)
        assert [c.phone for c in clinic.claim(lease)] == [claims[0].phone]


def test_it_records_a_reply_once_and_remembers_who_opted_out(clinic: Clinic):
    lease = clinic.lease()
    claim = clinic.claim(lease, 1)[0]
    clinic.settle(lease, [sent(claim, "M1")])
    reply = Incoming("R1", claim.phone, "BAJA", "M1", datetime.now(UTC))
    for _ in range(2):
        answered = clinic.store.receipts.reply(clinic.account.id, reply, True)
    assert answered is None  # the second time it is known already
    assert clinic.now().replied_count == 1
    phones = [claim.phone, "+595981999999"]
    assert clinic.store.deliveries.opted_out(clinic.workspace.id, phones) == {claim.phone}
