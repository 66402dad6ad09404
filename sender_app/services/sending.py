"""One order that makes a whole campaign: a message to a file, to contacts or to a group."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sender_app.domain.actor import Actor, Role
from sender_app.domain.audience_choice import AudienceChoice
from sender_app.domain.campaign import Campaign
from sender_app.domain.content import Attachment
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.ports.store import Store
from sender_app.services.campaigns import Campaigns
from sender_app.services.drafts import Draft, Drafts
from sender_app.services.imports import Imports


@dataclass(frozen=True, slots=True)
class Order:
    """What to send, and to whom: exactly one of a file (name and content), contacts, a group."""

    texts: tuple[str, ...]
    name: str = ""
    account_id: UUID | None = None  # None: the workspace's only account
    more_accounts: tuple[UUID, ...] = ()  # that share the sending with it
    file: tuple[str, bytes] | None = None
    contact_ids: tuple[UUID, ...] = ()
    group_id: UUID | None = None
    starts_at: datetime | None = None  # aware; None starts at once
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Sending:
    """Campaigns of programs, which do not look at a draft first."""

    store: Store
    imports: Imports
    drafts: Drafts
    campaigns: Campaigns

    def send(self, actor: Actor, order: Order) -> tuple[Campaign, int]:
        """Launch a campaign, see Drafts.launch, and say how many people it is to write to.

        Raises RuleViolation as that does, and when it is not clear whom it is for or with which
        account; NotFound for an account, contact, group or file of somebody else. Then there is no
        campaign.
        """
        actor.require(Role.SENDER)
        self.campaigns.checked_content(actor, order.texts, order.attachments)
        draft = self._draft(actor, order)
        reached = self.drafts.check(actor, draft)
        kept = self.drafts.create_draft(actor, draft)
        try:
            return self.drafts.launch(actor, kept.id, reached), reached
        except RuleViolation:  # something changed this moment
            self.campaigns.delete(actor, kept.id)
            raise

    def _draft(self, actor: Actor, order: Order) -> Draft:
        if [bool(order.file), bool(order.contact_ids), bool(order.group_id)].count(True) != 1:
            raise RuleViolation("audience_ambiguous")
        account_id, *more_accounts = self._accounts(actor, order)
        self._check_ours(actor, order)
        filename, content = order.file or ("", b"")
        file_id = self.imports.check_file(actor, filename, content).file_id if order.file else None
        return Draft(
            account_id=account_id,
            more_accounts=tuple(more_accounts),
            name=order.name.strip() or "API",
            texts=order.texts,
            file_id=file_id,
            filename=filename,
            starts_at=order.starts_at,
            attachments=order.attachments,
            choice=AudienceChoice(
                groups=(order.group_id,) if order.group_id else (), contacts=order.contact_ids
            ).checked(),
        )

    def _accounts(self, actor: Actor, order: Order) -> list[UUID]:
        """The accounts that send, each once. Raises NotFound for one of somebody else."""
        if order.account_id is not None:
            named = dict.fromkeys((order.account_id, *order.more_accounts))
            return [self.store.accounts.get(one, actor.workspace_id).id for one in named]
        accounts = self.store.accounts.list(actor.workspace_id)
        if len(accounts) != 1 or order.more_accounts:
            raise RuleViolation("account_not_named" if accounts else "account_not_linked")
        return [accounts[0].id]

    def _check_ours(self, actor: Actor, order: Order) -> None:
        """Raise NotFound for a contact or a group that the choice would silently leave out."""
        groups = {group.id for group in self.store.groups.list(actor.workspace_id)}
        if order.group_id and order.group_id not in groups:
            raise NotFound("group", order.group_id)
        found = self.store.contacts.find(actor.workspace_id, order.contact_ids)
        missing = set(order.contact_ids) - {contact.id for contact in found}
        if missing:
            raise NotFound("contact", missing.pop())
