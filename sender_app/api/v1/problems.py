"""Failures as RFC 9457 problems: for a program by a code, for people in words."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import orjson
import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request

from sender_app.domain.errors import (
    NotFound,
    NotPermitted,
    ProviderUnavailable,
    RuleViolation,
    SignInRefused,
)
from sender_app.text import language_of, texts, translate

MEDIA_TYPE = "application/problem+json"
RETRY_LATER = 5  # seconds
# Rules that what is there already breaks, not the request.
_CONFLICTS = frozenset(
    {
        *("account_linked_already", "account_not_linked", "campaign_move_refused"),
        *("contact_exists", "draft_gone", "group_exists", "nothing_to_retry"),
        *("phone_opted_out", "nothing_unconfirmed", "account_name_taken"),
        *("idempotency_under_way", "idempotency_unknown", "template_name_taken"),
        *("webhook_disabled", "webhooks_too_many"),
    }
)
_log = structlog.get_logger()


class FieldProblem(BaseModel):
    """One field of the request that cannot be read."""

    field: str = Field(
        description="Its name, or path of names and positions, joined by dots.",
        examples=["phone"],
    )
    where: str = Field(description="path, query, header or body.")
    code: str = Field(description="What is wrong, for a program.")
    message: str = Field(description="What is wrong, in English.")


class Problem(BaseModel):
    """A failure, as RFC 9457 has it. `code` is stable; `detail` speaks the language that
    `Accept-Language` asks for (es, en or pt)."""

    type: str = Field(examples=["urn:sender:problem:contact_exists"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["Ese número ya está en la agenda."])
    code: str = Field(examples=["contact_exists"])
    errors: list[FieldProblem] | None = Field(
        None, description="Fields that cannot be read, in the order of the documentation."
    )


def answer_to(error: Exception, request: Request) -> Response:
    """The problem that `error` is to the client; what is nobody's fault but ours is logged."""
    match error:
        case RequestValidationError():
            return problem(request, 422, "api_request_invalid", errors=_fields(error))
        case RuleViolation():
            status = 409 if error.code in _CONFLICTS else 422
            return problem(request, status, error.code, params=error.params)
        case NotFound():
            return problem(request, 404, "not_found")
        case NotPermitted():
            return problem(request, 403, "not_permitted")
        case SignInRefused(code="no_role"):
            return problem(request, 403, "api_no_role")
        case SignInRefused(code="too_many"):
            return problem(request, 429, "api_refused_often", headers={"Retry-After": "60"})
        case SignInRefused():
            return unauthorised(request, error.code)
        case ProviderUnavailable():
            _log.warning("token not checked", error=str(error))
            headers = {"Retry-After": str(RETRY_LATER)}
            return problem(request, 503, "api_provider_unavailable", headers=headers)
        case HTTPException():
            code = f"api_http_{error.status_code}"
            known = f"error.{code}" in texts("es")
            return problem(
                request,
                error.status_code,
                code if known else "api_http_400",
                headers=error.headers,
            )
        case _:
            _log.error("request failed", exc_info=error)
            return problem(request, 500, "fault")


def unauthorised(request: Request, why: str = "") -> Response:
    """401 with the challenge of RFC 6750; without a token it names no error."""
    challenge = 'Bearer realm="sender"' + (', error="invalid_token"' if why else "")
    code = "api_token_invalid" if why else "api_token_missing"
    return problem(request, 401, code, headers={"WWW-Authenticate": challenge})


def problem(
    request: Request,
    status: int,
    code: str,
    *,
    params: Mapping[str, object] | None = None,
    errors: Sequence[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer; `code` names its text in `locales/` under `error.`."""
    lang = language_of("", request.headers)
    content = Problem(
        type=f"urn:sender:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=translate(lang, f"error.{code}", **(params or {})),
        code=code,
        errors=list(errors) if errors is not None else None,
    )
    return Response(
        orjson.dumps(content.model_dump(exclude_none=True)),
        status,
        {"Content-Language": lang, "Cache-Control": "no-store", **(headers or {})},
        MEDIA_TYPE,
    )


def _fields(error: RequestValidationError) -> list[FieldProblem]:
    found = []
    for one in error.errors():
        where, *path = (str(part) for part in one["loc"])
        message = one["msg"].removeprefix("Value error, ")
        found.append(
            FieldProblem(field=".".join(path), where=where, code=one["type"], message=message)
        )
    return found
