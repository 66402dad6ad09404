"""What the palette finds: campaigns and contacts by their name or number."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from sender_app.domain.contact_search import ContactQuery
from sender_app.domain.phone import pretty
from sender_app.ports.store.campaigns import CampaignFilter
from sender_app.states.access import handler, use
from sender_app.states.rows import campaign_href
from sender_app.states.session import Session
from sender_app.text import translate

_MOST = 6  # of each kind


@dataclass(frozen=True)
class Found:
    """Something to go to."""

    label: str
    hint: str
    href: str


class Finder(rx.State):
    """The palette's last answer."""

    found: list[Found] = []
    found_for: str = ""

    @rx.event
    @handler
    async def find(self, text: str) -> Any:
        """Campaigns and contacts with `text` in their name or number; a blank finds nothing."""
        text = text.strip()
        self.found_for = text
        if not text:
            self.found = []
            return
        lang = (await self.get_state(Session)).lang

        def read(services: Any, actor: Any) -> Any:
            wanted = CampaignFilter(search=text)
            campaigns = services.campaigns.list_campaigns(actor, None, _MOST, wanted)
            return campaigns.rows, services.contacts.page(
                actor, ContactQuery(text), None, _MOST
            ).rows

        campaigns, contacts = await use(self, read)
        campaign, contact = (translate(lang, f"find.{kind}") for kind in ("campaign", "contact"))
        unnamed = translate(lang, "campaigns.unnamed")
        self.found = [
            *(Found(one.name or unnamed, campaign, campaign_href(one)) for one in campaigns),
            *(
                Found(
                    one.nombre or pretty(one.phone),
                    f"{contact} · {pretty(one.phone)}" if one.nombre else contact,
                    f"/contacts/{one.id}",
                )
                for one in contacts
            ),
        ]
