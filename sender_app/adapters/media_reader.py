"""Opens uploaded files in a process of their own, with its time and memory bounded."""

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import structlog

from sender_app.domain.errors import RuleViolation
from sender_app.domain.media import Limits, MediaKind, Prepared

_TIME = 180  # seconds for one file, waiting for a core included
_AT_ONCE = threading.BoundedSemaphore(2)  # decoders that may run beside each other
_log = structlog.get_logger()


class ProcessMediaReader:
    """See ports.media.MediaReader."""

    def read(self, path: Path, filename: str, wanted: MediaKind | None, limits: Limits) -> Prepared:
        _within(path.stat().st_size, limits.largest)
        with tempfile.TemporaryDirectory(prefix="sender-media-") as folder:
            order = {
                "path": str(path.resolve()),
                "filename": _plain(filename),
                "wanted": wanted and wanted.value,
                "out": folder,
            }
            with _AT_ONCE:
                answer = _ask(order)
            prepared = _prepared(answer, Path(folder))
        limit = limits.of(prepared.kind)
        # A voice note is small whatever it was made of; the others are sent about as they came.
        _within(len(prepared.content), limit)
        if prepared.kind is not MediaKind.DOCUMENT:
            _within(path.stat().st_size, limit)
        return prepared


def _ask(order: dict[str, Any]) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "sender_app.adapters.media_tool"],
            cwd=Path(__file__).parents[2],
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},  # nothing that a decoder could leak
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=_TIME,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RuleViolation("media_too_heavy") from error
    if done.returncode != 0:
        _log.warning("a file broke its decoder", code=done.returncode, error=done.stderr[-500:])
        raise RuleViolation("media_damaged")
    return json.loads(done.stdout)


def _prepared(answer: dict[str, Any], folder: Path) -> Prepared:
    if "refused" in answer:
        raise RuleViolation(answer["refused"], **answer["params"])
    return Prepared(
        kind=MediaKind(answer["kind"]),
        mime=answer["mime"],
        filename=answer["filename"],
        content=(folder / "content").read_bytes(),
        thumbnail=(folder / "thumbnail").read_bytes(),
        seconds=answer["seconds"],
        width=answer["width"],
        height=answer["height"],
        waveform=bytes(answer["waveform"]),
    )


def _within(size: int, limit: int) -> None:
    if size > limit:
        raise RuleViolation("media_too_large", limit_mb=limit // 1024 // 1024)


def _plain(filename: str) -> str:
    """A name without folders and control characters; never blank."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in name if c.isprintable()).strip(" .") or "archivo"
