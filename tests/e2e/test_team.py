"""Team login in a real browser, with a real provider."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import ARTEFACTS
from tests.oidc import SECRET, Provider
from tests.stack import ROOT, eventually, free_ports, wait_for_start


@dataclass
class Team:
    """A running Sender with team login."""

    url: str
    provider: Provider
    browser: Browser

    def context(self) -> BrowserContext:
        return self.browser.new_context(locale="es-PY", viewport={"width": 1280, "height": 800})

    def page_of(self, sub: str, place: str = "/") -> Page:
        """Somebody's page, signed in, in a browser of their own."""
        page = self.context().new_page()
        sign_in(page, self, sub, place)
        return page


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, data: Path, browser: Browser) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    port = free_ports(2)
    url = f"http://127.0.0.1:{port}"
    provider = Provider(port + 1, url, folder / "provider.log")
    env = {
        "PORT": str(port),
        "DATA_DIR": str(data / "team"),
        "GATEWAY": "noop",
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": "sender",
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_WORKSPACE_CLAIM": "groups",
        "OIDC_DEFAULT_ROLE": "viewer",
    }
    output = folder / "output"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "sender_app.local"],
            cwd=ROOT,
            env=os.environ | env,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    wait_for_start(process, output)
    assert "Sign in with the team's account" in output.read_text()
    assert "token=" not in output.read_text()
    yield Team(url, provider, browser)
    process.terminate()
    assert process.wait(120) == 0
    provider.stop()


def at(team: Team, place: str) -> re.Pattern[str]:
    """A page's address; the server adds a slash to it."""
    return re.compile(re.escape(f"{team.url}{place.rstrip('/')}") + "/?$")


def sign_in(page: Page, team: Team, sub: str, place: str = "/") -> None:
    """By the button and the provider's form."""
    page.goto(f"{team.url}{place}")
    page.get_by_role("link", name="Entrar con la cuenta del equipo").click()
    page.get_by_label("Who").fill(sub)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(at(team, place))


def test_a_person_comes_back_to_where_they_were_and_leaves_the_provider_too(team: Team):
    team.provider.person("ana", "sender-admin", groups=["/clinic"])
    page = team.page_of("ana", "/campaigns")
    expect(page.locator("h1")).to_have_text("Campañas")
    expect(page.locator(".side > .foot .who")).to_contain_text("Ana")
    assert "sender_session" not in page.evaluate("document.cookie")
    page.get_by_role("button", name="Salir").first.click()
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page).to_have_url(at(team, "/sign-in"))
    page.goto(f"{team.url}/contacts")
    expect(page.get_by_role("link", name="Entrar con la cuenta del equipo")).to_be_visible()
    page.get_by_role("link", name="Entrar con la cuenta del equipo").click()
    expect(page.get_by_label("Who")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_text("El acceso no se autorizó")).to_be_visible()
    expect(page.get_by_role("link", name="Entrar con otra cuenta")).to_be_visible()
    page.context.close()


def test_the_next_person_in_the_same_tab_gets_nothing_of_the_one_before(team: Team):
    team.provider.person("ana", "sender-admin", groups=["/first-team"])
    team.provider.person("bob", "sender-admin", groups=["/second-team"])
    page = team.page_of("ana", "/settings")
    expect(page.get_by_label("Nombre")).to_have_value("first-team")
    page.get_by_role("button", name="Salir").first.click()
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page).to_have_url(at(team, "/sign-in"))
    frames: list[str] = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: frames.append(str(frame))))
    sign_in(page, team, "bob", "/settings")
    expect(page.get_by_label("Nombre")).to_have_value("second-team")
    assert any("second-team" in frame for frame in frames)
    assert not any("first-team" in frame for frame in frames)
    page.context.close()


def test_an_admin_changes_roles_and_a_removed_persons_page_ends(team: Team):
    team.provider.person("ana", "sender-admin", groups=["/shop"])
    team.provider.person("bob", groups=["/shop"])
    bob = team.page_of("bob", "/campaigns")
    ana = team.page_of("ana", "/members")
    row = ana.get_by_role("row").filter(has_text="Ana")
    expect(row.get_by_text("Administración")).to_be_visible()
    expect(row.get_by_role("combobox")).to_have_count(0)
    role = ana.get_by_label("Rol de Bob")
    expect(role).to_have_value("viewer")
    role.select_option("sender")
    expect(ana.get_by_text("Rol cambiado.").first).to_be_visible()
    ana.reload()
    expect(role).to_have_value("sender")
    ARTEFACTS.mkdir(exist_ok=True)
    ana.screenshot(path=ARTEFACTS / "members.png")
    ana.get_by_role("button", name="Quitar a Ana").click()
    ana.get_by_role("alertdialog").get_by_role("button", name="Quitar").click()
    expect(ana.get_by_text("Tiene que quedar al menos una persona")).to_be_visible()
    ana.get_by_role("button", name="Quitar a Bob").click()
    ana.get_by_role("alertdialog").get_by_role("button", name="Quitar").click()
    expect(ana.get_by_text("Sin acceso")).to_be_visible()
    expect(bob).to_have_url(re.compile(r"/sign-in/?\?next=%2Fcampaigns$"))
    ana.goto(f"{team.url}/audit")
    expect(ana.get_by_text("Quitó a una persona").first).to_be_visible()
    expect(ana.get_by_text("Cambió un rol")).to_be_visible()
    ana.screenshot(path=ARTEFACTS / "audit.png")
    ana.context.close()
    bob.context.close()


def test_a_logout_at_the_provider_ends_the_open_page(team: Team):
    team.provider.person("ana", "sender-admin", groups=["/clinic"])
    page = team.page_of("ana", "/campaigns")
    other = page.context.new_page()
    other.goto(f"{team.provider.issuer}/session/end")
    other.get_by_role("button", name="Yes, sign me out").click()
    expect(page).to_have_url(re.compile(r"/sign-in/?\?next=%2Fcampaigns$"))
    page.context.close()


def test_a_person_of_two_teams_changes_between_them(team: Team):
    team.provider.person("ana", "sender-admin", groups=["/north", "/south"])
    page = team.page_of("ana", "/settings")
    expect(page.get_by_label("Nombre")).to_have_value("north")
    page.get_by_label("Espacio de trabajo").select_option("south")
    page.get_by_role("button", name="Cambiar").click()
    expect(page).to_have_url(at(team, "/"))
    expect(page.locator(".side > .foot .who")).to_contain_text("south")
    page.goto(f"{team.url}/settings")
    expect(page.get_by_label("Nombre")).to_have_value("south")
    page.screenshot(path=ARTEFACTS / "settings-team.png")
    page.context.close()


def test_a_viewer_may_look_and_is_told_so_where_more_is_needed(team: Team):
    team.provider.person("vera", "sender-viewer", groups=["/clinic"])
    page = team.page_of("vera", "/settings")
    expect(page.get_by_role("button", name="Guardar")).to_have_count(0)
    expect(page.get_by_role("link", name="Integrantes y roles")).to_have_count(0)
    page.add_init_script(
        "window.told = []; for (const name of ['answered', 'refused'])"
        " document.addEventListener(name, () => told.push(name))"
    )
    for place in ("members", "api-keys", "webhooks", "webhooks/new", "audit", "system"):
        page.goto(f"{team.url}/{place}")
        expect(page.get_by_text("Solo para quienes administran")).to_be_visible()
        expect(page.get_by_role("row")).to_have_count(0)
        told = eventually(lambda: len(page.evaluate("told")) >= 2 and page.evaluate("told"))
        assert "refused" not in told, place  # neither what is unread nor the page's own
        expect(page.locator("[data-sonner-toast]")).to_have_count(0)
    page.goto(f"{team.url}/messages")
    expect(page.get_by_text("Solo para quienes envían")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name="Mensajes")).to_have_count(0)
    page.context.close()
