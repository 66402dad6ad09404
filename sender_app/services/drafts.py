"""Drafts: a campaign while it is being written, and the look before it starts."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sender_app.domain.account import Account
from sender_app.domain.actor import Actor, Role
from sender_app.domain.audience import AudienceRow, Gap
from sender_app.domain.audience_choice import AudienceChoice, choice_from
from sender_app.domain.campaign import Campaign, CampaignStatus
from sender_app.domain.columns import KNOWN
from sender_app.domain.content import Attachment, Content, arranged
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.domain.media import MediaKind
from sender_app.domain.pacing import Plan
from sender_app.domain.phone import normalise
from sender_app.domain.template_syntax import TREATMENT, escape
from sender_app.ports.store import Store
from sender_app.ports.store.audiences import AudienceCounts, AudienceSpec, GatheredAudience, Likes
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.services.campaigns import Campaigns, check_account, check_names
from sender_app.services.imports import Audience, FileCheck, Imports

SHOWN_GAPS = 200  # people named who lack something that the message uses
SAMPLE = 50  # people shown in the preview
_NAMED = 10  # rows named in a message about gaps


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
    pacing: Mapping[str, object] = field(default_factory=dict)  # fixed when the draft is made
    choice: AudienceChoice = field(default_factory=AudienceChoice)  # people beside the file's
    more_accounts: tuple[UUID, ...] = ()  # further ones that send it, each as its pace allows

    @property
    def accounts(self) -> tuple[UUID, ...]:
        """Every account that sends it."""
        return (self.account_id, *self.more_accounts)

    def as_campaign(self, kinds: Mapping[UUID, MediaKind]) -> NewCampaign:
        """The row that keeps it; `kinds` says what the attachments are."""
        file = {"file_id": str(self.file_id), "filename": self.filename} if self.file_id else {}
        audience = file | self.choice.to_config()
        return NewCampaign(
            account_id=self.account_id,
            name=self.name,
            message_template=self.texts[0],
            status=CampaignStatus.DRAFT,
            pacing=self.pacing,
            scheduled_at=self.starts_at,
            variants=self.texts[1:],
            audience=audience,
            media_config=arranged(self.texts, self.attachments, kinds).to_config(),
            more_accounts=self.more_accounts,
        )


@dataclass(frozen=True, slots=True)
class People:
    """Whom a draft is for, as chosen so far."""

    counts: AudienceCounts
    sample: Sequence[AudienceRow]  # the first of them
    columns: tuple[str, ...]  # placeholders beside the usual ones that somebody may have


@dataclass(frozen=True, slots=True)
class Preflight:
    """What would happen if the draft started as it is. `problem` keeps it from starting."""

    counts: AudienceCounts
    known: int  # every account that sends has talked with them
    plan: Plan | None  # None: the limits let nothing through
    gaps: list[Gap]  # the first SHOWN_GAPS of `gap_count`
    gap_count: int
    problem: RuleViolation | None

    @property
    def cold(self) -> int:
        """People who get a message and never talked with the account."""
        return self.counts.reached - self.known


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
        draft.choice.checked()
        return self.store.campaigns.create(
            actor.workspace_id, actor.user_id, self._kept(actor, draft), []
        )

    def save_draft(self, actor: Actor, campaign_id: UUID, draft: Draft) -> None:
        """Keep what was written. Raises RuleViolation("draft_gone") when it is a draft no more."""
        actor.require(Role.SENDER)
        self._accounts(actor, draft)
        draft.choice.checked()
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

    def people(self, actor: Actor, campaign_id: UUID) -> People:
        """Whom the draft is for, and the first of them. Raises NotFound."""
        actor.require(Role.SENDER)
        draft = self.get_draft(actor, campaign_id)
        with self._gather(actor, draft) as (columns, found):
            sample = found.find("", SAMPLE)
            own = dict.fromkeys(name for row in sample for name, value in row.own.items() if value)
            usual = {*KNOWN, *columns}
            names = (*columns, *(name for name in own if name not in usual))
            return People(found.counts(), sample, tuple(n for n in names if n not in KNOWN))

    def preflight(self, actor: Actor, campaign_id: UUID) -> Preflight:
        """Look at everything that starting would look at, and at its expected course."""
        actor.require(Role.SENDER)
        draft = self.get_draft(actor, campaign_id)
        with self._gather(actor, draft) as (columns, found):
            counts = found.counts()
            gaps, gap_count, problem = self._problems(actor, draft, columns, found)
            known = found.known(draft.accounts)
        plan = self.campaigns.plan(actor, draft.accounts, counts.reached, draft.starts_at)
        return Preflight(counts, known, plan, gaps, gap_count, problem)

    def check(self, actor: Actor, draft: Draft) -> int:
        """How many people it would write to if it were launched as it is, kept or not.

        Raises RuleViolation as `launch` does.
        """
        actor.require(Role.SENDER)
        with self._gather(actor, draft) as (columns, found):
            problem = self._problems(actor, draft, columns, found)[2]
            reached = found.counts().reached
        if problem is not None:
            raise problem
        if draft.starts_at is not None and draft.starts_at <= self.campaigns.clock():
            raise RuleViolation("schedule_in_the_past")
        return reached

    def launch(self, actor: Actor, campaign_id: UUID, confirmed: int) -> Campaign:
        """Start the draft, have it start at its time, or have it wait for a second person where the
        workspace wants one, to write to the `confirmed` number of people.

        Raises RuleViolation, and changes nothing, when the message is not complete for everybody,
        the account cannot send, the time is past, or it would be more or fewer people; NotFound.
        """
        actor.require(Role.SENDER)
        draft = self.get_draft(actor, campaign_id)
        self.check(actor, draft)
        status = self.campaigns.first_status(actor, draft.starts_at)
        with self._spec(actor, draft) as (_, spec):
            launched = self.store.campaigns.launch(
                *(actor.workspace_id, actor.user_id, campaign_id, spec),
                status,
                draft.starts_at,
                confirmed,
            )
        if not launched:
            raise RuleViolation("draft_gone")
        campaign = self.store.campaigns.get(actor.workspace_id, campaign_id)
        self.campaigns.wake(campaign)
        return campaign

    def clone(self, actor: Actor, campaign_id: UUID, name: str) -> Campaign:
        """A draft of the same message to the same choice of people at the same pace, under
        another name; whom the choice finds is seen anew. Raises NotFound."""
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
        self, actor: Actor, campaign_id: UUID, search: str, limit: int
    ) -> Sequence[AudienceRow]:
        """Who of a draft's people has `search` in their name or phone. Raises NotFound."""
        actor.require(Role.SENDER)
        draft = self.get_draft(actor, campaign_id)
        with self._gather(actor, draft) as (_, found):
            return found.find(search, limit)

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

    @contextmanager
    def _gather(
        self, actor: Actor, draft: Draft
    ) -> Iterator[tuple[Sequence[str], GatheredAudience]]:
        """Placeholders that the draft's file fills, and whom the draft is for."""
        with (
            self._spec(actor, draft) as (columns, spec),
            self.store.audiences.gather(actor.workspace_id, spec) as found,
        ):
            yield columns, found

    @contextmanager
    def _spec(self, actor: Actor, draft: Draft) -> Iterator[tuple[Sequence[str], AudienceSpec]]:
        since = self.campaigns.written_since(actor, draft.choice.rest_days, draft.starts_at)
        with ExitStack() as open_files:
            file = self._file(open_files, actor, draft)
            columns, rows = (file.columns, file.batches) if file else ((), ())
            yield columns, AudienceSpec(draft.choice, rows, since)

    def _file(self, open_files: ExitStack, actor: Actor, draft: Draft) -> Audience | None:
        """The draft's file; nobody is in one that is gone."""
        if draft.file_id is None:
            return None
        try:
            return open_files.enter_context(self.imports.audience(actor, draft.file_id))
        except NotFound:
            return None

    def _problems(
        self, actor: Actor, draft: Draft, columns: Sequence[str], found: GatheredAudience
    ) -> tuple[list[Gap], int, RuleViolation | None]:
        """The first who lack something, how many do, and the first thing that keeps the draft from
        starting."""
        try:
            content = self.campaigns.checked_content(actor, draft.texts, draft.attachments)
            for account in self._accounts(actor, draft):
                check_account(account)
            _check_people(found.counts())
            return _gaps(content, columns, found)
        except RuleViolation as problem:
            return [], 0, problem


def _check_people(counts: AudienceCounts) -> None:
    """Raise RuleViolation when there is nobody to write to."""
    if counts.people == 0:
        raise RuleViolation("audience_empty")
    if counts.reached == 0:
        raise RuleViolation("audience_left_out")


def _gaps(
    content: Content, columns: Sequence[str], found: GatheredAudience
) -> tuple[list[Gap], int, RuleViolation | None]:
    """Everybody for whom the message has a hole, from the few ways in which people differ in it.

    Raises RuleViolation for a placeholder that nobody has a value of.
    """
    names = content.placeholders
    whole = frozenset({TREATMENT}) if content.agrees else frozenset[str]()
    likes = found.likes(names, whole)
    check_names(content, {*KNOWN, *columns, *_valued(likes)})
    lacking = [one for one in likes if content.missing(one.values)]
    if not lacking:
        return [], 0, None
    count = sum(one.count for one in lacking)
    rows = found.of_likes(names, whole, lacking, SHOWN_GAPS)
    gaps = [Gap(row.row, row.phone, row.nombre, content.missing(row.fields)) for row in rows]
    named = ", ".join(str(gap.row or gap.nombre or gap.phone) for gap in gaps[:_NAMED])
    return gaps, count, RuleViolation("placeholder_blank_rows", count=count, rows=named)


def _valued(likes: Sequence[Likes]) -> set[str]:
    """Fields of which somebody has a value."""
    return {name for one in likes for name, value in one.values.items() if value}


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
        pacing=campaign.pacing,
        choice=choice_from(campaign.audience),
        more_accounts=campaign.more_accounts,
    )
