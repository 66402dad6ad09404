"""What the sending loop reads does not grow with the campaign: no statement walks all of it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.delivery import Claim, Outcome, RecipientStatus, Settlement
from sender_app.domain.reporting import last_days
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.whatsapp import Receipt, ReceiptKind
from sender_app.stores.postgres.journals import PostgresJournal, take_in
from sender_app.stores.postgres.store import PostgresStore
from tests.contract.clinic import Clinic

DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
PEOPLE, AT_ONCE = 3_000, 10
TTL = timedelta(seconds=120)
_READ = """
SELECT relname AS name, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS n
FROM pg_stat_user_tables
"""


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresStore]:
    """As an account's process has it, with one connection."""
    store = PostgresStore(database_url, most=1, serving=True)
    yield store
    store.close()


def rows_read(store: PostgresStore, journal: PostgresJournal | None = None) -> dict[str, int]:
    """By table; a journal has a connection of its own, which has counted too."""
    tell = "SELECT pg_stat_force_next_flush()"
    if journal is not None:
        journal._connection.execute(tell)
    with store.database.statement() as cursor:
        cursor.execute(tell)
    with store.database.statement() as cursor:
        return {row.name: row.n for row in cursor.execute(_READ)}


def sent(claim: Claim) -> Outcome:
    now = datetime.now(UTC)
    return Outcome(claim, RecipientStatus.SENT, now, message_id=f"M{claim.recipient_id}")


def test_no_step_of_sending_reads_more_of_a_larger_campaign(store: PostgresStore):
    workspace = store.workspaces.ensure("alice", "Alice", DEFAULTS)
    account = store.accounts.create(workspace.id, "alice", "WhatsApp").id
    people = [AudienceRow(n, f"+59598{n:07d}", f"P {n}", "", f"G{n % 3}") for n in range(PEOPLE)]
    new = NewCampaign(account, "Turnos", "Hola", CampaignStatus.RUNNING, {})
    campaign = store.campaigns.create(workspace.id, "alice", new, [ContactBatch.of(people)]).id

    def step(name: str, action: Callable[[], object]) -> None:
        before = rows_read(store, journal)
        action()
        reads = {table: n - before[table] for table, n in rows_read(store, journal).items()}
        assert any(reads.values()), f"{name} was not seen"
        for table, read in reads.items():
            assert read < PEOPLE / 4, f"{name} reads {read} rows of {table}"

    lease = store.leases.take(account, "one", TTL)
    assert lease is not None
    deliveries = store.deliveries
    journal = deliveries.open_journal(lease)
    claims: list[Claim] = []

    def claim(*, only_known: bool = False) -> None:
        after = claims[-1].recipient_id if claims else None
        claims[:] = deliveries.claim(lease, campaign, after, AT_ONCE, only_known)

    def settle(*, fold: bool) -> None:
        assert len(claims) == AT_ONCE
        journal.settle([sent(claim) for claim in claims], fold=fold)

    def receive(kind: ReceiptKind) -> None:
        ids = tuple(sent(claim).message_id or "" for claim in claims)
        receipt = Receipt(ids, kind, datetime.now(UTC))
        assert store.receipts.receipts(account, [receipt]) == [campaign]

    for _ in range(12):  # the first ones fill caches, and plans are made anew for some of them
        claim()
        settle(fold=False)
        claim()
        settle(fold=True)
    step("a claim", claim)
    step("a record", lambda: settle(fold=False))
    step("another claim", claim)
    step("a record with the counters", lambda: settle(fold=True))
    step("a receipt", lambda: receive(ReceiptKind.DELIVERED))
    step("a receipt of reading", lambda: receive(ReceiptKind.READ))
    step("looking what runs", lambda: deliveries.running(account))
    claim()
    settle(fold=False)
    claim()
    store.leases.release(lease)
    next_lease = store.leases.take(account, "one", TTL)
    assert next_lease is not None

    def take_over() -> None:
        with store.database.transaction() as cursor:
            take_in(cursor, next_lease)

    step("what an older process recorded", take_over)
    orphans = deliveries.orphans(next_lease)
    assert len(orphans) == AT_ONCE
    settlements = [Settlement(o.campaign_id, o.recipient_id, f"M{o.recipient_id}") for o in orphans]
    step("what an older process left", lambda: deliveries.recover(next_lease, settlements))
    step("a receipt in doubt", lambda: receive(ReceiptKind.DELIVERED))
    assert store.campaigns.get(workspace.id, campaign).sent_count == 27 * AT_ONCE + AT_ONCE
    journal.close()


def test_what_the_version_before_noted_without_groups_counts_for_the_contacts_own(
    store: PostgresStore,
):
    clinic = Clinic(store, people=3)
    lease = clinic.lease()
    claims = clinic.claim(lease)
    clinic.settle(lease, [sent(claims[0]), sent(claims[1])], fold=False)
    with store.database.statement() as cursor:
        cursor.execute("UPDATE delivery_records SET grupos = NULL")
        assert cursor.rowcount == 1
    clinic.settle(lease, [sent(claims[2])], fold=True)
    today = datetime.now(clinic.workspace.zone).date()
    groups = store.metrics.by_group(clinic.workspace.id, last_days(2, today))
    assert {t.key: t.sent for t in groups} == {"G0": 2, "G1": 1}
