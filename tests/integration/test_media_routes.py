"""Uploading and looking at files over HTTP, with real servers behind it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from sender_app import bootstrap
from sender_app.api.media import router
from sender_app.api.sign_in import COOKIE
from sender_app.domain.actor import Role
from sender_app.ports.identity import Session, User
from tests.files import picture, sound
from tests.stack import start_over


class Client:
    """A browser with its cookies."""

    def __init__(self, app: FastAPI, **cookies: str) -> None:
        self._app = app
        self._cookies = cookies

    def get(self, path: str, **request: Any) -> httpx.Response:
        return self._ask("GET", path, **request)

    def post(self, path: str, **request: Any) -> httpx.Response:
        return self._ask("POST", path, **request)

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://sender", cookies=self._cookies
            ) as client:
                return await client.request(method, path, **request)

        return asyncio.run(ask())


class Web:
    """The routes, and people who are signed in."""

    def __init__(self) -> None:
        app = FastAPI()
        app.include_router(router)
        self.app = app

    def nobody(self) -> Client:
        return Client(self.app)

    def sign_in(self, name: str) -> Client:
        services = bootstrap.services()
        here = services.workspaces.actor_for(name, name.title()).workspace_id
        now = datetime.now(UTC)
        session = services.sign_in.sessions.open(
            Session(User(name, name.title()), here, (here,), confirmed_at=now)
        )
        return Client(self.app, **{COOKIE: session, "lang": "en"})


@pytest.fixture
def web(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Web]:
    for name, value in {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "DATA_DIR": str(tmp_path),
        "MEDIA_DOCUMENT_MB": "16",
    }.items():
        monkeypatch.setenv(name, value)
    start_over()
    yield Web()
    start_over()


def upload(client: Client, content: bytes, name: str, **params: str) -> httpx.Response:
    return client.post("/media", params={"name": name, **params}, content=content)


def test_it_takes_a_photo_and_shows_it(web: Web):
    alice = web.sign_in("alice")
    answer = upload(alice, picture(), "playa.jpg")
    assert answer.status_code == 201
    told: dict[str, Any] = answer.json()
    assert (told["kind"], told["filename"], told["width"]) == ("image", "playa.jpg", 640)
    shown = alice.get(f"/media/{told['id']}")
    assert shown.headers["content-type"] == "image/jpeg"
    assert len(shown.content) == told["bytes"]
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    small = alice.get(f"/media/{told['id']}/thumbnail")
    assert small.content.startswith(b"\xff\xd8\xff")


def test_a_player_gets_the_range_that_it_asks_for(web: Web):
    alice = web.sign_in("alice")
    media = upload(alice, sound(), "x.wav").json()
    whole = alice.get(f"/media/{media['id']}")
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    size = len(whole.content)
    for asked, first, last in (
        ("bytes=0-1", 0, 1),
        ("bytes=100-", 100, size - 1),
        (f"bytes=10-{size * 2}", 10, size - 1),
    ):
        part = alice.get(f"/media/{media['id']}", headers={"Range": asked})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.content == whole.content[first : last + 1]
    assert alice.get(f"/media/{media['id']}", headers={"Range": "lines=1-2"}).status_code == 200


def test_a_document_is_never_shown_by_the_browser_itself(web: Web):
    alice = web.sign_in("alice")
    media = upload(alice, b"%PDF-1.4\n%%EOF", "Señal 1.pdf").json()
    shown = alice.get(f"/media/{media['id']}")
    assert shown.headers["content-disposition"] == "attachment; filename*=UTF-8''Se%C3%B1al%201.pdf"
    assert alice.get(f"/media/{media['id']}/thumbnail").status_code == 404


def test_sound_becomes_a_voice_note_unless_it_shall_be_a_document(web: Web):
    alice = web.sign_in("alice")
    voice = upload(alice, sound(), "x.wav").json()
    assert (voice["kind"], voice["filename"]) == ("voice", "x.ogg")
    assert voice["duration"] == pytest.approx(1, abs=0.1)
    assert upload(alice, sound(), "x.wav", kind="document").json()["kind"] == "document"


def test_nobody_sees_a_file_without_signing_in_nor_of_another_workspace(web: Web):
    media = upload(web.sign_in("alice"), picture(), "x.jpg").json()
    for place in (f"/media/{media['id']}", f"/media/{media['id']}/thumbnail"):
        assert web.nobody().get(place).status_code == 401
        assert web.sign_in("charlie").get(place).status_code == 404


def test_who_may_only_look_uploads_nothing(web: Web):
    nobody = web.nobody()
    assert upload(nobody, picture(), "x.jpg").status_code == 401
    viewer = web.sign_in("bob")
    services = bootstrap.services()
    actor = services.workspaces.actor_for("bob", "Bob")
    with bootstrap.store().database.transaction() as cursor:
        cursor.execute(
            "UPDATE members SET role = %s WHERE user_id = 'bob' AND workspace_id = %s",
            (Role.VIEWER.value, actor.workspace_id),
        )
    assert upload(viewer, picture(), "x.jpg").status_code == 403


def test_a_file_that_cannot_be_sent_is_refused_in_words(web: Web):
    alice = web.sign_in("alice")
    answer = upload(alice, b"<html><script>", "x.jpg")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "media_type_unsupported"
    assert answer.json()["detail"] == "WhatsApp does not take this type of file (text/html)."
    large = upload(alice, bytes(17 * 1024 * 1024), "x.zip")
    assert (large.status_code, large.json()["code"]) == (422, "media_too_large")
    assert upload(alice, b"x", "x.jpg", kind="sticker").status_code == 422


def test_unused_files_are_deleted_with_their_thumbnails(web: Web, tmp_path: Path):
    alice = web.sign_in("alice")
    media = upload(alice, picture(), "x.jpg").json()
    stored = sorted(path for path in (tmp_path / "media").rglob("*") if path.is_file())
    assert len(stored) == 2
    library = bootstrap.services().media
    assert library.clear_unused() == 0
    with bootstrap.store().database.transaction() as cursor:
        cursor.execute("UPDATE media SET used_at = now() - %s", (timedelta(days=31),))
    assert library.clear_unused() == 1
    assert not any(path.exists() for path in stored)
    assert alice.get(f"/media/{media['id']}").status_code == 404
