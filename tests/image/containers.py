"""Builds the image and runs containers of it as an orchestrator does: not root, root file system
read-only, no capability. buildah and runc suffice; no daemon."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / ".image"  # base, layers and images, kept from run to run
USER = 10001
_BASE, IMAGE = "localhost/sender-base", "localhost/sender"
# How this machine reaches its package registries; absent files are left out.
_REACH = ("/etc/pip.conf", "/etc/npmrc", "/etc/ssl/certs", "/usr/local/share/ca-certificates")
_PASSED = ("PIP_CERT", "PIP_INDEX_URL", "PIP_FIND_LINKS", "NODE_EXTRA_CA_CERTS", "HTTPS_PROXY")


def buildah(*arguments: str) -> str:
    """What buildah says; raises CalledProcessError."""
    command = ["buildah", "--root", str(STORE / "root"), "--runroot", str(STORE / "run")]
    env = os.environ | {"STORAGE_DRIVER": "vfs"}
    done = subprocess.run(
        [*command, *arguments], cwd=ROOT, env=env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout.strip()


def build() -> Path:
    """Build the image, on a plain Debian in place of the one that a registry would give.

    Returns the root file system of a container of it.
    """
    STORE.mkdir(exist_ok=True)
    if not buildah("images", "--quiet", "--filter", f"reference={_BASE}"):
        _make_base()
    reach = [f"--volume={path}:{path}:ro" for path in _REACH if Path(path).exists()]
    passed = [f"--env={name}={os.environ[name]}" for name in _PASSED if name in os.environ]
    buildah(
        *("bud", "--isolation", "chroot", "--layers", "--format", "docker"),
        *("--build-arg", f"BASE={_BASE}", "--build-arg", "VERSION=test", *reach, *passed),
        *("--tag", IMAGE, "."),
    )
    container = buildah("from", IMAGE)
    return Path(buildah("mount", container))


def configuration() -> dict[str, object]:
    """The image's own settings: user, command, port, health check."""
    return json.loads(buildah("inspect", "--type", "image", IMAGE))["Docker"]["config"]


def remove_containers() -> None:
    """Forget the containers; the image and its layers stay for the next build."""
    buildah("rm", "--all")


def _make_base() -> None:
    folder = STORE / "debian"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(
        [
            *("debootstrap", "--variant=minbase", "--include=python3-venv,ca-certificates"),
            *("bookworm", str(folder)),
        ],
        check=True,
        capture_output=True,
    )
    container = buildah("from", "scratch")
    buildah("copy", "--quiet", container, str(folder), "/")
    buildah("commit", "--quiet", container, _BASE)
    buildah("rm", container)
    shutil.rmtree(folder)


@dataclass
class Container:
    """One container of the image, on the host's network."""

    name: str
    bundle: Path  # a folder of its own
    rootfs: Path
    env: Mapping[str, str]
    command: list[str]
    mounts: Mapping[str, Path] = field(default_factory=dict)  # in the container, on the host

    def start(self) -> "Container":
        """Start it; its output goes to `log`."""
        self.name = f"{self.name}-{uuid4().hex[:8]}"
        self.bundle.mkdir(parents=True)
        data = self.bundle / "data"
        data.mkdir()
        os.chown(data, USER, USER)
        subprocess.run(["runc", "spec"], cwd=self.bundle, check=True)
        path = self.bundle / "config.json"
        path.write_text(json.dumps(self._spec(json.loads(path.read_text()), data)))
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["runc", "run", "--bundle", str(self.bundle), self.name], stdout=log, stderr=log
            )
        return self

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.bundle / "log"

    def run(self) -> int:
        """Start it and wait for its end; returns the exit code."""
        return self.start().process.wait(120)

    def stop(self, grace: float = 45) -> int:
        """End it as an orchestrator does: SIGTERM to its first process. Returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(grace)
        finally:
            self.remove()

    def remove(self) -> None:
        """End it at once, if it still runs."""
        subprocess.run(["runc", "delete", "--force", self.name], check=False, capture_output=True)

    def run_inside(self, *command: str) -> str:
        """What a command says that is run in the running container."""
        done = subprocess.run(
            ["runc", "exec", self.name, *command], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _spec(self, spec: dict, data: Path) -> dict:
        wanted = ["PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin", "PYTHONUNBUFFERED=1"]
        image = [f"{name}={value}" for name, value in _image_env().items()]
        spec["root"] = {"path": str(self.rootfs), "readonly": True}
        spec["process"] |= {
            "terminal": False,
            "user": {"uid": USER, "gid": USER},
            "args": self.command,
            "env": [*wanted, *image, *(f"{name}={value}" for name, value in self.env.items())],
            "cwd": "/srv/sender",
            "noNewPrivileges": True,
            "capabilities": {},
        }
        shared = ("network", "cgroup")
        spaces = spec["linux"]["namespaces"]
        spec["linux"]["namespaces"] = [one for one in spaces if one["type"] not in shared]
        spec["mounts"] = [
            *(mount for mount in spec["mounts"] if mount["type"] != "cgroup"),
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},  # noqa: S108 - its own
            _bind("/data", data, "rw"),
            *(_bind(inside, outside, "ro") for inside, outside in self.mounts.items()),
        ]
        return spec


def _image_env() -> dict[str, str]:
    pairs = configuration()["Env"]
    assert isinstance(pairs, list)
    return dict(pair.split("=", 1) for pair in pairs)


def _bind(inside: str, outside: Path, mode: str) -> dict[str, object]:
    return {
        "destination": inside,
        "type": "bind",
        "source": str(outside),
        "options": ["rbind", mode],
    }
