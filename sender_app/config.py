"""Settings: read once from the environment, frozen, refused at start when they make no sense."""

from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sender_app.domain.actor import Role
from sender_app.domain.errors import ConfigurationError
from sender_app.domain.identity import OWN_NAMES, ClaimRules

_SECRET = 32  # letters of a secret that cannot be guessed


class Settings(BaseSettings):
    """Every setting, by the name of its environment variable; `X_FILE` reads X from a file."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    store: Annotated[str, Field(pattern="^(postgres|redis)$")] | None = None  # see `in_redis`
    database_url: str | None = None  # postgresql://user:password@host:5432/sender
    postgres_host: str | None = None  # the parts, when DATABASE_URL is not given
    postgres_port: int = 5432
    postgres_user: str = "sender"
    postgres_password: SecretStr = SecretStr("")
    postgres_db: str = "sender"
    redis_url: str = "redis://127.0.0.1:6379/0"
    # Where Redis is the only store: whether it may forget a second in a power cut.
    redis_fsync: Annotated[str, Field(pattern="^(always|everysec)$")] = "always"
    secret_key: SecretStr = SecretStr("")
    data_dir: Path = Path(".data")
    s3_bucket: str | None = None  # files go there instead of DATA_DIR; it must exist
    s3_endpoint: str | None = None  # of MinIO and the like; none for Amazon's own
    s3_region: str = "us-east-1"
    s3_access_key: str = ""
    s3_secret_key: SecretStr = SecretStr("")
    media_image_mb: Annotated[int, Field(ge=1, le=100)] = 16  # as WhatsApp's own limits
    media_video_mb: Annotated[int, Field(ge=1, le=100)] = 16
    media_audio_mb: Annotated[int, Field(ge=1, le=100)] = 16
    media_document_mb: Annotated[int, Field(ge=1, le=2000)] = 100
    media_days: Annotated[int, Field(ge=1)] = 30  # until a file that nobody uses is deleted
    upload_limit: Annotated[float, Field(ge=1)] = 600.0  # seconds until an upload counts as stuck
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 3000
    public_url: str = ""
    demo: bool = False
    demo_phone_url: str = ""
    oidc_issuer: str = ""  # https://auth.example.org/realms/team; blank: no team login
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")  # blank: a public client
    oidc_scopes: str = "openid profile email"
    oidc_roles_claim: str = ""  # blank: where Keycloak has them
    oidc_role_map: str = ""  # "boss=admin,staff=sender"; blank: sender-admin=admin and so on
    oidc_default_role: Annotated[str, Field(pattern="^(none|viewer|sender|admin)$")] = "none"
    oidc_workspace_claim: str = ""  # groups, organization; blank: everybody has their own
    oidc_api_audience: str = ""  # that access tokens for the API name; blank: OIDC_CLIENT_ID
    oidc_leeway: Annotated[int, Field(ge=0, le=300)] = 30  # seconds that clocks may differ
    local_sign_in: bool | None = None  # the one-time link; None: only on this machine, without OIDC
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0  # in front, that set X-Forwarded-For
    cors_origins: str = ""  # "https://a.example,https://b.example": other sites' pages that may ask
    default_country: Annotated[str, Field(pattern="^[A-Z]{2}$")] = "PY"
    default_time_zone: str = "America/Asuncion"
    default_language: Annotated[str, Field(pattern="^(es|en|pt)$")] = "es"
    pace_interval: Annotated[float, Field(ge=0)] = 6.0  # seconds
    pace_jitter: Annotated[float, Field(ge=0)] = 6.0  # seconds
    gateway: Annotated[str, Field(pattern="^(neonize|noop)$")] = "neonize"
    lease_ttl: Annotated[float, Field(ge=1)] = 15.0  # seconds
    linger: Annotated[float, Field(ge=0)] = 60.0  # seconds online after the last message
    send_window: Annotated[int, Field(ge=1, le=1000)] = 50  # sent and not yet recorded, at most
    commit_group: Annotated[int, Field(ge=1, le=1000)] = 50  # records that share a commit, at most
    send_limit: Annotated[float, Field(ge=1)] = 25.0  # seconds until a send counts as stuck
    workers: Annotated[int, Field(ge=1, le=500)] = 4  # accounts that one worker serves at once
    log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"
    metrics_token: SecretStr = SecretStr("")  # what a scraper of /metrics has to show
    otel_exporter_otlp_endpoint: str = ""  # where traces go (OTLP over HTTP); empty: nowhere
    reply_window: Annotated[float, Field(gt=0)] = 7.0  # days after a message to await replies
    api_rate: Annotated[int, Field(ge=1, le=1_000_000)] = 600  # requests a minute, each API key
    keep_events: Annotated[int, Field(ge=0)] = 0  # days of metric_events; 0: for good
    keep_replies: Annotated[int, Field(ge=0)] = 0  # days of conversations; 0: for good
    keep_webhooks: Annotated[int, Field(ge=0)] = 30  # days of webhooks' events; 0: for good
    webhook_networks: str = ""  # "10.0.0.0/8,127.0.0.1/32": private ones that webhooks may reach

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, values: dict[str, object]) -> dict[str, object]:
        import os

        for name in cls.model_fields:
            path = os.environ.get(f"{name.upper()}_FILE")
            if path and name not in values:
                values[name] = Path(path).read_text(encoding="utf-8").strip()
        return values

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, url: str | None) -> str | None:
        if url and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("must start with postgresql://")
        return url or None

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: str) -> str:
        if not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return url

    @field_validator("oidc_issuer", "public_url")
    @classmethod
    def _is_web_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and not (parts.scheme in ("http", "https") and parts.hostname):
            raise ValueError("must start with https:// (or http://)")
        return url

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, text: str) -> str:
        for one in filter(None, map(str.strip, text.split(","))):
            parts = urlsplit(one)
            if parts.scheme not in ("http", "https") or one != f"{parts.scheme}://{parts.netloc}":
                raise ValueError("must be like https://a.example,https://b.example")
        return text

    @field_validator("webhook_networks")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        _networks(text)
        return text

    @field_validator("oidc_role_map")
    @classmethod
    def _maps_roles(cls, text: str) -> str:
        _roles(text)
        return text

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        """Raise for a variable that team login needs, by its name."""
        if not self.oidc_issuer:
            return self
        secure = self.oidc_issuer.startswith("https://")
        if not (secure or is_loopback(urlsplit(self.oidc_issuer).hostname or "")):
            raise ValueError("OIDC_ISSUER: must start with https://")
        if not self.oidc_client_id:
            raise ValueError("OIDC_CLIENT_ID: is needed with OIDC_ISSUER")
        if not self.public_url:
            raise ValueError(
                "PUBLIC_URL: is needed with OIDC_ISSUER, which sends people back there"
            )
        if "openid" not in self.oidc_scopes.split():
            raise ValueError("OIDC_SCOPES: must have openid among them")
        if len(self.secret_key.get_secret_value()) < _SECRET:
            raise ValueError(f"SECRET_KEY: is needed with OIDC_ISSUER, {_SECRET} letters or more")
        return self

    @property
    def claim_rules(self) -> ClaimRules:
        """How to read the provider's claims."""
        default = self.oidc_default_role
        return ClaimRules(
            client_id=self.oidc_client_id,
            roles_claim=self.oidc_roles_claim,
            workspace_claim=self.oidc_workspace_claim,
            roles=_roles(self.oidc_role_map) if self.oidc_role_map else OWN_NAMES,
            default_role=None if default == "none" else Role(default),
        )

    @property
    def local_sign_in_allowed(self) -> bool:
        """Whether the one-time link works: by the setting, else on this machine without OIDC."""
        if self.local_sign_in is not None:
            return self.local_sign_in
        here = is_loopback(self.host) and is_loopback(urlsplit(self.base_url).hostname or "")
        return here and not self.oidc_issuer

    @model_validator(mode="after")
    def _has_bucket(self) -> "Settings":
        if not self.s3_bucket and (self.s3_endpoint or self.s3_access_key):
            raise ValueError("S3_BUCKET is missing")
        return self

    @property
    def other_origins(self) -> list[str]:
        """Origins of other sites whose pages may use this one; rxconfig.py reads the same."""
        return [one.strip() for one in self.cors_origins.split(",") if one.strip()]

    @property
    def webhook_allowed(self) -> list[IPv4Network | IPv6Network]:
        """Private networks that webhooks may reach."""
        return _networks(self.webhook_networks)

    @property
    def in_redis(self) -> bool:
        """Whether Redis is the only store: by STORE, else where no Postgres is configured."""
        if self.store is not None:
            return self.store == "redis"
        return not (self.database_url or self.postgres_host)

    @property
    def may_forget_a_second(self) -> bool:
        """Whether somebody accepts that a Redis alone waits for its disk once a second only."""
        return self.redis_fsync == "everysec"

    @property
    def store_in_use(self) -> str:
        """Where everything is: "postgres" or "redis"."""
        return "redis" if self.in_redis else "postgres"

    def check_store(self) -> None:
        """Raise ConfigurationError where what the store needs is not set."""
        if not self.in_redis:
            self.postgres_url  # noqa: B018 - raises where none is configured
        elif len(self.secret_key.get_secret_value()) < _SECRET:
            raise ConfigurationError(
                "SECRET_KEY: is needed where Redis is the only store (no DATABASE_URL or "
                f"POSTGRES_HOST is set, or STORE=redis), {_SECRET} letters or more"
            )

    @property
    def postgres_url(self) -> str:
        """The libpq URL of the database; raises ConfigurationError when none is configured."""
        if self.database_url:
            return self.database_url.replace("postgres://", "postgresql://", 1)
        if not self.postgres_host:
            raise ConfigurationError(
                "no database: set DATABASE_URL or POSTGRES_HOST, or start with `make run`"
            )
        from urllib.parse import quote

        password = quote(self.postgres_password.get_secret_value(), safe="")
        user = quote(self.postgres_user, safe="")
        login = f"{user}:{password}" if password else user
        return f"postgresql://{login}@{self.postgres_host}:{self.postgres_port}/{self.postgres_db}"

    @property
    def base_url(self) -> str:
        """Where a browser finds the application."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`, a name or an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _roles(text: str) -> dict[str, Role]:
    """A map of the provider's names to roles, from "boss=admin,staff=sender"."""
    pairs = [pair.rpartition("=") for pair in text.split(",") if pair.strip()]
    known = ", ".join(Role)
    try:
        found = {name.strip(): Role(role.strip()) for name, _, role in pairs}
    except ValueError as error:
        raise ValueError(f"must be like boss=admin,staff=sender with roles {known}") from error
    if "" in found:
        raise ValueError(f"must be like boss=admin,staff=sender with roles {known}")
    return found


def _networks(text: str) -> list[IPv4Network | IPv6Network]:
    """Networks from "10.0.0.0/8,127.0.0.1/32"."""
    return [ip_network(one.strip()) for one in text.split(",") if one.strip()]


@cache
def settings() -> Settings:
    """The settings of this process. Raises ConfigurationError: one line that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        text = first["msg"].removeprefix("Value error, ")
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(f"{name}: {text}" if name else text) from error
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}") from error
