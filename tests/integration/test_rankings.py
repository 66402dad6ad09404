"""Rankings in Postgres: accounts share a contact's rows, and every figure stays exact."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from json import dumps
from uuid import UUID

import pytest

from alembic import command
from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.delivery import Lease, Outcome, RecipientStatus
from sender_app.domain.reporting import Only
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.store.journals import Journal
from sender_app.stores.postgres.rollups import FOLLOW
from sender_app.stores.postgres.store import PostgresStore
from tests.integration.test_ledger_costs import rows_read
from tests.integration.test_migrations import configured

DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
DATES = [datetime(*day, 15, tzinfo=UTC) for day in ((2025, 12, 3), (2026, 1, 4), (2026, 2, 5))]
PERIODS = ("2025-12", "2026-01", "2026-02", "2025", "2026")
GROUPS = ("", "G1", "G2")
SENT, ERROR, UNCONFIRMED = (
    RecipientStatus.SENT,
    RecipientStatus.ERROR,
    RecipientStatus.UNCONFIRMED,
)

# What the version before writes for each message, by its own names (revision 0019).
BEFORE = """
WITH moved AS (
  SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::uuid[], %s::int[], %s::int[])
    AS m(workspace_id, contact_id, month, account_id, sent, errors)),
by_contact AS (
  INSERT INTO contact_stats AS s (workspace_id, contact_id, month, sent, errors)
  SELECT workspace_id, contact_id, month, sum(sent), sum(errors) FROM moved
  GROUP BY workspace_id, contact_id, month ORDER BY contact_id, month
  ON CONFLICT (contact_id, month) DO UPDATE
  SET sent = s.sent + EXCLUDED.sent, errors = s.errors + EXCLUDED.errors, updated_at = now()),
tops AS (
  INSERT INTO contact_tops AS s (workspace_id, contact_id, period, account_id, sent, errors)
  SELECT workspace_id, contact_id, p.period, p.account_id, sum(sent), sum(errors) FROM moved
  CROSS JOIN LATERAL (VALUES (month, moved.account_id), (left(month, 4), moved.account_id),
    (left(month, 4), '00000000-0000-0000-0000-000000000000'::uuid)) p(period, account_id)
  GROUP BY workspace_id, contact_id, p.period, p.account_id
  ORDER BY contact_id, p.period, p.account_id
  ON CONFLICT (contact_id, period, account_id) DO UPDATE
  SET sent = s.sent + EXCLUDED.sent, errors = s.errors + EXCLUDED.errors)
SELECT 1
"""


_TAKEN_BACK = f"""
WITH changed AS (
  SELECT NULL::uuid AS recipient_id, campaign_id, contact_id, NULL::text AS message_id,
    'queued' AS status, 'error' AS was, at, '' AS grupo, NULL::text AS error_code, account_id
  FROM jsonb_to_recordset(%s::jsonb) AS c(campaign_id uuid, contact_id uuid, at timestamptz,
    account_id uuid)),
{FOLLOW}
SELECT 1
"""  # noqa: S608 - our own


class Office:
    """Three accounts that write to the same people, and what is to be counted of that."""

    def __init__(
        self, store: PostgresStore, people: int = 9, groups: Sequence[str] = GROUPS
    ) -> None:
        self.store, self.contacts = store, store.contacts
        self.id = store.workspaces.ensure("alice", "Alice", DEFAULTS).id
        self.accounts = [store.accounts.create(self.id, "alice", name).id for name in "ABC"]
        self.leases = [self._lease(account_id) for account_id in self.accounts]
        self.journals: list[Journal] = list(map(store.deliveries.open_journal, self.leases))
        self.people = [
            AudienceRow(n, f"+5959810{n:05d}", f"P {n}", "", groups[n % len(groups)])
            for n in range(people)
        ]
        # By phone, month and account: sent and errors.
        self.counts: dict[tuple[str, str, int], list[int]] = defaultdict(lambda: [0, 0])

    def _lease(self, account_id: UUID) -> Lease:
        lease = self.store.leases.take(account_id, "x", timedelta(minutes=10))
        assert lease is not None
        return lease

    def keys(self) -> dict[str, UUID]:
        rows = self.contacts.page(self.id, ContactQuery(), None, 1000).rows
        return {row.phone: row.id for row in rows}

    def count(self, phone: str, month: str, a: int, status: RecipientStatus) -> None:
        self.counts[phone, month, a][status is ERROR] += 1

    def create(self, people: list[AudienceRow], own: int, *more: int) -> UUID:
        others = tuple(self.accounts[a] for a in more)
        new = NewCampaign(
            self.accounts[own], "x", "Hola", CampaignStatus.RUNNING, {}, more_accounts=others
        )
        return self.store.campaigns.create(self.id, "alice", new, [ContactBatch.of(people)]).id

    def send(self, campaign: UUID, a: int, status: RecipientStatus, at: datetime, n: int) -> None:
        claims = self.store.deliveries.claim(self.leases[a], campaign, None, n, False)
        self.journals[a].settle([Outcome(claim, status, at) for claim in claims], fold=True)
        if status is not UNCONFIRMED:
            for claim in claims:
                self.count(claim.phone, f"{at:%Y-%m}", a, status)

    def write(self, a: int, people: list[AudienceRow], status: RecipientStatus, at: datetime):
        self.send(self.create(people, a), a, status, at, len(people))

    def doubt(self, people: list[AudienceRow], accounts: tuple[int, int]) -> UUID:
        """Two accounts send a campaign, and nobody knows what left."""
        campaign = self.create(people, *accounts)
        for a in accounts:
            self.send(campaign, a, UNCONFIRMED, DATES[0], len(people) // 2)
        return campaign

    def merge(self, kept: str, other: str) -> None:
        keys = self.keys()
        self.contacts.merge(self.id, keys[kept], [keys[other]])
        for (phone, month, a), (sent, errors) in list(self.counts.items()):
            if phone == other:
                self.counts[kept, month, a][0] += sent
                self.counts[kept, month, a][1] += errors
                del self.counts[phone, month, a]

    def top(self, period: str, a: int | None, group: str | None, limit: int = 50) -> list[object]:
        only = Only(None if a is None else self.accounts[a], group)
        found = self.store.metrics.by_contact(self.id, period, limit, only)
        return [(tally.key, tally.sent, tally.errors) for tally in found]

    def expected(self, period: str, a: int | None, group: str | None) -> list[object]:
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for (phone, month, account), (sent, errors) in self.counts.items():
            if month.startswith(period) and a in (None, account):
                sums[phone][0] += sent
                sums[phone][1] += errors
        keys = self.keys()
        rows = self.contacts.find(self.id, list(keys.values()))
        members = {row.phone for row in rows if group in (None, row.grupo)}
        found = [(phone, *figures) for phone, figures in sums.items() if phone in members]
        return sorted(found, key=lambda one: (-one[1], keys[one[0]]))

    def check(self) -> None:
        while self.contacts.follow(100):
            pass
        for period, a, group in product(PERIODS, (None, 0, 1, 2), (None, *GROUPS)):
            wanted = self.expected(period, a, group)
            assert self.top(period, a, group) == wanted, (period, a, group)
            assert self.top(period, a, group, 2) == wanted[:2]


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresStore]:
    store = PostgresStore(database_url)
    yield store
    store.close()


@pytest.fixture
def office(store: PostgresStore) -> Office:
    return Office(store)


def tell(office: Office, seed: int, steps: int = 25) -> None:
    """What happens to contacts, by chance."""
    chance = random.Random(seed)  # noqa: S311 - the same tale each time
    for _ in range(steps):
        some = chance.sample(office.people, chance.randrange(1, 5))
        phones = list(office.keys())
        match chance.randrange(8):
            case 0 if len(phones) > 5:
                kept, other = chance.sample(phones, 2)
                office.merge(kept, other)
                office.people = [one for one in office.people if one.phone != other]
            case 1 if phones:
                keys = office.keys()
                gone = [keys[one] for one in chance.sample(phones, len(phones) // 2)]
                record = office.contacts.delete(office.id, gone).record
                assert office.contacts.restore(office.id, record) == len(gone)
            case _:
                status = chance.choice((SENT, SENT, ERROR))
                office.write(chance.randrange(3), some, status, chance.choice(DATES))


@pytest.mark.parametrize("seed", range(4))
def test_they_say_what_was_counted_whatever_became_of_the_contacts(office: Office, seed: int):
    tell(office, seed)
    office.check()


def test_only_a_contact_that_several_wrote_to_has_shares(office: Office):
    office.write(0, office.people, SENT, DATES[1])
    office.write(1, office.people[:2], SENT, DATES[2])
    with office.store.database.transaction() as cursor:
        cursor.execute("SELECT period, count(*)::int AS n FROM contact_shares GROUP BY 1")
        assert {row.period: row.n for row in cursor} == {"2026": 4}
        cursor.execute("SELECT count(DISTINCT id) = count(*) AS ok FROM contact_stats")
        assert cursor.fetchone() == (True,)
    office.check()


def test_a_decision_counts_for_the_account_whose_message_it_was(office: Office):
    now = datetime.now(UTC)
    month = f"{now.astimezone(office.store.workspaces.get(office.id).zone):%Y-%m}"
    people = office.people
    office.write(2, people[:1], SENT, now)
    office.counts.clear()
    campaign = office.doubt(people[:4], (0, 1))
    phones = [one.phone for one in people]
    office.merge(phones[0], phones[2])  # one of each account
    assert office.store.campaigns.resolve_unconfirmed(campaign, [], True, now + timedelta(1)) == 4
    for period in (month, month[:4]):
        assert office.top(period, None, None)[0] == (phones[0], 3, 0)
        firsts = {office.top(period, a, None)[0] for a in (0, 1, 2)}
        assert (phones[0], 1, 0) in firsts
        for a, other in ((0, 1), (1, 3)):
            assert sorted(office.top(period, a, None)) == [
                (phones[0], 1, 0),
                (phones[other], 1, 0),
            ]
        assert office.top(period, 2, None) == [(phones[0], 1, 0)]


def test_what_is_taken_back_is_taken_from_whom_it_was_counted_for(office: Office):
    people = office.people[:3]
    office.write(0, people, ERROR, DATES[1])
    campaign = office.create(people, 0, 1)
    office.write(1, people[:1], SENT, DATES[1])
    keys = office.keys()
    with office.store.database.transaction() as cursor:
        changed = [
            {
                "campaign_id": str(campaign),
                "contact_id": str(keys[one.phone]),
                "at": DATES[1].isoformat(),
                "account_id": str(office.accounts[0]),
            }
            for one in people[:2]
        ]
        cursor.execute(_TAKEN_BACK, (dumps(changed),))
    for one in people[:2]:
        office.counts[one.phone, "2026-01", 0][1] -= 1
    office.check()


def test_what_is_counted_while_a_contact_is_away_is_there_when_it_comes_back(office: Office):
    ana = office.people[0]
    office.write(0, office.people, SENT, DATES[1])
    campaign, journal = office.create([ana], 1), office.journals[1]
    claims = office.store.deliveries.claim(office.leases[1], campaign, None, 1, False)
    journal.settle([Outcome(claims[0], SENT, DATES[1])], fold=False)
    gone = office.contacts.delete(office.id, [office.keys()[ana.phone]])
    journal.settle([], fold=True)
    office.check()
    assert office.contacts.restore(office.id, gone.record) == 1
    office.count(ana.phone, "2026-01", 1, SENT)
    office.check()


def test_no_ranking_reads_more_of_a_larger_book(store: PostgresStore):
    office = Office(store, 3_000, ["VIP", *["Others"] * 149])
    for a in range(3):
        office.write(a, office.people[a * 1_000 : (a + 1) * 1_000 + 300], SENT, DATES[1])
    while store.contacts.follow(1_000):
        pass

    def read(action: Callable[[], object]) -> int:
        before = rows_read(store)
        action()
        after = rows_read(store)
        after.pop("contact_index")  # a group's size is looked at, up to a fixed number
        return max(n - before[table] for table, n in after.items())

    for asked in product(("2026-01", "2026"), (None, 0, 1, 2), (None, "VIP", "Others")):
        assert read(lambda asked=asked: office.top(*asked, 10)) < 100, asked


def test_the_revision_keeps_every_figure_on_its_way_up_and_down(office: Office):
    config = configured(office.store.database.url)
    tell(office, 7)
    command.downgrade(config, "0019")
    with office.store.database.transaction() as cursor:
        cursor.execute("SELECT contact_id, period, account_id, sent, errors FROM contact_tops")
        tops = {(row[0], row[1], row[2]): (row[3], row[4]) for row in cursor}
    keys, wanted = office.keys(), dict[tuple[UUID, str, UUID], tuple[int, int]]()
    for period, a in product(PERIODS, (None, 0, 1, 2)):
        if a is not None or len(period) == 4:
            account = UUID(int=0) if a is None else office.accounts[a]
            for phone, sent, errors in office.expected(period, a, None):
                wanted[keys[phone], period, account] = (sent, errors)
    assert tops == wanted
    add_as_before(office, 0, office.people[:3])
    command.upgrade(config, "head")
    office.check()


def test_the_version_before_may_go_on_counting(office: Office):
    """It serves on while the new one starts, and again after a roll-back."""
    tell(office, 3)
    for a in (0, 2):
        add_as_before(office, a, office.people)
        office.check()
    office.write(1, office.people, SENT, DATES[2])
    with office.store.database.transaction() as cursor:  # it forgets people, and takes them back
        cursor.execute(
            "CREATE TEMPORARY TABLE stats AS TABLE contact_stats;"
            "CREATE TEMPORARY TABLE tops AS TABLE contact_tops;"
            "DELETE FROM contact_stats; DELETE FROM contact_tops;"
            "INSERT INTO contact_stats TABLE stats; INSERT INTO contact_tops TABLE tops"
        )
    office.check()


def add_as_before(office: Office, a: int, people: list[AudienceRow]) -> None:
    """The version before has written to people in each month."""
    keys = office.keys()
    known = [one for one in people if one.phone in keys]
    rows = [(keys[one.phone], f"{at:%Y-%m}") for one in known for at in DATES]
    with office.store.database.transaction() as cursor:
        n = len(rows)
        contacts, months = (list(column) for column in zip(*rows, strict=True))
        accounts = [office.accounts[a]] * n
        cursor.execute(BEFORE, ([office.id] * n, contacts, months, accounts, [1] * n, [0] * n))
    for one, at in product(known, DATES):
        office.count(one.phone, f"{at:%Y-%m}", a, SENT)
