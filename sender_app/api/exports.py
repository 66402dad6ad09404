"""Files to download: the address book, for whoever is signed in."""

import tempfile
from collections.abc import Iterator, Sequence
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from sender_app.adapters.contact_sheets import csv_pieces, write_xlsx
from sender_app.api.person import DownloadRoute, as_person, download
from sender_app.bootstrap import Services
from sender_app.domain.actor import Actor
from sender_app.domain.contact_search import ContactQuery, query_of
from sender_app.ports.store.contacts import Contact

_KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PIECE = 256 * 1024  # bytes
_SPOOLED = 8 * 1024 * 1024  # bytes kept in memory; larger workbooks go through a file
router = APIRouter(prefix="/export", include_in_schema=False, route_class=DownloadRoute)


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
    try:
        query = query_of(search, group, standing, sort, backwards)
    except ValueError:
        return Response(status_code=422)
    pieces = await as_person(request, lambda s, actor: _pieces(s, actor, query, kind))
    name = f"contactos-{date.today():%Y-%m-%d}.{kind}"
    return StreamingResponse(pieces, media_type=_KINDS[kind], headers=download(name))


def _pieces(services: Services, actor: Actor, query: ContactQuery, kind: str) -> Iterator[bytes]:
    """The file, piece by piece; what is wrong with the query is raised before the first."""
    service = services.contacts
    service.page(actor, query, None, 1)
    fields, pages = service.field_names(actor), service.export(actor, query)
    return csv_pieces(pages, fields) if kind == "csv" else _workbook(pages, fields)


def _workbook(pages: Iterator[Sequence[Contact]], fields: Sequence[str]) -> Iterator[bytes]:
    with tempfile.SpooledTemporaryFile(max_size=_SPOOLED) as file:
        write_xlsx(pages, fields, file)
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece
