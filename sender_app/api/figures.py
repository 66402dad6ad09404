"""The figures of the dashboard as files."""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sender_app.adapters.sheets import CsvWriter
from sender_app.api.person import DownloadRoute, as_person, download, language
from sender_app.domain.actor import Actor
from sender_app.domain.reporting import chosen, narrowed
from sender_app.ports.sheets import Cell
from sender_app.services.dashboard import Dashboard
from sender_app.text import translate

_READS = ("timeline", "groups", "contacts")
_MOST = 1000  # contacts of a file
router = APIRouter(prefix="/figures", include_in_schema=False, route_class=DownloadRoute)


@router.get("/{name}.csv")
async def figures(
    request: Request,
    name: str,
    days: str = "30",
    start: str = "",
    end: str = "",
    account: str = "",
    group: str = "",
) -> Response:
    """A chart's figures as CSV, for whoever is signed in; the choices are those of the page."""
    if name not in _READS:
        return Response(status_code=404)
    span, only, lang = chosen(days, start, end), narrowed(account, group), language(request)
    rows = await as_person(
        request, lambda s, actor: list(_rows(s.dashboard, actor, name, span, only, lang))
    )
    content = CsvWriter().write(rows)
    return Response(content, media_type=CsvWriter.media_type, headers=download(f"{name}.csv"))


def _rows(
    board: Dashboard, actor: Actor, name: str, days: Any, only: Any, lang: str
) -> Iterator[Sequence[Cell]]:
    counts = [translate(lang, "dashboard.sent"), translate(lang, "dashboard.errors")]
    if name == "contacts":
        yield [translate(lang, "results.phone"), translate(lang, "results.name"), *counts]
        for tally in board.by_contact(actor, days, _MOST, only):
            yield [tally.key, tally.label, tally.sent, tally.errors]
        return
    groups = name == "groups"
    yield [translate(lang, "results.group" if groups else "dashboard.when"), *counts]
    read = board.by_group if groups else board.timeline
    for tally in read(actor, days, only):
        yield [tally.key, tally.sent, tally.errors]
