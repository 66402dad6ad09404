"""Videos: the streams that WhatsApp plays, in a new MP4 without anything else."""

import tempfile
from pathlib import Path

import av

from sender_app.adapters.media_tool import images, sniff, streams
from sender_app.domain.errors import RuleViolation
from sender_app.domain.media import MediaKind, Prepared

_PLAYED = ("h264",)
_HEARD = ("aac", "mp3")
_COLOURS = ("yuv420p", "yuvj420p")


def read(path: Path, filename: str) -> Prepared:
    """The video with a thumbnail. Raises RuleViolation, also for codecs that phones do not play."""
    sniff.refuse_hidden_archive(path)
    with streams.opened(path) as source:
        picture = source.streams.video[0]
        _check(picture, source.streams.audio)
        frame = next(source.decode(picture), None)
        if frame is None:
            raise RuleViolation("media_damaged")
        still = frame.to_image().rotate(frame.rotation, expand=True)
    with streams.opened(path) as source:
        content, seconds = _copied(source)
    return Prepared(
        kind=MediaKind.VIDEO,
        mime="video/mp4",
        filename=Path(filename).stem + ".mp4",
        content=content,
        thumbnail=images.thumbnail(still),
        seconds=seconds,
        width=still.width,
        height=still.height,
    )


def _check(picture: av.VideoStream, sounds: tuple[av.AudioStream, ...]) -> None:
    codec = picture.codec_context
    if codec.name not in _PLAYED or codec.pix_fmt not in _COLOURS:
        raise RuleViolation("media_video_codec", codec=codec.name.upper())
    if codec.width * codec.height > images.MOST_PIXELS:
        raise RuleViolation("media_too_many_pixels", width=codec.width, height=codec.height)
    if sounds and sounds[0].codec_context.name not in _HEARD:
        raise RuleViolation("media_sound_codec", codec=sounds[0].codec_context.name.upper())


def _copied(source: av.container.InputContainer) -> tuple[bytes, float]:
    """The first picture and sound, not encoded anew, and their length in seconds."""
    kept = [source.streams.video[0], *source.streams.audio[:1]]
    seconds = 0.0
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:  # its index goes to the front at last
        with av.open(file.name, "w", format="mp4", options={"movflags": "faststart"}) as target:
            copies = {stream.index: target.add_stream_from_template(stream) for stream in kept}
            for packet in source.demux(kept):
                if not packet.size:  # the end of a stream
                    continue
                seconds = max(seconds, _end(packet))
                packet.stream = copies[packet.stream.index]
                target.mux(packet)
        return Path(file.name).read_bytes(), seconds


def _end(packet: av.Packet) -> float:
    if packet.pts is None or packet.time_base is None:
        return 0.0
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)
