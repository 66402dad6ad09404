"""Files as people upload them, hostile ones too; the reader opens them in a process of its own."""

import io
import struct
import zlib
from pathlib import Path

import av
import pytest
from PIL import Image

from sender_app.adapters.media_reader import ProcessMediaReader
from sender_app.domain.errors import RuleViolation
from sender_app.domain.media import Limits, MediaKind, Prepared
from tests.files import archive, picture, sound, video

MB = 1024 * 1024
LIMITS = Limits(image=16 * MB, video=16 * MB, voice=16 * MB, document=100 * MB)
DOCX = {"[Content_Types].xml": "<Types/>", "word/document.xml": "<document/>"}


@pytest.fixture
def read(tmp_path: Path):
    def call(
        content: bytes, name: str, wanted: MediaKind | None = None, limits: Limits = LIMITS
    ) -> Prepared:
        path = tmp_path / "upload"
        path.write_bytes(content)
        return ProcessMediaReader().read(path, name, wanted, limits)

    return call


def refusal(read, *args, **kwargs) -> RuleViolation:
    with pytest.raises(RuleViolation) as caught:
        read(*args, **kwargs)
    return caught.value


def test_a_photo_keeps_its_pixels_and_loses_where_it_was_taken(read):
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8825)[1] = "S"  # the hemisphere of its GPS position
    found = read(picture(exif=exif), "C:\\fotos\\playa.JPG")
    assert (found.kind, found.mime, found.filename) == (
        MediaKind.IMAGE,
        "image/jpeg",
        "playa.jpg",
    )
    assert (found.width, found.height) == (640, 400)
    sent = Image.open(io.BytesIO(found.content))
    assert dict(sent.getexif()) == {}
    assert sent.getpixel((9, 9)) == pytest.approx((46, 139, 87), abs=3)
    thumbnail = Image.open(io.BytesIO(found.thumbnail))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (200, 125))


def test_a_photo_taken_sideways_is_sent_upright(read):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    found = read(picture(exif=exif), "x.jpg")
    assert (found.width, found.height) == (400, 640)
    assert Image.open(io.BytesIO(found.content)).size == (400, 640)


def test_a_picture_with_transparency_stays_one(read):
    found = read(picture("PNG", colour=(255, 0, 0, 0)), "logo.png")
    assert found.mime == "image/png"
    assert Image.open(io.BytesIO(found.content)).mode == "RGBA"
    assert Image.open(io.BytesIO(found.thumbnail)).getpixel((5, 5)) == (255, 255, 255)


def test_webp_becomes_a_jpeg_and_a_huge_picture_shrinks_to_what_whatsapp_shows(read):
    found = read(picture("WEBP", size=(6000, 3000)), "x.webp")
    assert (found.mime, found.filename) == ("image/jpeg", "x.jpg")
    assert (found.width, found.height) == (4096, 2048)


def test_the_name_says_nothing_about_the_type(read):
    assert read(picture("PNG"), "voz.mp3").mime == "image/png"
    assert read(b"%PDF-1.4\n%%EOF", "foto.jpg").filename == "foto.jpg.pdf"


@pytest.mark.parametrize(
    ("kind", "codec"),
    [
        ("wav", "pcm_s16le"),
        ("mp3", "libmp3lame"),
        ("ogg", "libopus"),
        ("mp4", "aac"),
        ("flac", "flac"),
        ("webm", "libopus"),
        ("adts", "aac"),
    ],
)
def test_any_sound_becomes_a_voice_note(read, kind: str, codec: str):
    content = _opus(kind) if codec == "libopus" else sound(kind, codec, seconds=2)
    found = read(content, f"nota.{kind}")
    assert (found.kind, found.mime, found.filename) == (
        MediaKind.VOICE,
        "audio/ogg; codecs=opus",
        "nota.ogg",
    )
    assert found.seconds == pytest.approx(2, abs=0.15)
    assert len(found.waveform) == 64
    assert max(found.waveform) == 100
    assert sum(found.waveform[:16]) < sum(found.waveform[44:60])  # it grows louder
    with av.open(io.BytesIO(found.content)) as heard:
        stream = heard.streams.audio[0]
        assert (heard.format.name, stream.codec_context.name) == ("ogg", "opus")
        assert (stream.codec_context.rate, stream.codec_context.channels) == (48_000, 1)
        decoded = sum(frame.samples for frame in heard.decode(stream))
        assert decoded / 48_000 == pytest.approx(2, abs=0.15)


def _opus(kind: str) -> bytes:
    file = io.BytesIO()
    with av.open(io.BytesIO(sound(seconds=2))) as source, av.open(file, "w", format=kind) as target:
        stream = target.add_stream("libopus", rate=48_000, layout="stereo")
        resampler = av.AudioResampler("s16", "stereo", 48_000)
        for frame in source.decode(audio=0):
            for part in resampler.resample(frame):
                target.mux(stream.encode(part))
        target.mux(stream.encode(None))
    return file.getvalue()


def test_a_video_is_copied_into_a_clean_mp4_with_a_still(read):
    for kind in ("mp4", "mov", "matroska"):
        found = read(video(kind, seconds=2), "Fiesta de 15.mov")
        assert (found.kind, found.mime) == (MediaKind.VIDEO, "video/mp4")
        assert found.filename == "Fiesta de 15.mp4"
        assert (found.width, found.height) == (320, 240)
        assert found.seconds == pytest.approx(2, abs=0.2)
        assert Image.open(io.BytesIO(found.thumbnail)).size == (200, 150)
        assert found.content.index(b"moov") < found.content.index(b"mdat")  # plays at once
        with av.open(io.BytesIO(found.content)) as played:
            assert [s.codec_context.name for s in played.streams] == ["h264", "aac"]
            assert len(list(played.decode(video=0))) == 20


def test_a_video_taken_upright_stays_upright(read):
    """A phone turned by a quarter writes that into the track's matrix."""
    content = bytearray(video(heard=""))
    at = content.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    one, minus = 0x00010000, -0x00010000
    content[at : at + 36] = struct.pack(">9i", 0, one, 0, minus, 0, 0, 240 * one, 0, 1 << 30)
    found = read(bytes(content), "x.mp4")
    assert (found.width, found.height) == (240, 320)
    with av.open(io.BytesIO(found.content)) as played:
        assert abs(next(played.decode(video=0)).rotation) == 90


def test_a_video_that_phones_do_not_play_is_refused_with_its_codec(read):
    refused = refusal(read, video("webm", "libvpx-vp9", heard="libopus"), "x.webm")
    assert (refused.code, refused.params) == ("media_video_codec", {"codec": "VP9"})


@pytest.mark.parametrize(
    ("content", "name", "mime", "sent_as"),
    [
        (b"%PDF-1.7\n%%EOF", "precios.pdf", "application/pdf", "precios.pdf"),
        (archive(**DOCX), "carta.docx", None, "carta.docx"),
        (b"a,b\n1,2\n3,4\n", "lista.csv", "text/csv", "lista.csv"),
        (b"function a() { return 1 }", "a.js", "text/plain", "a.js.txt"),
        (archive(**{"a.txt": "hola"}), "../../etc/x.zip", "application/zip", "x.zip"),
    ],
)
def test_a_document_goes_as_it_is(read, content: bytes, name: str, mime, sent_as: str):
    found = read(content, name)
    assert (found.kind, found.content) == (MediaKind.DOCUMENT, content)
    assert found.filename == sent_as
    assert found.mime == (
        mime or "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    )


def test_a_photo_may_be_sent_as_a_document_untouched(read):
    photo = picture()
    found = read(photo, "x.jpg", MediaKind.DOCUMENT)
    assert (found.kind, found.mime, found.content) == (MediaKind.DOCUMENT, "image/jpeg", photo)


def bomb_of_pixels() -> bytes:
    """A valid PNG of 60,000 by 60,000 pixels in some bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    data = zlib.compress(bytes(7501 * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "code"), [("GIF", "media_animated"), ("TIFF", "media_type_unsupported")]
)
def test_pictures_that_phones_do_not_show_are_refused_but_may_go_as_documents(
    read, kind: str, code: str
):
    content = picture(kind)
    assert refusal(read, content, "x").code == code
    assert read(content, "x", MediaKind.DOCUMENT).content == content


HOSTILE = {
    "media_too_many_pixels": (bomb_of_pixels(), "x.png"),
    "media_zip_bomb": (archive(a=bytes(300 * MB)), "x.zip"),
    "media_two_faced": (picture() + archive(a="hidden"), "x.jpg"),
    "media_animated": (
        picture("WEBP", save_all=True, append_images=[Image.new("RGB", (640, 400))]),
        "x.webp",
    ),
    "media_damaged": (picture()[:400], "x.jpg"),
    "media_empty": (b"", "x.jpg"),
    "media_macros": (archive(**DOCX, **{"word/vbaProject.bin": "x"}), "x.docx"),
    "media_no_sound": (video(heard=""), "x.mp4"),
    "media_type_unsupported": (b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0" + bytes(200), "x.pdf"),
}


@pytest.mark.parametrize("code", HOSTILE)
def test_a_file_that_cannot_be_sent_is_refused_with_the_reason(read, code: str):
    content, name = HOSTILE[code]
    wanted = MediaKind.VOICE if code == "media_no_sound" else None
    assert refusal(read, content, name, wanted).code == code


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><html><script>alert(1)</script></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"#!/bin/sh\nrm -rf /\n",
        b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        bytes(range(256)) * 40,
    ],
)
@pytest.mark.parametrize("wanted", [None, MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.VOICE])
def test_what_runs_or_reads_other_files_is_not_sent(read, content: bytes, wanted):
    if wanted is None and content.startswith((b"#EXTM3U", b"ffconcat")):
        return  # as a document it is text, and sent as text
    assert refusal(read, content, "x.jpg", wanted).code in (
        "media_type_unsupported",
        "media_damaged",
    )


def test_a_pdf_within_another_file_is_refused(read):
    assert refusal(read, b"<html>%PDF-1.4\n%%EOF", "x.pdf").code == "media_two_faced"
    assert refusal(read, b"%PDF-1.4\n%%EOF" + archive(a="b"), "x.pdf").code == "media_two_faced"


def test_each_kind_has_its_limit(read):
    small = Limits(image=1000, video=1000, voice=1000, document=2 * MB)
    noise = picture(size=(300, 300)) + bytes(1000)
    refused = refusal(read, noise, "x.jpg", limits=small)
    assert refused.code == "media_too_large"
    assert read(noise, "x.jpg", MediaKind.DOCUMENT, small).kind is MediaKind.DOCUMENT
    assert refusal(read, bytes(3 * MB), "x.zip", limits=small).params == {"limit_mb": 2}
