"""`python -m sender_app.adapters.media_tool`: one file in, what it is and what to send out.

Reads one JSON object from stdin (`path`, `filename`, `wanted`, `out`), writes the content and the
thumbnail into the folder `out` and one JSON object to stdout: the rest of `Prepared`, or `refused`
with `params`.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

from sender_app.domain.errors import RuleViolation
from sender_app.domain.media import MediaKind, Prepared

_MEMORY = 3 * 1024**3  # bytes of address space, of which FFmpeg's libraries reserve a good part
_CPU = 120  # seconds


def main() -> int:
    """Returns the exit code: 0 also for a file that was refused."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU, _CPU))
    order = json.load(sys.stdin)
    try:
        found = _read(Path(order["path"]), order["filename"], order["wanted"])
    except RuleViolation as refusal:
        _tell(refused=refusal.code, params=refusal.params)
        return 0
    except MemoryError:
        _tell(refused="media_too_heavy", params={})
        return 0
    out = Path(order["out"])
    (out / "content").write_bytes(found.content)
    (out / "thumbnail").write_bytes(found.thumbnail)
    _tell(
        kind=found.kind.value,
        mime=found.mime,
        filename=found.filename,
        seconds=found.seconds,
        width=found.width,
        height=found.height,
        waveform=list(found.waveform),
    )
    return 0


def _read(path: Path, filename: str, wanted: str | None) -> Prepared:
    """Decoders are imported when they are needed: a document needs none."""
    from sender_app.adapters.media_tool import documents, sniff

    mime = sniff.mime_of(path)
    kind = MediaKind(wanted) if wanted else sniff.kind_of(mime)
    if kind is MediaKind.DOCUMENT:
        return documents.read(path, filename, mime)
    if sniff.kind_of(mime) is MediaKind.DOCUMENT:
        raise RuleViolation("media_type_unsupported", type=mime)
    if kind is MediaKind.IMAGE:
        from sender_app.adapters.media_tool import images

        return images.read(path, filename, mime)
    return _stream(path, filename, kind, mime)


def _stream(path: Path, filename: str, kind: MediaKind, mime: str) -> Prepared:
    """A container for video may hold only sound."""
    from sender_app.adapters.media_tool import sniff, sounds, streams, videos

    try:
        with streams.opened(path) as container:
            plays = streams.has_picture(container)
    except RuleViolation:
        if mime == sniff.UNKNOWN:  # nothing that anybody knows
            raise RuleViolation("media_type_unsupported", type=mime) from None
        raise
    if kind is MediaKind.VIDEO and plays:
        return videos.read(path, filename)
    return sounds.read(path, filename)


def _tell(**answer: Any) -> None:
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    raise SystemExit(main())
