"""The way to the first campaign, on the dashboard until it is walked or waved away."""

from http.cookies import SimpleCookie
from typing import Any

import reflex as rx

from sender_app.domain.campaign import CampaignStatus
from sender_app.states.access import handler, use

_COOKIE = "first_steps"  # "away" in the browser of whoever waved them away
_YEAR = 365 * 86400
_RECENT = 50  # campaigns looked through for one that was sent


class FirstSteps(rx.State):
    """What the workspace has done of it."""

    linked: bool = False
    imported: bool = False
    written: bool = False
    sent: bool = False
    away: bool = False
    loaded: bool = False

    @rx.var
    def shown(self) -> bool:
        """Whether there is something left to do, and the person wants to know of it."""
        done = self.linked and self.imported and self.written and self.sent
        return self.loaded and not done and not self.away

    @rx.event
    @handler
    async def load(self) -> Any:
        """With the dashboard."""

        def read(services: Any, actor: Any) -> Any:
            accounts = services.accounts.list_accounts(actor)
            campaigns = services.campaigns.list_campaigns(actor, None, _RECENT).rows
            return accounts, services.contacts.count(actor).n, campaigns

        accounts, contacts, campaigns = await use(self, read)
        cookie = SimpleCookie(self.router.headers.cookie).get(_COOKIE)
        self.linked = any(account.is_linked for account in accounts)
        self.imported, self.written = contacts > 0, bool(campaigns)
        self.sent = any(
            one.sent_count > 0 or one.status is not CampaignStatus.DRAFT for one in campaigns
        )
        self.away = self.away or (cookie is not None and cookie.value == "away")
        self.loaded = True

    @rx.event
    async def wave_away(self) -> Any:
        """Show them no more in this browser."""
        self.away = True
        return rx.call_script(
            f"document.cookie='{_COOKIE}=away;path=/;max-age={_YEAR};samesite=lax'"
        )
