"""One webhook: its address and events, its secret, and what was delivered."""

from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.domain.errors import NotFound
from sender_app.domain.webhook import DeliveryStatus, EventType
from sender_app.states.access import handler, opening, use
from sender_app.states.paging import Paging
from sender_app.states.secrets import put
from sender_app.states.session import Session
from sender_app.states.webhook_views import DeliveryView, WebhookView, delivery_view, webhook_view
from sender_app.text import translate

NEW = "new"  # in place of an id: an endpoint to be written
SHOWN_ONCE = "new-secret"  # the field where a secret is shown once


class WebhookCard(Paging, rx.State):
    """The endpoint in view; a blank one is to be written."""

    webhook: WebhookView = WebhookView()
    rows: list[DeliveryView] = []
    status: str = ""  # of the deliveries in view; blank: all
    loaded: bool = False
    missing: bool = False
    asking: str = ""  # rotate or delete
    telling: bool = False  # whether a new secret is in view
    filled: int = 0  # how often; a form filled again is drawn anew
    _id: str = ""
    _address: str = ""  # of the page that this was loaded for
    _secret: str = ""  # a new endpoint's, from its making until its page opens

    @rx.var(cache=False)
    def here(self) -> bool:
        """Whether what is loaded is what the address names: a page that is opened anew has the last
        one's state at first, and what is typed into that would be lost."""
        return self.loaded and self._address == self.router.url.path

    @rx.event
    @opening
    async def load(self) -> Any:
        """On opening the page; the id is in its address."""
        secret, self._secret = self._secret, ""
        self.telling = secret != ""
        shown = self.webhook if self.here else None
        self.loaded = self.missing = False
        self._address = self.router.url.path
        self.asking = self.status = self._id = ""
        self.webhook, self.rows = WebhookView(), []
        self._first_page()
        place = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        try:
            if place == NEW:
                await use(self, lambda s, actor: s.webhooks.list_webhooks(actor))
            else:
                self._id = str(UUID(place))
                await self._look()
        except (ValueError, NotFound):
            self._id, self.missing = "", True
            return put(SHOWN_ONCE, "")
        self.loaded = True
        if self.webhook != shown:  # a connection that came back leaves what is being typed alone
            self.filled += 1
        return put(SHOWN_ONCE, secret)

    @rx.event
    @handler
    async def save(self, form: dict[str, Any]) -> Any:
        """Write the endpoint; a new one's secret is shown on the page that opens then."""
        url = str(form.get("url", ""))
        events = [event.value for event in EventType if form.get(field_of(event))]
        if not self._id:
            webhook_id, self._secret = await use(
                self, lambda s, actor: s.webhooks.create(actor, url, events)
            )
            return rx.redirect(f"/webhooks/{webhook_id}", replace=True)
        known = UUID(self._id)
        await use(self, lambda s, actor: s.webhooks.update(actor, known, url, events))
        await self._look()
        self.filled += 1
        return await self._say("webhooks.saved")

    @rx.event
    @handler
    async def switch(self, on: bool) -> Any:
        """Switch it on or off."""
        known = UUID(self._id)
        await use(self, lambda s, actor: s.webhooks.set_enabled(actor, known, on))
        await self._look()

    @rx.event
    @handler
    async def test(self) -> Any:
        """Send it a test."""
        known = UUID(self._id)
        await use(self, lambda s, actor: s.webhooks.send_test(actor, known))
        self._first_page()
        await self._look()
        return await self._say("webhooks.test_sent")

    @rx.event
    async def ask(self, question: str) -> None:
        """Open a question, or close it when blank."""
        self.asking = question

    @rx.event
    @handler
    async def rotate(self) -> Any:
        """Give it a new secret, and show that."""
        self.asking, known = "", UUID(self._id)
        secret = await use(self, lambda s, actor: s.webhooks.rotate_secret(actor, known))
        self.telling = True
        return put(SHOWN_ONCE, secret)

    @rx.event
    async def forget_secret(self) -> Any:
        """The person has kept it."""
        self.telling = False
        return put(SHOWN_ONCE, "")

    @rx.event
    @handler
    async def delete(self) -> Any:
        """Forget it."""
        self.asking, known = "", UUID(self._id)
        await use(self, lambda s, actor: s.webhooks.delete(actor, known))
        return rx.redirect("/webhooks")

    @rx.event
    @handler
    async def show(self, status: str) -> Any:
        """Deliveries of one status, or with a blank one all."""
        self.status = status
        self._first_page()
        await self._look()

    @rx.event
    @handler
    async def refresh(self) -> Any:
        """What has become of the deliveries meanwhile."""
        await self._look()

    @rx.event
    @handler
    async def resend(self, delivery_id: str) -> Any:
        """Send one event again."""
        known, wanted = UUID(self._id), _uuid(delivery_id)
        await use(self, lambda s, actor: s.webhooks.resend(actor, known, wanted))
        await self._look()
        return await self._say("webhooks.resent")

    @rx.event
    @handler
    async def resend_failed(self) -> Any:
        """Send everything again that was given up."""
        known = UUID(self._id)
        await use(self, lambda s, actor: s.webhooks.resend_failed(actor, known))
        await self._look()
        return await self._say("webhooks.resent")

    async def _look(self) -> None:
        known, cursor = UUID(self._id), self._cursor
        status = DeliveryStatus(self.status) if self.status else None
        webhook, (rows, more) = await use(
            self,
            lambda s, actor: (
                s.webhooks.get_webhook(actor, known),
                s.webhooks.list_deliveries(actor, known, status, cursor),
            ),
        )
        lang = (await self.get_state(Session)).lang
        self.webhook = webhook_view(webhook, lang)
        self.rows, self.more = [delivery_view(row, lang) for row in rows], more or ""

    async def _say(self, key: str) -> Any:
        return rx.toast.success(translate((await self.get_state(Session)).lang, key))


def field_of(event: str) -> str:
    """The name of an event's checkbox."""
    return event.replace(".", "_")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("delivery", text) from error
