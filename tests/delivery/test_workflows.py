"""From a push to a running version: the Dockerfile, the workflows and the steps of a deployment."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sender_app import __version__
from sender_app.config import Settings
from tests.k8s.manifests import KUBECTL, OVERLAYS
from tests.stack import ROOT

BIN = Path(sys.executable).parent
WORKFLOWS = ROOT / ".github" / "workflows"
ENVIRONMENT = ("REDIS_URL", "SECRET_KEY", "METRICS_TOKEN", "OIDC_CLIENT_SECRET")
IMAGE = f"ghcr.io/example/sender@sha256:{'0123456789abcdef' * 4}"


def said(*command: str) -> str:
    """What a linter finds; nothing when it is content."""
    env = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("hadolint", "Dockerfile"),
        ("actionlint", "-color=false"),
        ("zizmor", "--offline", "--no-progress", ".github"),
        ("shellcheck", "k8s/deploy.sh", ".ci/run"),
    ],
    ids=lambda command: command[0],
)
def test_linters_find_nothing(command: tuple[str, ...]):
    assert said(str(BIN / command[0]), *command[1:]) == ""


def test_what_others_wrote_is_pinned_by_its_content():
    uses = [
        line.split("uses:")[1].strip()
        for path in WORKFLOWS.iterdir()
        for line in path.read_text().splitlines()
        if "uses:" in line
    ]
    assert len(uses) > 6
    for one in uses:
        assert one.startswith("./.github/workflows/") or re.fullmatch(
            r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", one
        ), one


def workflow(name: str) -> dict[str, Any]:
    return yaml.safe_load((WORKFLOWS / name).read_text())


def test_a_version_goes_its_way_in_the_order_that_was_asked_for():
    jobs = workflow("release.yml")["jobs"]
    assert [jobs[name].get("needs") for name in ("test", "build", "deploy")] == [
        None,
        "test",
        "build",
    ]
    steps = [step["run"].split("deploy.sh ")[1] for step in jobs["deploy"]["steps"][1:]]
    assert [step.split(" ")[0] + " " + step.split(" ")[-1] for step in steps[1:-2]] == [
        "apply namespace",
        "secrets secrets",
        "apply postgres",
        "apply config",
        "migrate migrate",
        "apply backend",
        "apply ingress",
    ]
    assert [step.split(" ")[0] for step in steps[-2:]] == ["smoke", "rollback"]
    assert jobs["deploy"]["steps"][-1]["if"].startswith("failure()")


def test_one_version_number():
    text = (ROOT / "pyproject.toml").read_text()
    assert f'\nversion = "{__version__}"\n' in text
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def steps(folder: Path, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run one step of deploy.sh in a folder of its own."""
    return subprocess.run(
        [str(ROOT / "k8s" / "deploy.sh"), *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "KUBECTL": KUBECTL} | env,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_of_ours_runs_the_image_that_was_built(overlay: str, tmp_path: Path):
    done = steps(tmp_path, "render", str(ROOT / "k8s" / "overlays" / overlay), IMAGE)
    assert done.returncode == 0, done.stderr
    images = re.findall(r"image: (\S+)", (tmp_path / "rendered.yaml").read_text())
    assert sorted(set(images)) == ["docker.io/library/postgres:18", IMAGE]
    assert images.count(IMAGE) == 4


class Cluster:
    """A stand-in for kubectl: it notes what it is told, and answers revisions from files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kubectl = folder / "kubectl"
        self.kubectl.write_text(
            '#!/bin/sh\necho "$*" >> "$0.log"\n'
            'case "$*" in\n'
            '  *"get deployment sender-backend"*) cat "$0.backend" ;;\n'
            '  *"get deployment sender-worker"*) cat "$0.worker" ;;\n'
            '  *"--dry-run=client"*) exec ' + KUBECTL + ' "$@" ;;\n'
            '  *"apply"*"--filename -"*) cat >> "$0.applied"; echo --- >> "$0.applied" ;;\n'
            "esac\n"
        )
        self.kubectl.chmod(0o755)
        self.at(backend="", worker="")

    def at(self, *, backend: str, worker: str) -> None:
        (self.folder / "kubectl.backend").write_text(backend)
        (self.folder / "kubectl.worker").write_text(worker)

    def run(self, *words: str, **env: str) -> list[str]:
        """What kubectl was told to change by one step."""
        log = self.folder / "kubectl.log"
        log.write_text("")
        done = steps(self.folder, *words, KUBECTL=str(self.kubectl), **env)
        assert done.returncode == 0, done.stderr
        return [line for line in log.read_text().splitlines() if " get " not in line]


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_only_what_was_changed_is_rolled_back(cluster: Cluster):
    assert cluster.run("rollback") == [], "nothing had begun"
    cluster.at(backend="7", worker="4")
    cluster.run("apply", "backend")
    assert cluster.run("rollback") == [], "nothing had changed"
    cluster.at(backend="8", worker="4")
    told = cluster.run("rollback")
    assert told[0] == "--namespace sender rollout undo deployment/sender-backend --to-revision=7"
    assert not any("sender-worker" in line for line in told)


def test_a_first_deployment_has_nothing_to_go_back_to(cluster: Cluster):
    cluster.run("apply", "backend")
    cluster.at(backend="1", worker="1")
    assert cluster.run("rollback") == []


def test_secrets_come_from_the_environment_and_never_stand_on_a_command_line(cluster: Cluster):
    values = {name: f"value-of-{name}'\n$x" for name in (*ENVIRONMENT, "POSTGRES_PASSWORD")} | {
        "SCALER_PASSWORD": "s",
        "GHCR_USER": "robot",
        "GHCR_TOKEN": "t",
    }
    told = cluster.run("secrets", **values)
    assert not any("value-of" in line for line in told)
    made = [
        one
        for one in yaml.safe_load_all((cluster.folder / "kubectl.applied").read_text())
        if one is not None
    ]
    assert [one["metadata"]["name"] for one in made] == [
        "backend-env-secrets",
        "sender-postgres-secret",
        "ghcr-secret",
    ]
    backend = {key: base64.b64decode(value).decode() for key, value in made[0]["data"].items()}
    assert backend == {name: values[name] for name in ENVIRONMENT}
    missing = steps(cluster.folder, "secrets", KUBECTL=str(cluster.kubectl), REDIS_URL="x")
    assert missing.returncode != 0
    assert "SECRET_KEY" in missing.stderr


COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())


@pytest.mark.parametrize("name", ["migrate", "web", "worker"])
def test_composed_services_are_as_closed_as_pods(name: str):
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    known = {field.upper() for field in Settings.model_fields}
    assert set(service["environment"]) - known == set()


def test_composed_ports_are_this_machines_and_every_variable_is_explained():
    text = (ROOT / "compose.yaml").read_text()
    ports = [port for one in COMPOSE["services"].values() for port in one.get("ports", [])]
    assert len(ports) > 3
    assert all(port.startswith("127.0.0.1:") for port in ports)
    required = set(re.findall(r"\$\{(\w+):\?", text))
    assert required - explained() == set()


def explained() -> set[str]:
    """Variables of the example, also those that are to be uncommented."""
    return set(re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_a_composed_bucket_and_realm_can_be_used():
    services = COMPOSE["services"]
    passed = set(services["web"]["environment"])
    assert {"S3_BUCKET", "S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY"} <= passed & explained()
    assert {"OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"} <= passed & explained()
    bucket, minio = services["minio-bucket"], services["minio"]
    assert bucket["profiles"] == minio["profiles"] == ["storage"]
    assert bucket["command"] == ["mc mb --ignore-existing here/sender"]
    keycloak = services["keycloak"]
    [source] = [volume.split(":")[0] for volume in keycloak["volumes"]]
    # Keycloak itself fills in `${client_id}`; what comes from the environment is in capitals.
    filled_in = set(re.findall(r"\$\{([A-Z_]+)\}", (ROOT / source).read_text()))
    assert "SENDER_URL" in filled_in
    assert filled_in - set(keycloak["environment"]) == set()
    assert "--import-realm" in keycloak["command"]
