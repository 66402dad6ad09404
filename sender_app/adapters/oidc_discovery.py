"""What an OpenID provider publishes: its endpoints and its keys, fetched when they are needed."""

import ssl
import threading
import time
from collections.abc import Mapping
from functools import cached_property

import httpx2
import structlog
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key

from sender_app.domain.errors import ProviderUnavailable

_KEPT = 3600.0  # seconds; a key that the provider withdrew is refused after that at the latest
_CALM = 5.0  # seconds between two fetches that unknown keys make, so that forgeries cost little
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)

_log = structlog.get_logger()


class Discovery:
    """The provider's public documents. Safe to use from several threads."""

    def __init__(self, issuer: str) -> None:
        self._wanted = issuer.rstrip("/")
        self._lock = threading.Lock()
        self._metadata: Mapping[str, object] = {}
        self._metadata_at = self._keys_at = -_KEPT
        self._keys: list[Key] = []

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Certificates are checked; one context for all connections."""
        return httpx2.create_ssl_context()

    @cached_property
    def _http(self) -> httpx2.Client:
        return httpx2.Client(timeout=10, verify=self.tls)

    @property
    def issuer(self) -> str:
        """The issuer as the provider itself writes it."""
        return str(self.get("issuer"))

    def endpoint(self, name: str) -> str:
        """An endpoint that the flow needs. Raises ProviderUnavailable where there is none."""
        found = self.get(name)
        if not isinstance(found, str):
            raise ProviderUnavailable(f"the provider names no {name}")
        return found

    def get(self, name: str) -> object:
        """A value of the discovery document, or None."""
        with self._lock:
            if time.monotonic() - self._metadata_at >= _KEPT:
                self._metadata = self._discover()
                self._metadata_at = time.monotonic()
            return self._metadata.get(name)

    def verified(self, token: str) -> tuple[dict[str, object], dict[str, object]]:
        """Header and claims of a JWT that one of the provider's keys signed; nothing else checked.

        An unknown key, or a signature that does not fit, has the keys fetched anew: providers
        rotate them. Raises JoseError.
        """
        try:
            return self._decode(token, self._signing_keys())
        except (InvalidKeyIdError, BadSignatureError):
            return self._decode(token, self._signing_keys(anew=True))

    def read(self, url: str, bearer: str) -> dict[str, object]:
        """A JSON document, plain or signed, that the bearer of an access token may read."""
        response = self._get(url, {"Authorization": f"Bearer {bearer}"})
        if response.headers.get("content-type", "").startswith("application/jwt"):
            return self.verified(response.text)[1]
        return _object(response)

    def _decode(self, token: str, keys: list[Key]) -> tuple[dict[str, object], dict[str, object]]:
        header = jws.extract_compact(token.encode()).headers()
        kid = header.get("kid")
        candidates = [key for key in keys if kid is None or key.kid == kid]
        if not candidates:
            raise InvalidKeyIdError(f"no key {kid}")
        failure: JoseError = InvalidKeyIdError("no key")
        for key in candidates:  # a token without `kid` may be of any
            try:
                found = jwt.decode(token, key, algorithms=ALGORITHMS)
            except JoseError as error:
                failure = error
            else:
                return dict(found.header), dict(found.claims)
        raise failure

    def _signing_keys(self, *, anew: bool = False) -> list[Key]:
        url = self.endpoint("jwks_uri")
        with self._lock:
            if time.monotonic() - self._keys_at >= (_CALM if anew else _KEPT):
                entries = _object(self._get(url)).get("keys")
                self._keys = _imported(entries if isinstance(entries, list) else [])
                self._keys_at = time.monotonic()
            return self._keys

    def _discover(self) -> Mapping[str, object]:
        found = _object(self._get(f"{self._wanted}/.well-known/openid-configuration"))
        issuer = str(found.get("issuer", ""))
        if issuer.rstrip("/") != self._wanted:
            raise ProviderUnavailable(
                f"OIDC_ISSUER is {self._wanted}, but it calls itself {issuer}"
            )
        return found

    def _get(self, url: str, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        try:
            return self._http.get(url, headers=headers).raise_for_status()
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ProviderUnavailable(f"{url}: {error}") from error


def _object(response: httpx2.Response) -> dict[str, object]:
    try:
        found = response.json()
    except ValueError as error:
        raise ProviderUnavailable(f"{response.url} is no JSON") from error
    if not isinstance(found, dict):
        raise ProviderUnavailable(f"{response.url} is no JSON object")
    return found


def _imported(entries: list[object]) -> list[Key]:
    """Keys for signatures. Those of a kind unknown here are left out: the provider has others."""
    keys = []
    for entry in entries:
        if isinstance(entry, dict) and entry.get("use", "sig") == "sig":
            try:
                keys.append(JWKRegistry.import_key(entry))
            except (JoseError, ValueError) as error:
                _log.warning("a key of the provider is not understood", error=str(error))
    return keys
