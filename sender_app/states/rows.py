"""Rows as tables show them: plain strings and numbers, ready for the browser."""

from dataclasses import dataclass, field
from datetime import datetime

from sender_app.domain.campaign import DELETABLE, Campaign, CampaignStatus, sources
from sender_app.domain.delivery import RecipientStatus
from sender_app.domain.phone import pretty
from sender_app.domain.template import recipient_key
from sender_app.ports.store.campaigns import RecipientRow
from sender_app.ports.store.contacts import Contact, Happening
from sender_app.ports.store.opt_outs import OptOut

_TRIED = frozenset({RecipientStatus.SENDING, RecipientStatus.ERROR, RecipientStatus.UNCONFIRMED})


@dataclass(frozen=True)
class Stage:
    """How many messages got as far as this; the width is a percent of all."""

    name: str
    count: int
    percent: int
    width: str


@dataclass(frozen=True)
class CampaignView:
    """A campaign with its counters; widths are percents of the progress bar."""

    id: str = ""
    name: str = ""
    status: str = ""
    pause_reason: str = ""
    messages: list[str] = field(default_factory=list)
    href: str = ""
    total: int = 0
    sent: int = 0
    errors: int = 0
    skipped: int = 0
    unconfirmed: int = 0
    waiting: int = 0
    delivered: int = 0
    read: int = 0
    percent: int = 0
    sent_width: str = "0%"
    error_width: str = "0%"
    other_width: str = "0%"
    created_at: str = ""
    scheduled_at: str = ""
    started_at: str = ""
    finished_at: str = ""
    can_cancel: bool = False
    can_retry: bool = False
    can_delete: bool = False
    awaiting: bool = False
    by: str = ""  # the id of who launched it
    review_note: str = ""
    in_doubt: bool = False
    funnel: list[Stage] = field(default_factory=list)


@dataclass(frozen=True)
class RecipientView:
    """One recipient; times are ISO, for the browser to write in its own way."""

    id: str
    phone: str
    name: str
    status: str
    reason: str
    detail: str
    at: str
    variant: int = 0  # from 1; 0 where there is only one text
    parts_sent: int = 0  # of several messages


@dataclass(frozen=True)
class ContactView:
    """One contact; `groups` are their names, the first one first."""

    id: str = ""
    phone: str = ""
    name: str = ""
    treatment: str = ""
    groups: str = ""
    group_lines: str = ""  # the same, one a line
    opted_out: bool = False
    whatsapp: str = "unknown"


@dataclass(frozen=True)
class HappeningView:
    """One line of a contact's history."""

    status: str
    campaign_id: str
    campaign: str
    text: str
    at: str


@dataclass(frozen=True)
class OptOutView:
    """One number of the opt-out list, as it is and as people write it."""

    phone: str
    written: str
    name: str
    source: str
    text: str
    at: str


def campaign_view(campaign: Campaign) -> CampaignView:
    """A campaign for the browser."""
    total = campaign.total_recipients or 1
    other = campaign.skipped_count + campaign.unconfirmed_count
    status = campaign.status
    return CampaignView(
        id=str(campaign.id),
        name=campaign.name,
        status=status.value,
        pause_reason=campaign.pause_reason.value if campaign.pause_reason else "",
        messages=list(campaign.texts),
        href=campaign_href(campaign),
        total=campaign.total_recipients,
        sent=campaign.sent_count,
        errors=campaign.error_count,
        skipped=campaign.skipped_count,
        unconfirmed=campaign.unconfirmed_count,
        waiting=campaign.total_recipients - campaign.settled,
        delivered=campaign.delivered_count,
        read=campaign.read_count,
        percent=100 * campaign.settled // total,
        sent_width=f"{100 * campaign.sent_count / total:.2f}%",
        error_width=f"{100 * campaign.error_count / total:.2f}%",
        other_width=f"{100 * other / total:.2f}%",
        created_at=campaign.created_at.isoformat(),
        scheduled_at=_iso(campaign.scheduled_at),
        started_at=_iso(campaign.started_at),
        finished_at=_iso(campaign.finished_at),
        can_cancel=status in sources("cancel"),
        can_delete=status in DELETABLE,
        awaiting=status in sources("approve"),
        by=campaign.user_id,
        review_note=campaign.review_note,
        in_doubt=campaign.unconfirmed_count > 0
        and status in (CampaignStatus.FINISHED, CampaignStatus.PAUSED, CampaignStatus.CANCELLED),
        can_retry=status is CampaignStatus.FINISHED and campaign.error_count > 0,
        funnel=_funnel(campaign),
    )


def campaign_href(campaign: Campaign) -> str:
    """Where a campaign is looked at, or written on."""
    if campaign.status is CampaignStatus.DRAFT:
        return f"/messages?draft={campaign.id}"
    return f"/campaigns/{campaign.id}"


def _funnel(campaign: Campaign) -> list[Stage]:
    total = campaign.total_recipients
    stages = {
        "total": total,
        "sent": campaign.sent_count,
        "delivered": campaign.delivered_count,
        "read": campaign.read_count,
        "replied": campaign.replied_count,
    }
    return [
        Stage(name, count, round(100 * count / (total or 1)), f"{100 * count / (total or 1):.1f}%")
        for name, count in stages.items()
    ]


def recipient_view(row: RecipientRow, campaign: Campaign) -> RecipientView:
    """A recipient for the browser: the furthest that the message got, and when."""
    status, at = row.status.value, row.sent_at
    for further, when in (("delivered", row.delivered_at), ("read", row.read_at)):
        if row.status == "sent" and when:
            status, at = further, when
    if row.replied_at:
        status, at = "replied", row.replied_at
    if row.status in _TRIED:
        at = at or row.claimed_at
    return RecipientView(
        id=str(row.id),
        phone=pretty(row.phone),
        name=row.nombre,
        status=status,
        reason=row.error_code or "",
        detail=row.error_message or "",
        at=_iso(at or row.not_before),
        variant=_variant(row, campaign),
        parts_sent=row.parts_sent,
    )


def _variant(row: RecipientRow, campaign: Campaign) -> int:
    if not campaign.variants:
        return 0
    return campaign.message.variant_of(recipient_key(campaign.id, row.phone)) + 1


def contact_view(contact: Contact) -> ContactView:
    """A contact for the browser."""
    names = [name for name in (contact.grupo, *contact.more_groups) if name]
    return ContactView(
        str(contact.id),
        pretty(contact.phone),
        contact.nombre,
        contact.sustantivo,
        ", ".join(names),
        "\n".join(names),
        contact.opted_out,
        contact.whatsapp.value,
    )


def happening_view(one: Happening) -> HappeningView:
    """A line of history: of a message the furthest that it got, and when."""
    status, at = one.kind, one.at
    reached = (
        ("delivered", one.delivered_at),
        ("read", one.read_at),
        ("replied", one.replied_at),
    )
    for further, when in reached:
        if one.kind == "sent" and when:
            status, at = further, when
    campaign_id = str(one.campaign_id) if one.campaign_id else ""
    return HappeningView(status, campaign_id, one.campaign, one.text, _iso(at))


def opt_out_view(row: OptOut) -> OptOutView:
    """A number of the list for the browser."""
    return OptOutView(
        row.phone, pretty(row.phone), row.nombre, row.source, row.text, _iso(row.created_at)
    )


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
