"""A workspace with an account and a campaign, for tests of what a store does with them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign, CampaignStatus
from sender_app.domain.delivery import Claim, Lease, Outcome, RecipientStatus
from sender_app.domain.reporting import Span
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Store
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.ports.store.journals import Journal

TTL = timedelta(minutes=10)  # no test takes as long
NOW = datetime.now(UTC)
DEFAULTS = {"default_country": "PY", "time_zone": "America/Asuncion", "language": "es"}


class Clinic:
    """A workspace with an account and a campaign, the way that most tests want it."""

    def __init__(self, store: Store, people: int = 5) -> None:
        self.store = store
        self.workspace = store.workspaces.ensure("alice", "Alice", DEFAULTS)
        self.account = store.accounts.create(self.workspace.id, "alice", "WhatsApp")
        self.campaign = self.campaign_for(people)
        self.journals: dict[int, Journal] = {}

    def campaign_for(self, people: int) -> Campaign:
        rows = [
            AudienceRow(n, f"+59598{n:07d}", f"Persona {n}", "Sr.", f"G{n % 2}")
            for n in range(people)
        ]
        new = NewCampaign(self.account.id, "Turnos", "Hola", CampaignStatus.RUNNING, {})
        return self.store.campaigns.create(self.workspace.id, "alice", new, [ContactBatch.of(rows)])

    def lease(self, owner: str = "one") -> Lease:
        lease = self.store.leases.take(self.account.id, owner, TTL)
        assert lease is not None
        return lease

    def claim(self, lease: Lease, limit: int = 50, after: UUID | None = None) -> list[Claim]:
        return list(self.store.deliveries.claim(lease, self.campaign.id, after, limit, False))

    def settle(self, lease: Lease, outcomes: Sequence[Outcome], *, fold: bool = True) -> None:
        journal = self.journals.get(lease.epoch)
        if journal is None:
            journal = self.journals[lease.epoch] = self.store.deliveries.open_journal(lease)
        journal.settle(outcomes, fold=fold)

    def now(self) -> Campaign:
        return self.store.campaigns.get(self.workspace.id, self.campaign.id)

    def sent_today(self) -> int:
        today = NOW.astimezone(self.workspace.zone).date()
        return self.store.metrics.total(self.workspace.id, Span(today, today)).sent

    def statuses(self) -> list[str]:
        page = self.store.campaigns.recipients(self.campaign.id, None, None, 1000)
        return [row.status.value for row in page.rows]


def sent(claim: Claim, message_id: str | None = None) -> Outcome:
    return Outcome(claim, RecipientStatus.SENT, NOW, message_id=message_id or uuid4().hex)


def draft_of(clinic: Clinic, **changes: object) -> NewCampaign:
    values = {"name": "Borrador", "message_template": "Hola", "status": CampaignStatus.DRAFT}
    return NewCampaign(account_id=clinic.account.id, pacing={}, **(values | changes))
