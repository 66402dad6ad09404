"""Tokens that no honest provider would send: each is refused, whatever else is right about it."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from sender_app.adapters.oidc import Client, OidcProvider
from sender_app.domain.errors import ProviderUnavailable, SignInRefused
from sender_app.domain.identity import ClaimRules
from sender_app.ports.identity import LoginAttempt

ATTEMPT = LoginAttempt("state", "nonce", "v" * 64, "browser", "/")
LOGOUT = {"http://schemas.openid.net/event/backchannel-logout": {}}


def new_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


KEY, OTHER = new_key("one"), new_key("one")


class Issuer:
    """A provider that answers whatever a test wants, over real HTTP."""

    def __init__(self) -> None:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                self._answer(issuer.documents().get(self.path))

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                issuer.form = parse_qs(self.rfile.read(length).decode())
                issuer.form["authorization"] = [self.headers.get("authorization", "")]
                self._answer(issuer.answer, issuer.status)

            def _answer(self, document: Any, status: int = 200) -> None:
                self.send_response(404 if document is None else status)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.asked: list[str] = []
        self.form: dict[str, list[str]] = {}
        self.key: RSAKey = KEY
        self.published: list[Any] = [KEY]
        self.userinfo: dict[str, object] | None = None
        self.extra: dict[str, object] = {}
        self.answer: dict[str, object] = {}
        self.status = 200
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def documents(self) -> dict[str, Any]:
        keys = [
            key if isinstance(key, dict) else key.as_dict(private=False) for key in self.published
        ]
        endpoints = {"authorization_endpoint": "/auth", "token_endpoint": "/token"}
        endpoints |= {"jwks_uri": "/jwks", "userinfo_endpoint": "/userinfo"}
        metadata = {name: self.url + path for name, path in endpoints.items()}
        return {
            "/.well-known/openid-configuration": {"issuer": self.url} | metadata | self.extra,
            "/jwks": {"keys": keys},
            "/userinfo": self.userinfo,
        }

    def claims(self, **changed: object) -> dict[str, object]:
        now = int(time.time())
        usual = {"iss": self.url, "sub": "ana", "aud": "sender", "iat": now, "exp": now + 300}
        usual |= {"nonce": "nonce", "name": "Ana", "realm_access": {"roles": ["sender-admin"]}}
        return {name: value for name, value in (usual | changed).items() if value is not None}

    def give(self, token: str, **more: object) -> None:
        self.answer = {"access_token": "opaque", "token_type": "Bearer", "id_token": token} | more

    def sign(self, claims: dict[str, object], key: Any = None, **header: object) -> str:
        key = key or self.key
        return jwt.encode({"alg": "RS256", "kid": key.kid} | header, claims, key)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.close()


@pytest.fixture
def provider(issuer: Issuer) -> OidcProvider:
    client = Client("sender", "https://sender.example", "openid profile", 30, "secret")
    return OidcProvider(issuer.url, client, ClaimRules("sender"))


def redeem(provider: OidcProvider) -> dict[str, object]:
    return dict(provider.redeem({"code": "c", "state": "state"}, ATTEMPT).claims)


def test_it_takes_a_token_that_is_right(issuer: Issuer, provider: OidcProvider):
    issuer.give(issuer.sign(issuer.claims()))
    assert redeem(provider)["sub"] == "ana"
    assert issuer.form["code_verifier"] == [ATTEMPT.verifier]
    assert issuer.form["redirect_uri"] == ["https://sender.example/auth/callback"]
    assert issuer.form["authorization"][0].startswith("Basic ")


NOW = int(time.time())


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": ["sender", "another"]},  # of several parties, and not said to be ours
        {"aud": ["sender", "another"], "azp": "another"},
        {"azp": "another"},
        {"nonce": "of another attempt"},
        {"nonce": None},
        {"exp": NOW - 3600},
        {"exp": None},
        {"iat": NOW + 3600, "exp": NOW + 7200},
        {"nbf": NOW + 3600},
        {"sub": None},
        {"at_hash": "bm90IGl0"},
    ],
)
def test_it_refuses_claims_that_are_not_for_it_or_not_now(
    issuer: Issuer, provider: OidcProvider, changed: dict[str, object]
):
    issuer.give(issuer.sign(issuer.claims(**changed)))
    with pytest.raises(SignInRefused) as refusal:
        redeem(provider)
    assert refusal.value.code == "invalid"


def test_it_takes_several_parties_where_it_is_said_to_be_the_one(
    issuer: Issuer, provider: OidcProvider
):
    issuer.give(issuer.sign(issuer.claims(aud=["sender", "another"], azp="sender")))
    assert redeem(provider)["sub"] == "ana"


def test_it_refuses_signatures_of_others(issuer: Issuer, provider: OidcProvider):
    claims = issuer.claims()
    signed = f"{_part({'alg': 'HS256', 'kid': 'one'})}.{_part(claims)}"
    none = f"{_part({'alg': 'none'})}.{_part(claims)}."
    forged = [
        issuer.sign(claims, OTHER),
        issuer.sign(claims, new_key("unknown")),
        f"{signed}.{_base64(hmac.digest(KEY.as_pem(private=False), signed.encode(), 'sha256'))}",
        none,
        issuer.sign(claims)[:-4] + "AAAA",
        "no.token.atall",
    ]
    for token in forged:
        issuer.give(token)
        with pytest.raises(SignInRefused):
            redeem(provider)


def _part(content: dict[str, object]) -> str:
    return _base64(json.dumps(content).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_forged_keys_do_not_make_it_fetch_again_and_again(issuer: Issuer, provider: OidcProvider):
    for n in range(10):
        issuer.give(issuer.sign(issuer.claims(), new_key(f"unknown {n}")))
        with pytest.raises(SignInRefused):
            redeem(provider)
    assert issuer.asked.count("/jwks") == 1


def test_it_reads_keys_beside_kinds_that_it_does_not_know(issuer: Issuer, provider: OidcProvider):
    issuer.published = [{"kty": "NEW", "kid": "x"}, {"kty": "RSA"}, KEY]
    issuer.give(issuer.sign(issuer.claims()))
    assert redeem(provider)["sub"] == "ana"


def test_a_token_without_the_name_of_its_key_may_be_of_any(issuer: Issuer, provider: OidcProvider):
    issuer.published = [new_key("other"), KEY]
    issuer.give(jwt.encode({"alg": "RS256"}, issuer.claims(), KEY))
    assert redeem(provider)["sub"] == "ana"


def test_userinfo_about_somebody_else_is_refused(issuer: Issuer, provider: OidcProvider):
    issuer.give(issuer.sign(issuer.claims(realm_access=None)))
    issuer.userinfo = {"sub": "eve", "realm_access": {"roles": ["sender-admin"]}}
    with pytest.raises(SignInRefused):
        redeem(provider)
    issuer.userinfo = {"sub": "ana", "realm_access": {"roles": ["sender-viewer"]}}
    assert redeem(provider)["realm_access"] == {"roles": ["sender-viewer"]}


@pytest.mark.parametrize(
    "changed",
    [
        {"azp": "another", "aud": "account"},
        {"sub": "eve"},
        {"iss": "https://elsewhere.example"},
        {"exp": NOW - 3600},
    ],
)
def test_roles_in_an_access_token_of_others_do_not_count(
    issuer: Issuer, provider: OidcProvider, changed: dict[str, object]
):
    access = issuer.claims(azp="sender", aud="account", nonce=None)
    id_token = issuer.sign(issuer.claims(realm_access=None))
    issuer.userinfo = {"sub": "ana"}
    issuer.give(id_token, access_token=issuer.sign(access))
    assert "realm_access" in redeem(provider)
    issuer.give(id_token, access_token=issuer.sign(access | changed))
    assert "realm_access" not in redeem(provider)


def test_an_answer_of_another_issuer_is_refused(issuer: Issuer, provider: OidcProvider):
    issuer.give(issuer.sign(issuer.claims()))
    with pytest.raises(SignInRefused):
        provider.redeem({"code": "c", "iss": "https://elsewhere.example"}, ATTEMPT)
    issuer.extra = {"authorization_response_iss_parameter_supported": True}
    strict = OidcProvider(
        issuer.url, Client("sender", "https://s.example", "openid", 30), ClaimRules("sender")
    )
    with pytest.raises(SignInRefused):
        strict.redeem({"code": "c"}, ATTEMPT)


def test_a_provider_that_calls_itself_otherwise_is_not_used(issuer: Issuer, provider: OidcProvider):
    issuer.extra = {"issuer": "https://elsewhere.example"}
    with pytest.raises(ProviderUnavailable):
        provider.authorization_url(ATTEMPT)


def test_it_tells_a_session_that_is_over_from_a_fault(issuer: Issuer, provider: OidcProvider):
    issuer.status, issuer.answer = 400, {"error": "invalid_grant"}
    with pytest.raises(SignInRefused) as refusal:
        redeem(provider)
    assert refusal.value.code == "ended"
    for status, answer in ((401, {"error": "invalid_client"}), (502, {"oops": 1})):
        issuer.status, issuer.answer = status, answer
        with pytest.raises(ProviderUnavailable):
            redeem(provider)


@pytest.mark.parametrize(
    "changed",
    [
        {"events": None},
        {"events": {"http://schemas.openid.net/event/other": {}}},
        {"nonce": "nonce"},
        {"sub": None, "sid": None},
        {"jti": None},
        {"aud": "another"},
        {"iss": "https://elsewhere.example"},
        {"exp": NOW - 3600},
        {"exp": None},
    ],
)
def test_it_refuses_logout_tokens_that_are_none(
    issuer: Issuer, provider: OidcProvider, changed: dict[str, object]
):
    good = issuer.claims(nonce=None, events=LOGOUT, jti="1", sid="s")
    notice = provider.read_logout_notice(issuer.sign(good, typ="logout+jwt"))
    assert (notice.sub, notice.sid, notice.id) == ("ana", "s", "1")
    bad = {name: value for name, value in (good | changed).items() if value is not None}
    with pytest.raises(SignInRefused):
        provider.read_logout_notice(issuer.sign(bad))


def access(issuer: Issuer, **changed: object) -> dict[str, object]:
    """Claims of an access token as Keycloak makes it."""
    usual: dict[str, object] = {"nonce": None, "typ": "Bearer", "azp": "shop", "scope": "openid"}
    return issuer.claims(**usual | changed)


def test_an_access_token_tells_who_bears_it(issuer: Issuer, provider: OidcProvider):
    claims = provider.read_access_token(issuer.sign(access(issuer)))
    assert (claims["sub"], claims["realm_access"]) == ("ana", {"roles": ["sender-admin"]})
    rfc9068 = access(issuer, typ=None, scope=None, aud=["x", "sender"])
    assert provider.read_access_token(issuer.sign(rfc9068, typ="at+jwt"))["sub"] == "ana"
    issuer.userinfo = {"sub": "ana", "realm_access": {"roles": ["sender-viewer"]}}
    token = issuer.sign(access(issuer, realm_access=None))
    silent = provider.read_access_token(token)
    assert provider.more_about(token, silent)["realm_access"] == {"roles": ["sender-viewer"]}
    issuer.userinfo = None  # which is answered with 404
    assert provider.more_about(token, silent) == silent


def test_an_access_token_is_read_after_keys_are_rotated(issuer: Issuer, provider: OidcProvider):
    provider.read_access_token(issuer.sign(access(issuer)))
    issuer.key = new_key("two")
    issuer.published = [issuer.key]
    provider._discovery._keys_at -= 60  # some time later
    assert provider.read_access_token(issuer.sign(access(issuer)))["sub"] == "ana"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another"},
        {"aud": None},
        {"exp": NOW - 3600},
        {"exp": None},
        {"nbf": NOW + 3600},
        {"sub": None},
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"typ": None, "scope": None},  # nothing says that it is an access token
        {"nonce": "of a sign-in"},
        {"at_hash": "bm90IGl0"},
        {"events": LOGOUT},
    ],
)
def test_it_refuses_access_tokens_that_are_none_or_for_others(
    issuer: Issuer, provider: OidcProvider, changed: dict[str, object]
):
    with pytest.raises(SignInRefused):
        provider.read_access_token(issuer.sign(access(issuer, **changed)))


def test_it_refuses_access_tokens_that_others_signed(issuer: Issuer, provider: OidcProvider):
    claims = access(issuer)
    for token in (issuer.sign(claims, OTHER), "opaque", "a.b.c", "", "é.é.é"):
        with pytest.raises(SignInRefused):
            provider.read_access_token(token)


def test_the_api_may_have_an_audience_of_its_own(issuer: Issuer):
    client = Client("sender", "https://s.example", "openid", 30, audience="sender-api")
    provider = OidcProvider(issuer.url, client, ClaimRules("sender"))
    claims = access(issuer, aud="sender-api")
    assert provider.read_access_token(issuer.sign(claims))["sub"] == "ana"
    with pytest.raises(SignInRefused):
        provider.read_access_token(issuer.sign(access(issuer)))
