"""An OpenID provider, found by its issuer: code flow with PKCE, refresh, logout."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from sender_app.adapters.oidc_discovery import Discovery
from sender_app.domain.errors import ProviderUnavailable, SignInRefused
from sender_app.domain.identity import ClaimRules, names_roles
from sender_app.ports.identity import Granted, LoginAttempt, LogoutNotice, Session

_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LONGEST = 600  # seconds until the provider is asked again, however long its tokens last
_WITHOUT_REFRESH = 3600  # seconds until a person signs in again where there is no refresh token

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Client:
    """Sender as the provider knows it. `base_url` is where browsers find it."""

    client_id: str
    base_url: str
    scopes: str
    leeway: int  # seconds that the two clocks may differ
    secret: str = field(default="", repr=False)
    audience: str = ""  # that access tokens for the API name; blank: the client's id

    @property
    def api_audience(self) -> str:
        """What an access token has to be meant for."""
        return self.audience or self.client_id

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends the browser back to."""
        return f"{self.base_url}/auth/callback"

    @property
    def signed_out_uri(self) -> str:
        """Where it sends the browser after a logout."""
        return f"{self.base_url}/sign-in"


class OidcProvider:
    """See ports.identity.IdentityProvider."""

    def __init__(self, issuer: str, client: Client, rules: ClaimRules) -> None:
        self._client = client
        self._rules = rules
        self._discovery = Discovery(issuer)

    def authorization_url(self, attempt: LoginAttempt) -> str:
        endpoint = self._discovery.endpoint("authorization_endpoint")
        extra = {"prompt": "login"} if attempt.other_person else {}
        with self._oauth(scope=self._client.scopes) as oauth:
            url, _ = oauth.create_authorization_url(
                endpoint,
                state=attempt.state,
                code_verifier=attempt.verifier,
                nonce=attempt.nonce,
                **extra,
            )
        return url

    def redeem(self, answer: Mapping[str, str], attempt: LoginAttempt) -> Granted:
        self._check_answer(answer)
        with self._oauth() as oauth, _translated():
            tokens = oauth.fetch_token(
                self._discovery.endpoint("token_endpoint"),
                grant_type="authorization_code",
                code=answer["code"],
                code_verifier=attempt.verifier,
                redirect_uri=self._client.redirect_uri,
            )
        if "id_token" not in tokens:
            raise SignInRefused("invalid", "the provider gave no id_token; is `openid` a scope?")
        claims = self._id_claims(tokens, nonce=attempt.nonce)
        return self._granted(tokens, claims)

    def refresh(self, session: Session) -> Granted:
        if not session.refresh_token:
            raise SignInRefused("ended", "no refresh token: the person has to sign in again")
        with self._oauth() as oauth, _translated():
            tokens = oauth.refresh_token(
                self._discovery.endpoint("token_endpoint"), refresh_token=session.refresh_token
            )
        claims: dict[str, object] = {"sub": session.user.id, "sid": session.sid}
        if "id_token" in tokens:
            claims = self._id_claims(tokens)
        if claims["sub"] != session.user.id:
            raise SignInRefused("invalid", "the provider answered about somebody else")
        # A provider that does not rotate the tokens names only what is new.
        kept = {"id_token": session.id_token, "refresh_token": session.refresh_token}
        return self._granted(kept | dict(tokens), claims)

    def logout_url(self, id_token: str) -> str | None:
        endpoint = self._discovery.get("end_session_endpoint")
        if not endpoint:
            return None
        query = {
            "client_id": self._client.client_id,
            "post_logout_redirect_uri": self._client.signed_out_uri,
        }
        if id_token:
            query["id_token_hint"] = id_token
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def read_access_token(self, token: str) -> dict[str, object]:
        with _refusing("the access token"):
            header, claims = self._discovery.verified(token)
            self._check(claims, self._client.api_audience, sub={"essential": True})
        if not _is_for_an_api(header, claims):
            raise SignInRefused("invalid", "this is no access token")
        return claims

    def more_about(self, token: str, claims: Mapping[str, object]) -> dict[str, object]:
        try:
            return self._userinfo(token, claims) | dict(claims)
        except ProviderUnavailable as error:
            cause = error.__cause__
            # A program's own token is about nobody, so the provider may refuse to tell.
            if isinstance(cause, httpx2.HTTPStatusError) and cause.response.status_code < 500:
                return dict(claims)
            raise

    def read_logout_notice(self, token: str) -> LogoutNotice:
        with _refusing("the logout token"):
            header, claims = self._discovery.verified(token)
            self._check(
                claims, self._client.client_id, nonce={"essential": False}, jti={"essential": True}
            )
        events = claims.get("events")
        if not (isinstance(events, dict) and _LOGOUT_EVENT in events) or "nonce" in claims:
            raise SignInRefused("invalid", "this is no logout token")
        if str(header.get("typ", "JWT")).lower() not in ("jwt", "logout+jwt"):
            raise SignInRefused("invalid", "this is no logout token")
        sub, sid = str(claims.get("sub") or ""), str(claims.get("sid") or "")
        if not (sub or sid):
            raise SignInRefused("invalid", "the logout token names nobody")
        return LogoutNotice(str(claims["jti"]), sub, sid)

    def _check_answer(self, answer: Mapping[str, str]) -> None:
        """What came back with the browser, before its code is worth anything (RFC 9207)."""
        issuer = self._discovery.issuer
        needed = self._discovery.get("authorization_response_iss_parameter_supported")
        if (needed or "iss" in answer) and answer.get("iss") != issuer:
            raise SignInRefused("invalid", "the answer is of another issuer")
        if "error" in answer:
            code = "denied" if answer["error"] in _BY_PERSON else "invalid"
            raise SignInRefused(code, f"{answer['error']}: {answer.get('error_description', '')}")
        if not answer.get("code"):
            raise SignInRefused("invalid", "the answer has no code")

    def _id_claims(self, tokens: Mapping[str, str], nonce: str = "") -> dict[str, object]:
        with _refusing("the id_token"):
            header, claims = self._discovery.verified(tokens["id_token"])
            options = {"iss": self._issuer_option(), "aud": self._audience_option()}
            params = {"client_id": self._client.client_id, "nonce": nonce}
            params["access_token"] = tokens.get("access_token", "")
            CodeIDToken(claims, header, options, params).validate(leeway=self._client.leeway)
        return claims

    def _check(
        self, claims: Mapping[str, object], audience: str, **options: Mapping[str, object]
    ) -> None:
        registry = JWTClaimsRegistry(
            leeway=self._client.leeway,
            iss=self._issuer_option(),  # pyright: ignore[reportArgumentType]
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            iat={"essential": True},
            **options,
        )
        registry.validate(dict(claims))

    def _issuer_option(self) -> dict[str, object]:
        return {"essential": True, "value": self._discovery.issuer}

    def _audience_option(self) -> dict[str, object]:
        return {"essential": True, "value": self._client.client_id}

    def _granted(self, tokens: Mapping[str, str], claims: dict[str, object]) -> Granted:
        access = tokens.get("access_token", "")
        claims = self._access_claims(access, claims) | claims
        if not names_roles(claims, self._rules) or not claims.get("name"):
            claims = self._userinfo(access, claims) | claims
        lives = int(tokens.get("expires_in") or _LONGEST)
        if not tokens.get("refresh_token"):
            lives = _WITHOUT_REFRESH
        else:
            lives = max(1, min(lives, _LONGEST))
        return Granted(
            claims=claims,
            ask_again_at=datetime.now(UTC) + timedelta(seconds=lives),
            id_token=tokens.get("id_token", ""),
            refresh_token=tokens.get("refresh_token", ""),
        )

    def _access_claims(self, token: str, claims: Mapping[str, object]) -> dict[str, object]:
        """Claims of an access token that is a JWT about the same person, made for Sender.

        Keycloak puts roles nowhere else unless it is told to. Other providers' tokens are opaque.
        """
        if token.count(".") != 2:
            return {}
        try:
            _, found = self._discovery.verified(token)
            JWTClaimsRegistry(
                leeway=self._client.leeway,
                iss=self._issuer_option(),  # pyright: ignore[reportArgumentType]
                exp={"essential": True},
            ).validate(found)
        except JoseError as error:
            _log.debug("access token not read", error=str(error))
            return {}
        audience = found.get("aud")
        parties = [found.get("azp"), found.get("client_id"), audience]
        parties += audience if isinstance(audience, list) else []
        ours = self._client.client_id in parties and found.get("sub") == claims["sub"]
        return found if ours else {}

    def _userinfo(self, token: str, claims: Mapping[str, object]) -> dict[str, object]:
        endpoint = self._discovery.get("userinfo_endpoint")
        if not endpoint or not token:
            return {}
        found = self._discovery.read(endpoint, token)
        if found.get("sub") != claims["sub"]:
            raise SignInRefused("invalid", "userinfo is about somebody else")
        return found

    @contextmanager
    def _oauth(self, scope: str | None = None) -> Iterator[OAuth2Client]:
        methods = self._discovery.get("token_endpoint_auth_methods_supported")
        method = "none"
        if self._client.secret:
            basic = not methods or "client_secret_basic" in methods
            method = "client_secret_basic" if basic else "client_secret_post"
        oauth = OAuth2Client(
            client_id=self._client.client_id,
            client_secret=self._client.secret or None,
            token_endpoint_auth_method=method,
            redirect_uri=self._client.redirect_uri,
            scope=scope,
            code_challenge_method="S256",
            timeout=10,
            verify=self._discovery.tls,
        )
        with closing(oauth):
            yield oauth


def _is_for_an_api(header: Mapping[str, object], claims: Mapping[str, object]) -> bool:
    """Whether it is an access token (RFC 9068, or as Keycloak and others mark them), not one that
    tells a client who signed in or out."""
    if {"nonce", "at_hash", "c_hash", "events"} & claims.keys():
        return False
    if "typ" in claims:
        return str(claims["typ"]).lower() == "bearer"
    kind = str(header.get("typ", "")).lower().removeprefix("application/")
    return kind == "at+jwt" or "scope" in claims or "scp" in claims


_BY_PERSON = frozenset({"access_denied", "login_required", "consent_required"})


@contextmanager
def _translated() -> Iterator[None]:
    """Failures of the token endpoint as ours."""
    try:
        yield
    except OAuthError as error:
        if error.error == "invalid_grant":
            raise SignInRefused("ended", f"{error.error}: {error.description}") from error
        _log.error("the token endpoint refuses Sender", error=error.error, why=error.description)
        raise ProviderUnavailable(f"{error.error}: {error.description}") from error
    except (httpx2.HTTPError, ValueError) as error:
        raise ProviderUnavailable(str(error)) from error


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    try:
        yield
    except JoseError as error:
        raise SignInRefused("invalid", f"{what} is not valid: {error}") from error
