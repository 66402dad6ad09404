"""Who is signed in: sessions of browsers, one-time links, and the identity provider of a team."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class User:
    """A signed-in person. `id` is the OIDC `sub`, or "local"."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Session:
    """What the server keeps of one browser's session."""

    user: User
    workspace_id: UUID  # where the person acts now
    workspace_ids: tuple[UUID, ...]  # where they may act, by the last sign-in or look
    confirmed_at: datetime  # the last sign-in, or answer of the provider
    ask_again_at: datetime | None = None  # when the provider has to be asked; None: never
    sid: str = ""  # the provider's own name of the session
    id_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """A sign-in on its way through the provider, kept until the browser comes back."""

    state: str
    nonce: str
    verifier: str  # PKCE
    browser: str  # the same secret is in a cookie of the browser that began
    back_to: str  # a path within Sender
    other_person: bool = False  # ask who it is although somebody is signed in at the provider


class Sessions(Protocol):
    """Sessions, by a random id that only the browser's cookie and a hash here know."""

    def open(self, session: Session) -> str:
        """A new session's id."""
        ...

    def find(self, session_id: str) -> Session | None:
        """What is kept; each look prolongs it."""
        ...

    def change(self, session_id: str, change: Callable[[Session], Session]) -> Session | None:
        """Keep under the same id what `change` makes of what is there; None when it was closed.

        What somebody else keeps meanwhile is not lost: then `change` is asked once more.
        """
        ...

    def close(self, session_id: str) -> None:
        """End it."""
        ...

    def close_of(self, *, sid: str = "", user_id: str = "") -> int:
        """End the sessions of the provider's session `sid`, else all of the person; how many."""
        ...

    def begin_renewal(self, session_id: str) -> bool:
        """Whether this caller may ask the provider now; False while another one does."""
        ...

    def end_renewal(self, session_id: str) -> None:
        """The provider was asked."""
        ...

    def keep_attempt(self, attempt: LoginAttempt) -> None:
        """Remember a sign-in that begins, for as long as a person takes to type a password."""
        ...

    def take_attempt(self, state: str) -> LoginAttempt | None:
        """The sign-in of that `state`, once."""
        ...

    def first_use(self, name: str, within: timedelta) -> bool:
        """Whether `name` comes for the first time within that time."""
        ...

    def issue_link_token(self) -> str:
        """A token that signs the local administrator in, once and soon."""
        ...

    def redeem_link_token(self, token: str) -> bool:
        """Whether the token was good; it is used up."""
        ...


@dataclass(frozen=True, slots=True)
class Granted:
    """What the provider answered: verified claims, and tokens to ask again and to sign out with."""

    claims: Mapping[str, object]
    ask_again_at: datetime
    id_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """The provider ended sessions: those of `sid`, or all of `sub` where no `sid` is given."""

    id: str
    sub: str
    sid: str


class IdentityProvider(Protocol):
    """An OpenID provider. Each call raises ProviderUnavailable when it cannot be reached."""

    def authorization_url(self, attempt: LoginAttempt) -> str:
        """Where the browser has to go."""
        ...

    def redeem(self, answer: Mapping[str, str], attempt: LoginAttempt) -> Granted:
        """The person who came back with `answer` (the query). Raises SignInRefused."""
        ...

    def refresh(self, session: Session) -> Granted:
        """The same person now. Raises SignInRefused when the provider ended the session."""
        ...

    def logout_url(self, id_token: str) -> str | None:
        """Where the browser ends the provider's session, and is sent back; None: nowhere."""
        ...

    def read_access_token(self, token: str) -> dict[str, object]:
        """Claims about the bearer of an access token that is meant for Sender's API, verified.

        Raises SignInRefused.
        """
        ...

    def more_about(self, token: str, claims: Mapping[str, object]) -> dict[str, object]:
        """The claims of an access token, and what the provider tells its bearer besides.

        Raises SignInRefused.
        """
        ...

    def read_logout_notice(self, token: str) -> LogoutNotice:
        """A back-channel logout token, verified. Raises SignInRefused."""
        ...
