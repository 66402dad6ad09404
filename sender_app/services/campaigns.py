"""Campaigns: create, look at, steer. The account's process does the sending."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sender_app.domain import campaign as rules
from sender_app.domain import template as templates
from sender_app.domain.account import CANNOT_SEND
from sender_app.domain.actor import Actor, Role
from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason
from sender_app.domain.delivery import RecipientStatus
from sender_app.domain.errors import RuleViolation
from sender_app.domain.pacing import Pace, Plan, pace_from, plan
from sender_app.domain.template import Template
from sender_app.ports.events import Changed, Control, Events
from sender_app.ports.queue import Queue
from sender_app.ports.store import NewCampaign, Page, RecipientRow, Store
from sender_app.services.clock import Clock, system_clock
from sender_app.services.imports import Imports

GRACE = timedelta(minutes=5)  # in which a receipt may still settle an unconfirmed recipient


@dataclass(frozen=True, slots=True)
class Campaigns:
    """The workspace's campaigns."""

    store: Store
    queue: Queue
    control: Control
    events: Events
    imports: Imports
    default_pace: Pace
    clock: Clock = system_clock

    def send_file(
        self, actor: Actor, file_id: UUID, account_id: UUID, name: str, message_template: str
    ) -> Campaign:
        """Create a campaign for every good row of a checked file, and start it.

        Raises RuleViolation when the text is blank, a placeholder is unknown, or blank for somebody
        (whose rows are named), nobody is left to write to, or the account cannot send; then nothing
        is created. Raises NotFound for a file or account of somebody else.
        """
        actor.require(Role.SENDER)
        template = templates.checked(message_template)
        account = self.store.accounts.get(account_id, actor.workspace_id)
        if account.status in CANNOT_SEND or not account.is_linked:
            raise RuleViolation("account_not_linked")
        new = NewCampaign(
            account_id=account_id,
            name=name.strip() or "Campaign",
            message_template=message_template,
            status=CampaignStatus.RUNNING,
            pacing={},
        )
        with self.imports.audience(actor, file_id) as people:
            unknown = [name for name in template.placeholders if name not in people.columns]
            if unknown:
                raise RuleViolation("placeholder_unknown", names=", ".join(unknown))
            campaign = self.store.campaigns.create(
                actor.workspace_id, actor.user_id, new, people.batches, template.placeholders
            )
        self._wake(campaign)
        return campaign

    def preview(self, message_template: str, row: AudienceRow) -> str:
        """The message that `row` would get; raises RuleViolation("placeholder_empty")."""
        return Template(message_template).render(row.fields)

    def list_campaigns(
        self, actor: Actor, cursor: str | None = None, limit: int = 20
    ) -> Page[Campaign]:
        """Newest first."""
        actor.require(Role.VIEWER)
        return self.store.campaigns.list(actor.workspace_id, cursor, limit)

    def get_campaign(self, actor: Actor, campaign_id: UUID) -> Campaign:
        """Raises NotFound."""
        actor.require(Role.VIEWER)
        return self.store.campaigns.get(actor.workspace_id, campaign_id)

    def recipients(
        self,
        actor: Actor,
        campaign_id: UUID,
        status: RecipientStatus | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[RecipientRow]:
        """In sending order. Raises NotFound."""
        self.get_campaign(actor, campaign_id)
        return self.store.campaigns.recipients(campaign_id, status, cursor, limit)

    def pause(self, actor: Actor, campaign_id: UUID) -> Campaign:
        """Hold the campaign before its next message. Raises NotFound, RuleViolation."""
        return self._move(actor, campaign_id, "pause", PauseReason.PERSON)

    def resume(self, actor: Actor, campaign_id: UUID) -> Campaign:
        """Go on with a paused campaign. Raises NotFound, RuleViolation."""
        return self._move(actor, campaign_id, "resume")

    def cancel(self, actor: Actor, campaign_id: UUID) -> Campaign:
        """Stop for good; whoever was queued is skipped. Raises NotFound, RuleViolation."""
        return self._move(actor, campaign_id, "cancel")

    def retry_failed(self, actor: Actor, campaign_id: UUID) -> int:
        """Queue those in error again; returns how many. Raises NotFound, RuleViolation."""
        actor.require(Role.SENDER)
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        rules.after("retry_failed", campaign.status)
        count = self.store.campaigns.requeue_failed(campaign_id)
        if count == 0:
            raise RuleViolation("nothing_to_retry")
        self._wake(campaign)
        return count

    def resolve_unconfirmed(
        self, actor: Actor, campaign_id: UUID, recipient_ids: Sequence[UUID], *, sent: bool
    ) -> int:
        """Say of unconfirmed recipients (all of them when none are named) that they were `sent`, or
        have them sent again; returns how many it was.

        Only a person may say so, and only after GRACE, in which a receipt settles it by itself.
        Raises NotFound, RuleViolation("nothing_unconfirmed") when nobody is unconfirmed that long.
        """
        actor.require(Role.SENDER)
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        before = self.clock() - GRACE
        count = self.store.campaigns.resolve_unconfirmed(campaign_id, recipient_ids, sent, before)
        if count == 0:
            raise RuleViolation("nothing_unconfirmed", minutes=int(GRACE.total_seconds() // 60))
        self._wake(campaign)
        return count

    def schedule(self, actor: Actor, campaign_id: UUID, at: datetime) -> Campaign:
        """Have a draft start by itself at `at` (aware). Raises NotFound, RuleViolation."""
        actor.require(Role.SENDER)
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        target = rules.after("schedule", campaign.status)
        if at <= self.clock():
            raise RuleViolation("schedule_in_the_past")
        self.store.campaigns.move(campaign_id, rules.sources("schedule"), target, scheduled_at=at)
        return self.store.campaigns.get(actor.workspace_id, campaign_id)

    def plan(self, actor: Actor, account_id: UUID, count: int) -> Plan | None:
        """The expected course of `count` messages from now; None when the limits let none through.

        Raises NotFound.
        """
        actor.require(Role.VIEWER)
        account = self.store.accounts.get(account_id, actor.workspace_id)
        workspace = self.store.workspaces.get(actor.workspace_id)
        pace = pace_from(workspace.pacing | account.pacing, self.default_pace)
        now = self.clock()
        history = self.store.deliveries.history(account_id, now)
        return plan(pace, history, count, now, workspace.zone)

    def _move(
        self, actor: Actor, campaign_id: UUID, move: str, reason: PauseReason | None = None
    ) -> Campaign:
        actor.require(Role.SENDER)
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        target = rules.after(move, campaign.status)
        if not self.store.campaigns.move(campaign_id, rules.sources(move), target, reason):
            now = self.store.campaigns.get(actor.workspace_id, campaign_id)
            raise RuleViolation("campaign_move_refused", move=move, status=now.status.value)
        self._wake(campaign)
        return self.store.campaigns.get(actor.workspace_id, campaign_id)

    def _wake(self, campaign: Campaign) -> None:
        """Tell the account's process at once; the reconciler would do so a little later."""
        self.control.nudge(campaign.account_id)
        self.queue.serve_account(campaign.account_id)
        self.events.publish(Changed(campaign.workspace_id, "campaign", campaign.id))
