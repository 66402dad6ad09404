"""The browser's part, compiled once and again only when something that goes into it changed."""

import base64
import gzip
import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sender_app.local.failure import StartFailure
from sender_app.local.process import start

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / ".web" / "build" / "client"
_STAMP = ROOT / ".web" / ".built-from"
_PLACEHOLDER = "http://localhost:59999"  # the backend's address at build time; never reached
_INPUTS = (
    "sender_app/**/*.py",
    "sender_app/locales/*.json",
    "assets/**/*",
    "rxconfig.py",
    "requirements.txt",
    "reflex.lock/package-lock.json",  # its package.json is written anew by every build
)
_PRELOAD = re.compile(rb'<link rel="modulepreload"')
_INLINE = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
# Reflex evaluates the text of these; first.js does what the text means instead, so that the page's
# policy can forbid evaluating.
_EVALUATED = {
    b"eval(event.payload.javascript_code)": b"senderScript(event.payload.javascript_code)",
    b"eval(event.payload.function)": b"senderFunction(event.payload.function,refs)",
}
_ADDRESS = re.compile(rb"""["'`](http|ws)://localhost:59999(/[^"'`]*)?["'`]""")
REFLEX = {
    "REFLEX_USE_NPM": "1",
    "REFLEX_TELEMETRY_ENABLED": "false",
    "REFLEX_CHECK_LATEST_VERSION": "false",
    "REFLEX_ENV_MODE": "prod",
}


def build_frontend(log: Path, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Compile unless up to date; returns whether it compiled.

    Raises StartFailure, also when `stopping` becomes true: the compiler is ended then.
    """
    fingerprint = _fingerprint()
    if _STAMP.exists() and _STAMP.read_text() == fingerprint and BUILT.exists():
        return False
    _STAMP.unlink(missing_ok=True)
    compiler = start(
        "compiler",
        [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"],
        log=log,
        env=node_environment() | REFLEX | {"REFLEX_API_URL": _PLACEHOLDER},
        folder=ROOT,
    )
    try:
        while compiler.is_alive() and not stopping():
            time.sleep(0.1)
    finally:
        compiler.kill()
    if compiler.process.returncode != 0 or not BUILT.exists():
        raise StartFailure(f"the browser's part could not be built; see {log}")
    _mend()
    _STAMP.write_text(fingerprint)
    return True


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
        if "__pycache__" in path.parts or "local" in path.relative_to(ROOT).parts[:2]:
            continue
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _use_own_origin(script: bytes) -> tuple[bytes, int]:
    """Have the page talk to wherever it was loaded from.

    Reflex writes the backend's address into the bundle; one build shall serve any host and port.
    """
    return _ADDRESS.subn(_own_address, script)


def _evaluate_nothing(script: bytes) -> tuple[bytes, int]:
    count = 0
    for evaluated, instead in _EVALUATED.items():
        count += script.count(evaluated)
        script = script.replace(evaluated, instead)
    return script, count


def _paint_first(page: bytes) -> tuple[bytes, int]:
    """Have the browser fetch what paints the page before the scripts that make it live.

    Pages are drawn at build time; fetched side by side, a quarter of a megabyte of scripts keeps
    the style sheet waiting on a slow line, and the page blank with it.
    """
    return _PRELOAD.subn(b'<link fetchpriority="low" rel="modulepreload"', page)


def _mend() -> None:
    mended = dict.fromkeys((_use_own_origin, _evaluate_nothing, _paint_first), 0)
    for kind, mends in (("js", (_use_own_origin, _evaluate_nothing)), ("html", (_paint_first,))):
        for path in BUILT.rglob(f"*.{kind}"):
            text = before = path.read_bytes()
            for mend in mends:
                text, count = mend(text)
                mended[mend] += count
            if text != before:
                path.write_bytes(text)
                packed = path.with_name(path.name + ".gz")
                if packed.exists():
                    packed.write_bytes(gzip.compress(text, 9))
    if not mended[_use_own_origin] or mended[_evaluate_nothing] < len(_EVALUATED):
        shutil.rmtree(BUILT)
        raise StartFailure("the browser's part is not what it was: it cannot be made safe to serve")
    if not mended[_paint_first]:
        shutil.rmtree(BUILT)
        raise StartFailure(
            "the browser's part is not what it was: its scripts come before its looks"
        )


def script_sources() -> list[str]:
    """The scripts that stand in the pages that were built, as a content policy names them."""
    found = {
        script for page in BUILT.rglob("*.html") for script in _INLINE.findall(page.read_bytes())
    }
    digests = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in found)
    return sorted(f"'sha256-{digest}'" for digest in digests)


def _own_address(match: re.Match[bytes]) -> bytes:
    scheme, path = match[1], match[2] or b""
    origin = b'(globalThis.location?globalThis.location.origin:"http://localhost")'
    if scheme == b"ws":
        origin += b'.replace(/^http/,"ws")'
    return b"(" + origin + b'+"' + path + b'")'


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
