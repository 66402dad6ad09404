"""What browsers are told to refuse: every answer's security headers, and other sites' pages."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sender_app.config import settings

_YEAR = 365 * 86400
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid"),
            *("magnetometer", "microphone", "midi", "payment", "serial", "usb"),
        )
    ),
}
# What is no page loads nothing and is shown in no frame.
_NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class SecurityHeaders:
    """ASGI middleware: adds the headers to every answer, and a page's policy to every page.

    `scripts` gives the sources (`'sha256-…'`) of the scripts that stand in pages; it is asked once.
    """

    def __init__(self, app: ASGIApp, scripts: Callable[[], Sequence[str]]) -> None:
        self._app = app
        self._scripts = scripts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; an answer's own headers stay as they are."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                page = headers.get("content-type", "").startswith("text/html")
                for name, value in self._fixed.items():
                    headers.setdefault(name, value)
                if message["status"] != 304:  # it would take the place of the kept page's policy
                    headers.setdefault("Content-Security-Policy", self._page if page else _NO_PAGE)
            await send(message)

        await self._app(scope, receive, sending)

    @cached_property
    def _fixed(self) -> Mapping[str, str]:
        if not settings().base_url.startswith("https://"):
            return _ALWAYS
        return _ALWAYS | {"Strict-Transport-Security": f"max-age={_YEAR}"}

    @cached_property
    def _page(self) -> str:
        return page_policy(self._scripts())


def page_policy(scripts: Sequence[str]) -> str:
    """The Content-Security-Policy of a page; docs/threat-model.md says what it still allows."""
    provider = urlsplit(settings().oidc_issuer)
    # Signing out posts a form that ends at the provider, and browsers look at every step.
    sign_out = [f"{provider.scheme}://{provider.netloc}"] if settings().oidc_issuer else []
    policy = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *scripts],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["'self'", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'", *sign_out],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items())


def may_connect(origin: str | None, environ: Mapping[str, str]) -> bool:
    """Whether a page of `origin` may open the live connection: our own pages, or CORS_ORIGINS'.

    Browsers always name the origin; who names none is no browser, and has no cookie of one.
    """
    if origin is None:
        return True
    here = {environ.get("HTTP_HOST"), urlsplit(settings().base_url).netloc}
    return (urlsplit(origin).netloc or "none") in here or origin in settings().other_origins
