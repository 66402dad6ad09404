"""Files for tests, made by the libraries themselves."""

import io
import math
import zipfile
from array import array
from fractions import Fraction
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from PIL import Image


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (640, 400), colour: Any = "seagreen", **options: Any
) -> bytes:
    file = io.BytesIO()
    mode = "RGBA" if isinstance(colour, tuple) and len(colour) == 4 else "RGB"
    Image.new(mode, size, colour).save(file, kind, **options)
    return file.getvalue()


def sound(kind: str = "wav", codec: str = "pcm_s16le", seconds: float = 1.0) -> bytes:
    """A tone that grows louder, 44.1 kHz stereo."""
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as target:
        stream = target.add_stream(codec, rate=44_100, layout="stereo")
        _play(target, stream, seconds)
    return file.getvalue()


def video(
    kind: str = "mp4", codec: str = "libx264", seconds: float = 1.0, *, heard: str = "aac"
) -> bytes:
    """A colour that changes, 320×240 at 10 frames a second."""
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as target:
        stream = target.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        tone = target.add_stream(heard, rate=48_000, layout="stereo") if heard else None
        for n in range(int(10 * seconds)):
            image = Image.new("RGB", (320, 240), (20 * n % 255, 80, 160))
            target.mux(stream.encode(VideoFrame.from_image(image)))
        target.mux(stream.encode(None))
        if tone is not None:
            _play(target, tone, seconds)
    return file.getvalue()


def archive(**entries: str | bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in entries.items():
            target.writestr(name, content)
    return file.getvalue()


def _play(target: Any, stream: Any, seconds: float) -> None:
    rate = stream.rate
    resampler = av.AudioResampler(
        stream.format.name, stream.layout, rate, frame_size=stream.frame_size or None
    )
    total = int(rate * seconds)
    samples = array(
        "h",
        (
            int(30_000 * n / total * math.sin(2 * math.pi * 440 * n / rate))
            for n in range(total)
            for _ in range(2)
        ),
    )
    frame = AudioFrame(format="s16", layout="stereo", samples=total)
    frame.planes[0].update(samples.tobytes())
    frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        target.mux(stream.encode(part))
    target.mux(stream.encode(None))
