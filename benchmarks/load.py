"""A team's installation under load: `make load`.

Two web replicas behind nginx, three workers, fifty accounts on the loopback WhatsApp. Every account
sends a campaign at once while visitors ask for pages; in the middle one web replica and one
worker are replaced. Fails unless every campaign finishes and everybody gets one message, once.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from benchmarks.servers import ROOT, servers
from sender_app import bootstrap
from sender_app.config import settings
from sender_app.domain.account import AccountStatus
from sender_app.domain.campaign import CampaignStatus
from tests.proxy import Nginx
from tests.stack import Web, Whatsapp, eventually, free_ports
from whatsapp_loopback.environment import environment

_PAGES = ("/sign-in/", "/health", "/ready", "/sender.css")
_SERVED_BY = 17  # accounts a worker


@dataclass
class Visitors:
    """Ask for pages, a few at a time, and note how long each takes."""

    url: str
    seconds: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def visiting(self, count: int) -> Iterator[None]:
        """Visit from `count` threads meanwhile."""
        threads = [threading.Thread(target=self._visit, args=(n,)) for n in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(60)

    def _visit(self, n: int) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self._stop.wait(0.1):
                n += 1
                began = time.monotonic()
                self.answers[self._ask(client, _PAGES[n % len(_PAGES)])] += 1
                self.seconds.append(time.monotonic() - began)

    def _ask(self, client: httpx.Client, path: str) -> str:
        """The status of the answer; of a failure also what was asked for and why it failed."""
        try:
            answer = client.get(path)
        except httpx.TransportError as error:
            return f"{path}: {error!r}"
        return "200" if answer.is_success else f"{path}: {answer.status_code} {answer.text[:200]}"


class Worker:
    """One worker process with its children."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        self._env, self._log = env, log
        self.start()

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "worker.py"], cwd=ROOT, env=dict(self._env), stdout=log, stderr=log
            )

    def stop(self) -> float:
        """End it in good order; returns the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        if code not in (0, -signal.SIGTERM):  # the latter while it was still starting
            raise SystemExit(f"a worker ended with {code}; see {self._log}")
        return time.monotonic() - began

    def memory(self) -> int:
        """Bytes of it and its children, shared pages counted once (PSS)."""
        family = [psutil.Process(self.process.pid)]
        family += family[0].children(recursive=True)
        total = 0
        for one in family:
            try:
                total += one.memory_full_info().pss
            except psutil.Error:  # it has ended meanwhile
                continue
        return total


def main() -> None:
    """Run it and print figures as a Markdown list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=50)
    parser.add_argument("--people", type=int, default=40, help="recipients of each campaign")
    options = parser.parse_args()
    with ExitStack() as stack:
        found = stack.enter_context(servers())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sender-load-")))
        run(stack, found.environment, folder, options.accounts, options.people)


def run(
    stack: ExitStack, base: Mapping[str, str], folder: Path, accounts: int, people: int
) -> None:
    """Start everything, send, check, and say how it went."""
    whatsapp = Whatsapp(folder / "whatsapp", folder / "whatsapp.log")
    stack.callback(whatsapp.stop)
    whatsapp.client.receipts_after(300)
    env = dict(base) | {"GATEWAY": "neonize", "WORKERS": str(_SERVED_BY), "LINGER": "20"}
    os.environ.update(env)
    settings.cache_clear()
    ports = free_ports(3)
    webs = [Web(env, folder / f"web-{n}.log", ports + n) for n in (0, 1)]
    stack.callback(lambda: [web.stop() for web in webs])
    nginx = Nginx(folder / "nginx", ports + 2, [web.port for web in webs])
    stack.callback(nginx.stop)
    workers = [
        Worker(env | environment(whatsapp.data), folder / f"worker-{n}.log") for n in range(3)
    ]
    stack.callback(lambda: [worker.stop() for worker in workers])

    services = bootstrap.services()
    actors = [services.workspaces.actor_for(f"team-{n}", f"Team {n}") for n in range(accounts)]
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: link(services, whatsapp, actors[n], n), range(accounts)))
    said("accounts linked", f"{accounts} in {time.monotonic() - began:.0f} s")

    visitors = Visitors(nginx.url)
    began = time.monotonic()
    with visitors.visiting(4):
        campaigns = [start(services, actor, n, people) for n, actor in enumerate(actors)]
        wanted = accounts * people

        def sent() -> int:
            return sum(whatsapp.client.count().values())

        eventually(lambda: sent() > wanted / 4, 600, "a quarter")
        memory = sum(worker.memory() for worker in workers)
        taken = connections(env["DATABASE_URL"])
        stopped = workers[0].stop()
        workers[0].start()
        webs[0].stop()
        webs[0].start()
        done: Callable[[], bool] = lambda: all(  # noqa: E731
            services.campaigns.get_campaign(actor, campaign.id).status is CampaignStatus.FINISHED
            for actor, campaign in zip(actors, campaigns, strict=True)
        )
        eventually(done, 900, "the end of every campaign")
    took = time.monotonic() - began
    check(services, whatsapp, actors, campaigns, wanted)
    said("messages", f"{wanted} in {took:.0f} s, {wanted / took:.0f} a second, each once")
    said(
        "memory of the workers", f"{memory / 1e6:.0f} MB, {memory / accounts / 1e6:.0f} an account"
    )
    said("connections to Postgres", f"{taken}, {taken / accounts:.1f} an account")
    said("a worker that was told to end", f"took {stopped:.1f} s with {_SERVED_BY} accounts")
    quantiles = statistics.quantiles(visitors.seconds, n=100)
    said(
        "requests meanwhile",
        f"{len(visitors.seconds)}, {dict(visitors.answers)},"
        f" p50 {quantiles[49] * 1000:.0f} ms, p95 {quantiles[94] * 1000:.0f} ms,"
        f" p99 {quantiles[98] * 1000:.0f} ms",
    )
    if set(visitors.answers) - {"200"}:
        raise SystemExit("requests failed")


def connections(url: str) -> int:
    """How many the server has open."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        ).fetchone()
    return row[0] if row else 0


def link(services: Any, whatsapp: Whatsapp, actor: Any, n: int) -> None:
    """Link one workspace's account by QR."""
    account = services.accounts.ensure_account(actor)
    services.accounts.request_pairing(actor, account.id)

    def code() -> str | None:
        return services.accounts.connection_status(actor, account.id, keep_pairing=True).qr

    def status() -> AccountStatus:
        return services.accounts.ensure_account(actor).status

    whatsapp.client.scan(f"595981{n:06d}", eventually(code, 120, f"the QR of account {n}"))
    eventually(lambda: status() is AccountStatus.ONLINE, 120, f"account {n} online")


def start(services: Any, actor: Any, n: int, people: int) -> Any:
    """Start one workspace's campaign to people of its own."""
    rows = "".join(f"0982{n * 1000 + one:06d},Sr.,Persona {one},G\n" for one in range(people))
    check = services.imports.check_file(actor, "x.csv", rows.encode())
    account = services.accounts.ensure_account(actor)
    return services.campaigns.send_file(actor, check.file_id, account.id, "Load", "Hola {nombre}")


def check(
    services: Any, whatsapp: Whatsapp, actors: list[Any], campaigns: list[Any], wanted: int
) -> None:
    """Everybody got one message, and the books say so."""
    got = whatsapp.client.count()
    twice = {phone: times for phone, times in got.items() if times != 1}
    booked = sum(
        services.campaigns.get_campaign(actor, campaign.id).sent_count
        for actor, campaign in zip(actors, campaigns, strict=True)
    )
    if len(got) != wanted or twice or booked != wanted:
        raise SystemExit(f"{len(got)} of {wanted} got it, more than once: {twice}; booked {booked}")


def said(what: str, figures: str) -> None:
    """Print one figure."""
    print(f"- {what}: {figures}", flush=True)


if __name__ == "__main__":
    main()
