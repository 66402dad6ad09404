"""Downloads of the address book, over HTTP, with a session from the real sign-in."""

import asyncio
import csv
import io
import zipfile
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from sender_app import bootstrap
from sender_app.api import exports
from sender_app.api.sign_in import COOKIE
from sender_app.domain.actor import Actor
from sender_app.ports.store.contacts import ContactDraft
from tests.stack import start_over


class Client:
    """A browser that asks for files."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.app.include_router(exports.router)
        self.cookies: dict[str, str] = {}

    def get(self, path: str, params: dict[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://sender", cookies=self.cookies
            ) as client:
                return await client.get(path, params=params)

        return asyncio.run(ask())


@pytest.fixture
def client(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Nobody is signed in yet."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    start_over()
    yield Client()
    start_over()


def sign_in(client: Client) -> Actor:
    services = bootstrap.services()
    token = services.sign_in.issue_local_link("").rpartition("=")[2]
    session = services.sign_in.redeem_local_link(token)
    assert session is not None
    client.cookies[COOKIE] = session
    actor = services.sign_in.find_actor(session)
    assert actor is not None
    for n, name in enumerate(("=1+1", "Ana", "María")):
        draft = ContactDraft(f"098100000{n}", name, "", "Padres" if n else "")
        services.contacts.create_contact(actor, draft)
    return actor


def test_nobody_downloads_anything_without_signing_in(client: Client):
    for kind in ("csv", "xlsx"):
        answer = client.get(f"/export/contacts.{kind}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_the_csv_is_what_the_page_shows(client: Client):
    sign_in(client)
    answer = client.get("/export/contacts.csv", params={"sort": "phone", "backwards": "1"})
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row[2] for row in rows] == ["nombre", "María", "Ana", "'=1+1"]
    found = client.get("/export/contacts.csv", params={"search": "padres mar"}).text
    assert "María" in found
    assert "Ana" not in found


def test_the_workbook_opens(client: Client):
    sign_in(client)
    answer = client.get("/export/contacts.xlsx")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        assert "+595981000001" in book.read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("contacts.exe", 404),
        ("contacts.csv?group=nonsense", 422),
        ("contacts.csv?standing=nonsense", 422),
        ("contacts.csv?search=" + "x" * 101, 422),
    ],
)
def test_nonsense_is_refused(client: Client, path: str, status: int):
    sign_in(client)
    assert client.get(f"/export/{path}").status_code == status
