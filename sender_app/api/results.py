"""The route from which the browser downloads a campaign's results."""

import asyncio
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from sender_app import bootstrap
from sender_app.api.sign_in import COOKIE
from sender_app.domain.errors import NotFound
from sender_app.services.results import ResultsFile
from sender_app.text import language_of, texts

router = APIRouter(prefix="/results", include_in_schema=False)


@router.get("/{campaign_id}.{kind}")
async def results(request: Request, campaign_id: UUID, kind: str) -> Response:
    """Every recipient of a campaign as CSV or XLSX, for whoever is signed in."""
    words = texts(language_of(request.headers.get("cookie", ""), request.headers))

    def export() -> ResultsFile | None:
        services = bootstrap.services()
        actor = services.sign_in.find_actor(request.cookies.get(COOKIE, ""))
        if actor is None:
            return None
        return services.results.export(
            actor, campaign_id, kind, lambda key: words.get(key, key.rpartition(".")[2])
        )

    try:
        file = await asyncio.to_thread(export)
    except NotFound:
        return Response(status_code=404)
    if file is None:
        return RedirectResponse("/sign-in", status_code=303)
    name = quote(f"{file.name or words['campaigns.unnamed']}.{kind}", safe="")
    return Response(
        file.content,
        media_type=file.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
