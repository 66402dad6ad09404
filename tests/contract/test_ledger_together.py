"""Many write to the ledger at once, and die in the middle of it: nothing is sent twice, nothing
that was sent is forgotten, and what is counted is what the rows say."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from sender_app.adapters.redis_client import connect
from sender_app.domain.account import AccountStatus
from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import CampaignStatus, PauseReason, sources
from sender_app.domain.delivery import Claim, Lease, Outcome, RecipientStatus, Settlement
from sender_app.domain.errors import LeaseLost
from sender_app.domain.reporting import Span
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Store
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.whatsapp import Receipt, ReceiptKind
from sender_app.stores.redis.engine import RedisDatabase, Transaction
from sender_app.stores.redis.journals import RedisJournal
from sender_app.stores.redis.rows import Found
from sender_app.stores.redis.store import RedisStore

DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
TTL = timedelta(seconds=60)
ABOUT_NOW = timedelta(days=2)  # more than clocks differ between time zones
PEOPLE = 300
LONGEST = 60  # seconds


class Line:
    """What left for WhatsApp. A device whose successor has looked at what left sends no more."""

    def __init__(self) -> None:
        self.left: dict[UUID, list[str]] = {}
        self._epochs: dict[UUID, int] = {}
        self._lock = threading.Lock()

    def connect(self, lease: Lease) -> dict[UUID, str]:
        """Take over from whoever sent for the account; what left until then."""
        with self._lock:
            self._epochs[lease.account_id] = lease.epoch
            return {recipient: ids[-1] for recipient, ids in self.left.items()}

    def send(self, lease: Lease, recipient_id: UUID) -> str | None:
        with self._lock:
            if self._epochs[lease.account_id] != lease.epoch:
                return None
            self.left.setdefault(recipient_id, []).append(uuid4().hex)
            return self.left[recipient_id][-1]


class Office:
    """A workspace whose two accounts send one campaign together."""

    def __init__(self, store: Store) -> None:
        self.store, self.line, self.over = store, Line(), threading.Event()
        self.errors: list[BaseException] = []
        self.workspace = store.workspaces.ensure("alice", "Alice", DEFAULTS)
        self.accounts = [
            store.accounts.create(self.workspace.id, "alice", name).id for name in ("A", "B")
        ]
        for n, account_id in enumerate(self.accounts):
            store.accounts.linked(account_id, f"+59598100000{n}", f"session {n}")
            store.accounts.set_status(account_id, AccountStatus.ONLINE)
        rows = [AudienceRow(n, f"+59597{n:07d}", f"Persona {n}", "", "G") for n in range(PEOPLE)]
        running, (first, second) = CampaignStatus.RUNNING, self.accounts
        new = NewCampaign(first, "Juntas", "Hola", running, {}, more_accounts=(second,))
        created = store.campaigns.create(self.workspace.id, "alice", new, [ContactBatch.of(rows)])
        self.campaign_id = created.id

    def serve(self, account_id: UUID, chance: random.Random) -> None:
        """One process after the other serves the account; some are declared dead too early."""
        stray: list[threading.Thread] = []
        while not self.over.is_set():
            lease = self.store.leases.take(account_id, "x", TTL)
            assert lease is not None
            left = self.line.connect(lease)
            found = self.store.deliveries.orphans(lease)
            ends = [
                Settlement(one.campaign_id, one.recipient_id, left.get(one.recipient_id))
                for one in found
            ]
            self.store.deliveries.recover(lease, ends)
            lanes = [self.start(self.send, lease, chance.randrange(10**6)) for _ in range(2)]
            if chance.random() < 0.5:
                for lane in lanes:
                    lane.join()
                self.store.leases.release(lease)
            else:
                self.over.wait(chance.random() / 10)
                self.store.leases.release_of(account_id, "x")
                stray += lanes
        for lane in stray:
            lane.join()

    def send(self, lease: Lease, seed: int) -> None:
        """One lane of a process; it ends at some time, saying what it did or not."""
        chance, deliveries = random.Random(seed), self.store.deliveries  # noqa: S311
        try:
            journal = deliveries.open_journal(lease)
            for _ in range(chance.randrange(1, 10)):
                claims = deliveries.claim(lease, self.campaign_id, None, 5, False)
                ends = [self.end_of(lease, claim, chance.random()) for claim in claims]
                if not claims or chance.random() < 0.1:
                    return
                journal.settle([end for end in ends if end], fold=chance.random() < 0.5)
            if chance.random() < 0.7:
                journal.close()
        except LeaseLost:
            return

    def end_of(self, lease: Lease, claim: Claim, luck: float) -> Outcome | None:
        now = datetime.now(UTC)
        if luck < 0.1:
            return Outcome(claim, RecipientStatus.QUEUED, now)
        if luck < 0.2:
            return Outcome(claim, RecipientStatus.ERROR, now, error_code="rejected")
        message_id = self.line.send(lease, claim.recipient_id)
        if message_id is None:
            return None
        status = RecipientStatus.UNCONFIRMED if luck < 0.3 else RecipientStatus.SENT
        return Outcome(claim, status, now, message_id=message_id)

    def hear(self, chance: random.Random) -> None:
        """Receipts of some messages, and a person who pauses and goes on."""
        campaigns, pause = self.store.campaigns, CampaignStatus.PAUSED
        while not self.over.is_set():
            ids = [message_id for some in list(self.line.left.values()) for message_id in some]
            some = tuple(chance.sample(ids, min(len(ids), 5)))
            kind = chance.choice(list(ReceiptKind))
            for account_id in self.accounts:
                heard = [Receipt(some, kind, datetime.now(UTC))] if some else []
                self.store.receipts.receipts(account_id, heard)
            if chance.random() < 0.2:
                campaigns.move(self.campaign_id, sources("pause"), pause, PauseReason.PERSON)
                campaigns.move(self.campaign_id, sources("resume"), CampaignStatus.RUNNING)
            campaigns.requeue_failed(self.campaign_id)

    def start(self, work: Callable[..., None], *args: object) -> threading.Thread:
        def run() -> None:
            try:
                work(*args)
            except BaseException as error:  # noqa: BLE001 - told at the end
                self.errors.append(error)
                self.over.set()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def statuses(self) -> Counter[RecipientStatus]:
        rows = self.store.campaigns.recipients(self.campaign_id, None, None, PEOPLE).rows
        return Counter(row.status for row in rows)


@pytest.mark.parametrize("seed", [1, 3])
def test_nothing_is_sent_twice_or_forgotten(store: Store, seed: int):
    office = Office(store)
    busy = [
        office.start(office.serve, account_id, random.Random(10 * seed + n))  # noqa: S311
        for n, account_id in enumerate(office.accounts)
    ]
    busy.append(office.start(office.hear, random.Random(seed)))  # noqa: S311
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline and not office.over.wait(0.2):
        settled = (RecipientStatus.SENT, RecipientStatus.UNCONFIRMED)
        if sum(office.statuses()[status] for status in settled) == PEOPLE:
            break
    office.over.set()
    for thread in busy:
        thread.join()
    assert office.errors == []
    for account_id in office.accounts:
        lease = store.leases.take(account_id, "last", TTL)
        assert lease is not None
        left = office.line.connect(lease)
        found = store.deliveries.orphans(lease)
        ends = [
            Settlement(one.campaign_id, one.recipient_id, left.get(one.recipient_id))
            for one in found
        ]
        store.deliveries.recover(lease, ends)
    rows = store.campaigns.recipients(office.campaign_id, None, None, PEOPLE).rows
    assert {len(ids) for ids in office.line.left.values()} == {1}
    left = (RecipientStatus.SENT, RecipientStatus.UNCONFIRMED)
    assert {row.id for row in rows if row.status in left} == office.line.left.keys()
    now, counted = store.campaigns.get(office.workspace.id, office.campaign_id), office.statuses()
    assert counted[RecipientStatus.SENDING] == 0
    assert now.sent_count == counted[RecipientStatus.SENT]
    assert now.error_count == counted[RecipientStatus.ERROR]
    assert now.skipped_count == counted[RecipientStatus.SKIPPED]
    assert now.unconfirmed_count == counted[RecipientStatus.UNCONFIRMED]
    assert now.delivered_count == sum(row.delivered_at is not None for row in rows)
    assert now.read_count == sum(row.read_at is not None for row in rows)
    today = datetime.now(UTC).date()
    span = Span(today - ABOUT_NOW, today + ABOUT_NOW)
    assert store.metrics.total(office.workspace.id, span).sent == now.sent_count
    groups = store.metrics.by_group(office.workspace.id, span)
    assert [tally.sent for tally in groups] == [now.sent_count]


class Deaf(RedisDatabase):
    """A database that does what it is told; now and then nobody hears of it."""

    is_deaf = False

    def transact(self, work: Callable[[Transaction], Found]) -> Found:
        done = super().transact(work)
        if self.is_deaf:
            raise ConnectionError("the line went before the answer came")
        return done


def test_a_fold_whose_answer_was_lost_counts_once(redis_url: str):
    store = RedisStore(connect(redis_url))
    office, database = Office(store), Deaf(store.database.redis)
    lease = store.leases.take(office.accounts[0], "x", TTL)
    assert lease is not None
    journal = RedisJournal(database, lease)
    for n in range(3):
        claims = store.deliveries.claim(lease, office.campaign_id, None, 4, False)
        now = datetime.now(UTC)
        ends = [Outcome(one, RecipientStatus.SENT, now, message_id=uuid4().hex) for one in claims]
        database.is_deaf = n == 2
        with pytest.raises(ConnectionError) if database.is_deaf else nullcontext():
            journal.settle(ends, fold=database.is_deaf)
    database.is_deaf = False
    journal.close()
    assert store.campaigns.get(office.workspace.id, office.campaign_id).sent_count == 12
    store.close()
