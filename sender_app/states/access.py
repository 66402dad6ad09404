"""From a page's handler to the services: as the signed-in person, off the event loop."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

import reflex as rx
import structlog
from reflex.event import EventHandler, EventSpec

from sender_app import bootstrap
from sender_app.api.sign_in import session_of
from sender_app.bootstrap import Services
from sender_app.domain.actor import Actor
from sender_app.domain.errors import NotFound, NotPermitted, RuleViolation
from sender_app.text import language_of, translate

_log = structlog.get_logger()
Result = TypeVar("Result")
Params = ParamSpec("Params")

# Controls show what holds again; see assets/at_once.js.
REFUSED = rx.call_script("document.dispatchEvent(new CustomEvent('refused', {}))")
ANSWERED = rx.call_script("document.dispatchEvent(new CustomEvent('answered', {}))")


class SignedOut(Exception):
    """Nobody is signed in."""


async def use(state: rx.State, call: Callable[[Services, Actor], Result]) -> Result:
    """Run `call` in a thread, as the person whose session cookie the request carried.

    Raises SignedOut, and whatever the service raises.
    """
    session = session_of(state.router.headers.cookie)

    def run() -> Result:
        services = bootstrap.services()
        actor = services.sign_in.find_actor(session)
        if actor is None:
            raise SignedOut
        return call(services, actor)

    return await asyncio.to_thread(run)


def handler(
    function: Callable[Params, Awaitable[Any]],
) -> Callable[Params, Awaitable[Any]]:
    """A handler whose failures reach the person in words, and take back what was shown at once, and
    whose end frees the button that ordered it. Its log lines bear an id and its name."""
    name = function.__qualname__

    @functools.wraps(function)
    async def wrapped(*args: Params.args, **kwargs: Params.kwargs) -> Any:
        with structlog.contextvars.bound_contextvars(request_id=uuid4().hex, handler=name):
            try:
                told = await function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the boundary to the browser
                told = [REFUSED, explain(args[0], error)]  # type: ignore[arg-type]
            events = told if isinstance(told, list | tuple) else [] if told is None else [told]
            return [*events, ANSWERED]

    wrapped.answers = True  # type: ignore[attr-defined]
    return wrapped


def opening(function: Callable[Params, Awaitable[Any]]) -> Callable[Params, Awaitable[Any]]:
    """A `handler` that opens a page which says itself for whom it is: whom the service refuses is
    told there, and in no further words."""

    @functools.wraps(function)
    async def wrapped(*args: Params.args, **kwargs: Params.kwargs) -> Any:
        try:
            return await function(*args, **kwargs)
        except NotPermitted:
            return None

    return handler(wrapped)


def answers(event: Any) -> bool:
    """Whether the server says when it has done what the event orders: it is one of `handler`."""
    ordered = event.handler if isinstance(event, EventSpec) else event
    return isinstance(ordered, EventHandler) and getattr(ordered.fn, "answers", False)


def explain(state: rx.State, error: Exception) -> Any:
    """The event that tells the person about `error`."""
    lang = language_of(state.router.headers.cookie, state.router.headers.raw_headers)
    match error:
        case SignedOut():
            here = state.router.url.path.rstrip("/") or "/"
            return rx.redirect(f"/sign-in?{urlencode({'next': here})}")
        case RuleViolation():
            text = translate(lang, f"error.{error.code}", **error.params)
        case NotFound():
            text = translate(lang, "error.not_found")
        case NotPermitted():
            text = translate(lang, "error.not_permitted")
        case _:
            _log.error("handler failed", exc_info=error)
            text = translate(lang, "error.fault")
    return rx.toast.error(text)
