"""What every store promises about a campaign that several accounts send."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from sender_app.domain.account import AccountStatus
from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason
from sender_app.domain.delivery import Claim, Lease, Outcome, RecipientStatus, Settlement
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Store
from sender_app.ports.store.audiences import AudienceSpec
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind
from tests.contract.clinic import DEFAULTS, NOW, TTL, sent


class Pair:
    """Two accounts, and a campaign that both of them send."""

    def __init__(self, store: Store, people: int = 10) -> None:
        self.store = store
        self.workspace = store.workspaces.ensure("alice", "Alice", DEFAULTS)
        self.accounts = [
            store.accounts.create(self.workspace.id, "alice", name).id for name in ("A", "B")
        ]
        for n, account_id in enumerate(self.accounts):
            store.accounts.linked(account_id, f"+59598100000{n}", f"session {n}")
            store.accounts.set_status(account_id, AccountStatus.OFFLINE)
        self.rows = [AudienceRow(n, f"+59598{n:07d}", f"Persona {n}") for n in range(people)]
        first, second = self.accounts
        running = CampaignStatus.RUNNING
        new = NewCampaign(first, "Juntas", "Hola", running, {}, more_accounts=(second,))
        self.campaign = store.campaigns.create(
            self.workspace.id, "alice", new, [ContactBatch.of(self.rows)]
        )

    def leases(self) -> list[Lease]:
        taken = [self.store.leases.take(one, "x", TTL) for one in self.accounts]
        return [lease for lease in taken if lease is not None]

    def claim(self, lease: Lease, limit: int, *, only_known: bool = False) -> list[Claim]:
        claim = self.store.deliveries.claim
        return list(claim(lease, self.campaign.id, None, limit, only_known))

    def now(self) -> Campaign:
        return self.store.campaigns.get(self.workspace.id, self.campaign.id)

    def wake_up(self, account_id: UUID) -> datetime | None:
        return self.store.accounts.get(account_id).wake_at


@pytest.fixture
def pair(store: Store) -> Pair:
    return Pair(store)


def test_both_accounts_are_woken_and_see_the_campaign(pair: Pair):
    assert set(pair.store.accounts.to_serve(datetime.now(UTC))) == set(pair.accounts)
    for account_id in pair.accounts:
        running = pair.store.deliveries.running(account_id)
        assert [(c.id, c.accounts) for c in running] == [(pair.campaign.id, tuple(pair.accounts))]


def test_many_claims_of_both_at_once_take_each_person_once(store: Store):
    pair = Pair(store, people=200)
    leases = pair.leases()
    assert leases[0].epoch == leases[1].epoch  # epochs tell nothing of the account
    taken: list[Claim] = []

    def work(lease: Lease) -> None:
        while claims := pair.claim(lease, 7):
            taken.extend(claims)

    threads = [threading.Thread(target=work, args=(lease,)) for lease in leases * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 200
    assert len({claim.recipient_id for claim in taken}) == 200


def test_each_account_recovers_what_it_left_and_nothing_of_the_other(pair: Pair):
    one, other = pair.leases()
    mine, theirs = pair.claim(one, 3), pair.claim(other, 2)
    for lease in (one, other):
        pair.store.leases.release(lease)
    new_one, new_other = pair.leases()
    deliveries = pair.store.deliveries
    orphans = deliveries.orphans(new_one)
    assert {orphan.recipient_id for orphan in orphans} == {claim.recipient_id for claim in mine}
    assert {orphan.recipient_id for orphan in deliveries.orphans(new_other)} == {
        claim.recipient_id for claim in theirs
    }
    deliveries.recover(new_one, [Settlement(o.campaign_id, o.recipient_id) for o in orphans])
    assert len(pair.claim(new_other, 50)) == 8


def test_what_each_sent_counts_for_its_own_day_pace_and_acquaintances(pair: Pair):
    deliveries = pair.store.deliveries
    for n, lease in enumerate(pair.leases()):
        claims = pair.claim(lease, 3 - n)
        journal = deliveries.open_journal(lease)
        journal.settle([sent(one, f"M{n}-{i}") for i, one in enumerate(claims)], fold=n == 0)
        journal.close()
    today = NOW.astimezone(pair.workspace.zone).date()
    by_account = pair.store.metrics.by_account(pair.workspace.id, today)
    assert [by_account[one] for one in pair.accounts] == [(3, today), (2, today)]
    histories = [deliveries.history(one, NOW) for one in pair.accounts]
    assert [(len(history.recent), history.today) for history in histories] == [(3, 3), (2, 2)]
    assert pair.now().sent_count == 5
    first, second = pair.accounts
    heard = [Receipt(("M0-0", "M1-0"), ReceiptKind.DELIVERED, NOW)]
    pair.store.receipts.receipts(first, heard)
    spec = AudienceSpec(rows=[ContactBatch.of(pair.rows)])
    with pair.store.audiences.gather(pair.workspace.id, spec) as found:
        counts = [found.known(accounts) for accounts in ([first], [second], [first, second])]
    assert counts == [1, 0, 0]
    pair.store.receipts.receipts(second, heard)
    assert pair.now().delivered_count == 2
    reply = Incoming("R1", "+595980000003", "hola", None, datetime.now(UTC))
    assert pair.store.receipts.reply(first, reply, False) is None, "the other account wrote to them"
    assert pair.store.receipts.reply(second, reply, False) == pair.campaign.id


def test_a_cold_lock_of_one_account_leaves_people_to_the_other(pair: Pair):
    one, other = pair.leases()
    hello = Incoming("R1", "+595980000004", "hola", None, NOW)
    pair.store.receipts.reply(pair.accounts[0], hello, False)
    assert [claim.phone for claim in pair.claim(one, 50, only_known=True)] == ["+595980000004"]
    assert pair.claim(other, 50, only_known=True) == []
    assert len(pair.claim(other, 50)) == 9


def test_a_campaign_is_paused_only_when_none_of_its_accounts_can_go_on(pair: Pair):
    accounts, deliveries = pair.store.accounts, pair.store.deliveries
    first, second = pair.accounts
    accounts.rest(second, pair.wake_up(second), None)
    accounts.unlinked(first, AccountStatus.LOGGED_OUT, "gone")
    assert deliveries.pause_all(first, PauseReason.LOGGED_OUT) == []
    assert pair.now().status is CampaignStatus.RUNNING
    assert pair.wake_up(second) is not None, "the other goes on"
    accounts.set_status(second, AccountStatus.BANNED)
    assert deliveries.pause_all(second, PauseReason.BANNED) == [pair.campaign.id]
    assert pair.now().pause_reason is PauseReason.BANNED


def test_who_is_done_first_leaves_the_end_to_the_other(pair: Pair):
    leases = pair.leases()
    for lease, count in zip(leases, (4, 6), strict=True):
        claims = pair.claim(lease, count)
        assert not pair.store.deliveries.finish(pair.campaign.id, NOW)
        journal = pair.store.deliveries.open_journal(lease)
        journal.settle([sent(claim) for claim in claims], fold=True)
        journal.close()
    assert pair.store.deliveries.finish(pair.campaign.id, NOW)
    rows = pair.store.campaigns.recipients(pair.campaign.id, None, None, 50).rows
    assert {row.status for row in rows} == {RecipientStatus.SENT}
    later = NOW + timedelta(hours=2)
    assert [len(pair.store.deliveries.history(one, later).recent) for one in pair.accounts] == [
        0,
        0,
    ]


def test_what_both_record_while_receipts_come_in_is_counted_once_each(store: Store):
    pair = Pair(store, people=60)
    trouble: list[BaseException] = []

    def serve(lease: Lease) -> None:
        journal = store.deliveries.open_journal(lease)
        for n in range(100):
            claims = pair.claim(lease, 3)
            if not claims:
                break
            done, back = [sent(claim) for claim in claims[:2]], claims[2:]
            put_back = [Outcome(claim, RecipientStatus.QUEUED, NOW) for claim in back]
            journal.settle([*done, *put_back], fold=n % 2 == 0)
            if n % 2:  # receipts are taken in once what was sent is folded
                journal.settle([], fold=True)
            ids = tuple(outcome.message_id or "" for outcome in done)
            store.receipts.receipts(lease.account_id, [Receipt(ids, ReceiptKind.DELIVERED, NOW)])
        journal.close()

    def work(lease: Lease) -> None:
        try:
            serve(lease)
        except BaseException as error:  # noqa: BLE001 - a thread's error is the test's
            trouble.append(error)

    threads = [threading.Thread(target=work, args=(lease,)) for lease in pair.leases()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    now = pair.now()
    assert (now.sent_count, now.delivered_count) == (60, 60)
    today = NOW.astimezone(pair.workspace.zone).date()
    by_account = store.metrics.by_account(pair.workspace.id, today)
    assert sum(count for count, _ in by_account.values()) == 60
    assert store.deliveries.finish(pair.campaign.id, NOW)
