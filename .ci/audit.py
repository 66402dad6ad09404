"""Look the pinned packages up in the advisory database, and never pass because nobody answered.

pip-audit finds no weakness where a mirror knows no advisories at all, so a version that is known to
be weak is asked about first. Usage: audit.py [--if-reachable] requirements.txt…

Exit: 0 nothing is known against them; 1 something is, or some could not be looked up; 2 the
database does not answer, which `--if-reachable` only says, with 0.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KNOWN_WEAK = "requests==2.19.0"  # CVE-2018-18074, among others


@dataclass
class Report:
    """What the database says: by package its weaknesses, and the packages that it does not know."""

    looked_up: int = 0
    weak: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


def ask(*files: str) -> Report | str:
    """The database's report on the packages of requirements files, or why there is none."""
    with tempfile.NamedTemporaryFile(suffix=".json") as output:
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps"]
        command += ["--progress-spinner", "off", "--format", "json", "--output", output.name]
        command += [part for file in files for part in ("--requirement", file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        written = Path(output.name).read_text()
    if not written:
        return (done.stderr.strip().splitlines() or [f"pip-audit ended with {done.returncode}"])[-1]
    return read(json.loads(written))


def read(found: dict[str, Any]) -> Report:
    """pip-audit's JSON."""
    report = Report()
    for package in found["dependencies"]:
        if "skip_reason" in package:
            report.unknown.append(package["name"])
            continue
        report.looked_up += 1
        if package["vulns"]:
            name = f"{package['name']} {package['version']}"
            report.weak[name] = [
                f"{one['id']} (mended in {', '.join(one['fix_versions']) or 'no version yet'})"
                for one in package["vulns"]
            ]
    return report


def why_silent() -> str:
    """Why the database cannot be asked; blank where it knows what is known everywhere."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(f"{KNOWN_WEAK}\n")
        file.flush()
        answer = ask(file.name)
    if isinstance(answer, str):
        return answer
    return "" if answer.weak else f"it knows nothing of {KNOWN_WEAK}, so it has no advisories"


def main(arguments: list[str]) -> int:
    """See the module."""
    files = [one for one in arguments if one != "--if-reachable"]
    if why := why_silent():
        print(
            "audit: NOT DONE, the advisory database does not answer\n"
            f"audit: ({why})\n"
            f"audit: whether the packages of {', '.join(files)} have known weaknesses was not\n"
            "audit: looked up; `make audit` insists on it, and CI runs that.",
            file=sys.stderr,
        )
        return 0 if "--if-reachable" in arguments else 2
    answer = ask(*files)
    if isinstance(answer, str):
        print(f"audit: {answer}", file=sys.stderr)
        return 1
    for name, weaknesses in answer.weak.items():
        print(f"audit: {name}: {', '.join(weaknesses)}", file=sys.stderr)
    if answer.unknown:
        print(f"audit: not in the database: {', '.join(answer.unknown)}", file=sys.stderr)
    if answer.weak or answer.unknown:
        return 1
    print(f"audit: nothing is known against {answer.looked_up} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
