"""Routes that set and clear the session cookie; the cookie itself never reaches the page."""

import asyncio
from http.cookies import SimpleCookie

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from sender_app import bootstrap
from sender_app.config import settings

COOKIE = "sender_session"
router = APIRouter(prefix="/auth", include_in_schema=False)


@router.get("/local")
async def local(token: str = "") -> Response:
    """Redeem the local administrator's link."""
    session = await asyncio.to_thread(bootstrap.services().sign_in.redeem_local_link, token)
    if session is None:
        return RedirectResponse("/sign-in?used=1", status_code=303)
    response = RedirectResponse("/", status_code=303)
    response.set_cookie(
        COOKIE,
        session,
        httponly=True,
        samesite="lax",
        secure=settings().base_url.startswith("https://"),
        path="/",
    )
    return response


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session."""
    session = request.cookies.get(COOKIE, "")
    await asyncio.to_thread(bootstrap.services().sign_in.sign_out, session)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(COOKIE, path="/")
    return response


def session_of(cookie_header: str) -> str:
    """The session id in a Cookie header; empty when there is none."""
    found = SimpleCookie(cookie_header).get(COOKIE)
    return found.value if found else ""
