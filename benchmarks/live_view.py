"""A recipient's change on its way to everybody who looks at the campaign.

    python -m benchmarks.live_view [VIEWERS] [CHANGES_A_SECOND] [SECONDS]

Starts the production server, and viewers in a process of their own that do what a browser's tab
does: they speak Reflex's socket.io protocol to open the page, and open the live view that it names.
Then a campaign's recipients are settled one by one, as the sending process records and announces
it. Printed are the milliseconds from before the record to each viewer's hearing the new count, and
the cores that the web tier took meanwhile. (A page without a live view is timed by its own socket.)
"""

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import psutil

from benchmarks.servers import ROOT, servers
from sender_app import bootstrap
from sender_app.domain.audience import AudienceRow
from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.delivery import Outcome, RecipientStatus
from sender_app.ports.contact_reader import ContactBatch
from sender_app.ports.events import Changed
from sender_app.ports.store.campaigns import NewCampaign
from sender_app.services.clock import system_clock
from tests.stack import Web, free_ports

_SENT = re.compile(r'"sent": ?(\d+)')
_LIVE = re.compile(r'"live_rx_state_": ?"(/live/[^"]+)"')
_OPENING = "reflex___state____state.hydrate_and_load"


def main(viewers: int, rate: float, seconds: float) -> None:
    """Open the pages, make the changes, and say how long they took."""
    with servers() as found, tempfile.TemporaryDirectory(prefix="sender-live-") as folder:
        env = found.environment | {"METRICS_TOKEN": ""}
        os.environ.update(env)
        campaign, session, change = _campaign(int(rate * seconds) + 1)
        web = Web(env, Path(folder) / "web.log", free_ports(1))
        try:
            heard = _measure(web, str(campaign), session, change, viewers, rate, seconds)
        finally:
            web.stop()
    print(f"{viewers} viewers, {rate:g} changes a second: {heard}")


def _campaign(people: int) -> tuple[Any, str, Any]:
    """A running campaign, a session that may look at it, and what makes one change."""
    services, store = bootstrap.services(), bootstrap.store()
    token = services.sign_in.issue_local_link("").rpartition("=")[2]
    session = services.sign_in.redeem_local_link(token)
    actor = services.sign_in.find_actor(session or "")
    if session is None or actor is None:
        raise SystemExit("the local sign-in does not work")
    account = services.accounts.ensure_account(actor)
    new = NewCampaign(account.id, "Live", "Hola {nombre}", CampaignStatus.RUNNING, {})
    rows = [AudienceRow(n, f"+595981{n:06d}", f"Persona {n}", "Sr.", "G") for n in range(people)]
    made = store.campaigns.create(actor.workspace_id, actor.user_id, new, [ContactBatch.of(rows)])
    lease = store.leases.take(account.id, "bench", timedelta(hours=1))
    if lease is None:
        raise SystemExit("no lease")
    journal = store.deliveries.open_journal(lease)
    claims = iter(store.deliveries.claim(lease, made.id, None, people, False))
    events = services.campaigns.events

    def change() -> None:
        now = system_clock()
        outcome = Outcome(next(claims), RecipientStatus.SENT, now, message_id=uuid4().hex)
        journal.settle([outcome], fold=True)
        events.publish(Changed(actor.workspace_id, "campaign", made.id))

    return made.id, session, change


def _measure(
    web: Web, campaign: str, session: str, change: Any, viewers: int, rate: float, seconds: float
) -> str:
    watching = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "benchmarks.live_view",
            "--watch",
            web.url,
            campaign,
            session,
            str(viewers),
            str(int(rate * seconds)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None  # noqa: S101 - it is a pipe
    if watching.stdout.readline().strip() != "ready":
        raise SystemExit(f"the viewers did not get ready; see {web.log}")
    family = [psutil.Process(web.process.pid)]
    family += family[0].children(recursive=True)
    times = []
    busy, began = _seconds(family), time.perf_counter()
    for n in range(int(rate * seconds)):
        time.sleep(max(0.0, began + n / rate - time.perf_counter()))
        times.append(time.time())
        change()
    cores = (_seconds(family) - busy) / (time.perf_counter() - began)
    out, _ = watching.communicate(timeout=60)
    heard: list[list[float]] = json.loads(out)
    late = [
        1000 * (one[n] - at) for n, at in enumerate(times) for one in heard if one[n] is not None
    ]
    missing = sum(one[-1] is None for one in heard)
    cuts = statistics.quantiles(late, n=100)
    return (
        f"p50 {cuts[49]:.0f}, p95 {cuts[94]:.0f}, p99 {cuts[98]:.0f} ms; web tier {cores:.2f} core;"
        f" {missing} did not hear the last"
    )


def _seconds(family: list[psutil.Process]) -> float:
    return sum(sum(one.cpu_times()[:2]) for one in family)


class Viewer:
    """One tab. `heard[n]` is when it knew of the change number n, or of a later one."""

    def __init__(self, browser: aiohttp.ClientSession, campaign: str, changes: int) -> None:
        self._browser, self._campaign = browser, campaign
        self.heard: list[float | None] = [None] * changes
        self._known = 0
        self.live: asyncio.Event = asyncio.Event()

    async def run(self) -> None:
        """Open the page and stay."""
        token = uuid4().hex
        async with (
            self._browser.ws_connect(
                f"/_event/?EIO=4&transport=websocket&token={token}", max_msg_size=0
            ) as page,
            asyncio.TaskGroup() as group,
        ):
            async for message in page:
                match message.data[:1], message.data:
                    case "0", _:
                        await page.send_str("40/_event,")
                    case "2", _:
                        await page.send_str("3")
                    case _, text if text.startswith("40/_event"):
                        await page.send_str(
                            f"42/_event,{json.dumps(['event', self._event(token)])}"
                        )
                    case _, text:
                        self._hear(text)
                        live = _LIVE.search(text)
                        if live:
                            group.create_task(self._watch(live[1]))
                        elif (
                            '"loaded_rx_state_": true' in text or '"loaded_rx_state_":true' in text
                        ):
                            self.live.set()

    def _event(self, token: str) -> dict[str, object]:
        path = f"/campaigns/{self._campaign}"
        router = {"pathname": path, "asPath": path, "query": {}}
        return {"token": token, "name": _OPENING, "payload": {}, "router_data": router}

    async def _watch(self, path: str) -> None:
        async with self._browser.ws_connect(path, max_msg_size=0) as socket:
            async for message in socket:
                self._hear(message.data)
                self.live.set()

    def _hear(self, text: str) -> None:
        counts = _SENT.findall(text)
        if not counts:
            return
        for n in range(self._known, min(int(counts[0]), len(self.heard))):
            self.heard[n] = time.time()
        self._known = max(self._known, int(counts[0]))


async def watch(url: str, campaign: str, session: str, viewers: int, changes: int) -> None:
    """The viewers' process: says when all of them see the page, and then what each heard when."""
    connector = aiohttp.TCPConnector(limit=0)
    cookies = {"sender_session": session}
    async with aiohttp.ClientSession(url, cookies=cookies, connector=connector) as browser:
        tabs = [Viewer(browser, campaign, changes) for _ in range(viewers)]
        tasks = []
        for start in range(0, viewers, 20):  # people do not all come at once
            some = tabs[start : start + 20]
            tasks += [asyncio.ensure_future(tab.run()) for tab in some]
            async with asyncio.timeout(60):
                await asyncio.gather(*(tab.live.wait() for tab in some))
        await asyncio.sleep(2)  # what their coming cost is over before anything is measured
        print("ready", flush=True)
        deadline = time.monotonic() + changes + 20
        while time.monotonic() < deadline and any(tab.heard[-1] is None for tab in tabs):
            await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps([tab.heard for tab in tabs]), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--watch"]:
        asyncio.run(watch(*sys.argv[2:5], *(int(one) for one in sys.argv[5:7])))  # type: ignore[call-arg]
    else:
        given = [float(one) for one in sys.argv[1:4]]
        wanted = [*given, *(200.0, 2.0, 30.0)[len(given) :]]
        main(int(wanted[0]), wanted[1], wanted[2])
