"""What an identity provider says about a person: who it is, in which role, of which teams."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sender_app.domain.actor import Role

OWN_NAMES: Mapping[str, Role] = {f"sender-{role}": role for role in Role}
_CLIENT_NAMES: Mapping[str, Role] = {role.value: role for role in Role}
_MOST_TEAMS = 50
_LONGEST = 200  # letters of a name


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """Where the claims of a provider say what. A claim is a name, or a path of names with dots.

    With `roles_claim` blank, roles are read where Keycloak puts them: `realm_access.roles`, and
    `resource_access.<client_id>.roles`, in which `admin` alone means Sender's own admin.
    """

    client_id: str
    roles_claim: str = ""
    workspace_claim: str = ""
    roles: Mapping[str, Role] = field(default_factory=lambda: OWN_NAMES)
    default_role: Role | None = None  # of somebody that no claim gives a role; None: not let in


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the provider knows them. `role` is None when no claim gives one."""

    sub: str
    name: str
    login: str
    role: Role | None
    teams: tuple[str, ...]


def identity_from(claims: Mapping[str, object], rules: ClaimRules) -> Identity:
    """The person whom `claims` describe; of several roles the highest."""
    login = _text(claims.get("preferred_username")) or _text(claims.get("email"))
    sub = str(claims["sub"])
    return Identity(
        sub=sub,
        name=_text(claims.get("name")) or login or sub,
        login=login,
        role=max(_roles(claims, rules), key=lambda role: role.rank, default=None),
        teams=_teams(claims, rules.workspace_claim),
    )


def names_roles(claims: Mapping[str, object], rules: ClaimRules) -> bool:
    """Whether the claims speak of roles at all, and of teams where these are asked for."""
    paths = [rules.roles_claim] if rules.roles_claim else ["realm_access", "resource_access"]
    speaks = any(_at(claims, path) is not None for path in paths)
    return speaks and (not rules.workspace_claim or _at(claims, rules.workspace_claim) is not None)


def _roles(claims: Mapping[str, object], rules: ClaimRules) -> Iterator[Role]:
    if rules.roles_claim:
        yield from _mapped(_at(claims, rules.roles_claim), rules.roles)
        return
    yield from _mapped(_at(claims, "realm_access.roles"), rules.roles)
    clients = claims.get("resource_access")
    client = clients.get(rules.client_id) if isinstance(clients, Mapping) else None
    names = client.get("roles") if isinstance(client, Mapping) else None
    # A client's roles are Sender's own, so their plain names cannot mean anything else.
    plain = _CLIENT_NAMES if rules.roles is OWN_NAMES else {}
    yield from _mapped(names, {**plain, **rules.roles})


def _mapped(names: object, roles: Mapping[str, Role]) -> Iterator[Role]:
    return (roles[name] for name in _names(names) if name in roles)


def _teams(claims: Mapping[str, object], path: str) -> tuple[str, ...]:
    """Names of teams, sorted, a group's path without its first slash."""
    value = _at(claims, path) if path else None
    found = [value] if isinstance(value, str) else _names(value)
    names = {name.strip().strip("/") for name in found}
    return tuple(sorted(name for name in names if 0 < len(name) <= _LONGEST))[:_MOST_TEAMS]


def _names(value: object) -> list[str]:
    """A list of names, a mapping's keys (Keycloak's `organization`), or one text of several."""
    if isinstance(value, str):
        return value.replace(",", " ").split()
    if isinstance(value, list | tuple | Mapping):
        return [name for name in value if isinstance(name, str)]
    return []


def _at(claims: Mapping[str, object], path: str) -> object:
    """The value at `path`; a claim whose own name has dots in it (a URL) is found first."""
    if path in claims:
        return claims[path]
    value: object = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(value: object) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""
