"""Settings are refused in one line that names the variable."""

import pytest

from sender_app.config import is_loopback, settings
from sender_app.domain.actor import Role
from sender_app.domain.errors import ConfigurationError

TEAM = {
    "OIDC_ISSUER": "https://auth.example.org/realms/team",
    "OIDC_CLIENT_ID": "sender",
    "PUBLIC_URL": "https://sender.example.org",
    "SECRET_KEY": "k" * 32,
}
EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound here


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch):
    def use(**values: str) -> None:
        stores = ("STORE", "DATABASE_URL", "POSTGRES_HOST")
        for name in (*TEAM, "HOST", "LOCAL_SIGN_IN", *stores):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield use
    settings.cache_clear()


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"OIDC_ISSUER": "auth.example.org"}, "OIDC_ISSUER"),
        ({"OIDC_ISSUER": "http://auth.example.org"}, "OIDC_ISSUER"),
        ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID"),
        ({"PUBLIC_URL": ""}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "sender.example.org"}, "PUBLIC_URL"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"OIDC_SCOPES": "profile"}, "OIDC_SCOPES"),
        ({"OIDC_ROLE_MAP": "boss=emperor"}, "OIDC_ROLE_MAP"),
        ({"OIDC_ROLE_MAP": "=admin"}, "OIDC_ROLE_MAP"),
        ({"OIDC_DEFAULT_ROLE": "root"}, "OIDC_DEFAULT_ROLE"),
        ({"OIDC_LEEWAY": "4000"}, "OIDC_LEEWAY"),
        ({"LOCAL_SIGN_IN": "perhaps"}, "LOCAL_SIGN_IN"),
        ({"CORS_ORIGINS": "https://a.example/path"}, "CORS_ORIGINS"),
        ({"WEBHOOK_NETWORKS": "10.0.0.0/8,here"}, "WEBHOOK_NETWORKS"),
    ],
)
def test_it_names_what_team_login_lacks(environment, wrong: dict[str, str], named: str):
    environment(**TEAM | wrong)
    with pytest.raises(ConfigurationError) as refusal:
        settings()
    assert str(refusal.value).startswith(f"{named}: ")
    assert "\n" not in str(refusal.value)


def test_it_maps_roles_and_gives_none_by_itself(environment):
    environment(**TEAM)
    assert settings().claim_rules.default_role is None
    environment(**TEAM, OIDC_ROLE_MAP="boss=admin, cn=staff=sender", OIDC_DEFAULT_ROLE="viewer")
    rules = settings().claim_rules
    assert rules.roles == {"boss": Role.ADMIN, "cn=staff": Role.SENDER}
    assert rules.default_role is Role.VIEWER


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        ({}, True),
        ({"HOST": EVERYWHERE}, False),
        ({"HOST": EVERYWHERE, "LOCAL_SIGN_IN": "true"}, True),
        ({"PUBLIC_URL": "https://sender.example.org"}, False),
        ({"PUBLIC_URL": "http://localhost:3000"}, True),
        ({"LOCAL_SIGN_IN": "false"}, False),
        (TEAM, False),
        (TEAM | {"LOCAL_SIGN_IN": "true"}, True),
    ],
)
def test_the_one_time_link_is_for_this_machine_unless_asked_for(
    environment, values: dict[str, str], allowed: bool
):
    environment(**values)
    assert settings().local_sign_in_allowed is allowed


def test_it_knows_this_machine():
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost", "a.localhost")))
    assert not any(map(is_loopback, (EVERYWHERE, "::", "10.0.0.1", "example.org", "")))


@pytest.mark.parametrize(
    ("values", "store"),
    [
        ({}, "redis"),
        ({"POSTGRES_HOST": "db"}, "postgres"),
        ({"DATABASE_URL": "postgresql://db/sender"}, "postgres"),
        ({"DATABASE_URL": "postgresql://db/sender", "STORE": "redis"}, "redis"),
        ({"STORE": "postgres"}, "postgres"),
    ],
)
def test_redis_is_the_store_by_choice_or_where_no_postgres_is_named(
    environment, values: dict[str, str], store: str
):
    environment(**values)
    assert settings().store_in_use == store


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "SECRET_KEY"),
        ({"STORE": "redis", "SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"STORE": "postgres", "SECRET_KEY": "k" * 32}, "DATABASE_URL or POSTGRES_HOST"),
        ({"STORE": "sqlite"}, "STORE: "),
    ],
)
def test_it_names_what_the_store_lacks(environment, values: dict[str, str], named: str):
    environment(**values)
    with pytest.raises(ConfigurationError, match=named):
        settings().check_store()
