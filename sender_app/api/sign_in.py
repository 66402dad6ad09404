"""Routes that set and clear the session cookie; the cookie itself never reaches the page."""

import asyncio
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import TypeVar
from urllib.parse import parse_qs, urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from sender_app import bootstrap
from sender_app.bootstrap import Services
from sender_app.config import settings
from sender_app.domain.errors import NotFound, ProviderUnavailable, SignInRefused

COOKIE = "sender_session"
_ATTEMPT = "sender_login"  # what ties a sign-in to the browser that began it
_ATTEMPT_LIVES = 900  # seconds
_TRIES = 30  # a minute and address, at each step
_NOTICES = 600  # a minute; a provider ends many sessions at once
_LONGEST = 20_000  # bytes of a form, a logout token among them

router = APIRouter(prefix="/auth", include_in_schema=False)
Result = TypeVar("Result")

_log = structlog.get_logger()


@router.get("/local")
async def local(request: Request, token: str = "") -> Response:
    """Redeem the local administrator's link."""
    before = request.cookies.get(COOKIE, "")
    return await _signed_in(
        request, lambda s: (s.sign_in.redeem_local_link(token, before), "/"), "local"
    )


@router.get("/login")
async def login(request: Request, next: str = "/", other: bool = False) -> Response:
    """Begin a sign-in at the team's provider."""
    try:
        await _limit(request, "login", _TRIES)
        url, browser = await _run(lambda s: s.team.begin(next, other_person=other))
    except (SignInRefused, ProviderUnavailable) as failure:
        return _problem(failure)
    response = RedirectResponse(url, status_code=303)
    _set(response, _ATTEMPT, browser, path="/auth", lives=_ATTEMPT_LIVES)
    return response


@router.get("/callback")
async def callback(request: Request) -> Response:
    """Where the provider sends the browser back to."""
    answer, browser = dict(request.query_params), request.cookies.get(_ATTEMPT, "")
    before = request.cookies.get(COOKIE, "")
    response = await _signed_in(
        request, lambda s: s.team.complete(answer, browser, before), "callback"
    )
    response.delete_cookie(_ATTEMPT, path="/auth")
    return response


@router.post("/sign-out", max_body_size=_LONGEST)
async def sign_out(request: Request) -> Response:
    """End the session, and the provider's."""
    session = request.cookies.get(COOKIE, "")
    url = await _run(lambda s: s.sign_in.sign_out(session))
    response = RedirectResponse(url or "/sign-in", status_code=303)
    response.delete_cookie(COOKIE, path="/")
    return response


@router.post("/workspace", max_body_size=_LONGEST)
async def workspace(request: Request, workspace_id: UUID = Form()) -> Response:
    """Act in another of the person's workspaces."""
    session = request.cookies.get(COOKIE, "")
    try:
        await _run(lambda s: s.sign_in.choose_workspace(session, workspace_id))
    except NotFound:
        return RedirectResponse("/sign-in", status_code=303)
    return RedirectResponse("/", status_code=303)


@router.post("/back-channel-logout")
async def back_channel_logout(request: Request) -> Response:
    """The provider says that sessions ended there (OpenID Connect Back-Channel Logout 1.0)."""
    headers = {"Cache-Control": "no-store"}
    try:
        await _limit(request, "back-channel", _NOTICES)
        token = await _logout_token(request)
        await _run(lambda s: s.team.hear_logout(token))
    except SignInRefused as refusal:
        _log.warning("logout token refused", why=str(refusal))
        status = 429 if refusal.code == "too_many" else 400
        return JSONResponse({"error": "invalid_request"}, status, headers)
    except ProviderUnavailable as error:
        _log.warning("logout token not checked", error=str(error))
        return JSONResponse({"error": "temporarily_unavailable"}, 503, headers)
    return Response(status_code=200, headers=headers)


def session_of(cookie_header: str) -> str:
    """The session id in a Cookie header; empty when there is none."""
    found = SimpleCookie(cookie_header).get(COOKIE)
    return found.value if found else ""


def address_of(request: Request) -> str:
    """Where the request comes from: the connection, or what the nearest trusted proxy saw."""
    hops = settings().trusted_proxies
    seen = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",")]
    if hops and len(seen) >= hops and seen[-hops]:
        return seen[-hops]
    return request.client.host if request.client else ""


async def _signed_in(
    request: Request, sign_in: Callable[[Services], tuple[str, str]], step: str
) -> Response:
    """On to the page that `sign_in` names with its session in the cookie, or to what went wrong."""
    try:
        await _limit(request, step, _TRIES)
        session, path = await _run(sign_in)
    except (SignInRefused, ProviderUnavailable) as failure:
        return _problem(failure)
    response = RedirectResponse(path, status_code=303)
    _set(response, COOKIE, session, path="/")
    if settings().demo:
        response.set_cookie("demo", "1", samesite="lax")  # first.js makes room for the banner
    return response


async def _logout_token(request: Request) -> str:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            raise SignInRefused("invalid", "the logout token is too long")
    return parse_qs(body.decode("latin-1")).get("logout_token", [""])[0]


async def _run(call: Callable[[Services], Result]) -> Result:
    return await asyncio.to_thread(lambda: call(bootstrap.services()))


async def _limit(request: Request, step: str, per_minute: int) -> None:
    who = address_of(request)
    if not await asyncio.to_thread(lambda: bootstrap.limits().allow(step, who, per_minute)):
        raise SignInRefused("too_many", f"{step} from {who}")


def _problem(failure: SignInRefused | ProviderUnavailable) -> RedirectResponse:
    """To the sign-in page, which says in words what went wrong."""
    code = failure.code if isinstance(failure, SignInRefused) else "unavailable"
    _log.warning("sign-in failed", code=code, why=str(failure))
    return RedirectResponse(f"/sign-in?{urlencode({'problem': code})}", status_code=303)


def _set(response: Response, name: str, value: str, *, path: str, lives: int | None = None) -> None:
    secure = settings().base_url.startswith("https://")
    response.set_cookie(
        name, value, max_age=lives, path=path, httponly=True, samesite="lax", secure=secure
    )
