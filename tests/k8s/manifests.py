"""The manifests as kustomize renders them."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "k8s"
KUBECTL = str(Path(sys.executable).with_name("kubectl"))  # of requirements-dev.txt
OVERLAYS = sorted(path.name for path in (K8S / "overlays").iterdir())
Manifest = dict[str, Any]


@cache
def rendered(overlay: str) -> list[Manifest]:
    """Every object of an overlay."""
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("kubectl")),
            "kustomize",
            str(K8S / "overlays" / overlay),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def loaded(path: Path) -> list[Manifest]:
    """Every object of a file."""
    return list(yaml.safe_load_all(path.read_text()))


def find(overlay: str, kind: str, name: str) -> Manifest:
    """The one object of that kind and name."""
    [one] = [
        manifest
        for manifest in rendered(overlay)
        if (manifest["kind"], manifest["metadata"]["name"]) == (kind, name)
    ]
    return one


def workloads(overlay: str) -> list[tuple[str, Manifest]]:
    """Name and pod template of everything that runs pods."""
    found = []
    for manifest in rendered(overlay):
        name, spec = manifest["metadata"]["name"], manifest.get("spec", {})
        if manifest["kind"] in ("Deployment", "Job"):
            found.append((name, spec["template"]))
        elif manifest["kind"] == "CronJob":
            found.append((name, spec["jobTemplate"]["spec"]["template"]))
    return found


def containers(overlay: str) -> list[tuple[str, Manifest]]:
    """Each container with the name of what it belongs to."""
    return [
        (name, container)
        for name, template in workloads(overlay)
        for container in template["spec"]["containers"]
    ]
