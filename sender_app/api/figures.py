"""The figures of the dashboard as files."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response

from sender_app import bootstrap
from sender_app.adapters.sheets import CsvWriter
from sender_app.api.sign_in import COOKIE
from sender_app.domain.actor import Actor
from sender_app.domain.errors import RuleViolation
from sender_app.domain.reporting import chosen, narrowed
from sender_app.ports.sheets import Cell
from sender_app.text import language_of, translate

_READS = ("timeline", "groups", "contacts")
_MOST = 1000  # contacts of a file
router = APIRouter(prefix="/figures", include_in_schema=False)


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
    session = request.cookies.get(COOKIE, "")
    actor = await asyncio.to_thread(bootstrap.services().sign_in.find_actor, session)
    if actor is None:
        return RedirectResponse("/sign-in", status_code=303)
    lang = language_of(request.headers.get("cookie", ""), request.headers)
    try:
        span, only = chosen(days, start, end), narrowed(account, group)
        rows = await asyncio.to_thread(lambda: list(_rows(actor, name, span, only, lang)))
    except RuleViolation as error:
        text = translate(lang, f"error.{error.code}", **error.params)
        return PlainTextResponse(text, status_code=422)
    return Response(
        CsvWriter().write(rows),
        media_type=CsvWriter.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _rows(actor: Actor, name: str, days: Any, only: Any, lang: str) -> Iterator[Sequence[Cell]]:
    board = bootstrap.services().dashboard
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
