"""Sending without WhatsApp: messages a second through RQ, with ledger, events and rollups.

    python -m benchmarks.send [--people N] [--rounds N] [--peer FOLDER | --growth]

Alternates with the peer (the original system's stack at its best settings) in one run, on the same
servers. Ours with up to 50 records a commit, and with a commit for every message, of which never
more than 50 are unrecorded; and strictly one after the other. People are in the book, and the
book's index is made, before the sending begins: what importing costs is `benchmarks.ingest`'s. Both
begin analysed and with a checkpoint, and are looked at ten times a second. Prints medians and
ratios.

With `--growth` instead: what a message costs in campaigns of a thousand to a million people, in
processor time of the whole machine, less what a campaign to one person takes.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from redis import Redis
from rq import Worker

from benchmarks.servers import ROOT, Servers, empty, servers, until

_OURS = """
import json, os, sys, time
import psutil, psycopg
from benchmarks.servers import until
from sender_app import bootstrap
from sender_app.domain.audience_choice import AudienceChoice, BookFilter
from sender_app.domain.campaign import CampaignStatus
from sender_app.domain.contact_import import ImportStatus
from sender_app.services.drafts import Draft
people = int(sys.argv[1])
services, store = bootstrap.services(), bootstrap.store()
actor = services.workspaces.actor_for("bench", "Bench")
account = services.accounts.ensure_account(actor)
store.accounts.linked(account.id, "+595981000001", "noop:1")
rows = "".join(f"0981{n:06d},Sr.,Persona {n},G{n % 20}\\n" for n in range(people))
upload = services.imports.open_upload(actor, "x.csv")
upload.write(rows.encode())
book = services.imports.keep(actor, upload)
def into_the_book(status):
    services.import_job.run(book.id)
    until(lambda: store.imports.get(actor.workspace_id, book.id).status is status, 600, status)
services.imports.check(actor, book.id, list(book.columns))
into_the_book(ImportStatus.CHECKED)
services.imports.start(actor, book.id)
into_the_book(ImportStatus.DONE)
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
    waiting = "SELECT EXISTS (SELECT FROM changed_contacts)"
    until(lambda: not connection.execute(waiting).fetchone()[0], 600, "the end of indexing")
    connection.execute("ANALYZE")
    connection.execute("CHECKPOINT")
everybody = AudienceChoice(filter=BookFilter())
draft = services.drafts.create_draft(
    actor, Draft(account.id, "x", ("Hola {nombre}",), choice=everybody)
)
def processor_time():
    times = psutil.cpu_times()
    return times.user + times.system
campaign = services.drafts.launch(actor, draft.id, people)
queued, used = time.perf_counter(), processor_time()
def look():
    return services.campaigns.get_campaign(actor, campaign.id)
until(lambda: look().status is CampaignStatus.FINISHED, 60 + people / 100, "the end", every=0.1)
took = time.perf_counter() - queued
assert look().sent_count == people
print(json.dumps({"took": took, "used": processor_time() - used}))
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A campaign from the wake-up to its end: seconds that it took, and of processor time."""

    took: float
    used: float


def ours(found: Servers, people: int, group: int, window: int = 50) -> Sent:
    """What our own takes."""
    empty(found)
    env = found.environment | {"SEND_WINDOW": str(window), "COMMIT_GROUP": str(group)}
    worker = subprocess.Popen([sys.executable, "worker.py"], cwd=ROOT, env=env)
    try:
        with Redis.from_url(found.redis_url) as redis:  # accounts, jobs, webhooks and control
            until(lambda: Worker.count(connection=redis) >= 4, 30, "the worker's start")
        done = subprocess.run(
            [sys.executable, "-c", _OURS, str(people)],
            cwd=ROOT,
            env=env,
            check=True,
            capture_output=True,
            text=True,
        )
    finally:
        worker.terminate()
        worker.wait(40)
    return Sent(**json.loads(done.stdout))


def growth(found: Servers, rounds: int) -> None:
    """Print what a message costs in larger and larger campaigns."""
    sizes = (1, 1_000, 10_000, 100_000, 1_000_000)
    of_all: dict[int, list[Sent]] = {people: [] for people in sizes}
    for _ in range(rounds):
        for people in sizes:
            of_all[people].append(ours(found, people, 50))
    start = median(sent.used for sent in of_all[1])
    print(f"{'people':>9} {'seconds':>8} {'µs of processor time a message':>32}")
    for people in sizes[1:]:
        took = median(sent.took for sent in of_all[people])
        cost = median((sent.used - start) / (people - 1) for sent in of_all[people])
        print(f"{people:9} {took:8.2f} {cost * 1e6:32.1f}")


def peer(found: Servers, folder: Path, people: int, window: int) -> float:
    """Messages a second of the peer at `window` sends at once, in its best way of recording."""
    env = dict(os.environ) | {
        "PGHOST": found.postgres_socket,
        "PGPORT": "5432",
        "PGUSER": "postgres",
        "REDIS_PORT": str(found.redis_port),
        "CONCURRENCY": str(window),
        "PG_POOL": str(max(window, 2)),
        "RECORD": "cte",
    }
    done = subprocess.run(
        ["node", "bench/run.mjs", "send", str(people), "1"],
        cwd=folder,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(json.loads(done.stdout.strip().splitlines()[-1])["recipients_s"])


def main() -> None:
    """Alternate, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--growth", action="store_true")
    args = parser.parse_args()
    with servers() as found:
        if args.growth:
            growth(found, args.rounds)
            return
        folder = found.folder / "peer"
        if args.peer:
            shutil.copytree(args.peer, folder, copy_function=shutil.copyfile)
            folder.chmod(0o755)
            subprocess.run(
                ["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True
            )
        figures: dict[str, list[float]] = {}

        def note(name: str, rate: float) -> None:
            figures.setdefault(name, []).append(rate)
            print(f"{name:28} {rate:8.0f}/s", file=sys.stderr, flush=True)

        for _ in range(args.rounds):
            for name, people, group, window in (
                ("ours, 50 a commit", args.people, 50, 50),
                ("ours, one a commit", args.people // 4, 1, 50),
                ("ours, one at once", args.people // 4, 1, 1),
            ):
                note(name, people / ours(found, people, group, window).took)
            if args.peer:
                for at_once, people in (
                    (20, args.people),
                    (50, args.people),
                    (1, args.people // 4),
                ):
                    note(f"peer, {at_once} at once", peer(found, folder, people, at_once))
    medians = {name: median(rates) for name, rates in figures.items()}
    for name, rates in figures.items():
        print(f"{name:20} median {medians[name]:8.0f}/s   all {[round(rate) for rate in rates]}")
    if args.peer:
        best = max(medians["peer, 20 at once"], medians["peer, 50 at once"])
        print(f"50 a commit: {medians['ours, 50 a commit'] / best:.2f} × the peer's best")
        for name in ("ours, one a commit", "ours, one at once"):
            print(f"{name}: {medians[name] / medians['peer, 1 at once']:.2f} × the peer, 1 at once")


if __name__ == "__main__":
    main()
