"""The route from which the browser downloads a campaign's results."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sender_app.api.person import DownloadRoute, as_person, download, language
from sender_app.text import texts

router = APIRouter(prefix="/results", include_in_schema=False, route_class=DownloadRoute)


@router.get("/{campaign_id}.{kind}")
async def results(request: Request, campaign_id: UUID, kind: str) -> Response:
    """Every recipient of a campaign as CSV or XLSX, for whoever is signed in."""
    words = texts(language(request))
    file = await as_person(
        request,
        lambda services, actor: services.results.export(
            actor, campaign_id, kind, lambda key: words.get(key, key.rpartition(".")[2])
        ),
    )
    name = f"{file.name or words['campaigns.unnamed']}.{kind}"
    return Response(file.content, media_type=file.media_type, headers=download(name))
