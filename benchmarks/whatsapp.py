"""Sending through the real neonize to the loopback server: Sender's rate beside a bare loop's.

    python -m benchmarks.whatsapp [--people N] [--rounds N] [--accounts N]

The bare loop calls `send_message` and nothing else, on the same session store (Postgres). Both
write to people whom their account has written to before. Prints medians, the ratio, what memory a
connected account takes, and how many fit into a GiB with the processes that a worker has once.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks.servers import ROOT, Servers, servers, until
from sender_app.domain.account import AccountStatus
from whatsapp_loopback.client import Loopback
from whatsapp_loopback.environment import environment

_BARE = """
import os, sys, threading, time
from neonize.client import NewClient
from neonize.events import ConnectedEv
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message
from neonize.utils.jid import build_jid
from sender_app.adapters.linked_devices import go_dsn
from whatsapp_loopback.client import Loopback
people, rounds, url = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
phones, online = Loopback(url), threading.Event()
client = NewClient(go_dsn(os.environ["DATABASE_URL"]), uuid="bare", new_device=True)
client.event.qr(lambda _c, code: threading.Thread(
    target=phones.scan, args=("595981000002", code.decode())).start())
client.event(ConnectedEv)(lambda _c, _e: online.set())
threading.Thread(target=client.connect, daemon=True).start()
assert online.wait(20)
def once():
    began = time.perf_counter()
    for n in range(people):
        message = Message(conversation=f"Hola Persona {n}")
        message.messageContextInfo.messageSecret = os.urandom(32)
        client.send_message(build_jid(f"595982{n:06d}"), message)
    return people / (time.perf_counter() - began)
once()
for _ in range(rounds):
    sys.stdin.readline()
    print("rate", once(), flush=True)
os._exit(0)
"""


def _unique(pid: int) -> float:
    """A process's unique set size in MB."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):  # a short-lived child, gone meanwhile
        return 0.0
    sizes = [int(line.split()[1]) for line in lines if line.startswith("Private_")]
    return sum(sizes) / 1024


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    direct = [int(part) for part in text.split()]
    return direct + [grandchild for child in direct for grandchild in _children(child)]


def main() -> None:
    """Alternate, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--accounts", type=int, default=5)
    args = parser.parse_args()
    with servers() as found:
        whatsapp = found.folder / "whatsapp"
        loopback = subprocess.Popen(
            [sys.executable, "-m", "whatsapp_loopback", "--data", str(whatsapp)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        try:
            until((whatsapp / "ready.json").exists, 30, "the loopback server's start")
            _compare(found, whatsapp, args.people, args.rounds, args.accounts)
        finally:
            loopback.terminate()
            loopback.wait(10)


def _compare(found: Servers, whatsapp: Path, people: int, rounds: int, accounts: int) -> None:
    url = json.loads((whatsapp / "ready.json").read_text())["url"]
    env = found.environment | environment(whatsapp) | {"GATEWAY": "neonize", "LINGER": "600"}
    env["WORKERS"] = str(accounts)
    env["PYTHONPATH"] = os.pathsep.join([env["PYTHONPATH"], str(ROOT)])
    bare = subprocess.Popen(
        [sys.executable, "-c", _BARE, str(people), str(rounds), url],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    worker = subprocess.Popen(
        [sys.executable, "worker.py"], cwd=ROOT, env=env, stderr=subprocess.DEVNULL
    )
    os.environ.update({name: env[name] for name in ("DATABASE_URL", "REDIS_URL", "DATA_DIR")})
    try:
        ours = _Ours(url, people, 0)
        ours.once()
        rates: dict[str, list[float]] = {"bare loop": [], "Sender": []}
        for _ in range(rounds):
            rates["Sender"].append(ours.once())
            rates["bare loop"].append(_bare_once(bare))
        for name, found_rates in rates.items():
            rounded = [round(rate) for rate in found_rates]
            print(f"{name:10} median {median(found_rates):6.0f}/s   all {rounded}")
        print(f"ratio {median(rates['Sender']) / median(rates['bare loop']):.2f}")
        for n in range(1, accounts):
            _Ours(url, 5, n).once()
        _print_memory(worker.pid, accounts)
    finally:
        bare.kill()
        worker.terminate()
        worker.wait(40)


def _print_memory(worker: int, accounts: int) -> None:
    """What an account takes, and how many fit into a GiB with all that a worker has once."""
    sizes = sorted((_unique(pid) for pid in _children(worker)), reverse=True)
    account = sum(sizes[:accounts]) / accounts
    once = [_unique(worker), *sizes[accounts:]]
    print(
        f"unique memory, MB: each of {accounts} connected accounts {account:.1f}, the worker's "
        f"other processes {sum(once):.0f} together, {[round(size) for size in once]}: "
        f"{(1024 - sum(once)) / account:.0f} accounts a GiB"
    )


def _bare_once(bare: "subprocess.Popen[str]") -> float:
    assert bare.stdin is not None  # noqa: S101 - both are pipes
    assert bare.stdout is not None  # noqa: S101
    bare.stdin.write("\n")
    bare.stdin.flush()
    for line in bare.stdout:
        if line.startswith("rate "):
            return float(line.split()[1])
    raise RuntimeError("the bare loop ended")


class _Ours:
    """An account that is linked, and campaigns to the same people."""

    def __init__(self, url: str, people: int, number: int) -> None:
        from sender_app import bootstrap

        self._people = people
        self._services = bootstrap.services()
        self._actor = self._services.workspaces.actor_for(f"bench-{number}", "Bench")
        self._account = self._services.accounts.ensure_account(self._actor).id
        accounts = self._services.accounts
        accounts.request_pairing(self._actor, self._account)

        def qr() -> str | None:
            return accounts.connection_status(self._actor, self._account, keep_pairing=True).qr

        def online() -> bool:
            return accounts.ensure_account(self._actor).status is AccountStatus.ONLINE

        until(lambda: bool(qr()), 60, "the QR")
        Loopback(url).scan(f"5959810001{number:02d}", qr() or "")
        until(online, 60, "the connection")

    def once(self) -> float:
        """Messages a second of one campaign, from its upload to its end.

        Looks seldom, since looking takes the time of the processes that are measured.
        """
        rows = "".join(f"0982{n:06d},Sr.,Persona {n},G\n" for n in range(self._people))
        file = self._services.imports.check_file(self._actor, "x.csv", rows.encode())
        campaigns = self._services.campaigns
        began = datetime.now(UTC)
        campaign = campaigns.send_file(
            self._actor, file.file_id, self._account, "x", "Hola {nombre}"
        )
        while (found := campaigns.get_campaign(self._actor, campaign.id)).finished_at is None:
            if datetime.now(UTC) - began > timedelta(seconds=60 + self._people):
                raise TimeoutError(f"the campaign is {found.status.value}")
            time.sleep(0.2)
        return self._people / (found.finished_at - began).total_seconds()


if __name__ == "__main__":
    main()
