"""The browser's part, compiled once and again only when something that goes into it changed."""

import base64
import fcntl
import hashlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sender_app.local.bundle import PLACEHOLDER
from sender_app.local.failure import StartFailure
from sender_app.local.process import start

ROOT = Path(__file__).resolve().parents[2]
_HERE = Path(__file__).parent
BUILT = ROOT / ".web" / "build" / "client"
_STAMP = ROOT / ".web" / ".built-from"
_INPUTS = (
    "sender_app/**/*.py",
    "sender_app/locales/*.json",
    "assets/**/*",
    "rxconfig.py",
    "requirements.txt",
    "reflex.lock/package-lock.json",  # its package.json is written anew by every build
)
_INLINE = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
REFLEX = {
    "REFLEX_USE_NPM": "1",
    "REFLEX_TELEMETRY_ENABLED": "false",
    "REFLEX_CHECK_LATEST_VERSION": "false",
    "REFLEX_ENV_MODE": "prod",
}


def is_built() -> bool:
    """Whether it is there, and of what it would be compiled from now."""
    return _STAMP.exists() and _STAMP.read_text() == _fingerprint() and BUILT.exists()


def build_frontend(log: Path, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Compile unless up to date; returns whether it compiled. One at a time in a checkout.

    Raises StartFailure, also when `stopping` becomes true: the compiler is ended then.
    """
    if is_built():
        return False
    with _the_only_build(log, stopping):
        if is_built():  # by whoever was before
            return False
        _compile(log, stopping)
    return True


@contextmanager
def _the_only_build(log: Path, stopping: Callable[[], bool]) -> Iterator[None]:
    checkout = os.open(ROOT, os.O_RDONLY)
    try:
        while not _locked(checkout):
            if stopping():
                raise StartFailure(f"the browser's part was not built; see {log}")
            time.sleep(0.1)
        yield
    finally:
        os.close(checkout)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _compile(log: Path, stopping: Callable[[], bool]) -> None:
    fingerprint = _fingerprint()
    _STAMP.unlink(missing_ok=True)
    compiler = start(
        "compiler",
        [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"],
        log=log,
        env=node_environment() | REFLEX | {"REFLEX_API_URL": PLACEHOLDER},
        folder=ROOT,
    )
    try:
        while compiler.is_alive() and not stopping():
            time.sleep(0.1)
    finally:
        compiler.kill()
    if compiler.process.returncode != 0 or not BUILT.exists():
        raise StartFailure(f"the browser's part could not be built; see {log}")
    _STAMP.write_text(fingerprint)


def node_environment() -> dict[str, str]:
    """This environment with the wheel's Node first on the PATH."""
    folder = str(Path(sys.executable).parent)
    return dict(os.environ) | {"PATH": os.pathsep.join([folder, os.environ.get("PATH", "")])}


def _inputs() -> Iterator[Path]:
    for pattern in _INPUTS:
        yield from sorted(path for path in ROOT.glob(pattern) if path.is_file())


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in _inputs():
        if path.parent == _HERE and path.name != "bundle.py":  # does not go into it
            continue
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def script_sources() -> list[str]:
    """The scripts that stand in the pages that were built, as a content policy names them."""
    found = {
        script for page in BUILT.rglob("*.html") for script in _INLINE.findall(page.read_bytes())
    }
    digests = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in found)
    return sorted(f"'sha256-{digest}'" for digest in digests)


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """`base` with what Reflex needs to serve what was built, from one port."""
    return (
        dict(base)
        | REFLEX
        | {
            "__REFLEX_SKIP_COMPILE": "true",
            "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
            "REFLEX_OPLOCK_ENABLED": "true",
            "REFLEX_REDIS_URL": base["REDIS_URL"],
        }
    )


if __name__ == "__main__":
    try:
        build_frontend(ROOT / ".stamps" / "build.log")
    except StartFailure as failure:
        raise SystemExit(f"sender: {failure}") from failure
