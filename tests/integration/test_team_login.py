"""Team login with a real OpenID provider; the browser's part over plain HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from sender_app.adapters.oidc import OidcProvider
from sender_app.adapters.redis_sessions import RedisSessions
from sender_app.bootstrap import Services
from sender_app.domain.actor import Actor, Role
from sender_app.domain.member import Member
from sender_app.local.postgres import Postgres
from sender_app.local.valkey import Valkey
from sender_app.ports.identity import Granted, Session
from sender_app.stores.postgres.members import PostgresMembers
from tests.conftest import fresh_database
from tests.oidc import SECRET, Provider, Visitor
from tests.stack import ROOT, eventually, free_ports, start_over


@dataclass
class Team:
    """The web tier's routes, its services, and the provider."""

    url: str
    provider: Provider
    services: Services

    def visitor(self) -> Visitor:
        return Visitor(self.url)

    def actor(self, visitor: Visitor) -> Actor | None:
        return self.services.sign_in.find_actor(visitor.session)

    def signed_in(self, visitor: Visitor) -> Actor:
        found = self.actor(visitor)
        assert found is not None
        return found

    def workspace(self, visitor: Visitor) -> str:
        actor = self.signed_in(visitor)
        return self.services.workspaces.get_workspace(actor).name


@pytest.fixture(scope="module")
def running(
    postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Team]:
    from sender_app import bootstrap

    folder = tmp_path_factory.mktemp("team")
    port = free_ports(2)
    url = f"http://127.0.0.1:{port}"
    provider = Provider(port + 1, url, folder / "provider.log")
    with fresh_database(postgres) as database_url, pytest.MonkeyPatch.context() as patch:
        env = {
            "DATABASE_URL": database_url,
            "REDIS_URL": valkey.url,
            "PUBLIC_URL": url,
            "SECRET_KEY": "a key of the tests, long enough for anybody",
            "OIDC_ISSUER": provider.issuer,
            "OIDC_CLIENT_ID": "sender",
            "OIDC_CLIENT_SECRET": SECRET,
            "OIDC_WORKSPACE_CLAIM": "groups",
        }
        for name, value in env.items():
            patch.setenv(name, value)
        start_over()
        process = serve(port, folder / "web.log")
        yield Team(url, provider, bootstrap.services())
        process.terminate()
        process.wait(60)
        start_over()
    provider.stop()


def serve(port: int, log: Path) -> "subprocess.Popen[bytes]":
    """The HTTP routes as a process, without the pages."""
    command = [sys.executable, "-m", "granian", "--interface", "asgi"]
    command += ["--host", "127.0.0.1", "--port", str(port), "sender_app.sender_app:routes"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=output, stderr=output)

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/auth/nothing", timeout=60).status_code == 404
        except httpx.TransportError:
            assert process.poll() is None, log.read_text()
            return False

    eventually(answers, what="the routes")
    return process


@pytest.fixture
def team(running: Team, redis_url: str) -> Iterator[Team]:
    running.provider.reset()
    yield running
    running.provider.reset()


def problem(response: httpx.Response) -> str:
    assert response.url.path == "/sign-in", response.url
    return response.url.params["problem"]


def test_it_signs_in_with_the_realm_role_and_goes_where_the_person_was(team: Team):
    team.provider.person("ana", "sender-sender", "offline_access")
    visitor = team.visitor()
    page = visitor.sign_in("ana", "/campaigns/17?page=2")
    assert str(page.url) == f"{team.url}/campaigns/17?page=2"
    actor = team.signed_in(visitor)
    assert (actor.user_id, actor.name, actor.role) == ("ana", "Ana", Role.SENDER)
    assert team.workspace(visitor) == "Ana"


def test_a_client_role_counts_under_its_plain_name_and_the_highest_wins(team: Team):
    client = {"sender": {"roles": ["viewer", "admin"]}, "other": {"roles": ["x"]}}
    team.provider.person("bob", "admin", "sender-viewer", resource_access=client)
    visitor = team.visitor()
    visitor.sign_in("bob")
    assert team.signed_in(visitor).role is Role.ADMIN


def test_a_role_of_another_client_or_a_realm_role_of_a_general_name_is_none(team: Team):
    team.provider.person("eve", "admin", resource_access={"other": {"roles": ["admin"]}})
    visitor = team.visitor()
    assert problem(visitor.sign_in("eve")) == "no_role"
    assert visitor.session == ""


@pytest.mark.parametrize("place", ["userinfo", "access_token"])
def test_it_finds_claims_that_are_not_in_the_id_token(team: Team, place: str):
    team.provider.wish(claimsIn=place)
    team.provider.person("ana", "sender-admin", groups=["/clinic"])
    visitor = team.visitor()
    visitor.sign_in("ana")
    assert team.signed_in(visitor).role is Role.ADMIN
    assert team.workspace(visitor) == "clinic"


def test_people_of_a_group_share_its_workspace_and_may_change_between_theirs(team: Team):
    team.provider.person("ana", "sender-admin", groups=["/north", "/south"])
    team.provider.person("bob", "sender-viewer", groups=["/south"])
    ana, bob = team.visitor(), team.visitor()
    ana.sign_in("ana")
    bob.sign_in("bob")
    places = team.services.sign_in.list_workspaces(ana.session)
    assert [place.workspace_name for place in places] == ["north", "south"]
    south = team.signed_in(bob).workspace_id
    ana.http.post(f"{team.url}/auth/workspace", data={"workspace_id": str(south)})
    assert team.signed_in(ana).workspace_id == south
    north = next(p.workspace_id for p in places if p.workspace_name == "north")
    answer = bob.http.post(f"{team.url}/auth/workspace", data={"workspace_id": str(north)})
    assert answer.url.path == "/sign-in"
    assert team.signed_in(bob).workspace_id == south


def test_the_last_workspace_is_where_the_next_sign_in_leads(team: Team):
    team.provider.person("ana", "sender-admin", groups=["/a", "/b"])
    visitor = team.visitor()
    visitor.sign_in("ana")
    places = team.services.sign_in.list_workspaces(visitor.session)
    for place in (places[1], places[0]):
        team.services.sign_in.choose_workspace(visitor.session, place.workspace_id)
        again = team.visitor()
        again.sign_in("ana")
        assert team.signed_in(again).workspace_id == place.workspace_id


def test_the_cookie_is_http_only_lax_and_new_at_every_sign_in(team: Team):
    team.provider.person("ana", "sender-viewer")
    visitor = team.visitor()
    visitor.http.cookies.set("sender_session", "chosen-by-somebody-else", domain="127.0.0.1")
    page = visitor.sign_in("ana")
    header = next(
        value
        for answer in page.history
        for value in answer.headers.get_list("set-cookie")
        if value.startswith("sender_session=")
    )
    cookie = SimpleCookie(header)["sender_session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "lax", "/")
    assert cookie.value != "chosen-by-somebody-else"
    first = cookie.value
    second = visitor.begin()
    assert second.url.path == "/"  # the provider still knows the person
    newest = second.history[-1].headers.get_list("set-cookie")[0]
    assert first not in newest
    assert team.services.sign_in.find_actor(first) is None  # the session before is over


def test_no_link_leads_away(team: Team):
    team.provider.person("ana", "sender-viewer")
    bad = ["//evil.example", "https://evil.example/", "/\\evil.example", "/\t/evil.example", "x"]
    for address in bad:
        visitor = team.visitor()
        assert str(visitor.sign_in("ana", address).url) == f"{team.url}/"


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(team: Team):
    team.provider.person("ana", "sender-viewer")
    visitor = team.visitor()
    page = visitor.sign_in("ana")
    callback = next(a.url for a in page.history if a.url.path == "/auth/callback")
    assert problem(visitor.http.get(callback)) == "expired"

    victim, attacker = team.visitor(), team.visitor()
    form = attacker.begin()
    attacker.http.follow_redirects = False
    answer = attacker.http.post(form.url, data={"sub": "ana"})
    while not answer.headers["location"].startswith(team.url):
        answer = attacker.http.get(answer.headers["location"])
    assert problem(victim.http.get(answer.headers["location"])) == "expired"
    assert victim.session == ""


def test_who_says_no_at_the_provider_is_told_so(team: Team):
    visitor = team.visitor()
    form = visitor.begin()
    assert problem(visitor.http.get(f"{form.url}/cancel")) == "denied"


def test_it_says_that_the_provider_does_not_answer(team: Team):
    visitor = team.visitor()
    form = visitor.begin()
    team.provider.person("ana", "sender-viewer")
    visitor.http.follow_redirects = False
    answer = visitor.http.post(form.url, data={"sub": "ana"})
    while not answer.headers["location"].startswith(team.url):
        answer = visitor.http.get(answer.headers["location"])
    team.provider.wish(down=True)
    visitor.http.follow_redirects = True
    assert problem(visitor.http.get(answer.headers["location"])) == "unavailable"


def test_a_clock_may_differ_a_little_and_not_much(team: Team):
    team.provider.person("ana", "sender-viewer")
    for offset in (20, -20):
        team.provider.wish(clockOffset=offset)
        visitor = team.visitor()
        visitor.sign_in("ana")
        assert team.actor(visitor)
    for offset in (120, -500):
        team.provider.wish(clockOffset=offset)
        visitor = team.visitor()
        assert problem(visitor.sign_in("ana")) == "invalid"


def test_it_follows_the_provider_to_new_keys(team: Team):
    team.provider.person("ana", "sender-viewer")
    for _ in range(2):
        visitor = team.visitor()
        visitor.sign_in("ana")
        assert team.actor(visitor)
        time.sleep(5.1)  # the calm between two fetches that unknown keys make
        team.provider.wish(rotate=True)
    visitor = team.visitor()
    visitor.sign_in("ana")
    assert team.actor(visitor)


def test_a_role_changed_at_the_provider_counts_from_the_next_refresh(team: Team):
    team.provider.wish(accessTokenTtl=2)
    team.provider.person("ana", "sender-admin", groups=["/clinic"])
    visitor = team.visitor()
    visitor.sign_in("ana")
    assert team.signed_in(visitor).role is Role.ADMIN
    team.provider.person("ana", "sender-viewer", groups=["/clinic"])
    eventually(lambda: team.signed_in(visitor).role is Role.VIEWER, what="the new role")
    team.provider.person("ana", groups=["/clinic"])
    eventually(lambda: team.actor(visitor) is None, what="the end of the session")
    assert team.services.sign_in.sessions.find(visitor.session) is None


def test_a_team_that_was_left_is_closed_from_the_next_refresh(team: Team):
    team.provider.wish(accessTokenTtl=2)
    team.provider.person("ana", "sender-admin", groups=["/one", "/two"])
    visitor = team.visitor()
    visitor.sign_in("ana")
    assert team.workspace(visitor) == "one"
    team.provider.person("ana", "sender-admin", groups=["/two"])
    eventually(lambda: team.workspace(visitor) == "two", what="the other team")


def test_a_provider_that_is_down_throws_nobody_out(team: Team):
    team.provider.wish(accessTokenTtl=1)
    team.provider.person("ana", "sender-sender")
    visitor = team.visitor()
    visitor.sign_in("ana")
    team.provider.wish(down=True)
    time.sleep(1.5)
    assert team.signed_in(visitor).role is Role.SENDER
    kept = team.services.sign_in.sessions.find(visitor.session)
    assert kept is not None
    assert kept.refresh_token


def test_requests_at_once_use_a_refresh_token_once(team: Team):
    team.provider.wish(accessTokenTtl=1)  # this provider ends a session whose token comes twice
    team.provider.person("ana", "sender-sender")
    visitor = team.visitor()
    visitor.sign_in("ana")
    for _ in range(3):
        time.sleep(1.2)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: team.actor(visitor), range(16)))
        assert all(found)


def test_a_request_before_the_new_token_is_kept_does_not_use_the_old_one(
    team: Team, monkeypatch: pytest.MonkeyPatch
):
    team.provider.wish(accessTokenTtl=1)
    team.provider.person("ana", "sender-sender")
    visitor = team.visitor()
    visitor.sign_in("ana")
    time.sleep(1.2)
    change, meanwhile = RedisSessions.change, []

    def interrupted(
        sessions: RedisSessions, session_id: str, wish: Callable[[Session], Session]
    ) -> Session | None:
        if not meanwhile:
            meanwhile.append(None)
            meanwhile[0] = team.actor(visitor)
        return change(sessions, session_id, wish)

    monkeypatch.setattr(RedisSessions, "change", interrupted)
    assert team.actor(visitor)
    assert meanwhile[0]
    assert team.actor(visitor)


def renewed(team: Team, visitor: Visitor) -> Actor:
    """The person, after the provider was asked again."""
    asked = timedelta(hours=1)
    later = replace(team.services.sign_in, clock=lambda: datetime.now(UTC) + asked)
    found = later.find_actor(visitor.session)
    assert found is not None
    return found


def elsewhere(team: Team, visitor: Visitor) -> UUID:
    """Another of the person's workspaces than the one that they act in."""
    here = team.signed_in(visitor).workspace_id
    found = team.services.sign_in.list_workspaces(visitor.session)
    return next(one.workspace_id for one in found if one.workspace_id != here)


@pytest.mark.parametrize("step", ["another is left", "another is chosen"])
def test_who_changes_workspace_keeps_a_token_that_came_meanwhile(
    team: Team, monkeypatch: pytest.MonkeyPatch, step: str
):
    team.provider.person("ana", "sender-sender", groups=["/one", "/two"])
    visitor = team.visitor()
    visitor.sign_in("ana")
    sign_in, other = team.services.sign_in, elsewhere(team, visitor)
    find, meanwhile = PostgresMembers.find, []

    def interrupted(members: PostgresMembers, workspace_id: UUID, user_id: str) -> Member | None:
        if not meanwhile:
            meanwhile.append(workspace_id)
            renewed(team, visitor)
            return None if step == "another is left" else find(members, workspace_id, user_id)
        return find(members, workspace_id, user_id)

    before = sign_in.sessions.find(visitor.session)
    monkeypatch.setattr(PostgresMembers, "find", interrupted)
    if step == "another is left":
        team.signed_in(visitor)
    else:
        sign_in.choose_workspace(visitor.session, other)
    now = sign_in.sessions.find(visitor.session)
    assert meanwhile
    assert before is not None
    assert now is not None
    assert now.refresh_token != before.refresh_token
    assert renewed(team, visitor)  # this provider ends a session whose token comes twice


def test_a_workspace_that_is_chosen_while_the_provider_is_asked_is_kept(
    team: Team, monkeypatch: pytest.MonkeyPatch
):
    team.provider.person("ana", "sender-sender", groups=["/one", "/two"])
    visitor = team.visitor()
    visitor.sign_in("ana")
    sign_in, other = team.services.sign_in, elsewhere(team, visitor)
    refresh = OidcProvider.refresh

    def interrupted(provider: OidcProvider, session: Session) -> Granted:
        sign_in.choose_workspace(visitor.session, other)
        return refresh(provider, session)

    monkeypatch.setattr(OidcProvider, "refresh", interrupted)
    assert renewed(team, visitor).workspace_id == other
    assert team.signed_in(visitor).workspace_id == other


def test_signing_out_ends_the_session_here_and_at_the_provider(team: Team):
    team.provider.person("ana", "sender-viewer")
    visitor = team.visitor()
    visitor.sign_in("ana")
    session = visitor.session
    page = visitor.sign_out()
    assert str(page.url) == f"{team.url}/sign-in"
    assert team.services.sign_in.find_actor(session) is None
    assert visitor.session == ""
    assert "<form" in visitor.begin().text  # the provider asks who it is


def test_the_provider_ends_sessions_through_the_back_channel(team: Team):
    team.provider.person("ana", "sender-viewer")
    here, there = team.visitor(), team.visitor()
    here.sign_in("ana")
    there.sign_in("ana")
    assert team.actor(here)
    # Another application of the team has the provider end its session in the same browser.
    asked = here.http.get(f"{team.provider.issuer}/session/end")
    here_only = here.session
    secret = asked.text.split('name="xsrf" value="')[1].split('"')[0]
    here.http.post(
        f"{team.provider.issuer}/session/end/confirm", data={"xsrf": secret, "logout": "yes"}
    )
    eventually(lambda: team.services.sign_in.find_actor(here_only) is None, what="the logout")
    assert team.actor(there)  # another browser, another session of the provider


def test_nobody_else_ends_sessions_through_the_back_channel(team: Team):
    team.provider.person("ana", "sender-viewer")
    visitor = team.visitor()
    visitor.sign_in("ana")
    kept = team.services.sign_in.sessions.find(visitor.session)
    assert kept is not None
    url = f"{team.url}/auth/back-channel-logout"
    for token in ("", "x.y.z", kept.id_token, "A" * 30_000):
        assert httpx.post(url, data={"logout_token": token}, timeout=60).status_code == 400
    assert team.actor(visitor)


def test_the_store_alone_does_not_reveal_the_tokens(team: Team):
    from sender_app import bootstrap

    team.provider.person("ana", "sender-viewer")
    visitor = team.visitor()
    visitor.sign_in("ana")
    kept = team.services.sign_in.sessions.find(visitor.session)
    assert kept is not None
    assert kept.refresh_token
    redis = bootstrap.redis()
    for key in redis.scan_iter():
        assert visitor.session.encode() not in key
        if redis.type(key) == b"string":
            value = redis.get(key)
            assert visitor.session.encode() not in value
            assert kept.refresh_token.encode() not in value
            assert kept.id_token.encode() not in value


def test_too_many_tries_have_to_wait(team: Team):
    visitor = team.visitor()
    visitor.http.follow_redirects = False
    answers = [visitor.begin() for _ in range(35)]
    refused = [a for a in answers if a.headers["location"].endswith("problem=too_many")]
    assert len(refused) == 5
    link = visitor.http.get(f"{team.url}/auth/local?token=x")
    assert link.headers["location"].endswith("problem=local_off")
