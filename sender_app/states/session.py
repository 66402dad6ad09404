"""Who is signed in, in which language; loaded with every page."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import reflex as rx

from sender_app.api.sign_in import session_of
from sender_app.config import settings
from sender_app.domain.actor import Role
from sender_app.domain.address import path_within
from sender_app.states.access import SignedOut, explain, handler, use
from sender_app.text import COOKIE, LANGUAGES, language_of

_YEAR = 365 * 86400
PROBLEMS = (
    *("denied", "ended", "expired", "invalid", "local_off", "no_role", "team_off"),
    *("too_many", "unavailable", "used"),
)


@dataclass(frozen=True)
class Place:
    """A workspace that the person may act in."""

    id: str
    name: str


class Session(rx.State):
    """What the frame around every page shows."""

    lang: str = "es"
    zone: str = ""  # IANA name; times are written as the clocks of the workspace show them
    loaded: bool = False
    name: str = ""
    role: str = ""
    signed_out: bool = False  # nobody is signed in; the page gives way to the sign-in page
    demo: bool = False
    phone_url: str = ""
    workspace: str = ""  # the id of the one that the person acts in
    places: list[Place] = []
    user_id: str = ""
    waiting: int = 0  # campaigns that wait for the person's approval
    failing_webhooks: int = 0  # switched off because they failed; an admin is told everywhere
    team_login: bool = False
    link_works: bool = True
    problem: str = ""  # why a sign-in failed, one of PROBLEMS
    door: str = "/auth/login?next=/"  # the team's sign-in, which leads back to where the person was
    _cookie: str = ""  # whose this is; see ownership.py
    _scope: str = ""

    @rx.var
    def place(self) -> str:
        """The name of the workspace that the person acts in."""
        return next((place.name for place in self.places if place.id == self.workspace), "")

    @rx.var
    def may_send(self) -> bool:
        """Whether the role reaches as far as campaigns."""
        return self.role in ("sender", "admin")

    @rx.var
    def is_admin(self) -> bool:
        """Whether the role reaches as far as everything."""
        return self.role == "admin"

    @rx.event
    async def load(self) -> Any:
        """Before each page: the language, and who is there. Nobody: to the sign-in page."""
        self.lang = language_of(self.router.headers.cookie, self.router.headers.raw_headers)
        self.loaded = True
        self.demo, self.phone_url = settings().demo, settings().demo_phone_url
        session = session_of(self.router.headers.cookie)
        try:
            actor, members, zone, waiting, failing = await use(
                self,
                lambda s, actor: (
                    actor,
                    s.sign_in.list_workspaces(session),
                    s.workspaces.get_workspace(actor).time_zone,
                    s.campaigns.to_approve(actor),
                    s.webhooks.count_failing(actor) if actor.role is Role.ADMIN else 0,
                ),
            )
        except Exception as error:  # noqa: BLE001 - the boundary to the browser
            self.name, self.role, self.places = "", "", []
            self.user_id, self.waiting = "", 0
            self.signed_out = isinstance(error, SignedOut)
            return explain(self, error)
        self.name, self.role, self.zone = actor.name, actor.role.value, zone
        self.signed_out = False
        self.user_id, self.waiting = actor.user_id, waiting
        self.workspace, self.failing_webhooks = str(actor.workspace_id), failing
        self.places = [Place(str(one.workspace_id), one.workspace_name) for one in members]
        return None

    @rx.event
    @handler
    async def count_waiting(self) -> Any:
        """How many campaigns wait for the person's approval now."""
        self.waiting = await use(self, lambda s, actor: s.campaigns.to_approve(actor))

    @rx.event
    async def greet(self) -> None:
        """Before the sign-in page: the language, the ways in, and what went wrong."""
        self.lang = language_of(self.router.headers.cookie, self.router.headers.raw_headers)
        query = self.router.url.query_parameters
        problem = query.get("problem", "")
        self.problem = problem if problem in PROBLEMS else ""
        self.door = f"/auth/login?{urlencode({'next': path_within(query.get('next', '/'))})}"
        self.team_login = bool(settings().oidc_issuer)
        self.link_works = settings().local_sign_in_allowed
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
