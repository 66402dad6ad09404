"""What every request of the API goes through: who it is, how often, and whether it came before."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.datastructures import FormData, UploadFile

from sender_app import bootstrap
from sender_app.api.sign_in import address_of
from sender_app.api.v1.problems import answer_to, problem, unauthorised
from sender_app.config import settings
from sender_app.domain.actor import Actor
from sender_app.domain.errors import SignInRefused
from sender_app.ports.limits import Allowance
from sender_app.ports.store.answers import Answer
from sender_app.services.bearer import Caller

_REFUSALS = 30  # a minute and address, of tokens that do not hold
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("content-type", "location")
_BLOCK = 256 * 1024

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="An API key (`sender_…`, made by an admin under *Ajustes → Claves de API*), or an "
    "access token of the team's OpenID provider.",
)


class ToldOnce(JSONResponse):
    """An answer with a `secret`, which a repeat of the request, and so the store, is not given."""

    kept: bytes

    def render(self, content: dict[str, Any]) -> bytes:
        """The answer; beside it what a repeat gets."""
        self.kept = orjson.dumps(content | {"secret": None})
        return orjson.dumps(content)


class ApiRoute(APIRoute):
    """A route whose every failure is a problem, and which only a bearer of a good token reaches."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = {field.alias for field in self.dependant.query_params}

        async def guarded(request: Request) -> Response:
            try:
                caller = await _identify(request)
                if caller is None:
                    return unauthorised(request)
                left = await _spend(caller)
            except Exception as error:  # noqa: BLE001 - the boundary to the client
                return answer_to(error, request)
            answer = _too_many(request, left)
            if left.allowed:
                answer = await _answer(request, once)
            answer.headers.update(_rate_headers(left))
            answer.headers.setdefault("Cache-Control", "no-store")
            return answer

        async def once(request: Request) -> Response:
            _check_query(request, known)
            return await _carry_out(request, handle)

        return guarded


def _actor(
    request: Request,
    _token: Annotated[Any, Security(bearer)],
    _workspace: Annotated[
        UUID | None,
        Header(
            alias="Sender-Workspace",
            description="The workspace to act in, where the bearer of an access token is in "
            "several. Without it: the one they were in last.",
        ),
    ] = None,
) -> Actor:
    return request.state.caller.actor


def _idempotency_key(
    _key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            pattern=r"^[\x21-\x7e]+$",
            description="Any text of the client's own, such as a UUID. A request that is repeated "
            "with the same key within 24 hours is not carried out again, and gets the same answer "
            "(with `Idempotent-Replayed: true`).",
            examples=["6e1c4f0e-8f0c-4a51-9d8b-1f0d6f2f7a11"],
        ),
    ] = None,
) -> None:
    """Only for the documentation: the route itself reads it, before anything is done."""


CallingActor = Annotated[Actor, Depends(_actor)]
Repeatable = Depends(_idempotency_key)


async def _identify(request: Request) -> Caller | None:
    """The bearer of the request's token; None without a token.

    Raises SignInRefused, ProviderUnavailable, RequestValidationError.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    wanted = request.headers.get("sender-workspace")
    try:
        workspace_id = None if wanted is None else UUID(wanted)
    except ValueError as error:
        raise _header_wrong("Sender-Workspace", "uuid_parsing", "must be a UUID") from error
    address = address_of(request)

    def identify() -> Caller:
        try:
            return bootstrap.services().bearers.identify(token.strip(), workspace_id)
        except SignInRefused as refusal:
            # A good token is served all the same: many programs may share one address.
            if bootstrap.limits().allow("api-refused", address, _REFUSALS):
                raise
            raise SignInRefused("too_many", f"wrong tokens from {address}") from refusal

    request.state.caller = await asyncio.to_thread(identify)
    return request.state.caller


async def _spend(caller: Caller) -> Allowance:
    rate = settings().api_rate
    return await asyncio.to_thread(lambda: bootstrap.limits().spend("api", caller.id, rate))


async def _carry_out(
    request: Request, handle: Callable[[Request], Coroutine[Any, Any, Response]]
) -> Response:
    """The handler's answer, or the one that the same request got before."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST":
        return await _answer(request, handle)
    if not _KEY.fullmatch(key):
        raise _header_wrong("Idempotency-Key", "string_pattern_mismatch", "1 to 255 of ! to ~")
    once, caller = bootstrap.services().once, request.state.caller
    actor, fingerprint = caller.actor, await _fingerprint(request, caller)
    before = await asyncio.to_thread(once.begin, actor, key, fingerprint)
    if before is not None:
        headers = dict(before.headers) | {"Idempotent-Replayed": "true"}
        return Response(before.body, before.status, headers)
    answer = await _answer(request, handle)
    if 400 <= answer.status_code < 500:  # refused, so nothing was done
        await asyncio.to_thread(once.release, actor, key)
    else:
        kept = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
        body = answer.kept if isinstance(answer, ToldOnce) else bytes(answer.body)
        await asyncio.to_thread(once.keep, actor, key, Answer(answer.status_code, kept, body))
    return answer


async def _answer(
    request: Request, handle: Callable[[Request], Coroutine[Any, Any, Response]]
) -> Response:
    try:
        return await handle(request)
    except Exception as error:  # noqa: BLE001 - the boundary to the client
        return answer_to(error, request)


async def _fingerprint(request: Request, caller: Caller) -> bytes:
    """What makes two requests the same: who, what, and the content but for how it is written."""
    digest = hashlib.sha256(f"{caller.id}\n{request.url.path}?{request.url.query}\n".encode())
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        # The boundary between the parts of a form is another one each time that it is sent.
        await _add_form(digest, await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS))
    else:
        body = await request.body()
        with suppress(orjson.JSONDecodeError):  # which the handler refuses
            body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
        digest.update(body)
    return digest.digest()


async def _add_form(digest: Any, form: FormData) -> None:
    for name, value in form.multi_items():
        digest.update(f"\n{len(name)} {name} ".encode())
        if not isinstance(value, UploadFile):
            digest.update(f"{len(value)} {value}".encode())
            continue
        digest.update(f"{value.size} {value.filename} ".encode())
        while block := await value.read(_BLOCK):
            digest.update(block)
        await value.seek(0)


MOST_FILES, MOST_FIELDS = 20, 1_100  # of a form


def _check_query(request: Request, known: set[str]) -> None:
    """Raise for a parameter that nobody knows: a filter that is misspelt would let all through."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise RequestValidationError(
            [
                {"type": "extra_forbidden", "loc": ("query", name), "msg": "is not known"}
                for name in unknown
            ]
        )


def _too_many(request: Request, left: Allowance) -> Response:
    headers = {"Retry-After": str(left.resets_in)}
    return problem(request, 429, "api_too_many", params={"limit": left.limit}, headers=headers)


def _rate_headers(left: Allowance) -> dict[str, str]:
    """As draft-ietf-httpapi-ratelimit-headers-10 has them."""
    return {
        "RateLimit-Policy": f'"minute";q={left.limit};w=60',
        "RateLimit": f'"minute";r={left.remaining};t={left.resets_in}',
    }


def _header_wrong(name: str, code: str, message: str) -> RequestValidationError:
    return RequestValidationError([{"type": code, "loc": ("header", name), "msg": message}])
