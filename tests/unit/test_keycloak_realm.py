"""The realm file for Keycloak asks for what Sender serves and reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from sender_app.adapters.oidc import Client
from sender_app.api.sign_in import router
from sender_app.domain.actor import Role
from sender_app.domain.identity import ClaimRules, identity_from

REALM = json.loads((Path(__file__).parents[2] / "k8s" / "keycloak-realm.json").read_text())
CLIENT = REALM["clients"][0]
OURS = Client(CLIENT["clientId"], "${SENDER_URL}", "openid", 30)
RULES = ClaimRules(CLIENT["clientId"], workspace_claim="groups")


def test_it_leads_to_addresses_that_are_there():
    addresses = CLIENT["attributes"]
    assert CLIENT["redirectUris"] == [OURS.redirect_uri]
    assert addresses["post.logout.redirect.uris"] == OURS.signed_out_uri
    paths = {route.path for route in router.routes}
    for address in (OURS.redirect_uri, addresses["backchannel.logout.url"]):
        assert address.removeprefix("${SENDER_URL}") in paths
    assert addresses["pkce.code.challenge.method"] == "S256"
    assert CLIENT["standardFlowEnabled"]
    assert not CLIENT["implicitFlowEnabled"]


def claim(mapper: str, value: object) -> dict[str, Any]:
    """The claim that a mapper puts into the id_token, as Keycloak builds it."""
    config = next(one for one in CLIENT["protocolMappers"] if one["name"] == mapper)["config"]
    assert config["id.token.claim"] == "true"
    path = config["claim.name"].replace("${client_id}", CLIENT["clientId"]).split(".")
    for name in reversed(path):
        value = {name: value}
    return dict(value) if isinstance(value, dict) else {}


@pytest.mark.parametrize("kind", ["realm", "client"])
@pytest.mark.parametrize("role", Role)
def test_its_roles_are_senders(kind: str, role: Role):
    realm, client = REALM["roles"]["realm"], REALM["roles"]["client"][CLIENT["clientId"]]
    names = [one["name"] for one in (realm if kind == "realm" else client)]
    name = next(name for name in names if name.endswith(role.value))
    claims = {"sub": "ana"} | claim(f"{kind} roles", [name])
    assert identity_from(claims, RULES).role is role


def test_its_groups_are_teams():
    claims = {"sub": "ana"} | claim("groups", ["/clinic"])
    assert identity_from(claims, RULES).teams == ("clinic",)


def test_its_access_tokens_are_for_the_api():
    mappers = {one["name"]: one for one in CLIENT["protocolMappers"]}
    mapper = mappers["audience of the API"]
    assert mapper["protocolMapper"] == "oidc-audience-mapper"
    assert mapper["config"]["included.client.audience"] == OURS.api_audience
    assert mapper["config"]["access.token.claim"] == "true"
