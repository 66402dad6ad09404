"""Documents go as they are: of a known type, named after it, and hiding nothing."""

import zipfile
from pathlib import Path

from sender_app.adapters.media_tool import sniff
from sender_app.domain.errors import RuleViolation
from sender_app.domain.media import MediaKind, Prepared

MOST_UNPACKED = 1024**3  # bytes
MOST_RATIO = 200  # unpacked to packed, where it matters
_MATTERS = 50 * 1024**2  # bytes unpacked
_LONGEST_NAME = 120  # characters

_OFFICE = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
# Types that may be sent, each with the endings that a file of it may have; the first is the usual.
_ENDINGS = {
    "application/pdf": ("pdf",),
    f"{_OFFICE}.wordprocessingml.document": ("docx",),
    f"{_OFFICE}.spreadsheetml.sheet": ("xlsx",),
    f"{_OFFICE}.presentationml.presentation": ("pptx",),
    f"{_ODF}.text": ("odt",),
    f"{_ODF}.spreadsheet": ("ods",),
    f"{_ODF}.presentation": ("odp",),
    "application/msword": ("doc",),
    "application/vnd.ms-excel": ("xls",),
    "application/vnd.ms-powerpoint": ("ppt",),
    "application/CDFV2": ("doc", "xls", "ppt", "msg"),
    "application/epub+zip": ("epub",),
    "application/zip": ("zip",),
    "application/json": ("json",),
    "text/rtf": ("rtf", "doc"),
    "text/plain": ("txt", "csv", "md", "log", "ics"),
    "text/csv": ("csv", "txt"),
    "text/vcard": ("vcf",),
    "text/calendar": ("ics",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/gif": ("gif",),
    "image/tiff": ("tif", "tiff"),
    "image/heic": ("heic",),
    "image/heif": ("heif",),
    "video/mp4": ("mp4", "m4v"),
    "video/quicktime": ("mov",),
    "video/webm": ("webm",),
    "video/x-matroska": ("mkv",),
    "video/x-msvideo": ("avi",),
    "video/3gpp": ("3gp",),
    "audio/mpeg": ("mp3",),
    "audio/x-m4a": ("m4a",),
    "audio/mp4": ("m4a",),
    "audio/ogg": ("ogg", "opus"),
    "audio/x-wav": ("wav",),
    "audio/flac": ("flac",),
}
_INSIDE = {
    "word/document.xml": f"{_OFFICE}.wordprocessingml.document",
    "xl/workbook.xml": f"{_OFFICE}.spreadsheetml.sheet",
    "ppt/presentation.xml": f"{_OFFICE}.presentationml.presentation",
}


def read(path: Path, filename: str, mime: str) -> Prepared:
    """The file unchanged, with a name that tells its type. Raises RuleViolation."""
    content = path.read_bytes()
    if content.startswith(b"PK\x03\x04"):
        mime = _archive(path, mime)
    else:
        sniff.refuse_hidden_archive(path)
    if mime not in _ENDINGS:
        raise RuleViolation("media_type_unsupported", type=mime)
    if mime == "application/pdf" and not content.startswith(b"%PDF-"):
        raise RuleViolation("media_two_faced")
    return Prepared(
        kind=MediaKind.DOCUMENT,
        mime=mime,
        filename=_named(filename, _ENDINGS[mime]),
        content=content,
    )


def _archive(path: Path, mime: str) -> str:
    """What an archive is, by what is in it; nothing is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise RuleViolation("media_damaged") from error
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, path.stat().st_size)
    if unpacked > MOST_UNPACKED or (unpacked > _MATTERS and unpacked / packed > MOST_RATIO):
        raise RuleViolation("media_zip_bomb")
    names = {entry.filename for entry in entries}
    if any(name.endswith("vbaProject.bin") for name in names):
        raise RuleViolation("media_macros")
    return next((found for name, found in _INSIDE.items() if name in names), mime)


def _named(filename: str, endings: tuple[str, ...]) -> str:
    stem, _, ending = filename.rpartition(".")
    if not stem or ending.lower() not in endings:
        stem, ending = filename, endings[0]
    return f"{stem[:_LONGEST_NAME]}.{ending}"
