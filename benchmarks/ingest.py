"""From a file of contacts to a committed campaign: rows a second, and the memory of a million rows.

    python -m benchmarks.ingest [--people N] [--rounds N] [--million] [--peer FOLDER]

A round is a fresh process that takes a file to contacts, a campaign and its recipients, every phone
validated, and then the same file once more. It alternates with the peer (the original system's
stack) on the same servers. "With preview" adds what the peer has not: the file read through and
shown to the person before. `--million` imports a million rows by the job and prints its memory.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.servers import ROOT, Servers, empty, servers

_OURS = """
import json, sys, time
from pathlib import Path
from uuid import uuid4
from sender_app import bootstrap
services, store = bootstrap.services(), bootstrap.store()
actor = services.workspaces.actor_for("bench", "Bench")
account = services.accounts.ensure_account(actor).id
store.accounts.linked(account, "+595981000001", "noop:1")
content, people = Path(sys.argv[1]).read_bytes(), int(sys.argv[2])
warm = services.imports.check_file(actor, "warm.csv", content[:content.index(b"\\n", 2000)])
def once():
    began = time.perf_counter()
    check = services.imports.check_file(actor, "x.csv", content)
    previewed = time.perf_counter()
    campaign = services.campaigns.send_file(actor, check.file_id, account, "x", "Hola {nombre}")
    ended = time.perf_counter()
    assert campaign.total_recipients == people, campaign
    return people / (ended - previewed), people / (ended - began)
(new, new_shown), (again, again_shown) = once(), once()
peak = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
print(json.dumps({"new": new, "again": again, "new, with preview": new_shown,
  "again, with preview": again_shown, "peak MB": int(peak[0].split()[1]) / 1024}))
"""
_MILLION = """
import sys, time
from pathlib import Path
from sender_app import bootstrap
services = bootstrap.services()
actor = services.workspaces.actor_for("bench", "Bench")
upload = services.imports.open_upload(actor, "million.csv")
with open(sys.argv[1], "rb") as file:
    while block := file.read(256 * 1024):
        upload.write(block)
found = services.imports.keep(actor, upload)
began = time.perf_counter()
services.imports.check(actor, found.id, list(found.columns))
services.import_job.run(found.id)
checked = time.perf_counter()
services.imports.start(actor, found.id)
services.import_job.run(found.id)
ended = time.perf_counter()
found = bootstrap.store().imports.get(actor.workspace_id, found.id)
peak = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
print(f"{found.status.value}: {found.counts}")
print(f"checked in {checked - began:.1f} s, imported in {ended - checked:.1f} s, "
      f"peak {int(peak[0].split()[1]) / 1024:.0f} MiB")
"""


def contacts(path: Path, people: int) -> None:
    """The peer's own file: four columns, phones in the international form with blanks."""
    with path.open("w", encoding="utf-8") as file:
        file.write("nombre,sustantivo,grupo,phone\n")
        for n in range(people):
            title = "Sra." if n % 2 else "Sr."
            phone = f"+595 {981 + n // 1_000_000} {n // 1000 % 1000:03d} {n % 1000:03d}"
            file.write(f"Nombre Apellido {n},{title},grupo-{n % 20},{phone}\n")


def ours(found: Servers, path: Path, people: int) -> dict[str, float]:
    """Rows a second of our own."""
    empty(found)
    return json.loads(_run(found, _OURS, str(path), str(people)).splitlines()[-1])


def peer(found: Servers, folder: Path, people: int) -> dict[str, float]:
    """Rows a second of the peer."""
    env = dict(os.environ) | {
        "PGHOST": found.postgres_socket,
        "PGPORT": "5432",
        "PGUSER": "postgres",
        "REDIS_PORT": str(found.redis_port),
        "CSV_DIR": str(folder),
    }
    done = subprocess.run(
        ["node", "bench/run.mjs", "ingest", str(people), "1"],
        cwd=folder,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return {
        "new": said["new_rows_s"],
        "again": said["again_rows_s"],
        "peak MB": said["peak_rss_mb"],
    }


def main() -> None:
    """Alternate, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--peer", type=Path)
    args = parser.parse_args()
    with servers() as found, tempfile.TemporaryDirectory() as name:
        file = Path(name) / "contacts.csv"
        if args.million:
            contacts(file, 1_000_000)
            print(_run(found, _MILLION, str(file)).strip())
            return
        contacts(file, args.people)
        folder = _installed(found, args.peer) if args.peer else None
        figures: dict[str, list[float]] = {}
        for _ in range(args.rounds):
            _note(figures, "ours", ours(found, file, args.people))
            if folder:
                _note(figures, "peer", peer(found, folder, args.people))
    for title, rates in figures.items():
        print(f"{title:26} median {median(rates):8.0f}   all {[round(rate) for rate in rates]}")
    for name in ("new", "again") if args.peer else ():
        ratio = median(figures[f"ours, {name}"]) / median(figures[f"peer, {name}"])
        print(f"{name}: {ratio:.2f} × the peer")


def _note(figures: dict[str, list[float]], who: str, said: dict[str, float]) -> None:
    for name, rate in said.items():
        figures.setdefault(f"{who}, {name}", []).append(rate)


def _run(found: Servers, program: str, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *args],
        cwd=ROOT,
        env=found.environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _installed(found: Servers, source: Path) -> Path:
    folder = found.folder / "peer"
    shutil.copytree(source, folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True
    )
    return folder


if __name__ == "__main__":
    main()
