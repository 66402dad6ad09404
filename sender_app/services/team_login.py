"""A team's login through its OpenID provider: begin, come back, ask again, be told of a logout."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from sender_app.domain.actor import Actor
from sender_app.domain.address import path_within
from sender_app.domain.errors import ProviderUnavailable, SignInRefused
from sender_app.domain.identity import ClaimRules, Identity, identity_from
from sender_app.ports.identity import (
    Granted,
    IdentityProvider,
    LoginAttempt,
    Session,
    Sessions,
    User,
)
from sender_app.ports.store import Store
from sender_app.services.audit import SIGN_IN
from sender_app.services.clock import Clock, system_clock
from sender_app.services.workspaces import Workspaces

_PATIENCE = timedelta(minutes=30)  # that a session outlives a provider which does not answer
_AGAIN = timedelta(seconds=30)  # between two questions to such a provider
_NOTICE_LIVES = timedelta(hours=1)  # longer than any logout token is valid

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TeamLogin:
    """Sessions that the provider answers for."""

    sessions: Sessions
    store: Store
    workspaces: Workspaces
    provider: IdentityProvider
    rules: ClaimRules
    clock: Clock = system_clock

    def begin(self, back_to: str, *, other_person: bool = False) -> tuple[str, str]:
        """Where the browser has to go, and a secret that its cookie keeps until it comes back.

        Raises SignInRefused where there is no provider, ProviderUnavailable.
        """
        attempt = LoginAttempt(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(64),
            browser=secrets.token_urlsafe(32),
            back_to=path_within(back_to),
            other_person=other_person,
        )
        url = self.provider.authorization_url(attempt)
        self.sessions.keep_attempt(attempt)
        return url, attempt.browser

    def complete(
        self, answer: Mapping[str, str], browser: str, before: str = ""
    ) -> tuple[str, str]:
        """A new session's id, and the path to go on to; the session `before` ends.

        Raises SignInRefused when the answer is not to this browser's question, does not hold, or
        is about somebody without a role; ProviderUnavailable.
        """
        attempt = self.sessions.take_attempt(answer.get("state", ""))
        if attempt is None or not secrets.compare_digest(
            attempt.browser.encode(), browser.encode()
        ):
            raise SignInRefused("expired", "the answer is not to a question of this browser")
        granted = self.provider.redeem(answer, attempt)
        person = identity_from(granted.claims, self.rules)
        session = self._session(person, granted)
        if session is None:
            raise SignInRefused("no_role", f"{person.sub} has no role in Sender")
        if before:
            self.sessions.close(before)
        self.store.members.touch(session.workspace_id, person.sub)
        here = self.store.members.find(session.workspace_id, person.sub)
        if here is not None:
            actor = Actor(person.sub, session.workspace_id, here.role, person.name)
            self.store.audit.append(actor, SIGN_IN, person.login, "done")
        return self.sessions.open(session), attempt.back_to

    def renew(self, session_id: str, session: Session) -> Session | None:
        """The session after asking the provider; None when it is over.

        A provider that does not answer is forgiven for a while: nobody is thrown out for its
        restart. While one request asks, others go on with what was known.
        """
        if not self.sessions.begin_renewal(session_id):
            return session
        try:
            return self._renewed(session_id, session)
        finally:  # only now that the new token is kept, or the next request uses the old one again
            self.sessions.end_renewal(session_id)

    def _renewed(self, session_id: str, session: Session) -> Session | None:
        now = self.sessions.find(session_id)
        if now is None or now.ask_again_at != session.ask_again_at:
            return now  # somebody else asked since it was read, and a token works only once
        try:
            granted = self.provider.refresh(session)
            renewed = self._session(identity_from(granted.claims, self.rules), granted, session)
        except ProviderUnavailable as error:
            return self._forgiven(session_id, session, error)
        except SignInRefused as refusal:
            _log.info("session ended by the provider", user=session.user.id, why=str(refusal))
            renewed = None
        if renewed is None:
            self.sessions.close(session_id)
            return None
        return self.sessions.change(session_id, lambda now: _in_place(renewed, now))

    def hear_logout(self, token: str) -> int:
        """End the sessions that the provider's logout token names; returns how many.

        Raises SignInRefused when the token does not hold or came before, ProviderUnavailable.
        """
        notice = self.provider.read_logout_notice(token)
        if not self.sessions.first_use(f"logout:{notice.id}", _NOTICE_LIVES):
            raise SignInRefused("invalid", "this logout token came before")
        closed = self.sessions.close_of(sid=notice.sid, user_id=notice.sub)
        _log.info("signed out by the provider", user=notice.sub, sessions=closed)
        return closed

    def logout_url(self, session: Session) -> str | None:
        """Where the browser ends the provider's session; None where that is not to be had now."""
        try:
            return self.provider.logout_url(session.id_token)
        except ProviderUnavailable as error:
            _log.warning("signed out here only", error=str(error))
            return None

    def _session(
        self, person: Identity, granted: Granted, before: Session | None = None
    ) -> Session | None:
        """What is kept of the person; None when they belong nowhere."""
        members = self.workspaces.admit(person, self.rules)
        ids = tuple(member.workspace_id for member in members)
        if not ids:
            return None
        return Session(
            user=User(person.sub, person.name),
            workspace_id=before.workspace_id if before and before.workspace_id in ids else ids[0],
            workspace_ids=ids,
            confirmed_at=self.clock(),
            ask_again_at=granted.ask_again_at,
            sid=str(granted.claims.get("sid") or (before.sid if before else "")),
            id_token=granted.id_token,
            refresh_token=granted.refresh_token,
        )

    def _forgiven(
        self, session_id: str, session: Session, error: ProviderUnavailable
    ) -> Session | None:
        now = self.clock()
        if now - session.confirmed_at > _PATIENCE:
            _log.warning("session ended: the provider is silent", error=str(error))
            self.sessions.close(session_id)
            return None
        _log.warning("the provider does not answer", error=str(error))
        return self.sessions.change(
            session_id, lambda kept: replace(kept, ask_again_at=now + _AGAIN)
        )


def _in_place(renewed: Session, now: Session) -> Session:
    """The renewed session where the person acts now: they may have chosen while it was asked."""
    if now.workspace_id not in renewed.workspace_ids:
        return renewed
    return replace(renewed, workspace_id=now.workspace_id)
