"""One order that makes a whole campaign: a message to a file, to contacts or to a group."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sender_app.domain.actor import Actor, Role
from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import Campaign
from sender_app.domain.columns import KNOWN
from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.errors import NotFound, RuleViolation
from sender_app.domain.template import checked_message
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.store import Contact, NewCampaign, Store
from sender_app.services.campaigns import Campaigns, check_account, check_gaps, check_names
from sender_app.services.contacts import MOST_AT_ONCE
from sender_app.services.imports import Audience, Imports

_READ = 2_000  # contacts at once


@dataclass(frozen=True, slots=True)
class Order:
    """What to send, and to whom: exactly one of a file (name and content), contacts, a group."""

    texts: tuple[str, ...]
    name: str = ""
    account_id: UUID | None = None  # None: the workspace's only account
    file: tuple[str, bytes] | None = None
    contact_ids: tuple[UUID, ...] = ()
    group_id: UUID | None = None
    starts_at: datetime | None = None  # aware; None starts at once


@dataclass(frozen=True, slots=True)
class Sending:
    """Campaigns of programs, which do not look at a draft first."""

    store: Store
    imports: Imports
    campaigns: Campaigns

    def send(self, actor: Actor, order: Order) -> Campaign:
        """Create the campaign with its recipients, and start it, have it start at its time, or have
        it wait for a second person where the workspace wants one.

        Raises RuleViolation, and creates nothing, when the message is not complete for everybody,
        nobody is left to write to, the account cannot send, or the time is past; NotFound for an
        account, contact or group of somebody else.
        """
        actor.require(Role.SENDER)
        message = checked_message(order.texts)
        account = self._account_id(actor, order)
        check_account(self.store.accounts.get(account, actor.workspace_id))
        if order.starts_at is not None and order.starts_at <= self.campaigns.clock():
            raise RuleViolation("schedule_in_the_past")
        status = self.campaigns.first_status(actor, order.starts_at)
        since = self.campaigns.written_since(actor, None, order.starts_at)
        with self._audience(actor, order) as (people, audience):
            check_names(message, people.columns)
            batches = people.batches
            if message.agrees:  # which only the rules can look at, not the store
                rows = people.rows()
                check_gaps(self.campaigns.lacking(actor, message, rows))
                batches = iter([ContactBatch.of(rows)])
            new = NewCampaign(
                account_id=account,
                name=order.name.strip() or "API",
                message_template=order.texts[0],
                status=status,
                pacing={},
                scheduled_at=order.starts_at,
                variants=order.texts[1:],
                audience=audience,
            )
            campaign = self.store.campaigns.create(
                actor.workspace_id, actor.user_id, new, batches, message.required, since
            )
        self.campaigns.wake(campaign)
        return campaign

    def _account_id(self, actor: Actor, order: Order) -> UUID:
        if order.account_id is not None:
            return order.account_id
        accounts = self.store.accounts.list(actor.workspace_id)
        if len(accounts) != 1:
            raise RuleViolation("account_not_named" if accounts else "account_not_linked")
        return accounts[0].id

    @contextmanager
    def _audience(self, actor: Actor, order: Order) -> Iterator[tuple[Audience, dict[str, str]]]:
        """The people, and what the campaign remembers of how they were chosen."""
        if [bool(order.file), bool(order.contact_ids), bool(order.group_id)].count(True) != 1:
            raise RuleViolation("audience_ambiguous")
        if order.file is not None:
            filename, content = order.file
            check = self.imports.check_file(actor, filename, content)
            chosen = {"file_id": str(check.file_id), "filename": filename}
            with self.imports.audience(actor, check.file_id) as people:
                yield people, chosen
            return
        if order.group_id is not None:
            pages = self._group(actor, order.group_id)
        else:
            pages = iter([self._contacts(actor, order.contact_ids)])
        yield Audience(tuple(KNOWN), (_batch(page) for page in pages)), {}

    def _group(self, actor: Actor, group_id: UUID) -> Iterator[Sequence[Contact]]:
        if group_id not in {group.id for group in self.store.groups.list(actor.workspace_id)}:
            raise NotFound("group", group_id)
        query = ContactQuery(group_id=group_id)
        return self.store.contacts.export(actor.workspace_id, query, _READ)

    def _contacts(self, actor: Actor, ids: tuple[UUID, ...]) -> Sequence[Contact]:
        wanted = tuple(dict.fromkeys(ids))
        if len(wanted) > MOST_AT_ONCE:
            raise RuleViolation("too_many_at_once", limit=MOST_AT_ONCE)
        found = self.store.contacts.find(actor.workspace_id, wanted)
        if len(found) != len(wanted):
            here = {contact.id for contact in found}
            raise NotFound("contact", next(one for one in wanted if one not in here))
        return found


def _batch(contacts: Sequence[Contact]) -> ContactBatch:
    return ContactBatch.of(
        AudienceRow(n, one.phone, one.nombre, one.sustantivo, one.grupo)
        for n, one in enumerate(contacts, 1)
    )
