"""The Messages page: a campaign in four steps, kept as one types."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import reflex as rx

from sender_app.domain.actor import Role
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.services.drafts import Draft
from sender_app.services.imports import FileCheck
from sender_app.states.access import handler, opening, use
from sender_app.states.account_rows import AccountView, account_view, names
from sender_app.states.attachments import Attachments
from sender_app.states.choosing import Choosing, Tally
from sender_app.states.contact_upload import ContactUpload
from sender_app.states.preview import WRITING, Preview
from sender_app.states.session import Session
from sender_app.states.takeoff import Look, Takeoff, pace_view, place_of
from sender_app.states.trial import Trial
from sender_app.states.writing import Writing

STEPS = 4  # people, message, start, review


class Compose(Attachments, ContactUpload, Choosing, Writing, Preview, Takeoff, Trial, rx.State):
    """A campaign being written."""

    name: str = ""
    linked: bool = False
    accounts: list[AccountView] = []
    senders: list[str] = []  # ids of the accounts that send
    needs_approval: bool = False
    note: str = ""  # why it was sent back
    saved_at: str = ""
    _account_id: str = ""  # the first that sends

    @rx.var
    def account(self) -> str:
        """The accounts that send, as a line."""
        return names(self.accounts, self.senders)

    @rx.event
    @opening
    async def load(self) -> Any:
        """On opening the page: the account, and the draft that the address names, if it does."""
        self.confirming = False

        def read(s: Any, actor: Any) -> Any:
            s.accounts.ensure_account(actor)
            workspace = s.workspaces.get_workspace(actor)
            return s.accounts.list_health(actor), workspace, s.workspaces.pace_of(workspace)

        accounts, workspace, pace = await use(self, read)
        self.accounts, self.zone = [account_view(one) for one in accounts], workspace.time_zone
        self.place = place_of(self.zone, (await self.get_state(Session)).lang)
        self.pace = pace_view(pace)
        linked = [one for one in self.accounts if one.is_linked]
        self.linked, self.needs_approval = bool(linked), workspace.needs_approval
        first = (linked or self.accounts)[0]
        self.trial_phone = self.trial_phone or first.phone
        known = {one.id for one in self.accounts}
        self._send_from([one for one in self.senders if one in known] or [first.id])
        await self._offer()
        wanted = str(self.router.url.query_parameters.get("draft", ""))
        if wanted and wanted != self._draft_id:
            await self._resume(wanted)
        elif self._draft_id:
            await self._check_draft()
        await self._read_library()

    @rx.event
    @handler
    async def go(self, step: int) -> Any:
        """To another step; the last two look at what the start would take."""
        self.step = min(max(int(step), 1), STEPS)
        if self.step > WRITING:
            await self._look_ahead()

    @rx.event
    @handler
    async def choose_account(self, account_id: str) -> Any:
        """Send from this account too, or no longer; one always stays."""
        others = [one for one in self.senders if one != account_id]
        self._send_from(others if others and account_id in self.senders else [*others, account_id])
        await self._keep()
        await self._look_ahead()

    @rx.event
    @handler
    async def rename(self, name: str) -> Any:
        """The campaign's name as typed."""
        self.name = name
        await self._keep()

    @rx.event
    @handler
    async def use_template(self, template_id: str) -> Any:
        """A message of the library instead of this one."""
        if not template_id:
            return
        wanted = UUID(template_id)
        found = await use(self, lambda s, actor: s.templates.get_template(actor, wanted))
        self._fill(list(found.texts))
        await self._keep()

    @rx.event
    @handler
    async def start_over(self) -> Any:
        """Another campaign; this one stays among the drafts."""
        self._begin_anew()
        return rx.redirect("/messages")

    async def _resume(self, campaign_id: str) -> None:
        try:
            draft_id = UUID(campaign_id)
        except ValueError as error:
            raise NotFound("draft", campaign_id) from error

        def read(s: Any, actor: Any) -> tuple[Draft, FileCheck | None, str, bool]:
            draft = s.drafts.get_draft(actor, draft_id)
            note = s.campaigns.get_campaign(actor, draft_id).review_note
            may_write = actor.role.rank >= Role.SENDER.rank
            check = s.drafts.find_audience(actor, draft) if may_write else None
            return draft, check, note, may_write

        draft, check, note, may_write = await use(self, read)
        self._begin_anew()
        self.note = note
        self._draft_id, self.name = str(draft_id), draft.name
        self._send_from([str(one) for one in draft.accounts])
        self._fill(list(draft.texts))
        await self._show_attachments(draft.attachments)
        if draft.starts_at:
            local = draft.starts_at.astimezone(ZoneInfo(self.zone))
            self.starts_later, self.starts_at = True, f"{local:%Y-%m-%dT%H:%M}"
        if check is not None:
            self._show(check)
        await self._show_choice(draft.choice)
        if may_write:
            await self._count()

    async def _check_draft(self) -> None:
        """Sent or deleted elsewhere: a new one begins."""
        draft_id = UUID(self._draft_id)
        try:
            await use(self, lambda s, actor: s.drafts.get_draft(actor, draft_id))
        except NotFound:
            self._begin_anew()

    def _send_from(self, ids: list[str]) -> None:
        self.senders, self._account_id = ids, ids[0]

    async def _written(self) -> None:
        await self._keep()

    async def _chosen(self) -> Any:
        if not self.name:
            self.name = self.filename.rsplit(".", 1)[0]
        await self._choice_made()

    async def _keep(self) -> None:
        """Save the draft, which the first letter makes."""
        start = self._local_start()
        zone = ZoneInfo(self.zone or "UTC")
        draft = Draft(
            account_id=UUID(self._account_id),
            name=self.name,
            texts=tuple(self.texts),
            file_id=UUID(self.file_id) if self.file_id else None,
            filename=self.filename,
            attachments=self._chosen_attachments(),
            choice=self._choice(),
            starts_at=start.replace(tzinfo=zone) if start else None,
            more_accounts=tuple(UUID(one) for one in self.senders[1:]),
        )
        draft_id = UUID(self._draft_id) if self._draft_id else None

        def save(s: Any, actor: Any) -> UUID:
            if draft_id is None:
                return s.drafts.create_draft(actor, draft).id
            s.drafts.save_draft(actor, draft_id, draft)
            return draft_id

        try:
            self._draft_id = str(await use(self, save))
        except RuleViolation as problem:
            if problem.code == "draft_gone":
                self._draft_id = ""  # the next letter begins another
            raise
        self.saved_at = datetime.now(UTC).isoformat()

    def _begin_anew(self) -> None:
        self._forget()
        self.chosen_groups, self.chosen_ids, self.chosen, self.hits = [], [], [], []
        self.by_filter, self.earlier, self.rest, self.tally = False, "", "", Tally()
        self.filter_search = self.filter_group = self.filter_standing = self.note = ""
        self._fill([""])
        self.attachments = []
        self.step, self.name, self._draft_id, self.saved_at = 1, "", "", ""
        self.starts_later, self.starts_at = False, ""
        self.look, self.gaps, self.looked, self.found = Look(), [], False, []
        self._forget_trial()
