"""Settings: read once from the environment, frozen, refused at start when they make no sense."""

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sender_app.domain.errors import ConfigurationError


class Settings(BaseSettings):
    """Every setting, by the name of its environment variable; `X_FILE` reads X from a file."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: str | None = None  # postgresql://user:password@host:5432/sender
    postgres_host: str | None = None  # the parts, when DATABASE_URL is not given
    postgres_port: int = 5432
    postgres_user: str = "sender"
    postgres_password: SecretStr = SecretStr("")
    postgres_db: str = "sender"
    redis_url: str = "redis://127.0.0.1:6379/0"
    secret_key: SecretStr = SecretStr("")
    data_dir: Path = Path(".data")
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 3000
    public_url: str = ""
    demo: bool = False
    demo_phone_url: str = ""
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
    keep_events: Annotated[int, Field(ge=0)] = 0  # days of metric_events; 0: for good
    keep_replies: Annotated[int, Field(ge=0)] = 0  # days of replies; 0: for good

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


@cache
def settings() -> Settings:
    """The settings of this process. Raises ConfigurationError: one line that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper() or "settings"
        raise ConfigurationError(f"{name}: {first['msg']}") from error
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}") from error
