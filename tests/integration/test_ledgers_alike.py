"""Both stores, told the same of campaigns, come to the same ledger, counters and figures."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import pytest

from sender_app.adapters.redis_client import connect
from sender_app.domain.account import AccountStatus
from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import CampaignStatus, PauseReason, sources
from sender_app.domain.content import Attachment, Content
from sender_app.domain.delivery import Claim, Lease, Outcome, RecipientStatus, SentPart, Settlement
from sender_app.domain.errors import LeaseLost
from sender_app.domain.media import MediaKind, Prepared
from sender_app.domain.reporting import EVERYTHING, Only, last_days
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Store
from sender_app.ports.store.campaigns import NewCampaign, RecipientRow
from sender_app.ports.store.journals import Journal
from sender_app.ports.whatsapp import Incoming, Receipt, ReceiptKind
from sender_app.stores.postgres.store import PostgresStore
from sender_app.stores.redis.store import RedisStore

DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}
NOW = datetime.now(UTC)
TTL = timedelta(seconds=120)
PHOTO = Prepared(MediaKind.IMAGE, "image/jpeg", "x.jpg", b"pixels")
PEOPLE = [f"+5959810000{n:02d}" for n in range(20)]
SENT, UNCONFIRMED, QUEUED = (
    RecipientStatus.SENT,
    RecipientStatus.UNCONFIRMED,
    RecipientStatus.QUEUED,
)

Told = TypeVar("Told")


@dataclass
class Side:
    """Two accounts in one of the stores; campaigns and claims are the same on both sides, under
    other ids."""

    store: Store
    campaigns: list[UUID] = field(default_factory=list)
    claims: dict[int, list[Claim]] = field(default_factory=lambda: {0: [], 1: []})
    leases: dict[int, Lease] = field(default_factory=dict)
    journals: dict[int, Journal] = field(default_factory=dict)
    ended: list[Journal] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.workspace = self.store.workspaces.ensure("alice", "Alice", DEFAULTS)
        self.id = self.workspace.id
        self.accounts = [self.store.accounts.create(self.id, "alice", one).id for one in "AB"]
        for n, account_id in enumerate(self.accounts):
            self.store.accounts.linked(account_id, f"+59598100000{n}", f"session {n}")
            self.store.accounts.set_status(account_id, AccountStatus.OFFLINE)
        media = self.store.media
        photos = [media.add(self.id, "alice", PHOTO, "00", f"media/{n}").id for n in range(2)]
        self.config = Content(("Hola",), tuple(map(Attachment, photos))).to_config()

    def create(self, own: int, people: Sequence[str], *, several: bool) -> None:
        first, second = self.accounts[own], self.accounts[1 - own]
        running, config = CampaignStatus.RUNNING, self.config if several else {}
        new = NewCampaign(
            first, "x", "Hola", running, {}, more_accounts=(second,), media_config=config
        )
        rows = [AudienceRow(n, one, "P", "", f"G{one[-1]}") for n, one in enumerate(people)]
        created = self.store.campaigns.create(self.id, "alice", new, [ContactBatch.of(rows)])
        self.campaigns.append(created.id)

    def take(self, a: int) -> list[tuple[object, ...]]:
        lease = self.store.leases.take(self.accounts[a], "x", TTL)
        assert lease is not None
        self.leases[a], self.claims[a] = lease, []
        found = self.store.deliveries.orphans(lease)
        self.left = {
            self.name(one.recipient_id): (one.campaign_id, one.recipient_id) for one in found
        }
        self.journals[a] = self.store.deliveries.open_journal(lease)
        return sorted((self.name(one.recipient_id), sorted(one.secrets)) for one in found)

    def recover(
        self, a: int, ends: Sequence[tuple[object, str | None, tuple[SentPart, ...]]]
    ) -> None:
        found = [Settlement(*self.left[name], message, parts) for name, message, parts in ends]
        self.store.deliveries.recover(self.leases[a], found)

    def die(self, a: int) -> None:
        self.ended.append(self.journals.pop(a))
        self.store.leases.release(self.leases.pop(a))

    def speak_after_the_end(self) -> list[str]:
        said = list[str]()
        for journal in self.ended:
            try:
                journal.settle([], fold=True)
                said.append("nothing")
            except LeaseLost:
                said.append("lost")
            journal.close()
        self.ended = []
        return said

    def claim(self, a: int, n: int, most: int, *, known: bool) -> list[tuple[object, ...]]:
        found = self.store.deliveries.claim(self.leases[a], self.campaigns[n], None, most, known)
        self.claims[a] += found
        return [
            (one.phone, one.attempt, dict(one.fields), one.opted_out, one.parts_sent, one.in_doubt)
            for one in found
        ]

    def settle(self, a: int, ends: Sequence[Outcome], *, fold: bool) -> None:
        own = [end._replace(claim=one) for end, one in zip(ends, self.claims[a], strict=True)]
        self.claims[a] = []
        self.journals[a].settle(own, fold=fold)

    def listen(self, a: int) -> None:
        """As a process does that hears something: what it has recorded is in the ledger by then."""
        self.journals[a].settle([], fold=True)

    def hear(self, a: int, receipts: Sequence[Receipt]) -> None:
        self.store.receipts.receipts(self.accounts[a], receipts)

    def reply(self, a: int, message: Incoming, *, opt_out: bool) -> int | None:
        found = self.store.receipts.reply(self.accounts[a], message, opt_out)
        return None if found is None else self.campaigns.index(found)

    def move(self, n: int, move: str, target: CampaignStatus) -> bool:
        reason = PauseReason.PERSON if target is CampaignStatus.PAUSED else None
        return self.store.campaigns.move(self.campaigns[n], sources(move), target, reason)

    def resolve(self, n: int, *, sent: bool) -> int:
        later = datetime.now(UTC) + timedelta(hours=1)
        return self.store.campaigns.resolve_unconfirmed(self.campaigns[n], [], sent, later)

    def name(self, recipient_id: UUID) -> tuple[int, str]:
        names = {row.id: (n, row.phone) for n in range(len(self.campaigns)) for row in self.rows(n)}
        return names[recipient_id]

    def rows(self, n: int) -> Sequence[RecipientRow]:
        return self.store.campaigns.recipients(self.campaigns[n], None, None, 100).rows

    def ledger(self) -> list[tuple[object, ...]]:
        shown = list[tuple[object, ...]]()
        for n, campaign_id in enumerate(self.campaigns):
            c = self.store.campaigns.get(self.id, campaign_id)
            shown += [(c.status, c.pause_reason, c.sent_count, c.error_count, c.skipped_count)]
            shown += [(c.unconfirmed_count, c.delivered_count, c.read_count, c.replied_count)]
            shown += [
                (
                    row.phone,
                    row.status,
                    row.error_code,
                    row.parts_sent,
                    row.sent_at is None,
                    row.delivered_at,
                    row.read_at,
                    row.replied_at,
                )
                for row in self.rows(n)
            ]
        return shown

    def figures(self) -> list[object]:
        today = NOW.astimezone(self.workspace.zone).date()
        metrics, shown = self.store.metrics, list[object]()
        for only in (EVERYTHING, *map(Only, self.accounts), Only(group="G1")):
            for days in (2, 30, 400):
                span = last_days(days, today)
                total = metrics.total(self.id, span, only)
                tallies = [*metrics.timeline(self.id, span, only), replace(total, key="all")]
                tallies += metrics.by_group(self.id, span, only)
                shown.append([(tally.key, tally.sent, tally.errors) for tally in tallies])
            top = metrics.by_contact(self.id, f"{today:%Y}", 50, only)
            shown.append(sorted((tally.key, tally.sent, tally.errors) for tally in top))
        for account_id in self.accounts:
            history = self.store.deliveries.history(account_id, NOW)
            shown.append((len(history.recent), history.today, history.first_day))
        return shown


@pytest.fixture
def sides(database_url: str, redis_url: str) -> Iterator[tuple[Side, Side]]:
    stores = PostgresStore(database_url), RedisStore(connect(redis_url))
    yield Side(stores[0]), Side(stores[1])
    for store in stores:
        store.close()


class Tale:
    """What happens to both sides, by chance."""

    def __init__(self, sides: tuple[Side, Side], seed: int) -> None:
        self.sides, self.chance = sides, random.Random(seed)  # noqa: S311 - the same tale each time
        self.several: list[bool] = []
        self.messages: list[str] = []

    def both(self, ask: Callable[[Side], Told]) -> Told:
        left, right = map(ask, self.sides)
        assert left == right
        return left

    def campaign(self) -> None:
        people = self.chance.sample(PEOPLE, 8)
        own, several = self.chance.randrange(2), self.chance.random() < 0.4
        self.several.append(several)
        self.both(lambda side: side.create(own, people, several=several))

    def sending(self) -> None:
        a = self.chance.randrange(2)
        if a not in self.sides[0].leases:
            self.begin(a)
        n, most = self.chance.randrange(len(self.several)), self.chance.randrange(1, 6)
        known = self.chance.random() < 0.2
        self.both(lambda side: side.claim(a, n, most, known=known))
        if self.chance.random() < 0.2:
            self.both(lambda side: side.die(a))
            return
        ends, fold = (
            [self.end(claim) for claim in self.sides[0].claims[a]],
            self.chance.random() < 0.6,
        )
        self.both(lambda side: side.settle(a, ends, fold=fold))

    def listening(self, a: int) -> None:
        if a not in self.sides[0].leases:
            self.begin(a)
        self.both(lambda side: side.listen(a))

    def begin(self, a: int) -> None:
        left = self.both(lambda side: side.take(a))
        ends = list[tuple[object, str | None, tuple[SentPart, ...]]]()
        for name, places in left:
            assert isinstance(name, tuple)
            assert isinstance(places, list)
            gone = self.chance.randrange(len(places) + 1)
            parts = tuple(SentPart(n, self.message(), self.when(), True) for n in places[:gone])
            complete = bool(parts) and gone == len(places)
            message = parts[-1].message_id if complete else None
            ends.append((name, message, parts if self.several[name[0]] else ()))
        self.both(lambda side: side.recover(a, ends))
        self.both(lambda side: side.speak_after_the_end())

    def end(self, claim: Claim) -> Outcome:
        several = self.several[self.sides[0].campaigns.index(claim.campaign_id)]
        luck = self.chance.random()
        if luck < 0.1:
            return Outcome(claim, RecipientStatus.ERROR, self.when(), error_code="rejected")
        if luck < 0.2:
            return Outcome(claim, QUEUED, self.when())
        places = [n for n in range(3) if n not in claim.parts_sent] if several else [0]
        parts = [
            SentPart(n, self.message(), self.when(), self.chance.random() < 0.2) for n in places
        ]
        doubt = claim.in_doubt or any(part.in_doubt for part in parts)
        return Outcome(
            claim,
            UNCONFIRMED if doubt else SENT,
            self.when(),
            message_id=parts[-1].message_id if parts else None,
            error_code="outcome_unknown" if doubt else None,
            parts=tuple(parts) if several else (),
        )

    def hearing(self) -> None:
        some = self.chance.sample(self.messages, min(5, len(self.messages)))
        kind, when = self.chance.choice(list(ReceiptKind)), self.when()
        for a in (0, 1):
            self.listening(a)
            self.both(lambda side, a=a: side.hear(a, [Receipt(tuple(some), kind, when)]))

    def answer(self) -> None:
        a, quoted = self.chance.randrange(2), self.chance.choice([None, *self.messages])
        message_id, phone = f"R{self.chance.randrange(10**6)}", self.chance.choice(PEOPLE)
        message, opt_out = Incoming(message_id, phone, "hola", quoted, NOW), phone == PEOPLE[0]
        self.listening(a)
        self.both(lambda side: side.reply(a, message, opt_out=opt_out))

    def steering(self) -> None:
        n, sent = self.chance.randrange(len(self.several)), self.chance.random() < 0.5
        steps: list[Callable[[Side], object]] = [
            lambda side: side.move(n, "pause", CampaignStatus.PAUSED),
            lambda side: side.move(n, "resume", CampaignStatus.RUNNING),
            lambda side: side.move(n, "resume", CampaignStatus.RUNNING),
            lambda side: side.move(n, "cancel", CampaignStatus.CANCELLED),
            lambda side: side.store.deliveries.finish(side.campaigns[n], NOW),
            lambda side: side.store.campaigns.requeue_failed(side.campaigns[n]),
            lambda side: side.resolve(n, sent=sent),
        ]
        self.both(self.chance.choice(steps))

    def message(self) -> str:
        self.messages.append(f"M{len(self.messages)}")
        return self.messages[-1]

    def when(self) -> datetime:
        return NOW - timedelta(minutes=self.chance.choice([1, 30, 90, 1500, 60_000]))


@pytest.mark.parametrize("seed", [1, 2, 13])
def test_they_come_to_the_same_ledger_and_figures(sides: tuple[Side, Side], seed: int):
    tale = Tale(sides, seed)
    tale.campaign()
    for _ in range(70):
        ways = [tale.sending] * 5 + [tale.hearing, tale.hearing, tale.answer, tale.steering]
        tale.chance.choice([*ways, tale.campaign])()
    for a in (0, 1):
        if a in sides[0].leases:
            tale.both(lambda side, a=a: side.die(a))
        tale.begin(a)
    tale.both(Side.ledger)
    tale.both(Side.figures)
