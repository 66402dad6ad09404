"""The one-time link, the session's cookie and the limits, through the HTTP routes."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from sender_app import bootstrap
from sender_app.bootstrap import Services
from sender_app.ports.identity import Session, User
from sender_app.sender_app import routes
from tests.integration.personas import services_on

HTTPS = "https://sender.example"


@pytest.fixture
def services(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Services]:
    env = {"PUBLIC_URL": HTTPS, "LOCAL_SIGN_IN": "true", "TRUSTED_PROXIES": "1"}
    with services_on(database_url, redis_url, DATA_DIR=str(tmp_path), **env) as found:
        yield found


def ask(method: str, url: str, session: str = "", address: str = "203.0.113.7") -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=routes)
        cookies = {"sender_session": session} if session else None
        headers = {"x-forwarded-for": f"198.51.100.1, {address}"}
        async with httpx.AsyncClient(
            transport=transport, base_url=HTTPS, cookies=cookies, headers=headers
        ) as client:
            return await client.request(method, url)

    return asyncio.run(send())


def open_link(services: Services, session: str = "") -> httpx.Response:
    link = services.sign_in.issue_local_link(HTTPS)
    return ask("GET", link.removeprefix(HTTPS), session)


def cookie_of(answer: httpx.Response) -> SimpleCookie:
    return SimpleCookie(answer.headers["set-cookie"])


def test_a_link_works_once_and_its_cookie_stays_with_the_browser(services: Services):
    link = services.sign_in.issue_local_link(HTTPS)
    first, second = (ask("GET", link.removeprefix(HTTPS)) for _ in range(2))
    assert first.headers["location"] == "/"
    cookie = cookie_of(first)["sender_session"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "lax")
    assert cookie["domain"] == ""
    assert second.headers["location"] == "/sign-in?problem=used"
    assert "set-cookie" not in second.headers


def test_a_new_sign_in_ends_the_session_before(services: Services):
    first = cookie_of(open_link(services))["sender_session"].value
    assert services.sign_in.find_actor(first)
    second = cookie_of(open_link(services, first))["sender_session"].value
    assert second != first
    assert services.sign_in.find_actor(first) is None
    assert services.sign_in.find_actor(second)


def test_signing_out_ends_the_session_on_the_server(services: Services):
    session = cookie_of(open_link(services))["sender_session"].value
    answer = ask("POST", "/auth/sign-out", session)
    assert answer.headers["location"] == "/sign-in"
    assert cookie_of(answer)["sender_session"].value == ""
    assert services.sign_in.find_actor(session) is None
    assert ask("GET", "/auth/sign-out", session).status_code == 405  # no image may do it


def test_a_session_lives_as_long_as_it_is_used(services: Services):
    session = cookie_of(open_link(services))["sender_session"].value
    redis = bootstrap.redis()
    (key,) = redis.scan_iter(match="browser:*")
    redis.expire(key, 60)
    assert services.sign_in.find_actor(session)
    assert redis.ttl(key) > 3600
    redis.expire(key, 0)
    assert services.sign_in.find_actor(session) is None


def test_the_provider_ends_one_session_by_its_sid_or_all_of_a_person(services: Services):
    sessions, here = services.sign_in.sessions, uuid4()

    def opened(sub: str, sid: str) -> str:
        now = datetime.now(UTC)
        return sessions.open(Session(User(sub, sub), here, (here,), confirmed_at=now, sid=sid))

    one, two, other = opened("ana", "1"), opened("ana", "2"), opened("bob", "3")
    kept = sessions.find(one)
    assert kept is not None
    assert sessions.close_of(sid="1", user_id="ana") == 1
    assert sessions.find(one) is None
    assert sessions.change(one, lambda _: kept) is None  # a renewal under way brings nothing back
    assert sessions.find(one) is None
    assert sessions.find(two)
    assert sessions.close_of(user_id="ana") == 1
    assert sessions.find(two) is None
    assert sessions.find(other)


def test_an_address_that_tries_too_often_waits_and_others_do_not(services: Services):
    tries = [ask("GET", "/auth/local?token=x") for _ in range(31)]
    assert tries[-2].headers["location"] == "/sign-in?problem=used"
    assert tries[-1].headers["location"] == "/sign-in?problem=too_many"
    other = ask("GET", "/auth/local?token=x", address="203.0.113.8")
    assert other.headers["location"] == "/sign-in?problem=used"


def test_a_changed_secret_signs_everybody_out(
    services: Services, database_url: str, redis_url: str
):
    session = cookie_of(open_link(services))["sender_session"].value
    env = {"PUBLIC_URL": HTTPS, "SECRET_KEY": "another one"}
    with services_on(database_url, redis_url, **env) as others:
        assert others.sign_in.find_actor(session) is None


def test_where_the_link_is_off_none_is_made_and_none_works(
    database_url: str, redis_url: str, services: Services
):
    from sender_app.domain.errors import SignInRefused

    link = services.sign_in.issue_local_link(HTTPS)
    with services_on(database_url, redis_url, PUBLIC_URL=HTTPS, LOCAL_SIGN_IN="false") as others:
        with pytest.raises(SignInRefused):
            others.sign_in.issue_local_link(HTTPS)
        path = urlsplit(link)
        answer = ask("GET", f"{path.path}?{path.query}")
        assert answer.headers["location"] == "/sign-in?problem=local_off"
