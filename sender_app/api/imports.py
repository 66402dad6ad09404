"""Downloads of rejected rows, for the person who is signed in to the pages."""

from collections.abc import Iterator
from contextlib import ExitStack
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from sender_app.api.person import DownloadRoute, as_person, download

router = APIRouter(prefix="/imports", include_in_schema=False, route_class=DownloadRoute)


@router.get("/{import_id}/rejected")
async def rejected(import_id: UUID, request: Request) -> Response:
    """The rejected rows of an import as a CSV file."""
    opened = ExitStack()
    name, blocks = await as_person(
        request, lambda s, actor: opened.enter_context(s.imports.rejected(actor, import_id))
    )

    def content() -> Iterator[bytes]:
        with opened:
            yield from blocks

    media_type = "text/csv; charset=utf-8"
    return StreamingResponse(content(), media_type=media_type, headers=download(name))
