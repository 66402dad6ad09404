"""Pictures: decoded and written anew, so that nothing but the picture is sent on."""

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from sender_app.adapters.media_tool import sniff
from sender_app.domain.errors import RuleViolation
from sender_app.domain.media import MediaKind, Prepared

MOST_PIXELS = 64_000_000  # decoded, this is a quarter of a gigabyte
LONGEST_SIDE = 4096  # pixels; WhatsApp shows no more
THUMBNAIL = 200  # pixels
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_QUALITY = 90

Image.MAX_IMAGE_PIXELS = None  # checked here, with an error of our own


def read(path: Path, filename: str, mime: str) -> Prepared:
    """The picture upright, without metadata (such as where it was taken). Raises RuleViolation."""
    if mime == "image/gif":
        raise RuleViolation("media_animated")
    if mime not in _FORMATS:
        raise RuleViolation("media_type_unsupported", type=mime)
    sniff.refuse_hidden_archive(path)
    try:
        with Image.open(path, formats=[_FORMATS[mime]]) as image:
            _check(image)
            return _rewritten(image, filename)
    except (OSError, SyntaxError, ValueError) as error:  # Pillow's words for damage
        raise RuleViolation("media_damaged") from error


def thumbnail(image: Image.Image) -> bytes:
    """A small JPEG of a picture."""
    small = _opaque(image)
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    return _saved(small, "JPEG", quality=70, optimize=True)


def _check(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise RuleViolation("media_too_many_pixels", width=width, height=height)
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise RuleViolation("media_animated")


def _rewritten(image: Image.Image, filename: str) -> Prepared:
    upright = ImageOps.exif_transpose(image)
    assert upright is not None  # noqa: S101 - only with in_place=True
    shrunk = max(upright.size) > LONGEST_SIDE
    if shrunk:
        upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    profile = image.info.get("icc_profile")
    if image.format == "PNG":
        content, mime, suffix = _png(upright, profile), "image/png", ".png"
    else:
        # Untouched pixels keep the tables that they were compressed with.
        same = upright.size == image.size and not image.getexif().get(0x0112, 1) > 1
        keep = image.format == "JPEG" and same and image.mode in ("RGB", "L")
        content = (
            _saved(image, "JPEG", quality="keep", icc_profile=profile)
            if keep
            else _saved(_opaque(upright), "JPEG", quality=_QUALITY)
        )
        mime, suffix = "image/jpeg", ".jpg"
    return Prepared(
        kind=MediaKind.IMAGE,
        mime=mime,
        filename=Path(filename).stem + suffix,
        content=content,
        thumbnail=thumbnail(upright),
        width=upright.width,
        height=upright.height,
    )


def _png(image: Image.Image, profile: bytes | None) -> bytes:
    plain = image if image.mode in ("1", "L", "LA", "P", "RGB", "RGBA") else image.convert("RGB")
    return _saved(plain, "PNG", icc_profile=profile)


def _opaque(image: Image.Image) -> Image.Image:
    """RGB, what is transparent in white, as WhatsApp shows it."""
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
