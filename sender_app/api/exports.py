"""Files to download: the address book, for whoever is signed in."""

import asyncio
import tempfile
from collections.abc import Iterator
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

from sender_app import bootstrap
from sender_app.adapters.contact_sheets import csv_pieces, write_xlsx
from sender_app.api.sign_in import COOKIE
from sender_app.domain.actor import Actor
from sender_app.domain.contact_search import ContactQuery, query_of
from sender_app.domain.errors import NotPermitted, RuleViolation
from sender_app.text import language_of, translate

_KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PIECE = 256 * 1024  # bytes
_SPOOLED = 8 * 1024 * 1024  # bytes kept in memory; larger workbooks go through a file
router = APIRouter(prefix="/export", include_in_schema=False)


@router.get("/contacts.{kind}")
async def contacts(
    request: Request,
    kind: str,
    search: str = "",
    group: str = "",
    standing: str = "",
    sort: str = "",
    backwards: bool = False,
) -> Response:
    """The contacts of a query, as the page shows them, as CSV or XLSX."""
    if kind not in _KINDS:
        return Response(status_code=404)
    session = request.cookies.get(COOKIE, "")
    actor = await asyncio.to_thread(bootstrap.services().sign_in.find_actor, session)
    if actor is None:
        return RedirectResponse("/sign-in", status_code=303)
    lang = language_of(request.headers.get("cookie", ""), request.headers)
    try:
        query = query_of(search, group, standing, sort, backwards)
        pieces = await asyncio.to_thread(_pieces, actor, query, kind)
    except ValueError:
        return Response(status_code=422)
    except RuleViolation as error:
        text = translate(lang, f"error.{error.code}", **error.params)
        return PlainTextResponse(text, status_code=422)
    except NotPermitted:
        return PlainTextResponse(translate(lang, "error.not_permitted"), status_code=403)
    name = f"contactos-{date.today():%Y-%m-%d}.{kind}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(pieces, media_type=_KINDS[kind], headers=headers)


def _pieces(actor: Actor, query: ContactQuery, kind: str) -> Iterator[bytes]:
    """The file, piece by piece; what is wrong with the query is raised before the first."""
    service = bootstrap.services().contacts
    service.page(actor, query, None, 1)
    pages = service.export(actor, query)
    return csv_pieces(pages) if kind == "csv" else _workbook(pages)


def _workbook(pages: Iterator) -> Iterator[bytes]:
    with tempfile.SpooledTemporaryFile(max_size=_SPOOLED) as file:
        write_xlsx(pages, file)
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece
