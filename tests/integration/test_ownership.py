"""A tab's state, over the wire: Reflex keeps it under the tab's token through sign-outs."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import aiohttp
import httpx
import pytest
import socketio

from sender_app.adapters.redis_events import RedisEvents
from sender_app.bootstrap import redis
from sender_app.local.frontend import environment, node_environment
from sender_app.ports.events import Changed
from sender_app.ports.whatsapp import Incoming
from sender_app.states.live import ENDED
from sender_app.text import translate
from tests.integration.kept import Kept
from tests.integration.personas import SECRET, World
from tests.stack import ROOT, eventually, free_ports

HYDRATE = "reflex___state____state.hydrate_and_load"


class Tab:
    """A browser tab as the server sees it: a token, a cookie, and what came over the socket."""

    def __init__(self, url: str, token: str, session: str) -> None:
        self._url, self._token, self._session = url, token, session
        self._client = socketio.AsyncClient(reconnection=False)
        self._client.on("event", self._hear, namespace="/_event")
        self.heard = ""

    async def _hear(self, update: object) -> None:
        self.heard += json.dumps(update, ensure_ascii=False) if update else ""

    async def open(self, path: str) -> None:
        """Connect, and load the page at `path`."""
        await self._client.connect(
            f"{self._url}?token={self._token}",
            headers={"Cookie": f"sender_session={self._session}"} if self._session else {},
            namespaces=["/_event"],
            socketio_path="_event",
            transports=["websocket"],
        )
        await self.send(HYDRATE, path)

    async def send(self, name: str, path: str, **payload: object) -> None:
        router = {"pathname": path, "asPath": path, "query": {}}
        event = {"token": self._token, "name": name, "payload": payload, "router_data": router}
        await self._client.emit("event", event, namespace="/_event")

    async def hears(self, text: str, within: float = 60) -> None:
        """Wait until `text` came."""
        async with asyncio.timeout(within):
            while text not in self.heard:
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        await self._client.disconnect()


@pytest.fixture(scope="module")
def installation() -> dict[str, str]:
    port = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    return {"PUBLIC_URL": url, "HOST": "127.0.0.1", "PORT": str(port), "SECRET_KEY": "x" * 32}


@pytest.fixture(scope="module")
def pages(
    one_world: tuple[World, Kept],
    installation: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of the pages' server, with a world behind it."""
    url = installation["PUBLIC_URL"]
    output = tmp_path_factory.mktemp("pages") / "web.log"
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory"]
    command += ["--host", "127.0.0.1", "--port", installation["PORT"], "sender_app.sender_app:app"]
    with output.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(node_environment() | os.environ),
            stdout=log,
            stderr=log,
        )

    def answers() -> bool:
        assert process.poll() is None, output.read_text()
        try:
            return httpx.get(f"{url}/ping", timeout=60).status_code == 200
        except httpx.TransportError:
            return False

    try:
        eventually(answers, what="the pages' server")
        yield url
    finally:
        process.terminate()
        process.wait(60)


def test_nobody_gets_what_somebody_else_loaded_in_the_same_tab(world: World, pages: str):
    here, url = world, pages
    token = uuid4().hex

    async def visit(persona: str, until: str, event: str = "") -> str:
        tab = Tab(url, token, here.sessions[persona])
        await tab.open("/contacts")
        await tab.hears(until)
        if event:
            await tab.send(event, "/contacts", by=1)
        await tab.close()
        return tab.heard

    async def course() -> None:
        assert SECRET in await visit("viewer", "Secretísima 4")
        assert SECRET not in await visit("nobody", "/sign-in")
        assert SECRET in await visit("viewer", "Secretísima 4")
        assert SECRET not in await visit("outsider", '"is_hydrated_rx_state_": true')

    asyncio.run(course())


def test_a_live_page_gets_nothing_more_once_its_person_was_removed(world: World, pages: str):
    here, url = world, pages
    path = f"/campaigns/{here.campaign_id}"
    orders = here.services.campaigns
    admin = here.services.sign_in.find_actor(here.sessions["admin"])
    sender = here.services.sign_in.find_actor(here.sessions["sender"])
    assert admin is not None
    assert sender is not None

    async def course() -> None:
        tab = Tab(url, uuid4().hex, here.sessions["sender"])
        await tab.open(path)
        await tab.hears(f"Hola {SECRET}")
        live = re.search(r'"live_rx_state_": "(/live/[^"]+)"', tab.heard)
        assert live is not None
        cookies = {"sender_session": here.sessions["sender"]}
        async with (
            aiohttp.ClientSession(url, cookies=cookies) as browser,
            browser.ws_connect(live[1]) as socket,
        ):
            assert SECRET in await socket.receive_str(timeout=60)
            orders.pause(admin, here.campaign_id)
            assert '"status":"paused"' in await socket.receive_str(timeout=60)
            here.store.members.change(here.workspace_id, sender.user_id, None)
            ended = await socket.receive(timeout=60)
            assert (ended.type, ended.data) == (aiohttp.WSMsgType.CLOSE, ENDED)
            orders.resume(admin, here.campaign_id)
            async with browser.ws_connect(live[1]) as again:
                assert (await again.receive(timeout=60)).data == ENDED
        tab.heard = ""
        state = "reflex___state____state.sender_app___states___campaign____campaign"
        await tab.send(f"{state}.look_again", path)
        await tab.hears("/sign-in")
        assert SECRET not in tab.heard
        await tab.close()

    asyncio.run(course())


WATCHES = {
    "/inbox": "reflex___state____state.sender_app___states___inbox____inbox",
    "/contacts/import": "reflex___state____state.sender_app___states___contact_import____importing",
}


@pytest.mark.parametrize("path", WATCHES)
def test_a_watch_ends_with_its_persons_membership(world: World, pages: str, path: str):
    here, url = world, pages
    sender = here.services.sign_in.find_actor(here.sessions["sender"])
    assert sender is not None
    key = here.workspace_id if path == "/inbox" else here.import_id
    news = "Novedad"

    def bring_news() -> None:
        heard = Incoming("R9", "+595980000002", news, None, datetime.now(UTC))
        here.store.receipts.reply(here.account_id, heard, opt_out=False)
        here.services.imports.dismiss(sender, here.import_id)
        upload = here.services.imports.open_upload(sender, "x.csv")
        upload.write(f"0981000003,Sr.,{news},G".encode())
        here.services.imports.keep(sender, upload)

    async def course() -> None:
        tab = Tab(url, uuid4().hex, here.sessions["sender"])
        await tab.open(path)
        await tab.hears(SECRET)
        here.store.members.change(here.workspace_id, sender.user_id, None)
        bring_news()
        RedisEvents(redis()).publish(Changed(here.workspace_id, "inbox", key))
        await tab.hears("/sign-in")
        assert news not in tab.heard
        await tab.close()

    asyncio.run(course())


@pytest.mark.parametrize("path", WATCHES)
@pytest.mark.parametrize("persona", ["nobody", "outsider"])
def test_a_watch_that_is_asked_for_by_name_tells_strangers_nothing(
    world: World, pages: str, path: str, persona: str
):
    here, url = world, pages

    async def course() -> None:
        tab = Tab(url, uuid4().hex, here.sessions[persona])
        await tab.open(path)
        await tab.hears("/sign-in" if persona == "nobody" else '"is_hydrated_rx_state_": true')
        for state in WATCHES.values():
            await tab.send(f"{state}.watch", path)
        RedisEvents(redis()).publish(Changed(here.workspace_id, "inbox", here.workspace_id))
        tab.heard = ""
        greet = "reflex___state____state.sender_app___states___session____session"
        await tab.send(f"{greet}.choose_language", path, lang="en")
        await tab.hears("lang=en")
        for words in (SECRET, translate("es", "error.fault"), "An error occurred"):
            assert words not in tab.heard
        await tab.close()

    asyncio.run(course())


def test_a_live_view_is_for_members_on_a_page_of_ours(world: World, pages: str):
    here, url = world, pages

    async def ask(persona: str, origin: str | None, filter: str) -> aiohttp.WSMessage:
        cookies = {"sender_session": here.sessions[persona]}
        path = f"/live/campaigns/{here.campaign_id}?filter={filter}"
        async with (
            aiohttp.ClientSession(url, cookies=cookies) as browser,
            browser.ws_connect(path, origin=origin) as socket,
        ):
            return await socket.receive(timeout=60)

    assert SECRET in asyncio.run(ask("viewer", url, "queued")).data
    for refused in (
        ("nobody", url, ""),
        ("outsider", url, ""),
        ("viewer", "http://elsewhere.test", ""),
        ("viewer", url, "nonsense"),
    ):
        assert asyncio.run(ask(*refused)).data == ENDED, refused
