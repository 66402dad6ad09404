"""Sending without WhatsApp: messages a second through RQ, with ledger, events and rollups.

    python -m benchmarks.send [--people N] [--rounds N] [--peer FOLDER]

Alternates with the peer (the original system's stack at its best settings) in one run, on the same
servers. Ours at a window of 50, and of one: a commit for every message. Prints medians and ratios.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.servers import ROOT, Servers, empty, servers

_OURS = """
import sys, time
from sender_app import bootstrap
from sender_app.domain.campaign import CampaignStatus
people = int(sys.argv[1])
services, store = bootstrap.services(), bootstrap.store()
actor = services.workspaces.actor_for("bench", "Bench")
account = services.accounts.ensure_account(actor)
store.accounts.linked(account.id, "+595981000001", "noop:1")
rows = "".join(f"0981{n:06d},Sr.,Persona {n},G{n % 20}\\n" for n in range(people))
file = services.imports.check_file(actor, "x.csv", rows.encode())
began = time.perf_counter()
campaign = services.campaigns.send_file(actor, file.file_id, account.id, "x", "Hola {nombre}")
queued = time.perf_counter()
while campaign.status is not CampaignStatus.FINISHED:
    time.sleep(0.01)
    campaign = services.campaigns.get_campaign(actor, campaign.id)
assert campaign.sent_count == people
print(people / (time.perf_counter() - queued))
"""


def ours(found: Servers, people: int, window: int) -> float:
    """Messages a second of our own, from the wake-up to the campaign's end."""
    empty(found)
    env = found.environment | {"SEND_WINDOW": str(window)}
    worker = subprocess.Popen([sys.executable, "worker.py"], cwd=ROOT, env=env)
    try:
        time.sleep(3)  # started, and idle
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
    return float(done.stdout)


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
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", type=Path)
    args = parser.parse_args()
    with servers() as found:
        folder = found.folder / "peer"
        if args.peer:
            shutil.copytree(args.peer, folder, copy_function=shutil.copyfile)
            folder.chmod(0o755)
            subprocess.run(
                ["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True
            )
        figures: dict[str, list[float]] = {}
        for _ in range(args.rounds):
            for window in (50, 1):
                people = args.people if window > 1 else args.people // 4
                figures.setdefault(f"ours, window {window}", []).append(ours(found, people, window))
                for at_once in ((20, 50) if window > 1 else (1,)) if args.peer else ():
                    figures.setdefault(f"peer, {at_once} at once", []).append(
                        peer(found, folder, people, at_once)
                    )
    for name, rates in figures.items():
        print(f"{name:20} median {median(rates):8.0f}/s   all {[round(rate) for rate in rates]}")
    if args.peer:
        best = max(median(figures[f"peer, {n} at once"]) for n in (20, 50))
        print(f"window 50: {median(figures['ours, window 50']) / best:.2f} × the peer's best")
        single = median(figures["ours, window 1"]) / median(figures["peer, 1 at once"])
        print(f"one commit a message: {single:.2f} × the peer")


if __name__ == "__main__":
    main()
