"""What a start looks at first, so that one clear line says why it cannot be."""

import os
import socket

from sender_app.local.failure import StartFailure


def port_of_environment() -> int:
    """PORT, or the default. Raises StartFailure, as all of these."""
    text = os.environ.get("PORT") or "3000"
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise StartFailure(f"PORT must be a number from 1 to 65535, not {text!r}")
    return int(text)


def require_free(host: str, port: int) -> None:
    """Nobody else listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise StartFailure(
                f"port {port} on {host} cannot be used ({reason}); choose another: make run PORT=…"
            ) from error


def check_login(env: dict[str, str]) -> None:
    """Refuse to start where nobody, or just anybody, could sign in; note whether links work."""
    from sender_app.config import settings
    from sender_app.domain.errors import ConfigurationError

    os.environ.update(env)
    try:
        allowed, team = settings().local_sign_in_allowed, bool(settings().oidc_issuer)
    except ConfigurationError as error:
        raise StartFailure(str(error)) from error
    finally:
        settings.cache_clear()  # the servers' addresses come later
    if not (allowed or team):
        raise StartFailure(
            "others can reach HOST or PUBLIC_URL: set OIDC_ISSUER for team login, or "
            "LOCAL_SIGN_IN=true where whoever sees this terminal may administer Sender"
        )
    env["LOCAL_SIGN_IN"] = str(allowed).lower()


def check_servers() -> None:
    """One clear line when a configured server cannot be used."""
    from sender_app.config import settings
    from sender_app.domain.errors import ConfigurationError

    try:
        settings().check_store()
        if not settings().in_redis:
            _check_postgres(settings().postgres_url)
        _check_redis()
    except ConfigurationError as error:
        raise StartFailure(str(error)) from error


def _check_postgres(url: str) -> None:
    import psycopg

    from sender_app.stores.postgres.engine import OLDEST

    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        line = str(error).strip().splitlines()[0]
        raise StartFailure(f"Postgres cannot be reached (DATABASE_URL): {line}") from error
    if version < OLDEST:
        raise StartFailure(f"PostgreSQL 18 or newer is needed; this one is {version // 10000}")


def _check_redis() -> None:
    import redis

    from sender_app.adapters.probes import check_durability
    from sender_app.config import settings

    try:
        with redis.Redis.from_url(settings().redis_url, socket_connect_timeout=10) as client:
            client.ping()
            if settings().in_redis:
                check_durability(client, everysec=settings().may_forget_a_second)
    except (redis.RedisError, ValueError) as error:
        raise StartFailure(f"Redis cannot be reached (REDIS_URL): {error}") from error
