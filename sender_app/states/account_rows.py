"""Accounts as pages show them; times are ISO."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sender_app.domain.phone import pretty
from sender_app.services.accounts import Health


@dataclass(frozen=True)
class AccountView:
    """An account with its day."""

    id: str = ""
    label: str = ""
    phone: str = ""
    status: str = ""
    is_linked: bool = False
    former: str = ""  # the number of the phone that was linked
    since: str = ""
    online_at: str = ""
    problem: str = ""  # the last one, a status
    problem_at: str = ""
    until: str = ""  # the end of a ban
    cold_until: str = ""  # people never talked with are held back until then
    sent_today: int = 0
    cap: int = 0  # 0: none


def account_view(health: Health) -> AccountView:
    """An account for the browser."""
    account = health.account
    phone = pretty(account.phone) if account.phone else ""
    locked = account.cold_locked_until if account.is_linked else None
    return AccountView(
        id=str(account.id),
        label=account.label,
        phone=phone if account.is_linked else "",
        status=account.status.value,
        is_linked=account.is_linked,
        former="" if account.is_linked else phone,
        since=_iso(account.linked_at),
        online_at=_iso(account.last_online_at),
        problem=account.last_problem.value if account.last_problem else "",
        problem_at=_iso(account.last_problem_at),
        until=_iso(account.status_until),
        cold_until=_iso(locked) if locked and locked > datetime.now(UTC) else "",
        sent_today=health.sent_today,
        cap=health.cap_today or 0,
    )


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def names(accounts: list[AccountView], ids: list[str]) -> str:
    """The chosen ones in a line: by their numbers, and where there are several by their names."""
    found = [one for one in accounts if one.id in ids]
    if len(accounts) == 1:
        return found[0].phone if found else ""
    return ", ".join(one.label for one in found)
