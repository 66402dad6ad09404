"""Access tokens of the team's provider at the API, checked with keys fetched over real HTTP."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from sender_app.domain.actor import Role
from tests.api import Program
from tests.integration.personas import services_on
from tests.unit.test_oidc import Issuer, access


@pytest.fixture
def issuer(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Issuer]:
    issuer = Issuer()
    env = {"OIDC_ISSUER": issuer.url, "OIDC_CLIENT_ID": "sender", "PUBLIC_URL": "http://s.example"}
    env |= {"OIDC_WORKSPACE_CLAIM": "groups", "SECRET_KEY": "x" * 32, "DATA_DIR": str(tmp_path)}
    with services_on(database_url, redis_url, **env):
        yield issuer
    issuer.close()


def bearer(issuer: Issuer, *roles: str, **claims: object) -> Program:
    roles_claim = {"roles": list(roles)} if roles else None
    return Program(issuer.sign(access(issuer, realm_access=roles_claim, **claims)))


def test_an_access_token_acts_in_the_role_and_the_team_that_it_names(issuer: Issuer):
    program = bearer(issuer, "sender-sender", groups=["Clínica"])
    assert program("POST", "/contacts", json={"phone": "0981000001"}).status_code == 201
    assert program("DELETE", "/opt-outs/+595981000001").status_code == 403
    mate = bearer(issuer, "sender-viewer", groups=["Clínica"], sub="luis")
    assert len(mate("GET", "/contacts").json()["items"]) == 1
    assert mate("POST", "/contacts", json={"phone": "0981000002"}).status_code == 403
    other = bearer(issuer, "sender-admin", groups=["Escuela"], sub="eva")
    assert other("GET", "/contacts").json()["items"] == []


def test_of_several_teams_one_is_chosen(issuer: Issuer):
    from sender_app import bootstrap

    program = bearer(issuer, "sender-sender", groups=["A", "B"])
    assert program("GET", "/contacts").status_code == 200
    members = {one.workspace_name: one for one in bootstrap.store().members.of_person("ana")}
    in_b = {"Sender-Workspace": str(members["B"].workspace_id)}
    program("POST", "/contacts", json={"phone": "0981000001"}, headers=in_b)
    assert len(program("GET", "/contacts", headers=in_b).json()["items"]) == 1
    in_a = {"Sender-Workspace": str(members["A"].workspace_id)}
    assert program("GET", "/contacts", headers=in_a).json()["items"] == []
    elsewhere = {"Sender-Workspace": str(uuid4())}
    assert program("GET", "/contacts", headers=elsewhere).json()["code"] == "api_no_role"
    no_id = program("GET", "/contacts", headers={"Sender-Workspace": "x"})
    assert no_id.json()["errors"][0]["field"] == "Sender-Workspace"


def test_a_token_without_a_role_opens_nothing_and_takes_nothing_away(issuer: Issuer):
    from sender_app import bootstrap

    nobody = bearer(issuer, "offline_access", sub="eve")("GET", "/contacts")
    assert (nobody.status_code, nobody.json()["code"]) == (403, "api_no_role")
    assert bearer(issuer, "sender-admin")("GET", "/contacts").status_code == 200
    issuer.userinfo = {"sub": "ana"}
    silent = bearer(issuer)  # its claims say nothing of roles or teams at all
    assert silent("GET", "/contacts").status_code == 200
    assert [one.role for one in bootstrap.store().members.of_person("ana")] == [Role.ADMIN]
    lesser = bearer(issuer, "sender-viewer", groups=[])  # and the latest that does counts at once
    assert lesser("DELETE", "/opt-outs/+595981000001").status_code == 403


def test_a_provider_that_is_down_is_no_fault_of_the_token(issuer: Issuer):
    program = bearer(issuer, "sender-admin")
    issuer._server.shutdown()
    issuer._server.server_close()
    answer = program("GET", "/contacts")
    assert (answer.status_code, answer.json()["code"]) == (503, "api_provider_unavailable")
    assert answer.headers["retry-after"] == "5"
