"""Who is signed in, in which language; loaded with every page."""

from typing import Any

import reflex as rx

from sender_app.config import settings
from sender_app.states.access import explain, handler, use
from sender_app.text import COOKIE, LANGUAGES, language_of

_YEAR = 365 * 86400


class Session(rx.State):
    """What the frame around every page shows."""

    lang: str = "es"
    loaded: bool = False
    name: str = ""
    signed_in: bool = False
    demo: bool = False
    phone_url: str = ""
    link_used: bool = False

    @rx.event
    async def load(self) -> Any:
        """Before each page: the language, and who is there. Nobody: to the sign-in page."""
        self.lang = language_of(self.router.headers.cookie, self.router.headers.raw_headers)
        self.loaded = True
        self.demo, self.phone_url = settings().demo, settings().demo_phone_url
        try:
            actor = await use(self, lambda _services, actor: actor)
        except Exception as error:  # noqa: BLE001 - the boundary to the browser
            self.signed_in = False
            return explain(self, error)
        self.name, self.signed_in = actor.name, True
        return None

    @rx.event
    async def greet(self) -> None:
        """Before the sign-in page: the language, and whether the link that led here was no good."""
        self.lang = language_of(self.router.headers.cookie, self.router.headers.raw_headers)
        self.link_used = "used" in self.router.url.query_parameters
        self.loaded = True

    @rx.event
    @handler
    async def choose_language(self, lang: str) -> Any:
        """Speak another language from now on."""
        if lang not in LANGUAGES:
            return None
        self.lang = lang
        return rx.call_script(
            f"document.cookie='{COOKIE}={lang};path=/;max-age={_YEAR};samesite=lax'"
        )
