"""A tab's state, over the wire: Reflex keeps it under the tab's token through sign-outs."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import socketio

from sender_app.local.frontend import environment, node_environment
from sender_app.ports.events import Changed
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
    campaigns = here.services.campaigns
    change = Changed(here.workspace_id, "campaign", here.campaign_id)

    async def course() -> None:
        tab = Tab(url, uuid4().hex, here.sessions["sender"])
        await tab.open(path)
        await tab.hears(f"Hola {SECRET}")
        await asyncio.sleep(0.5)  # the watch begins
        tab.heard = ""
        campaigns.events.publish(change)
        await tab.hears("campaign")  # it is live
        sender = here.services.sign_in.find_actor(here.sessions["sender"])
        assert sender is not None
        here.store.members.change(here.workspace_id, sender.user_id, None)
        tab.heard = ""
        campaigns.events.publish(change)
        await tab.hears("/sign-in")
        assert SECRET not in tab.heard
        campaigns.events.publish(change)
        await tab.send(
            "reflex___state____state.sender_app___states___campaign____campaign.show",
            path,
            status="",
        )
        await asyncio.sleep(1)
        assert SECRET not in tab.heard
        await tab.close()

    asyncio.run(course())
