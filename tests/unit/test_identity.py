"""What the claims of a provider make of a person."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from sender_app.domain.actor import Role
from sender_app.domain.address import path_within
from sender_app.domain.identity import ClaimRules, identity_from, names_roles
from sender_app.domain.member import (
    Admission,
    Member,
    RoleSource,
    Standing,
    admission,
    standing_at_sign_in,
)

KEYCLOAK = ClaimRules("sender")


def role(claims: dict[str, object], rules: ClaimRules = KEYCLOAK) -> Role | None:
    return identity_from({"sub": "ana"} | claims, rules).role


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, None),
        ({"realm_access": {"roles": ["sender-viewer"]}}, Role.VIEWER),
        ({"realm_access": {"roles": ["sender-sender", "sender-viewer"]}}, Role.SENDER),
        ({"realm_access": {"roles": ["admin"]}}, None),
        ({"resource_access": {"sender": {"roles": ["admin"]}}}, Role.ADMIN),
        ({"resource_access": {"account": {"roles": ["admin"]}}}, None),
        ({"realm_access": "sender-admin"}, None),
        ({"realm_access": {"roles": [7, None, "sender-admin"]}}, Role.ADMIN),
        ({"resource_access": ["sender"]}, None),
        ({"realm_access": {"roles": ["SENDER-ADMIN"]}}, None),
    ],
)
def test_it_reads_roles_where_keycloak_puts_them(claims: dict[str, object], expected: Role | None):
    assert role(claims) is expected


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("roles", {"roles": ["boss"]}),
        ("roles", {"roles": "staff boss"}),
        ("app.roles", {"app": {"roles": ["boss"]}}),
        ("https://sender.example/roles", {"https://sender.example/roles": ["boss"]}),
    ],
)
def test_it_reads_roles_from_the_claim_that_is_named(path: str, claims: dict[str, object]):
    rules = ClaimRules("sender", roles_claim=path, roles={"boss": Role.ADMIN})
    assert role(claims, rules) is Role.ADMIN
    assert names_roles(claims, rules)
    assert role({"realm_access": {"roles": ["boss", "sender-admin"]}}, rules) is None


def test_a_map_of_its_own_replaces_the_names_that_are_usual():
    rules = ClaimRules("sender", roles={"boss": Role.ADMIN})
    assert (
        role({"resource_access": {"sender": {"roles": ["admin", "sender-admin"]}}}, rules) is None
    )
    assert role({"resource_access": {"sender": {"roles": ["boss"]}}}, rules) is Role.ADMIN


@pytest.mark.parametrize(
    ("value", "teams"),
    [
        (["/clinic", "school", "/clinic", " ", "/a/b"], ("a/b", "clinic", "school")),
        ({"clinic": {"id": "1"}, "school": {}}, ("clinic", "school")),
        ("Clinic of the North", ("Clinic of the North",)),
        (None, ()),
        ([["nested"], 3], ()),
        (["x" * 201], ()),
    ],
)
def test_it_reads_teams_from_groups_and_organizations(value: object, teams: tuple[str, ...]):
    rules = ClaimRules("sender", workspace_claim="groups")
    assert identity_from({"sub": "ana", "groups": value}, rules).teams == teams
    assert identity_from({"sub": "ana", "groups": value}, KEYCLOAK).teams == ()


def test_a_person_has_a_name_whatever_the_provider_tells():
    def name(**claims: str) -> str:
        return identity_from({"sub": "17"} | claims, KEYCLOAK).name

    assert name(name="Ana", preferred_username="a") == "Ana"
    assert name(preferred_username="a", email="b") == "a"
    assert name(email="b") == "b"
    assert name() == "17"


NOW = datetime(2026, 11, 24, tzinfo=UTC)


def member(source: RoleSource, *, removed: bool = False) -> Member:
    gone = NOW if removed else None
    return Member(UUID(int=1), "Clinic", "ana", "Ana", "ana", Role.SENDER, source, NOW, gone)


LOCAL, PROVIDER = RoleSource.LOCAL, RoleSource.PROVIDER


@pytest.mark.parametrize(
    ("kept", "granted", "default", "expected"),
    [
        (None, None, None, None),
        (None, None, Role.VIEWER, Standing(Role.VIEWER, LOCAL)),
        (None, Role.ADMIN, Role.VIEWER, Standing(Role.ADMIN, PROVIDER)),
        (member(LOCAL), None, Role.VIEWER, Standing(Role.SENDER, LOCAL)),
        (member(LOCAL), None, None, Standing(Role.SENDER, LOCAL)),
        (member(LOCAL), Role.VIEWER, None, Standing(Role.VIEWER, PROVIDER)),
        (member(PROVIDER), None, None, None),
        (member(PROVIDER), None, Role.VIEWER, Standing(Role.VIEWER, LOCAL)),
        (member(LOCAL, removed=True), None, Role.ADMIN, None),
        (member(PROVIDER, removed=True), None, Role.ADMIN, None),
        (member(LOCAL, removed=True), Role.VIEWER, None, Standing(Role.VIEWER, PROVIDER)),
    ],
)
def test_the_providers_word_comes_before_the_workspaces(
    kept: Member | None, granted: Role | None, default: Role | None, expected: Standing | None
):
    assert standing_at_sign_in(kept, granted, default) == expected


KEPT = {
    "ana": member(LOCAL),
    "team:named": member(LOCAL),
    "team:given": member(PROVIDER),
    "team:removed": member(LOCAL, removed=True),
    "team:other": member(LOCAL),
}
NAMED = ["team:named", "team:given", "team:removed", "team:new"]
GRANTED = Standing(Role.VIEWER, PROVIDER)


@pytest.mark.parametrize(
    ("granted", "default", "standings", "left"),
    [
        (Role.VIEWER, None, dict.fromkeys(NAMED, GRANTED), {"team:other"}),
        (
            None,
            None,
            {"team:named": Standing(Role.SENDER, LOCAL)},
            {"team:given", "team:other"},
        ),
        (
            None,
            Role.ADMIN,
            {
                "team:named": Standing(Role.SENDER, LOCAL),
                "team:given": Standing(Role.ADMIN, LOCAL),
                "team:new": Standing(Role.ADMIN, LOCAL),
            },
            {"team:other"},
        ),
    ],
)
def test_a_sign_in_leaves_the_teams_that_the_provider_does_not_name(
    granted: Role | None, default: Role | None, standings: dict[str, Standing], left: set[str]
):
    assert admission(KEPT, NAMED, granted, default) == Admission(standings, frozenset(left))


@pytest.mark.parametrize("address", ["/", "/campaigns/1?a=b#c", "/contacts?search=%2F%2Fx"])
def test_it_goes_to_a_path_of_its_own(address: str):
    assert path_within(address) == address


@pytest.mark.parametrize(
    "address",
    [
        *("", "campaigns", "https://evil.example", "//evil.example", "/\\evil.example"),
        *("/\t/evil.example", "/\n/evil.example", "javascript:alert(1)", "/a\\b", "/" + "x" * 501),
    ],
)
def test_it_goes_nowhere_else(address: str):
    assert path_within(address) == "/"
