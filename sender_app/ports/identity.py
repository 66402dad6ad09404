"""Who is signed in: sessions of browsers, and one-time links."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class User:
    """A signed-in person. `id` is the OIDC `sub`, or "local"."""

    id: str
    name: str


class Sessions(Protocol):
    """Sessions, by a random id that only the browser's cookie and a hash here know."""

    def open(self, user: User) -> str:
        """A new session's id."""
        ...

    def find(self, session_id: str) -> User | None:
        """Whose session it is; each look prolongs it."""
        ...

    def close(self, session_id: str) -> None:
        """End it."""
        ...

    def issue_link_token(self) -> str:
        """A token that signs the local administrator in, once and soon."""
        ...

    def redeem_link_token(self, token: str) -> bool:
        """Whether the token was good; it is used up."""
        ...
