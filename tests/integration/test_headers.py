"""What a browser is told to refuse, and whose pages may ask."""

import base64
import hashlib
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.stack import Web, free_ports

_INLINE = re.compile(r"<script(?![^>]* src=)[^>]*>(.*?)</script>", re.DOTALL)
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(b"x" * 16).decode(),
}


@pytest.fixture(scope="module")
def web(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    from tests.conftest import fresh_database

    postgres, valkey = (request.getfixturevalue(name) for name in ("postgres", "valkey"))
    folder = tmp_path_factory.mktemp("headers")
    with fresh_database(postgres) as database:
        env = {
            "DATABASE_URL": database,
            "REDIS_URL": valkey.url,
            "PUBLIC_URL": "https://sender.example",
            "CORS_ORIGINS": "https://friend.example",
        }
        web = Web(env, folder / "web.log", free_ports(1))
        yield web
        web.stop()


def policy(answer: httpx.Response) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["content-security-policy"].split(";")]
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("path", ["/", "/sign-in", "/campaigns/1", "/nowhere/at/all"])
def test_a_page_may_run_its_own_scripts_and_no_others(web: Web, path: str):
    answer = web.get(path, follow_redirects=True)
    assert answer.headers["content-type"].startswith("text/html")
    allowed = policy(answer)
    scripts = _INLINE.findall(answer.text)
    assert len(scripts) > 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed["script-src"], script[:80]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:"} & set(allowed["script-src"])
    assert allowed["default-src"] == allowed["frame-ancestors"] == allowed["base-uri"] == ["'none'"]
    assert allowed["connect-src"] == ["'self'"]


def test_a_page_that_a_browser_kept_keeps_its_policy(web: Web):
    """The headers of a 304 take the place of those of the page that was kept."""
    page = web.get("/")
    again = web.get("/", headers={"If-None-Match": page.headers["etag"]})
    assert again.status_code == 304
    assert "content-security-policy" not in again.headers


@pytest.mark.parametrize("path", ["/", "/health", "/first.js", "/auth/local?token=x", "/metrics"])
def test_every_answer_has_the_headers_that_concern_it(web: Web, path: str):
    headers = web.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://friend.example", True), ("https://evil.example", False), ("null", False)],
)
def test_only_named_sites_may_read_answers_and_listen(web: Web, origin: str, allowed: bool):
    answer = web.get("/health", headers={"Origin": origin, "Cookie": "a=b"})
    assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
    assert listens(web, origin) is allowed


def test_its_own_pages_may_listen_by_either_name(web: Web):
    assert listens(web, web.url)
    assert listens(web, "https://sender.example")


@pytest.mark.parametrize(
    ("path", "size"),
    [
        *[(path, 2**31) for path in ("/_upload", "/media", "/api/v1/contacts")],
        ("/auth/workspace", 21_000),
    ],
)
def test_nobody_has_more_read_than_anybody_may_send(web: Web, path: str, size: int):
    place = urlsplit(web.url)
    handler = "reflex___state____state.sender_app___states___compose____compose.upload"
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {place.netloc}",
        f"Content-Length: {size}",
        "Content-Type: multipart/form-data; boundary=x",
        "Reflex-Client-Token: x",
        f"Reflex-Event-Handler: {handler}",
    ]
    with socket.create_connection((place.hostname, place.port), timeout=60) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode() + b"x" * 10_000)
        assert line.recv(100).split(b" ")[1] == b"413"


def listens(web: Web, origin: str) -> bool:
    """Whether the live connection opens for a page of `origin`."""
    url = f"{web.url}/_event/?EIO=4&transport=websocket&token=x"
    with httpx.stream("GET", url, headers=UPGRADE | {"Origin": origin}, timeout=60) as answer:
        return answer.status_code == 101
