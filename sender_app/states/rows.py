"""Rows as tables show them: plain strings and numbers, ready for the browser."""

from dataclasses import dataclass
from datetime import datetime

from sender_app.domain.campaign import Campaign, CampaignStatus
from sender_app.domain.phone import pretty
from sender_app.ports.store import Contact, RecipientRow


@dataclass(frozen=True)
class CampaignView:
    """A campaign with its counters; widths are percents of the progress bar."""

    id: str = ""
    name: str = ""
    status: str = ""
    pause_reason: str = ""
    message: str = ""
    total: int = 0
    sent: int = 0
    errors: int = 0
    skipped: int = 0
    unconfirmed: int = 0
    waiting: int = 0
    delivered: int = 0
    read: int = 0
    replied: int = 0
    percent: int = 0
    sent_width: str = "0%"
    error_width: str = "0%"
    other_width: str = "0%"
    created_at: str = ""
    started_at: str = ""
    finished_at: str = ""
    can_pause: bool = False
    can_resume: bool = False
    can_cancel: bool = False
    can_retry: bool = False
    in_doubt: bool = False


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


@dataclass(frozen=True)
class ContactView:
    """One contact."""

    id: str
    phone: str
    name: str
    treatment: str
    group: str


def campaign_view(campaign: Campaign) -> CampaignView:
    """A campaign for the browser."""
    total = campaign.total_recipients or 1
    other = campaign.skipped_count + campaign.unconfirmed_count
    status = campaign.status
    active = status in (CampaignStatus.RUNNING, CampaignStatus.SCHEDULED)
    return CampaignView(
        id=str(campaign.id),
        name=campaign.name,
        status=status.value,
        pause_reason=campaign.pause_reason.value if campaign.pause_reason else "",
        message=campaign.message_template,
        total=campaign.total_recipients,
        sent=campaign.sent_count,
        errors=campaign.error_count,
        skipped=campaign.skipped_count,
        unconfirmed=campaign.unconfirmed_count,
        waiting=campaign.total_recipients - campaign.settled,
        delivered=campaign.delivered_count,
        read=campaign.read_count,
        replied=campaign.replied_count,
        percent=100 * campaign.settled // total,
        sent_width=f"{100 * campaign.sent_count / total:.2f}%",
        error_width=f"{100 * campaign.error_count / total:.2f}%",
        other_width=f"{100 * other / total:.2f}%",
        created_at=campaign.created_at.isoformat(),
        started_at=_iso(campaign.started_at),
        finished_at=_iso(campaign.finished_at),
        can_pause=active,
        can_resume=status is CampaignStatus.PAUSED,
        can_cancel=active or status in (CampaignStatus.PAUSED, CampaignStatus.DRAFT),
        in_doubt=campaign.unconfirmed_count > 0
        and status in (CampaignStatus.FINISHED, CampaignStatus.PAUSED, CampaignStatus.CANCELLED),
        can_retry=status is CampaignStatus.FINISHED and campaign.error_count > 0,
    )


def recipient_view(row: RecipientRow) -> RecipientView:
    """A recipient for the browser: the furthest that the message got, and when."""
    status, at = row.status.value, row.sent_at
    for further, when in (("delivered", row.delivered_at), ("read", row.read_at)):
        if row.status == "sent" and when:
            status, at = further, when
    if row.replied_at:
        status, at = "replied", row.replied_at
    return RecipientView(
        id=str(row.id),
        phone=pretty(row.phone),
        name=row.nombre,
        status=status,
        reason=row.error_code or "",
        detail=row.error_message or "",
        at=_iso(at or row.not_before),
    )


def contact_view(contact: Contact) -> ContactView:
    """A contact for the browser."""
    return ContactView(
        str(contact.id),
        pretty(contact.phone),
        contact.nombre,
        contact.sustantivo,
        contact.grupo,
    )


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
