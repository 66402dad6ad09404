"""Signing in and out: the local administrator's one-time link, and the sessions of browsers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote
from uuid import UUID

from sender_app.domain.actor import Actor
from sender_app.domain.errors import NotFound, SignInRefused
from sender_app.domain.member import Member
from sender_app.ports.identity import Session, Sessions, User
from sender_app.ports.store import Store
from sender_app.services.audit import SIGN_IN, SIGN_OUT
from sender_app.services.clock import Clock, system_clock
from sender_app.services.team_login import TeamLogin
from sender_app.services.workspaces import Workspaces

LOCAL = User("local", "Administrador")


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who is who. `local_allowed`: the one-time link works here."""

    sessions: Sessions
    store: Store
    workspaces: Workspaces
    team: TeamLogin
    local_allowed: bool
    clock: Clock = system_clock

    def issue_local_link(self, public_url: str) -> str:
        """A link that signs the local administrator in, once. Raises SignInRefused (off here)."""
        if not self.local_allowed:
            raise SignInRefused("local_off")
        return f"{public_url}/auth/local?token={quote(self.sessions.issue_link_token())}"

    def redeem_local_link(self, token: str, before: str = "") -> str:
        """A new session's id; the session `before` ends.

        Raises SignInRefused: the link was used before, is too old, or is of no use here.
        """
        if not self.local_allowed:
            raise SignInRefused("local_off")
        if not token or not self.sessions.redeem_link_token(token):
            raise SignInRefused("used")
        actor = self.workspaces.actor_for(LOCAL.id, LOCAL.name)
        here = actor.workspace_id
        if before:
            self.sessions.close(before)
        self.store.audit.append(actor, SIGN_IN, "", "done")
        return self.sessions.open(Session(LOCAL, here, (here,), confirmed_at=self.clock()))

    def find_actor(self, session_id: str) -> Actor | None:
        """The signed-in person in their workspace, in the role that they have now.

        None when the session is over, or the provider or an admin took the person's role.
        """
        session = self._current(session_id)
        member = self._member(session_id, session) if session else None
        if session is None or member is None:
            return None
        return _actor(member)

    def find_scope(self, session_id: str) -> str:
        """What a page's state may belong to: the session and its workspace; blank when it is over.

        It asks nobody and changes nothing, so it is good for every page that is opened.
        """
        session = self.sessions.find(session_id) if session_id else None
        return f"{session_id}:{session.workspace_id}" if session else ""

    def list_workspaces(self, session_id: str) -> Sequence[Member]:
        """The person's memberships that this session may act in, by name."""
        session = self.sessions.find(session_id) if session_id else None
        if session is None:
            return []
        found = (self.store.members.find(one, session.user.id) for one in session.workspace_ids)
        return sorted((one for one in found if one), key=lambda one: one.workspace_name.casefold())

    def choose_workspace(self, session_id: str, workspace_id: UUID) -> None:
        """Act in another workspace from now on. Raises NotFound for one that is not theirs."""
        session = self._current(session_id)
        if session is None or workspace_id not in session.workspace_ids:
            raise NotFound("workspace", workspace_id)
        if self.store.members.find(workspace_id, session.user.id) is None:
            raise NotFound("workspace", workspace_id)
        self._move(session_id, workspace_id)
        self.store.members.touch(workspace_id, session.user.id)

    def sign_out(self, session_id: str) -> str | None:
        """End the session; returns where the browser ends the provider's, if anywhere."""
        session = self.sessions.find(session_id) if session_id else None
        if session is None:
            return None
        self.sessions.close(session_id)
        member = self.store.members.find(session.workspace_id, session.user.id)
        if member is not None:
            self.store.audit.append(_actor(member), SIGN_OUT, "", "done")
        return self.team.logout_url(session) if session.ask_again_at else None

    def _current(self, session_id: str) -> Session | None:
        """The session, after asking the provider where it is time to."""
        session = self.sessions.find(session_id) if session_id else None
        if session is None or session.ask_again_at is None or self.clock() < session.ask_again_at:
            return session
        return self.team.renew(session_id, session)

    def _member(self, session_id: str, session: Session) -> Member | None:
        """The membership in the session's workspace, else in another that is left."""
        member = self.store.members.find(session.workspace_id, session.user.id)
        if member is not None:
            return member
        for workspace_id in session.workspace_ids:
            member = self.store.members.find(workspace_id, session.user.id)
            if member is not None:
                self._move(session_id, workspace_id)
                return member
        return None

    def _move(self, session_id: str, workspace_id: UUID) -> None:
        """Only the workspace: the tokens may be newer than those that were read with it."""
        self.sessions.change(session_id, lambda now: replace(now, workspace_id=workspace_id))


def _actor(member: Member) -> Actor:
    return Actor(member.user_id, member.workspace_id, member.role, member.name)
