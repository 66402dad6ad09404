"""Drafts: a campaign while it is being written, and the look before it starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sender_app.domain.account import Account
from sender_app.domain.actor import Actor, Role
from sender_app.domain.audience import AudienceRow, Gap
from sender_app.domain.campaign import Campaign, CampaignStatus
from sender_app.domain.content import Attachment, arranged
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.domain.media import MediaKind
from sender_app.domain.pacing import Plan
from sender_app.domain.phone import normalise
from sender_app.domain.template_syntax import escape
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import NewCampaign, Store
from sender_app.services.campaigns import Campaigns, check_account, check_gaps, check_names
from sender_app.services.imports import FileCheck, Imports

SHOWN_GAPS = 200  # people named who lack something that the message uses


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody has written so far."""

    account_id: UUID
    name: str = ""
    texts: tuple[str, ...] = ("",)
    file_id: UUID | None = None
    filename: str = ""
    starts_at: datetime | None = None  # aware; None starts at once
    attachments: Sequence[Attachment] = ()
    more_accounts: tuple[UUID, ...] = ()  # further ones that send it, each as its pace allows

    @property
    def accounts(self) -> tuple[UUID, ...]:
        """Every account that sends it."""
        return (self.account_id, *self.more_accounts)

    def as_campaign(self, kinds: Mapping[UUID, MediaKind]) -> NewCampaign:
        """The row that keeps it; `kinds` says what the attachments are."""
        audience = {"file_id": str(self.file_id), "filename": self.filename} if self.file_id else {}
        return NewCampaign(
            account_id=self.account_id,
            name=self.name,
            message_template=self.texts[0],
            status=CampaignStatus.DRAFT,
            pacing={},
            scheduled_at=self.starts_at,
            variants=self.texts[1:],
            audience=audience,
            media_config=arranged(self.texts, self.attachments, kinds).to_config(),
            more_accounts=self.more_accounts,
        )


@dataclass(frozen=True, slots=True)
class Preflight:
    """What would happen if the draft started as it is. `problem` keeps it from starting."""

    people: int
    opted_out: int  # skipped: they asked never to be written to
    known: int  # every account that sends has talked with them
    plan: Plan | None  # None: the limits let nothing through
    gaps: list[Gap]  # the first SHOWN_GAPS of `gap_count`
    gap_count: int
    problem: RuleViolation | None

    @property
    def cold(self) -> int:
        """People who get a message and never talked with the account."""
        return self.people - self.opted_out - self.known


@dataclass(frozen=True, slots=True)
class Drafts:
    """The workspace's drafts."""

    store: Store
    imports: Imports
    campaigns: Campaigns

    def create_draft(self, actor: Actor, draft: Draft) -> Campaign:
        """Begin one. Raises NotFound for an account of somebody else."""
        actor.require(Role.SENDER)
        self._accounts(actor, draft)
        return self.store.campaigns.create(
            actor.workspace_id, actor.user_id, self._kept(actor, draft), []
        )

    def save_draft(self, actor: Actor, campaign_id: UUID, draft: Draft) -> None:
        """Keep what was written. Raises RuleViolation("draft_gone") when it is a draft no more."""
        actor.require(Role.SENDER)
        self._accounts(actor, draft)
        new = self._kept(actor, draft)
        if not self.store.campaigns.save_draft(actor.workspace_id, campaign_id, new):
            raise RuleViolation("draft_gone")

    def get_draft(self, actor: Actor, campaign_id: UUID) -> Draft:
        """Go on writing. Raises NotFound when there is no such draft."""
        actor.require(Role.VIEWER)
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        if campaign.status is not CampaignStatus.DRAFT:
            raise NotFound("draft", campaign_id)
        return _draft(campaign)

    def preflight(self, actor: Actor, campaign_id: UUID) -> Preflight:
        """Look at everything that starting would look at, and at its expected course."""
        actor.require(Role.SENDER)
        draft = self.get_draft(actor, campaign_id)
        columns, rows = self._people(actor, draft)
        phones = [row.phone for row in rows]
        opted_out = self.store.deliveries.opted_out(actor.workspace_id, phones)
        reached = [phone for phone in phones if phone not in opted_out]
        lacking, problem = self._problems(actor, draft, columns, rows)
        return Preflight(
            people=len(rows),
            opted_out=len(opted_out),
            known=self.store.campaigns.known(draft.accounts, reached),
            plan=self.campaigns.plan(actor, draft.accounts, len(reached), draft.starts_at),
            gaps=lacking[:SHOWN_GAPS],
            gap_count=len(lacking),
            problem=problem,
        )

    def launch(self, actor: Actor, campaign_id: UUID, confirmed: int) -> Campaign:
        """Start the draft, or have it start at its time, for the `confirmed` number of people.

        Raises RuleViolation, and changes nothing, when the message is not complete for everybody,
        the account cannot send, the time is past, or there are more or fewer people; NotFound.
        """
        actor.require(Role.SENDER)
        draft = self.get_draft(actor, campaign_id)
        columns, rows = self._people(actor, draft)
        _lacking, problem = self._problems(actor, draft, columns, rows)
        if problem is not None:
            raise problem
        if len(rows) != confirmed:
            raise RuleViolation("audience_changed", count=len(rows))
        if draft.starts_at is not None and draft.starts_at <= self.campaigns.clock():
            raise RuleViolation("schedule_in_the_past")
        launched = self.store.campaigns.launch(
            actor.workspace_id,
            actor.user_id,
            campaign_id,
            [ContactBatch.of(rows)],
            draft.starts_at,
        )
        if not launched:
            raise RuleViolation("draft_gone")
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        self.campaigns.wake(campaign)
        return campaign

    def clone(self, actor: Actor, campaign_id: UUID, name: str) -> Campaign:
        """A draft of the same message to the same file, under another name. Raises NotFound."""
        actor.require(Role.SENDER)
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        return self.create_draft(actor, replace(_draft(campaign), name=name, starts_at=None))

    def send_test(
        self,
        actor: Actor,
        account_id: UUID,
        text: str,
        phone: str,
        attachments: Sequence[Attachment] = (),
    ) -> Campaign:
        """Send `text` and captions as they stand, with their files, to one number, one's own,
        before other campaigns' messages.

        A campaign of its own, listed nowhere, so that it keeps every promise of the ledger.
        Raises RuleViolation for a bad or opted-out number, or an account that cannot send.
        """
        actor.require(Role.SENDER)
        workspace = self.store.workspaces.get(actor.workspace_id)
        number = normalise(phone, workspace.default_country)
        if self.store.deliveries.opted_out(actor.workspace_id, [number]):
            raise RuleViolation("phone_opted_out")
        account = self.store.accounts.get(account_id, actor.workspace_id)
        check_account(account)
        literal = escape(text)
        files = [replace(file, caption=escape(file.caption)) for file in attachments]
        content = self.campaigns.checked_content(actor, (literal,), files)
        new = NewCampaign(
            account_id=account_id,
            name="Test",
            message_template=literal,
            status=CampaignStatus.RUNNING,
            pacing={},
            media_config=content.to_config(),
        )
        campaign = self.store.campaigns.create_test(actor.workspace_id, actor.user_id, new, number)
        self.campaigns.wake(campaign)
        return campaign

    def find_people(
        self, actor: Actor, file_id: UUID, search: str, limit: int
    ) -> list[AudienceRow]:
        """People of a checked file with `search` in their name or phone. Raises NotFound."""
        actor.require(Role.SENDER)
        wanted = search.strip().lower()
        digits = "".join(letter for letter in wanted if letter.isdigit())
        with self.imports.audience(actor, file_id) as people:
            rows = people.rows()
        found = (
            row
            for row in rows
            if wanted in row.nombre.lower() or (len(digits) > 2 and digits in row.phone)
        )
        return [row for row, _ in zip(found, range(limit), strict=False)]

    def find_audience(self, actor: Actor, draft: Draft) -> FileCheck | None:
        """What is in the draft's file, if it has one that is still there."""
        if draft.file_id is None:
            return None
        try:
            return self.imports.check_again(actor, draft.file_id, draft.filename)
        except NotFound:
            return None

    def _accounts(self, actor: Actor, draft: Draft) -> list[Account]:
        """The accounts that send the draft. Raises NotFound for one of somebody else."""
        return [self.store.accounts.get(one, actor.workspace_id) for one in draft.accounts]

    def _kept(self, actor: Actor, draft: Draft) -> NewCampaign:
        return draft.as_campaign(self.campaigns.kinds_of(actor, draft.attachments))

    def _people(self, actor: Actor, draft: Draft) -> tuple[Sequence[str], list[AudienceRow]]:
        """Placeholders that the draft's file fills, and its people; nobody if it is gone."""
        if draft.file_id is None:
            return (), []
        try:
            with self.imports.audience(actor, draft.file_id) as people:
                return people.columns, people.rows()
        except NotFound:
            return (), []

    def _problems(
        self, actor: Actor, draft: Draft, columns: Sequence[str], rows: Sequence[AudienceRow]
    ) -> tuple[list[Gap], RuleViolation | None]:
        """Who lacks something, and the first thing that keeps the draft from starting."""
        lacking: list[Gap] = []
        try:
            content = self.campaigns.checked_content(actor, draft.texts, draft.attachments)
            for account in self._accounts(actor, draft):
                check_account(account)
            if not rows:
                raise RuleViolation("audience_empty")
            check_names(content, columns)
            lacking = self.campaigns.lacking(actor, content, rows)
            check_gaps(lacking)
        except RuleViolation as problem:
            return lacking, problem
        return [], None


def _draft(campaign: Campaign) -> Draft:
    file_id = campaign.audience.get("file_id")
    return Draft(
        account_id=campaign.account_id,
        name=campaign.name,
        texts=campaign.texts,
        file_id=UUID(str(file_id)) if file_id else None,
        filename=str(campaign.audience.get("filename", "")),
        starts_at=campaign.scheduled_at,
        attachments=campaign.content.attachments,
        more_accounts=campaign.more_accounts,
    )
