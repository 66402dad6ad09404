"""A tab's state, over the wire: Reflex keeps it under the tab's token through sign-outs."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import aiohttp
import httpx
import pytest
import socketio

from sender_app.local.frontend import environment, node_environment
from sender_app.states.live import ENDED
from tests.integration.personas import SECRET, World, make_world, services_on
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

    async def hears(self, text: str, within: float = 15) -> None:
        """Wait until `text` came."""
        async with asyncio.timeout(within):
            while text not in self.heard:
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        await self._client.disconnect()


@pytest.fixture
def world(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[tuple[World, str]]:
    """The pages' server, with a world behind it."""
    port = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    env = {"DATA_DIR": str(tmp_path), "PUBLIC_URL": url, "HOST": "127.0.0.1", "PORT": str(port)}
    with services_on(database_url, redis_url, **env) as services:
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory"]
        command += ["--host", "127.0.0.1", "--port", str(port), "sender_app.sender_app:app"]
        with (tmp_path / "web.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(node_environment() | os.environ),
                stdout=log,
                stderr=log,
            )

        def answers() -> bool:
            assert process.poll() is None, (tmp_path / "web.log").read_text()
            try:
                return httpx.get(f"{url}/ping").status_code == 200
            except httpx.TransportError:
                return False

        eventually(answers, 60, "the pages' server")
        yield make_world(services), url
        process.terminate()
        process.wait(20)


def test_nobody_gets_what_somebody_else_loaded_in_the_same_tab(world: tuple[World, str]):
    here, url = world
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


def test_a_live_page_gets_nothing_more_once_its_person_was_removed(world: tuple[World, str]):
    here, url = world
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
            assert SECRET in await socket.receive_str(timeout=10)
            orders.pause(admin, here.campaign_id)
            assert '"status":"paused"' in await socket.receive_str(timeout=10)
            here.store.members.change(here.workspace_id, sender.user_id, None)
            ended = await socket.receive(timeout=10)
            assert (ended.type, ended.data) == (aiohttp.WSMsgType.CLOSE, ENDED)
            orders.resume(admin, here.campaign_id)
            async with browser.ws_connect(live[1]) as again:
                assert (await again.receive(timeout=10)).data == ENDED
        tab.heard = ""
        state = "reflex___state____state.sender_app___states___campaign____campaign"
        await tab.send(f"{state}.look_again", path)
        await tab.hears("/sign-in")
        assert SECRET not in tab.heard
        await tab.close()

    asyncio.run(course())


def test_a_live_view_is_for_members_on_a_page_of_ours(world: tuple[World, str]):
    here, url = world

    async def ask(persona: str, origin: str | None, filter: str) -> aiohttp.WSMessage:
        cookies = {"sender_session": here.sessions[persona]}
        path = f"/live/campaigns/{here.campaign_id}?filter={filter}"
        async with (
            aiohttp.ClientSession(url, cookies=cookies) as browser,
            browser.ws_connect(path, origin=origin) as socket,
        ):
            return await socket.receive(timeout=10)

    assert SECRET in asyncio.run(ask("viewer", url, "queued")).data
    for refused in (
        ("nobody", url, ""),
        ("outsider", url, ""),
        ("viewer", "http://elsewhere.test", ""),
        ("viewer", url, "nonsense"),
    ):
        assert asyncio.run(ask(*refused)).data == ENDED, refused
