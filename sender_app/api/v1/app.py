"""The API as an application of its own: its routes, its errors and its description."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import Message, Receive, Scope, Send

from sender_app import __version__
from sender_app.api.v1 import (
    accounts,
    campaigns,
    contacts,
    conversations,
    dashboard,
    events,
    opt_outs,
    sending,
    templates,
    webhooks,
)
from sender_app.api.v1.problems import MEDIA_TYPE, Problem, answer_to

_LARGEST = 1024 * 1024  # bytes of a request, where a route says nothing else
_DESCRIPTION = """
WhatsApp campaigns for programs: contacts, messages, and who got them.

Every request bears a token: `Authorization: Bearer sender_…`. A *viewer* may read, a *sender* also
write contacts and send, an *admin* also link accounts, lift opt-outs and manage webhooks.

Lists come in pages: `{"items": […], "next": "…"}`; give `next` back as `cursor` for what follows.
Failures are RFC 9457 problems with a stable `code`. A `POST` with an `Idempotency-Key` is carried
out once within 24 hours, however often it is repeated. Each key may make so many requests a minute
as `RateLimit-Policy` says; after that come 429 and `Retry-After`.
"""
_PROBLEMS = {
    "400": "The body is not what its type says.",
    "401": "No token, or one that does not hold.",
    "403": "The token's role does not reach as far.",
    "404": "No such thing in this workspace.",
    "409": "Not as things are now; `code` says why.",
    "413": "The request is too large.",
    "422": "The request cannot be read, or breaks a rule; `code` says which.",
    "429": "Too many requests; again after `Retry-After` seconds.",
    "500": "A fault of the server.",
    "503": "The identity provider does not answer; again after `Retry-After` seconds.",
}
_WITH_BODY = ("post", "put", "patch")
_TAGS = {
    "messages": "Send messages: one request makes a whole campaign.",
    "campaigns": "Campaigns: look at them, and steer them.",
    "conversations": "What people wrote, and answering them.",
    "contacts": "The address book.",
    "groups": "Groups of contacts.",
    "templates": "The library of messages.",
    "opt-outs": "Numbers that are never written to.",
    "accounts": "WhatsApp accounts, and how to link one.",
    "webhooks": "Have events told to other systems, and see what arrived there.",
    "dashboard": "Figures.",
    "cache": "What figures are kept in for a while.",
}


class Api(FastAPI):
    """FastAPI, with the problems of every operation in its description."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and put a problem in the place of the body limit's own plain answer."""
        refused = False

        async def sending(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == 413:
                refused = b"text/plain" in dict(message["headers"]).get(b"content-type", b"")
                if refused:
                    answer = answer_to(HTTPException(413), Request(scope))
                    await answer(scope, receive, send)
            if not refused:
                await send(message)

        await super().__call__(scope, receive, sending)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document."""
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document["components"]["schemas"]
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs") | {"Problem": problem}
            for operations in document["paths"].values():
                for method, operation in operations.items():
                    _describe(method, operation)
        return self.openapi_schema or {}


def _describe(method: str, operation: dict[str, Any]) -> None:
    for status, meaning in _PROBLEMS.items():
        if status in ("400", "413") and method not in _WITH_BODY:
            continue
        operation["responses"][status] = {
            "description": meaning,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    for status in ("429", "503"):
        operation["responses"][status]["headers"] = {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}
        }
    done = next(one for status, one in operation["responses"].items() if status.startswith("2"))
    done["headers"] = {
        "RateLimit-Policy": {
            "schema": {"type": "string"},
            "description": 'As `"minute";q=600;w=60`.',
        },
        "RateLimit": {"schema": {"type": "string"}, "description": 'As `"minute";r=599;t=60`.'},
    }


api = Api(
    title="Sender",
    version=__version__,
    description=_DESCRIPTION,
    openapi_tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
    docs_url=None,
    redoc_url=None,
    max_body_size=_LARGEST,
    generate_unique_id_function=lambda route: to_camel(route.name),
    separate_input_output_schemas=False,
    redirect_slashes=False,
)
for module in (
    *(sending, campaigns, conversations, contacts, templates, opt_outs, accounts, webhooks),
    dashboard,
):
    api.include_router(module.router)
api.webhooks.include_router(events.router)


@api.exception_handler(HTTPException)
@api.exception_handler(RequestValidationError)
async def _failed(request: Request, error: Exception) -> Response:
    """What fails outside any route: no such path or method, a request that is too large."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        error = HTTPException(405, headers={"Allow": ", ".join(_methods(request))})
    return answer_to(error, request)


def _methods(request: Request) -> list[str]:
    """Every method that the path has."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return sorted(
        method.upper()
        for pattern, operations in api.openapi()["paths"].items()
        if compile_path(pattern)[0].match(path)
        for method in operations
    )
