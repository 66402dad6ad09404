"""Sound and video through FFmpeg's libraries, with what they may open narrowed down."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import av.error
from av.container import InputContainer

from sender_app.domain.errors import RuleViolation

# Playlists and their like would have FFmpeg read other files, or the network.
_CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,asf,avi,caf,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,"
    "mp3,mpeg,mpegts,ogg,wav,w64"
)
_SAFE = {"protocol_whitelist": "file", "format_whitelist": _CONTAINERS}


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The file's streams. Raises RuleViolation for what is no sound or video, or damaged."""
    try:
        with av.open(str(path), options=_SAFE, metadata_errors="ignore") as container:
            yield container
    except (av.error.FFmpegError, ValueError) as error:
        raise RuleViolation("media_damaged") from error


def has_picture(container: InputContainer) -> bool:
    """Whether it is a video: a cover picture within a sound file does not count."""
    return any(not _is_cover(stream) for stream in container.streams.video)


def _is_cover(stream: av.VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
