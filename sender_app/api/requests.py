"""What every HTTP request gets: a bound, an id on its log lines, a place in the figures."""

import asyncio
import re
import time
from uuid import uuid4

import structlog
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sender_app import bootstrap
from sender_app.services.imports import LARGEST

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# The first part of a path names what was asked for; anything else a client may invent.
_ROUTES = frozenset(
    {
        *("_event", "_upload", "api", "assets", "auth", "export", "figures", "health", "imports"),
        *("live", "media", "metrics", "ping", "ready", "results"),
    }
)
_QUIET = frozenset({"assets", "health", "metrics", "ping", "ready"})  # asked for all the time
_FORM = 10 * 1024 * 1024  # bytes that a form adds to the file in it, at most
_log = structlog.get_logger()


class Bounded:
    """ASGI middleware: refuses (413) more than any page may send, also to whoever is nobody.

    Reflex keeps what is uploaded before a handler can ask who sends it. The API has bounds of its
    own, and says so in its own way.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        largest = max(LARGEST, bootstrap.media_limits().largest) + _FORM
        self._bounded = RequestBodyLimitMiddleware(app, max_body_size=largest)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        is_api = scope["type"] == "http" and scope["path"].startswith("/api/v1/")
        await (self._app if is_api else self._bounded)(scope, receive, send)


class Requests:
    """ASGI middleware. Takes over a proxy's X-Request-ID, or makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; log and count HTTP requests when they have been answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_id(scope) or uuid4().hex
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", [])
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        began = time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, sending)
            finally:
                await _note(scope, status, time.monotonic() - began)


def _given_id(scope: Scope) -> str:
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    return given if _ID.fullmatch(given) else ""


async def _note(scope: Scope, status: int, seconds: float) -> None:
    first = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
    route = f"/{first}" if first in _ROUTES else "page"
    meter = bootstrap.meter()
    meter.count("sender_http_requests_total", 1, route=route, status=str(status))
    meter.time("sender_http_request_duration_seconds", [seconds], route=route)
    if meter.is_due():
        await asyncio.to_thread(meter.hand_over, meter.take())
    if first not in _QUIET:
        _log.info(
            "request",
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 1),
        )
