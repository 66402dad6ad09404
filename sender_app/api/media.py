"""Routes for the files of campaigns: upload one, look at one; nobody does without signing in."""

import asyncio
import re
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from sender_app import bootstrap
from sender_app.api.person import SignedOut, as_person, language
from sender_app.domain.actor import Role
from sender_app.domain.errors import NotFound, NotPermitted, RuleViolation
from sender_app.domain.media import Media, MediaKind
from sender_app.text import translate

_SHOWN = {MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.VOICE}  # the browser may play these itself
_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=300",
}


class _Route(APIRoute):
    """Answers what a service refuses in words."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await answer(request)
            except RuleViolation as refusal:
                return _refused(request, 422, refusal.code, **refusal.params)
            except NotFound:
                return _refused(request, 404, "not_found")
            except NotPermitted:
                return _refused(request, 403, "not_permitted")
            except SignedOut:
                return _refused(request, 401, "not_permitted")

        return handle


router = APIRouter(prefix="/media", include_in_schema=False, route_class=_Route)


@router.post("")
async def add(request: Request, name: str, kind: MediaKind | None = None) -> Response:
    """Take in the file that is the request's body, called `name`, as `kind` where that is wished.

    The body is written to disk as it comes, and never further than the largest file may be.
    """
    await as_person(request, lambda _, actor: actor.require(Role.SENDER))  # before the body is read
    with tempfile.TemporaryDirectory(prefix="sender-upload-") as folder:
        path = Path(folder) / "file"
        await _receive(request, path, bootstrap.media_limits().largest)
        media = await as_person(request, lambda s, actor: s.media.add(actor, path, name, kind))
    return JSONResponse(_told(media), status_code=201)


@router.get("/{media_id}")
async def content(request: Request, media_id: UUID) -> Response:
    """The file itself, or the one range of it that a player asks for."""
    media, data = await as_person(request, lambda s, actor: s.media.content(actor, media_id))
    way = "inline" if media.kind in _SHOWN else "attachment"
    name = {"Content-Disposition": f"{way}; filename*=UTF-8''{quote(media.filename)}"}
    headers = _HEADERS | name | {"Accept-Ranges": "bytes"}
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    first = int(asked[1]) if asked else 0
    if asked is None or first >= len(data):
        return Response(data, media_type=media.mime, headers=headers)
    last = min(int(asked[2] or len(data)), len(data) - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    part = data[first : last + 1]
    return Response(part, status_code=206, media_type=media.mime, headers=headers)


@router.get("/{media_id}/thumbnail")
async def thumbnail(request: Request, media_id: UUID) -> Response:
    """A small JPEG of an image or a video."""
    data = await as_person(request, lambda s, actor: s.media.thumbnail(actor, media_id))
    return Response(data, media_type="image/jpeg", headers=_HEADERS)


async def _receive(request: Request, path: Path, limit: int) -> None:
    """Write the body to `path`; raises RuleViolation when it is larger than `limit` bytes."""
    size = 0
    with path.open("wb") as file:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise RuleViolation("media_too_large", limit_mb=limit // 1024 // 1024)
            await asyncio.to_thread(file.write, chunk)


def _refused(request: Request, status: int, code: str, **params: object) -> Response:
    detail = translate(language(request), f"error.{code}", **params)
    return JSONResponse(
        {"status": status, "code": code, "detail": detail},
        status_code=status,
        media_type="application/problem+json",
    )


def _told(media: Media) -> dict[str, object]:
    return {
        "id": str(media.id),
        "kind": media.kind.value,
        "mime": media.mime,
        "filename": media.filename,
        "bytes": media.size,
        "duration": media.duration,
        "width": media.width,
        "height": media.height,
        "has_thumbnail": media.has_thumbnail,
    }
