"""What stands for the identity provider where none is configured."""

from collections.abc import Mapping

from sender_app.domain.errors import SignInRefused
from sender_app.ports.identity import Granted, LoginAttempt, LogoutNotice, Session


class NoProvider:
    """See ports.identity.IdentityProvider; it signs nobody in."""

    def authorization_url(self, attempt: LoginAttempt) -> str:
        raise _off()

    def redeem(self, answer: Mapping[str, str], attempt: LoginAttempt) -> Granted:
        raise _off()

    def refresh(self, session: Session) -> Granted:
        raise _off()

    def logout_url(self, id_token: str) -> str | None:
        return None

    def read_access_token(self, token: str) -> dict[str, object]:
        raise _off()

    def more_about(self, token: str, claims: Mapping[str, object]) -> dict[str, object]:
        raise _off()

    def read_logout_notice(self, token: str) -> LogoutNotice:
        raise _off()


def _off() -> SignInRefused:
    return SignInRefused("team_off", "OIDC_ISSUER is not set")
