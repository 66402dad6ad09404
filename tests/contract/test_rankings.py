"""What every store promises of the contacts with the most messages, whoever wrote to them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.delivery import Outcome, RecipientStatus
from sender_app.domain.reporting import EVERYTHING, Only
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Store
from sender_app.ports.store.campaigns import NewCampaign
from tests.contract.clinic import DEFAULTS, TTL

MARCH, APRIL = datetime(2026, 3, 10, 15, tzinfo=UTC), datetime(2026, 4, 10, 15, tzinfo=UTC)
ANA, EVA, LUZ = "+595981000001", "+595981000002", "+595981000003"
GROUPS = {ANA: "Padres", EVA: "Padres", LUZ: "Coro"}


class Team:
    """Accounts that write to the same people."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.id = store.workspaces.ensure("alice", "Alice", DEFAULTS).id
        self.accounts = [store.accounts.create(self.id, "alice", name).id for name in "AB"]
        leases = [store.leases.take(account_id, "one", TTL) for account_id in self.accounts]
        self.leases = [lease for lease in leases if lease is not None]
        self.journals = [store.deliveries.open_journal(lease) for lease in self.leases]

    def write(self, a: int, phones: Iterable[str], at: datetime, *, error: bool = False) -> None:
        """A campaign of one account, and all that comes of it at some time."""
        rows = [AudienceRow(n, one, one[-1], "", GROUPS[one]) for n, one in enumerate(phones)]
        new = NewCampaign(self.accounts[a], "x", "Hola", CampaignStatus.RUNNING, {})
        campaign = self.store.campaigns.create(self.id, "alice", new, [ContactBatch.of(rows)])
        claims = self.store.deliveries.claim(self.leases[a], campaign.id, None, 50, False)
        status = RecipientStatus.ERROR if error else RecipientStatus.SENT
        code = "x" if error else None
        outcomes = [Outcome(claim, status, at, error_code=code) for claim in claims]
        assert len(outcomes) == len(rows)
        self.journals[a].settle(outcomes, fold=True)

    def top(
        self, period: str, only: Only = EVERYTHING, limit: int = 10
    ) -> list[tuple[object, ...]]:
        while self.store.contacts.follow(100):
            pass
        found = self.store.metrics.by_contact(self.id, period, limit, only)
        return [(tally.key, tally.sent, tally.errors, tally.label) for tally in found]

    def of(self, a: int, group: str | None = None) -> Only:
        return Only(self.accounts[a], group)

    def key(self, phone: str) -> UUID:
        """The contact's id."""
        return self.store.contacts.page(self.id, ContactQuery(phone), None, 1).rows[0].id


def test_each_accounts_ranking_has_its_own_messages_and_that_of_all_has_everybody_s(store: Store):
    team = Team(store)
    team.write(0, [ANA], MARCH)
    team.write(0, [ANA, EVA], MARCH)
    team.write(0, [LUZ], MARCH, error=True)
    alone = [(ANA, 2, 0, "1"), (EVA, 1, 0, "2"), (LUZ, 0, 1, "3")]
    for period in ("2026-03", "2026"):
        assert team.top(period) == team.top(period, team.of(0)) == alone
        assert team.top(period, team.of(1)) == []
        assert team.top(period, limit=1) == alone[:1]
    team.write(1, [EVA, LUZ], MARCH)
    team.write(1, [EVA], MARCH)
    for period in ("2026-03", "2026"):
        assert team.top(period) == [(EVA, 3, 0, "2"), (ANA, 2, 0, "1"), (LUZ, 1, 1, "3")]
        assert team.top(period, team.of(0)) == alone
        assert team.top(period, team.of(1)) == [(EVA, 2, 0, "2"), (LUZ, 1, 0, "3")]
    team.write(0, [EVA, LUZ], APRIL)
    team.write(1, [ANA, LUZ], APRIL)
    assert team.top("2026-04", team.of(0)) == [(EVA, 1, 0, "2"), (LUZ, 1, 0, "3")]
    assert team.top("2026", team.of(1), 1) == [(EVA, 2, 0, "2")]
    assert team.top("2026", Only(group="Padres")) == [(EVA, 4, 0, "2"), (ANA, 3, 0, "1")]
    assert team.top("2026", team.of(1, "Padres")) == [(EVA, 2, 0, "2"), (ANA, 1, 0, "1")]
    assert team.top("2026-04", Only(group="Coro")) == [(LUZ, 2, 0, "3")]


def test_a_merged_contact_has_what_each_account_wrote_to_both(store: Store):
    team = Team(store)
    team.write(0, [ANA, EVA], MARCH)
    team.write(0, [EVA], APRIL)
    team.write(1, [LUZ], MARCH)
    team.write(1, [LUZ], MARCH, error=True)
    team.top("2026")
    ana, eva, luz = map(team.key, (ANA, EVA, LUZ))
    store.contacts.merge(team.id, ana, [eva])
    assert team.top("2026-03", team.of(0)) == team.top("2026-03")[:1] == [(ANA, 2, 0, "1")]
    assert team.top("2026", team.of(0)) == [(ANA, 3, 0, "1")]
    store.contacts.merge(team.id, ana, [luz])
    assert team.top("2026-03") == [(ANA, 3, 1, "1")]
    assert team.top("2026") == [(ANA, 4, 1, "1")]
    for period, n in (("2026-03", 2), ("2026", 3)):
        assert team.top(period, team.of(0)) == [(ANA, n, 0, "1")]
        assert team.top(period, team.of(1)) == [(ANA, 1, 1, "1")]
    team.write(1, [ANA], APRIL)
    assert team.top("2026-04") == [(ANA, 2, 0, "1")]
    assert team.top("2026-04", team.of(1)) == [(ANA, 1, 0, "1")]


def test_a_contact_comes_back_to_what_each_account_wrote(store: Store):
    team = Team(store)
    team.write(0, [ANA, EVA], MARCH)
    team.write(0, [ANA], APRIL)
    team.write(1, [ANA], MARCH)

    def all_of_it() -> list[object]:
        whose = (EVERYTHING, team.of(0), team.of(1), Only(group="Padres"))
        return [team.top(period, one) for period in ("2026-03", "2026-04", "2026") for one in whose]

    before = all_of_it()
    gone = store.contacts.delete(team.id, [team.key(ANA), team.key(EVA)])
    assert not any(all_of_it())
    assert store.contacts.restore(team.id, gone.record) == 2
    assert all_of_it() == before
    team.write(1, [EVA], APRIL)
    assert team.top("2026", team.of(1)) == [(ANA, 1, 0, "1"), (EVA, 1, 0, "2")]
    assert team.top("2026", team.of(0)) == [(ANA, 2, 0, "1"), (EVA, 1, 0, "2")]
