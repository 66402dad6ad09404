"""A campaign's results as a file."""

from datetime import timedelta
from uuid import uuid4

import pytest

from sender_app.domain.delivery import Outcome, RecipientStatus
from sender_app.domain.errors import NotFound
from sender_app.domain.template import recipient_key
from sender_app.ports.whatsapp import Receipt, ReceiptKind
from sender_app.services.clock import system_clock
from tests.office import Office


def say(key: str) -> str:
    return key.upper()


def test_it_tells_of_everybody_what_they_got_when_and_why_not(office: Office):
    campaign = office.drafts.launch(office.alice, office.draft("Hola {nombre}", "Buenas"), 3)
    store, now = office.store, system_clock()
    lease = store.leases.take(office.account_id, "one", timedelta(seconds=30))
    ana, luis, _eva = store.deliveries.claim(lease, campaign.id, None, 5, False)
    failed = Outcome(luis, RecipientStatus.ERROR, now, None, "not_on_whatsapp", "no such number")
    sent = Outcome(ana, RecipientStatus.SENT, now, "M1")
    store.deliveries.open_journal(lease).settle([sent, failed], fold=True)
    store.receipts.receipts(office.account_id, [Receipt(("M1",), ReceiptKind.DELIVERED, now)])

    file = office.services.results.export(office.alice, campaign.id, "csv", say)
    heads, first, second, third = file.content.decode("utf-8-sig").splitlines()
    zone = office.store.workspaces.get(office.alice.workspace_id).zone
    at = f"{now.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    variants = [
        campaign.message.variant_of(recipient_key(campaign.id, phone)) + 1
        for phone in ("+595981000001", "+595981000002", "+595981000003")
    ]
    assert heads.startswith("RESULTS.PHONE,RESULTS.NAME,RESULTS.GROUP,RESULTS.STATUS")
    assert f"RESULTS.SENT_AT ({zone.key})" in heads
    assert first == f"+595981000001,Ana,,STATUS.SENT,,,{variants[0]},{at},{at},,"
    assert second == (
        f"+595981000002,Luis,,STATUS.ERROR,REASON.NOT_ON_WHATSAPP,no such number,{variants[1]},,,,"
    )
    assert third == f"+595981000003,Eva,,STATUS.SENDING,,,{variants[2]},,,,"
    assert (file.name, file.media_type) == ("Feria", "text/csv; charset=utf-8")


def test_it_gives_nothing_to_strangers_or_in_unknown_formats(office: Office):
    campaign = office.drafts.launch(office.alice, office.draft(), 3)
    results = office.services.results
    assert results.export(office.alice, campaign.id, "xlsx", say).content.startswith(b"PK")
    stranger = office.services.workspaces.actor_for("charlie", "Charlie")
    for actor, key, kind in (
        (stranger, campaign.id, "csv"),
        (office.alice, uuid4(), "csv"),
        (office.alice, campaign.id, "pdf"),
    ):
        with pytest.raises(NotFound):
            results.export(actor, key, kind, say)
