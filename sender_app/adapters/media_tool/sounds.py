"""Voice notes: any sound becomes ogg/opus, mono, with the waveform that a phone draws."""

from array import array
from io import BytesIO
from pathlib import Path

import av
from av.audio.resampler import AudioResampler
from av.container import OutputContainer

from sender_app.adapters.media_tool import sniff, streams
from sender_app.domain.errors import RuleViolation
from sender_app.domain.media import MediaKind, Prepared

LONGEST = 3600  # seconds
BARS = 64
MIME = "audio/ogg; codecs=opus"
_RATE = 48_000
_BIT_RATE = 32_000
_COARSE = 2_000  # samples a second, enough for a waveform


def read(path: Path, filename: str) -> Prepared:
    """The sound of the file as a voice note. Raises RuleViolation."""
    sniff.refuse_hidden_archive(path)
    loudness = array("h")
    file = BytesIO()
    with streams.opened(path) as source, av.open(file, "w", format="ogg") as target:
        if not source.streams.audio:
            raise RuleViolation("media_no_sound")
        samples = _encode(source, target, loudness)
    if not samples:
        raise RuleViolation("media_no_sound")
    return Prepared(
        kind=MediaKind.VOICE,
        mime=MIME,
        filename=Path(filename).stem + ".ogg",
        content=file.getvalue(),
        seconds=samples / _RATE,
        waveform=waveform(loudness),
    )


def waveform(samples: array) -> bytes:
    """64 loudnesses from 0 to 100, the loudest being 100."""
    size = max(1, -(-len(samples) // BARS))
    peaks = [
        max((abs(sample) for sample in samples[start : start + size]), default=0)
        for start in range(0, size * BARS, size)
    ]
    top = max(peaks) or 1
    return bytes(round(100 * peak / top) for peak in peaks)


def _encode(source: av.container.InputContainer, target: OutputContainer, loudness: array) -> int:
    """Write `source` as opus, note its loudness; returns the samples written, at 48 kHz."""
    stream = target.add_stream("libopus", rate=_RATE, layout="mono")
    stream.bit_rate = _BIT_RATE
    stream.options = {"application": "voip"}
    fine = AudioResampler("s16", "mono", _RATE)
    coarse = AudioResampler("s16", "mono", _COARSE)
    written = 0
    for frame in source.decode(source.streams.audio[0]):
        frame.pts = None  # gaps and jumps in the file's own clock do not matter
        for part in coarse.resample(frame):
            loudness.frombytes(bytes(part.planes[0])[: part.samples * 2])
        frame.pts = None
        for part in fine.resample(frame):
            written += _write(stream, target, part)
        if written > LONGEST * _RATE:
            raise RuleViolation("media_too_long", minutes=LONGEST // 60)
    for part in fine.resample(None):
        written += _write(stream, target, part)
    target.mux(stream.encode(None))
    return written


def _write(stream: av.AudioStream, target: OutputContainer, frame: av.AudioFrame) -> int:
    target.mux(stream.encode(frame))
    return frame.samples
