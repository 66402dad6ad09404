"""Campaigns: create, look at, steer. The account's process does the sending."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sender_app.domain import campaign as rules
from sender_app.domain.account import CANNOT_SEND, Account
from sender_app.domain.actor import Actor, Role
from sender_app.domain.audience import AudienceRow, Gap, gaps
from sender_app.domain.campaign import Campaign, CampaignStatus, PauseReason
from sender_app.domain.content import Attachment, Content, checked
from sender_app.domain.delivery import RecipientStatus
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.domain.media import Media, MediaKind
from sender_app.domain.pacing import History, Pace, Plan, pace_of, shared_plan
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.events import Changed, Control, Events
from sender_app.ports.pages import Page
from sender_app.ports.queue import Queue
from sender_app.ports.store import Store
from sender_app.ports.store.campaigns import CampaignFilter, NewCampaign, RecipientRow
from sender_app.ports.undoing import Undoables
from sender_app.services.clock import Clock, system_clock
from sender_app.services.imports import Imports
from sender_app.services.undoing import Done, done, undone

_KIND = "campaign"  # what can be undone
_NAMED = 10  # rows named in a message about blank placeholders
LONGEST_NOTE = 500  # characters
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
    undoables: Undoables
    clock: Clock = system_clock

    def send_file(
        self,
        actor: Actor,
        file_id: UUID,
        account_id: UUID,
        name: str,
        message_template: str,
        attachments: Sequence[Attachment] = (),
    ) -> Campaign:
        """Create a campaign for every good row of a checked file, and start it, or have it wait for
        a second person where the workspace wants one.

        With `attachments` each person gets these files too, see Content. Raises RuleViolation when
        there is neither text nor file, a placeholder is unknown, or blank for somebody (whose rows
        are named), nobody is left to write to, or the account cannot send; then nothing is created.
        Raises NotFound for a file or account of somebody else.
        """
        actor.require(Role.SENDER)
        content = self.checked_content(actor, (message_template,), attachments)
        check_account(self.store.accounts.get(account_id, actor.workspace_id))
        new = NewCampaign(
            account_id=account_id,
            name=name.strip() or "Campaign",
            message_template=message_template if message_template.strip() else "",
            status=self.first_status(actor, None),
            pacing={},
            audience={"file_id": str(file_id)},
            media_config=content.to_config(),
        )
        with self.imports.audience(actor, file_id) as people:
            check_names(content, people.columns)
            batches: Iterable[ContactBatch] = people.batches
            if content.agrees:  # which only the rules can look at, not the store
                rows = people.rows()
                check_gaps(self.lacking(actor, content, rows))
                batches = [ContactBatch.of(rows)]
            since = self.written_since(actor, None, None)
            campaign = self.store.campaigns.create(
                actor.workspace_id, actor.user_id, new, batches, content.required, since
            )
        self.wake(campaign)
        return campaign

    def checked_content(
        self, actor: Actor, texts: Sequence[str], attachments: Sequence[Attachment]
    ) -> Content:
        """What each person gets, fit to be sent; see Content. Raises RuleViolation, NotFound."""
        kinds = self.kinds_of(actor, attachments)
        for attachment in attachments:
            if attachment.media_id not in kinds:
                raise NotFound("media", attachment.media_id)
        return checked(texts, attachments, kinds)

    def kinds_of(self, actor: Actor, attachments: Sequence[Attachment]) -> Mapping[UUID, MediaKind]:
        """What each of the files is, as far as they are there."""
        wanted = [attachment.media_id for attachment in attachments]
        found = self.store.media.find(actor.workspace_id, wanted)
        return {media_id: media.kind for media_id, media in found.items()}

    def list_campaigns(
        self,
        actor: Actor,
        cursor: str | None = None,
        limit: int = 20,
        wanted: CampaignFilter = CampaignFilter(),
    ) -> Page[Campaign]:
        """Newest first."""
        actor.require(Role.VIEWER)
        return self.store.campaigns.list(actor.workspace_id, cursor, limit, wanted)

    def get_campaign(self, actor: Actor, campaign_id: UUID) -> Campaign:
        """Raises NotFound."""
        actor.require(Role.VIEWER)
        return self.store.campaigns.get(actor.workspace_id, campaign_id)

    def content(self, actor: Actor, campaign_id: UUID) -> tuple[Content, Mapping[UUID, Media]]:
        """What each person gets, and those of its files that are still there. Raises NotFound."""
        content = self.get_campaign(actor, campaign_id).content
        wanted = [file.media_id for file in content.attachments]
        return content, self.store.media.find(actor.workspace_id, wanted)

    def recipients(
        self,
        actor: Actor,
        campaign_id: UUID,
        status: RecipientStatus | None = None,
        cursor: str | None = None,
        limit: int = 50,
        *,
        reached: str = "",
        search: str = "",
    ) -> Page[RecipientRow]:
        """In sending order; see the store for the filters. Raises NotFound."""
        self.get_campaign(actor, campaign_id)
        return self.store.campaigns.recipients(
            campaign_id, status, cursor, limit, reached=reached, search=search
        )

    def pause(self, actor: Actor, campaign_id: UUID) -> Campaign:
        """Hold the campaign before its next message. Raises NotFound, RuleViolation."""
        return self._move(actor, campaign_id, "pause", PauseReason.PERSON)

    def resume(self, actor: Actor, campaign_id: UUID) -> Campaign:
        """Go on with a paused campaign. Raises NotFound, RuleViolation."""
        return self._move(actor, campaign_id, "resume")

    def start(self, actor: Actor, campaign_id: UUID) -> Campaign:
        """Start a scheduled campaign before its time. Raises NotFound, RuleViolation."""
        return self._move(actor, campaign_id, "start")

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
        self.wake(campaign)
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
        self.wake(campaign)
        return count

    def plan(
        self, actor: Actor, account_ids: Sequence[UUID], count: int, start: datetime | None = None
    ) -> Plan | None:
        """The expected course of `count` messages of these accounts together from now, or from
        `start` if that is later; None when the limits let none through. Raises NotFound.
        """
        actor.require(Role.VIEWER)
        workspace = self.store.workspaces.get(actor.workspace_id)
        now = self.clock()
        limits: list[tuple[Pace, History]] = []
        for account_id in account_ids:
            account = self.store.accounts.get(account_id, actor.workspace_id)
            pace = pace_of(account, workspace, self.default_pace)
            limits.append((pace, self.store.deliveries.history(account_id, now)))
        return shared_plan(limits, count, max(start or now, now), workspace.zone)

    def lacking(self, actor: Actor, content: Content, rows: Sequence[AudienceRow]) -> list[Gap]:
        """Those of `rows` for whom it has a hole, with what the address book knows."""
        actor.require(Role.SENDER)
        incomplete = {gap.phone for gap in gaps(content, rows)}
        doubtful = [row for row in rows if row.phone in incomplete]
        return gaps(content, self.store.campaigns.with_book(actor.workspace_id, doubtful))

    def delete(self, actor: Actor, campaign_id: UUID, *, undoable: bool = False) -> Done:
        """Show a draft, or a campaign that has ended, no more. Raises NotFound, RuleViolation."""
        actor.require(Role.SENDER)
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        gone = self.store.campaigns.delete(actor.workspace_id, campaign_id, rules.DELETABLE)
        if not gone:
            raise RuleViolation(
                "campaign_move_refused", move="delete", status=campaign.status.value
            )
        record = gone.record if undoable else None
        return done(self.undoables, actor, _KIND, gone.count, record)

    def restore(self, actor: Actor, undo: str) -> None:
        """Show a deleted campaign again, or have a draft back as it was written.

        Raises RuleViolation("undo_gone"), also when it is there by now.
        """
        actor.require(Role.SENDER)

        def restore(record: bytes) -> None:
            if not self.store.campaigns.restore(actor.workspace_id, record):
                raise RuleViolation("undo_gone")

        undone(self.undoables, actor, _KIND, undo, restore)

    def first_status(self, actor: Actor, start: datetime | None) -> CampaignStatus:
        """What becomes of a draft when it is launched, to start at `start` or at once."""
        actor.require(Role.VIEWER)
        if self.store.workspaces.get(actor.workspace_id).needs_approval:
            return CampaignStatus.AWAITING
        return CampaignStatus.SCHEDULED if start else CampaignStatus.RUNNING

    def written_since(
        self, actor: Actor, rest_days: int | None, start: datetime | None
    ) -> datetime | None:
        """From when on nobody may have been written to; see AudienceChoice.rest_days."""
        actor.require(Role.VIEWER)
        if rest_days is None:
            rest_days = self.store.workspaces.get(actor.workspace_id).rest_days
        now = self.clock()
        return max(start or now, now) - timedelta(days=rest_days) if rest_days else None

    def approve(self, actor: Actor, campaign_id: UUID) -> Campaign:
        """Let a campaign start that waits for a second person: at once, or at its time.

        Raises NotFound, RuleViolation, also when it was the same person who started it.
        """
        actor.require(Role.SENDER)
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        rules.after("approve", campaign.status)
        if campaign.user_id == actor.user_id:
            raise RuleViolation("approval_by_same_person")
        if not self.store.campaigns.approve(campaign_id, actor.user_id, self.clock()):
            raise RuleViolation(
                "campaign_move_refused", move="approve", status=campaign.status.value
            )
        self.wake(campaign)
        return self.store.campaigns.get(actor.workspace_id, campaign_id)

    def send_back(self, actor: Actor, campaign_id: UUID, note: str) -> Campaign:
        """Make a draft again of a campaign that waits for approval, with a note saying why.

        Who started it may take it back without a note. Raises NotFound, RuleViolation.
        """
        actor.require(Role.SENDER)
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        rules.after("send_back", campaign.status)
        note = note.replace("\x00", " ").strip()
        if not note and campaign.user_id != actor.user_id:
            raise RuleViolation("review_note_blank")
        if len(note) > LONGEST_NOTE:
            raise RuleViolation("field_too_long", limit=LONGEST_NOTE)
        if not self.store.campaigns.send_back(campaign_id, note):
            raise RuleViolation(
                "campaign_move_refused", move="send_back", status=campaign.status.value
            )
        self.events.publish(Changed(campaign.workspace_id, "campaign", campaign.id))
        return self.store.campaigns.get(actor.workspace_id, campaign_id)

    def to_approve(self, actor: Actor) -> int:
        """How many campaigns wait for the actor's approval."""
        actor.require(Role.VIEWER)
        if actor.role.rank < Role.SENDER.rank:
            return 0
        return self.store.campaigns.awaiting(actor.workspace_id, actor.user_id)

    def _move(
        self, actor: Actor, campaign_id: UUID, move: str, reason: PauseReason | None = None
    ) -> Campaign:
        actor.require(Role.SENDER)
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        target = rules.after(move, campaign.status)
        if not self.store.campaigns.move(campaign_id, rules.sources(move), target, reason):
            now = self.store.campaigns.get(actor.workspace_id, campaign_id)
            raise RuleViolation("campaign_move_refused", move=move, status=now.status.value)
        self.wake(campaign)
        return self.store.campaigns.get(actor.workspace_id, campaign_id)

    def wake(self, campaign: Campaign) -> None:
        """Tell the accounts' processes at once; the reconciler would do so a little later."""
        for account_id in campaign.accounts:
            self.control.nudge(account_id)
            self.queue.serve_account(account_id)
        self.events.publish(Changed(campaign.workspace_id, "campaign", campaign.id))


def check_account(account: Account) -> None:
    """Raise RuleViolation unless the account can send."""
    if account.status in CANNOT_SEND or not account.is_linked:
        raise RuleViolation("account_not_linked")


def check_names(content: Content, columns: Collection[str]) -> None:
    """Raise RuleViolation for a placeholder that nobody can have a value of."""
    unknown = [name for name in content.placeholders if name not in columns]
    if unknown:
        raise RuleViolation("placeholder_unknown", names=", ".join(unknown))


def check_gaps(lacking: Sequence[Gap]) -> None:
    """Raise RuleViolation naming the rows of those for whom the message is not complete."""
    if lacking:
        named = ", ".join(str(gap.row) for gap in lacking[:_NAMED])
        raise RuleViolation("placeholder_blank_rows", count=len(lacking), rows=named)
