"""What a person can order while a campaign is in view."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import reflex as rx

from sender_app.states.access import handler, use
from sender_app.states.session import Session
from sender_app.states.undoing import say_done
from sender_app.text import translate


class Steering(rx.State, mixin=True):
    """Orders to the campaign `_id`; each says in words what follows from it."""

    cancelling: bool = False
    repeating: bool = False
    deleting: bool = False
    returning: bool = False
    returning_note: str = ""
    _id: str = ""

    @rx.event
    @handler
    async def pause(self) -> Any:
        """Hold it."""
        return await self._steer("paused", lambda s, actor, id_: s.campaigns.pause(actor, id_))

    @rx.event
    @handler
    async def resume(self) -> Any:
        """Go on."""
        return await self._steer("resumed", lambda s, actor, id_: s.campaigns.resume(actor, id_))

    @rx.event
    async def ask_cancel(self, open_: bool) -> None:
        """Open or close the question."""
        self.cancelling = open_

    @rx.event
    @handler
    async def cancel(self) -> Any:
        """Stop for good."""
        self.cancelling = False
        return await self._steer("cancelled", lambda s, actor, id_: s.campaigns.cancel(actor, id_))

    @rx.event
    @handler
    async def retry(self) -> Any:
        """Try those in error again."""
        return await self._steer(
            "retried", lambda s, actor, id_: s.campaigns.retry_failed(actor, id_)
        )

    @rx.event
    async def ask_again(self, open_: bool) -> None:
        """Open or close the question about sending again."""
        self.repeating = open_

    @rx.event
    @handler
    async def mark_sent(self) -> Any:
        """Those in doubt were sent."""
        return await self._resolve("settled", sent=True)

    @rx.event
    @handler
    async def send_again(self) -> Any:
        """Those in doubt shall get it, perhaps once more."""
        self.repeating = False
        return await self._resolve("repeated", sent=False)

    @rx.event
    @handler
    async def start_now(self) -> Any:
        """Start a scheduled one before its time."""
        return await self._steer("started", lambda s, actor, id_: s.campaigns.start(actor, id_))

    @rx.event
    @handler
    async def approve(self) -> Any:
        """Let somebody else's campaign start."""
        done = await self._steer("approved", lambda s, actor, id_: s.campaigns.approve(actor, id_))
        return [done, Session.count_waiting]

    @rx.event
    async def ask_back(self, open_: bool) -> None:
        """Open or close the question about sending back."""
        self.returning, self.returning_note = open_, ""

    @rx.event
    async def write_note(self, text: str) -> None:
        """Why it is sent back, as typed."""
        self.returning_note = text

    @rx.event
    @handler
    async def send_back(self) -> Any:
        """Make a draft of it again."""
        campaign_id, note = UUID(self._id), self.returning_note
        lang = (await self.get_state(Session)).lang
        await use(self, lambda s, actor: s.campaigns.send_back(actor, campaign_id, note))
        self.returning, self._id = False, ""
        return [
            rx.redirect("/campaigns"),
            rx.toast.success(translate(lang, "campaign.done_sent_back")),
        ]

    @rx.event
    @handler
    async def clone(self) -> Any:
        """A draft of the same."""
        campaign_id, lang = UUID(self._id), (await self.get_state(Session)).lang
        name = translate(lang, "campaign.copy_of", name=self.campaign.name)
        draft = await use(self, lambda s, actor: s.drafts.clone(actor, campaign_id, name))
        return rx.redirect(f"/messages?draft={draft.id}")

    @rx.event
    async def ask_delete(self, open_: bool) -> None:
        """Open or close the question."""
        self.deleting = open_

    @rx.event
    @handler
    async def delete(self) -> Any:
        """Show it no more."""
        self.deleting = False
        campaign_id = UUID(self._id)
        done = await use(
            self, lambda s, actor: s.campaigns.delete(actor, campaign_id, undoable=True)
        )
        self._id = ""
        said = await say_done(self, "campaign.done_deleted", done, "onCampaign")
        return [rx.redirect("/campaigns"), said]

    async def _resolve(self, done: str, *, sent: bool) -> Any:
        return await self._steer(
            done, lambda s, actor, id_: s.campaigns.resolve_unconfirmed(actor, id_, [], sent=sent)
        )

    async def _steer(self, done: str, order: Callable[..., Any]) -> Any:
        """Give the order, look, and say what follows from it."""
        campaign_id = UUID(self._id)
        await use(self, lambda services, actor: order(services, actor, campaign_id))
        await self._look()
        lang = (await self.get_state(Session)).lang
        return rx.toast.success(translate(lang, f"campaign.done_{done}"))

    async def _look(self) -> None:
        raise NotImplementedError
