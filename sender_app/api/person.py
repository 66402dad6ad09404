"""Routes that a page's links lead to: they act as whoever the session cookie names."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response
from fastapi.routing import APIRoute

from sender_app import bootstrap
from sender_app.api.sign_in import COOKIE
from sender_app.bootstrap import Services
from sender_app.domain.actor import Actor
from sender_app.domain.errors import NotFound, NotPermitted, RuleViolation
from sender_app.text import language_of, translate

Result = TypeVar("Result")


class SignedOut(Exception):
    """Nobody is signed in."""


async def as_person(request: Request, call: Callable[[Services, Actor], Result]) -> Result:
    """Run `call` in a thread, as the person whose session cookie the request carries.

    Raises SignedOut where it is nobody's.
    """

    def run() -> Result:
        services = bootstrap.services()
        actor = services.sign_in.find_actor(request.cookies.get(COOKIE, ""))
        if actor is None:
            raise SignedOut
        return call(services, actor)

    return await asyncio.to_thread(run)


def language(request: Request) -> str:
    """The language that the request's reader chose or wishes."""
    return language_of(request.headers.get("cookie", ""), request.headers)


def download(name: str) -> dict[str, str]:
    """Headers of a file that the browser keeps as `name`, and nothing between us and it keeps."""
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


class DownloadRoute(APIRoute):
    """Answers a link in words: what is refused says why, and who is signed out may sign in."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await answer(request)
            except SignedOut:
                return RedirectResponse("/sign-in", status_code=303)
            except RuleViolation as refusal:
                return _said(request, 422, refusal.code, **refusal.params)
            except NotPermitted:
                return _said(request, 403, "not_permitted")
            except NotFound:
                return _said(request, 404, "not_found")

        return handle


def _said(request: Request, status: int, code: str, **params: object) -> Response:
    text = translate(language(request), f"error.{code}", **params)
    return PlainTextResponse(text, status_code=status)
