"""A second person's approval, with the people it takes: a sender, an admin and a viewer."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.e2e.conftest import ARTEFACTS, SIZES, Demo, run_demo
from tests.e2e.test_journey import csv, go, link, ready, step, write
from tests.oidc import SECRET, Provider
from tests.stack import free_ports

STEERING = re.compile("^(Aprobar|Devolver|Volver a borrador|Pausar|Reanudar|Cancelar el envío)$")


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Iterator[Demo]:
    """The demonstration with team login, and a team of three."""
    folder, port = tmp_path_factory.mktemp("approval"), free_ports(3)
    provider = Provider(port + 2, f"http://127.0.0.1:{port}", folder / "provider.log")
    for name, role in (("ana", "admin"), ("bob", "sender"), ("vera", "viewer")):
        provider.person(name, f"sender-{role}", groups=["/clinic"])
    env = {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": "sender",
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_WORKSPACE_CLAIM": "groups",
    }
    yield from run_demo(data / "demo-approval", folder / "output", port, **env)
    provider.stop()


@contextmanager
def desk(browser: Browser, team: Demo, who: str, size: str) -> Iterator[Page]:
    """Somebody's page, signed in, in a browser of their own; an error in its console fails, but for
    the provider's own."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, locale="es-PY")
    page, problems = context.new_page(), list[str]()

    def note(said: ConsoleMessage) -> None:
        if said.type == "error" and said.location["url"].startswith(team.url):
            problems.append(f"{said.text} {said.location}")

    page.on("console", note)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{team.url}/campaigns")
    page.get_by_role("link", name="Entrar con la cuenta del equipo").click()
    page.get_by_label("Who").fill(who)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h1")).to_have_text("Campañas")
    ready(page)
    yield page
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"approval-{who}-{size}.png", full_page=True)
    context.close()
    assert problems == [], who


@pytest.fixture(params=SIZES)
def page_of(
    browser: Browser, team: Demo, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Page]]:
    """Pages of the team's people, at desktop or phone width."""
    with ExitStack() as stack:
        yield lambda who: stack.enter_context(desk(browser, team, who, request.param))


def test_what_one_person_starts_waits_until_another_approves_it(
    page_of: Callable[[str], Page], team: Demo
):
    team.phones.clear()
    ana, bob, vera = page_of("ana"), page_of("bob"), page_of("vera")
    link(ana, team)
    ana.goto(f"{team.url}/settings")
    ready(ana)
    ana.get_by_label("Pedir la aprobación de otra persona").check()
    ana.get_by_role("button", name="Guardar campañas").click()
    expect(ana.get_by_text("Guardado").first).to_be_visible()

    go(bob, "Mensajes")
    people = [(f"098500000{n}", "Sra.", f"Persona {n}", "G1") for n in range(3)]
    bob.set_input_files("input[type=file]", files=[csv(people)])
    expect(bob.get_by_text("3 personas listas")).to_be_visible()
    write(bob, "Hola {nombre}")
    step(bob, 4)
    expect(bob.get_by_text("Otra persona del equipo tiene que aprobarlo")).to_be_visible()
    bob.locator("#send").click()
    ask = bob.get_by_role("alertdialog").get_by_role("button", name="Pedir aprobación para 3")
    ask.click()
    expect(bob.get_by_text("No sale nada hasta que alguien más")).to_be_visible()
    expect(bob.get_by_role("button", name="Volver a borrador")).to_be_visible()
    expect(bob.get_by_role("button", name="Aprobar")).to_have_count(0)

    for page in (vera, ana):
        page.goto(bob.url)
        ready(page)
        expect(page.get_by_text("Espera la aprobación de otra persona")).to_be_visible()
        expect(page.locator("tbody tr")).to_have_count(3)
    expect(vera.get_by_role("button", name=STEERING)).to_have_count(0)
    assert team.phones.messages() == []

    ana.get_by_role("button", name="Aprobar").click()
    for page in (ana, bob, vera):  # the open pages see it by themselves
        expect(page.locator(".progress-head")).to_contain_text("Terminada")
        expect(page.get_by_text("Espera la aprobación de otra persona")).to_have_count(0)
    assert sorted(m["text"] for m in team.phones.messages()) == [
        f"Hola Persona {n}" for n in range(3)
    ]
    expect(vera.get_by_role("button", name=STEERING)).to_have_count(0)
    ana.goto(f"{team.url}/audit")
    ready(ana)
    for who, did in (("Ana", "Aprobó una campaña"), ("Bob", "Envió o programó una campaña")):
        line = ana.locator("tbody tr", has_text=did).first
        expect(line).to_contain_text(who)
        expect(line).to_contain_text("clientes")
