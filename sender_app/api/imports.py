"""Downloads of rejected rows, for the person who is signed in to the pages."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from sender_app import bootstrap
from sender_app.api.sign_in import COOKIE
from sender_app.domain.errors import NotFound, NotPermitted

router = APIRouter(prefix="/imports", include_in_schema=False)


@router.get("/{import_id}/rejected")
async def rejected(import_id: UUID, request: Request) -> Response:
    """The rejected rows of an import as a CSV file."""
    return await asyncio.to_thread(_rejected, import_id, request.cookies.get(COOKIE, ""))


def _rejected(import_id: UUID, session: str) -> Response:
    services = bootstrap.services()
    actor = services.sign_in.find_actor(session)
    if actor is None:
        return RedirectResponse("/sign-in", status_code=303)
    opened = ExitStack()
    try:
        name, blocks = opened.enter_context(services.imports.rejected(actor, import_id))
    except (NotFound, NotPermitted):
        return Response(status_code=404)

    def content() -> Iterator[bytes]:
        with opened:
            yield from blocks

    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return StreamingResponse(content(), media_type="text/csv; charset=utf-8", headers=headers)
