"""The live view of a campaign over a websocket: one look a change for all who see the same.

A look reads the database once, is written as JSON once, and goes to every tab of this process that
shows the same page of the same campaign. A tab that closes takes its part of it along.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from sender_app import bootstrap
from sender_app.api.headers import may_connect
from sender_app.api.sign_in import COOKIE
from sender_app.domain.actor import Actor
from sender_app.domain.delivery import RecipientStatus
from sender_app.domain.errors import NotFound, NotPermitted
from sender_app.states.inbox_rows import reply_view
from sender_app.states.rows import campaign_view, recipient_view

REACHED = ("delivered", "read", "replied")
PAGE = 50  # recipients shown at once
REPLIES = 5  # of the latest, beside the recipients
ENDED = 4401  # the close code of a tab whose person may not look any more
_CALM = 0.1  # seconds at least between two looks
_RECHECK = 5.0  # seconds until it is asked again whether a tab's person may look
_QUIET = 4  # rechecks without a message until a sign of life, which keeps proxies from hanging up

_log = structlog.get_logger()
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a tab looks at: a campaign, and which of its recipients."""

    campaign_id: UUID
    filter: str = ""  # a recipient's status, or how far a message got
    search: str = ""
    cursor: str | None = None


def look(services: Any, actor: Actor, aim: Aim) -> dict[str, Any]:
    """The campaign, a page of its recipients with the cursor of the next, its latest replies and
    the accounts that send it, for the browser.

    Raises NotFound, and ValueError for a filter that there is not.
    """
    reached = aim.filter if aim.filter in REACHED else ""
    status = RecipientStatus(aim.filter) if aim.filter and not reached else None
    campaign = services.campaigns.get_campaign(actor, aim.campaign_id)
    page = services.campaigns.recipients(
        actor, aim.campaign_id, status, aim.cursor, PAGE, reached=reached, search=aim.search
    )
    replies = []
    if campaign.replied_count:
        replies = services.conversations.replies(actor, aim.campaign_id, REPLIES)
    accounts = services.accounts.list_accounts(actor)
    names = [one.label for one in accounts if one.id in campaign.accounts]
    return {
        "campaign": campaign_view(campaign),
        "rows": [recipient_view(row, campaign) for row in page.rows],
        "more": page.next or "",
        "replies": [reply_view(reply) for reply in replies],
        "senders": ", ".join(names) if len(accounts) > 1 else "",
    }


@dataclass(eq=False)
class _Tab:
    """One open page. `text` is what it shall show, None once there is nothing to show any more."""

    actor: Actor
    text: str | None = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, text: str | None) -> None:
        self.text = text
        self.changed.set()


@dataclass(eq=False)
class _Watch:
    """Everybody in this process who looks at the same."""

    aim: Aim
    tabs: set[_Tab] = field(default_factory=set)
    text: str = ""
    task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Look at every change, until nobody does any more."""
        with bootstrap.hub().looking_at(self.aim.campaign_id) as changed:
            while True:
                await changed.wait()
                changed.clear()
                await self._look()
                await asyncio.sleep(_CALM)

    async def _look(self) -> None:
        actor = next(iter(self.tabs)).actor  # all of them may; who may not any more soon goes
        try:
            found = await asyncio.to_thread(
                lambda: orjson.dumps(look(bootstrap.services(), actor, self.aim)).decode()
            )
        except (NotFound, NotPermitted):
            for tab in self.tabs:
                tab.show(None)
            return
        except Exception as error:  # noqa: BLE001 - whatever it was, the next change is another try
            _log.error("live view failed", exc_info=error)
            return
        if found != self.text:
            self.text = found
            for tab in self.tabs:
                tab.show(found)


_watches: dict[tuple[UUID, Aim], _Watch] = {}  # of this process, by workspace and aim


@contextlib.contextmanager
def _watching(actor: Actor, aim: Aim) -> Iterator[_Tab]:
    """A tab that is told what there is, and every change of it."""
    key = (actor.workspace_id, aim)
    watch = _watches.get(key)
    if watch is None:
        watch = _watches[key] = _Watch(aim)
        watch.task = asyncio.get_running_loop().create_task(watch.run())
    tab = _Tab(actor)
    watch.tabs.add(tab)
    if watch.text:
        tab.show(watch.text)
    try:
        yield tab
    finally:
        watch.tabs.discard(tab)
        if not watch.tabs and watch.task is not None:
            watch.task.cancel()
            del _watches[key]


@router.websocket("/live/campaigns/{campaign_id}")
async def campaign(
    socket: WebSocket, campaign_id: UUID, filter: str = "", search: str = "", cursor: str = ""
) -> None:
    """What `look` finds, as JSON, at first and at every change.

    Closes with ENDED for whoever is not signed in, or not there any more, or asks for nonsense.
    """
    await socket.accept()
    session = socket.cookies.get(COOKIE, "")
    actor = await _find_actor(session) if _is_ours(socket) else None
    if actor is None or filter not in {"", *REACHED, *RecipientStatus}:
        await socket.close(ENDED)
        return
    gone = asyncio.ensure_future(_left(socket))
    try:
        with _watching(actor, Aim(campaign_id, filter, search, cursor or None)) as tab:
            await _tell(socket, session, tab, gone)
    except WebSocketDisconnect:
        return
    finally:
        gone.cancel()


async def _tell(socket: WebSocket, session: str, tab: _Tab, gone: asyncio.Future[None]) -> None:
    """Send what changes, until the tab has gone or its person may not look any more."""
    told, quiet, clock = "", 0, asyncio.get_running_loop().time
    checked = clock()
    change = asyncio.ensure_future(tab.changed.wait())
    try:
        while not gone.done():
            wait = max(0.0, checked + _RECHECK - clock())
            await asyncio.wait((gone, change), timeout=wait, return_when="FIRST_COMPLETED")
            if clock() - checked >= _RECHECK:
                checked, quiet = clock(), quiet + 1
                actor = await _find_actor(session)
                if actor is None or actor.workspace_id != tab.actor.workspace_id:
                    break
                tab.actor = actor
            if change.done():
                tab.changed.clear()
                change = asyncio.ensure_future(tab.changed.wait())
                if tab.text is None:
                    break
                if tab.text != told:
                    told, quiet = tab.text, 0
                    await socket.send_text(told)
            elif quiet == _QUIET:
                quiet = 0
                await socket.send_text("")
        else:
            return
        gone.cancel()  # Granian closes nothing while something is waited for
        await socket.close(ENDED)
    finally:
        change.cancel()


async def _left(socket: WebSocket) -> None:
    """Ends when the tab does."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _find_actor(session: str) -> Actor | None:
    return await asyncio.to_thread(lambda: bootstrap.services().sign_in.find_actor(session))


def _is_ours(socket: WebSocket) -> bool:
    """Whether one of our pages asks: browsers send cookies along with anybody's sockets."""
    return may_connect(socket.headers.get("origin"), {"HTTP_HOST": socket.headers.get("host", "")})
