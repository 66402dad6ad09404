"""Routes for whoever runs Sender: is it alive, can it work, and its figures."""

import asyncio
import hmac

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from sender_app import bootstrap
from sender_app.config import settings

router = APIRouter(include_in_schema=False)


@router.get("/health")
async def health() -> Response:
    """The process lives: restart it when this does not answer. Asks nothing of others."""
    return JSONResponse(
        {"status": "alive", "store": settings().store_in_use},
        headers={"Cache-Control": "no-store"},
    )


@router.get("/ready")
async def ready() -> Response:
    """Whether requests can be served: the store's servers, and the database's revision."""
    parts = await asyncio.to_thread(bootstrap.probes().look)
    return JSONResponse(
        {
            "status": "ready" if parts.ready else "not ready",
            "store": parts.store,
            **parts.states,
        },
        status_code=200 if parts.ready else 503,
        headers={"Cache-Control": "no-store"},
    )


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Prometheus' figures of the whole installation, the same from every replica.

    With METRICS_TOKEN set, only for who shows it; otherwise only for who asks directly, since a
    proxy in front of the pages would show them to everybody.
    """
    if not _may_scrape(request):
        return PlainTextResponse("METRICS_TOKEN is needed", status_code=403)
    return Response(await asyncio.to_thread(bootstrap.figures), media_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: Request) -> bool:
    token = settings().metrics_token.get_secret_value()
    if token:
        shown = request.headers.get("authorization", "")
        return hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())
    return not ({"x-forwarded-for", "forwarded"} & set(request.headers.keys()))
