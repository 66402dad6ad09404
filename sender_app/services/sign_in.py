"""Signing in: the local administrator's one-time link, and the sessions that follow."""

from dataclasses import dataclass
from urllib.parse import quote

from sender_app.domain.actor import Actor
from sender_app.ports.identity import Sessions, User
from sender_app.services.workspaces import Workspaces

LOCAL = User("local", "Administrador")


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who is who."""

    sessions: Sessions
    workspaces: Workspaces

    def issue_local_link(self, public_url: str) -> str:
        """A link that signs the local administrator in, once."""
        return f"{public_url}/auth/local?token={quote(self.sessions.issue_link_token())}"

    def redeem_local_link(self, token: str) -> str | None:
        """A new session's id, or None when the link was used before or is too old."""
        if not token or not self.sessions.redeem_link_token(token):
            return None
        return self.sessions.open(LOCAL)

    def find_actor(self, session_id: str) -> Actor | None:
        """The signed-in person in their workspace; None when the session is over."""
        user = self.sessions.find(session_id) if session_id else None
        return self.workspaces.actor_for(user.id, user.name) if user else None

    def sign_out(self, session_id: str) -> None:
        """End the session."""
        if session_id:
            self.sessions.close(session_id)
