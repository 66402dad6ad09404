"""Every page through axe, in both themes, with something on it to judge."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Demo
from tests.e2e.test_journey import csv, go, link, send, sign_in, write
from tests.e2e.test_pages import PLACES

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
THEMES = ("light", "dark")
PEOPLE = [(f"0986{n:06d}", "Sr.", f"Persona {n}", f"G{n % 3}") for n in range(6)]


def complaints(page: Page, where: str) -> list[str]:
    """What axe has to say, in the light and in the dark."""
    found = []
    for theme in THEMES:
        page.evaluate(
            f"document.documentElement.classList.remove(...{list(THEMES)});"
            f"document.documentElement.classList.add('{theme}')"
        )
        options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}}
        for one in Axe().run(page, options=options).response["violations"]:
            nodes = [f"{node['html'][:160]} ({node['failureSummary']})" for node in one["nodes"]]
            found.append(f"/{where} {theme}: {one['id']}: {nodes[:3]}")
    return found


@pytest.mark.parametrize("page", ["desktop"], indirect=True)
def test_axe_finds_nothing_on_any_page(page: Page, demo: Demo):
    page.emulate_media(reduced_motion="reduce")
    sign_in(page, demo)
    link(page, demo)
    go(page, "Mensajes")
    page.set_input_files("input[type=file]", files=[csv(PEOPLE)])
    expect(page.get_by_text("6 personas listas")).to_be_visible()
    write(page, "Hola {nombre}")
    send(page)
    expect(page.locator(".progress-head")).to_contain_text("Terminada", timeout=30_000)
    sent = page.url.removeprefix(f"{demo.url}/")
    found = []
    for place in (sent, *PLACES):
        page.goto(f"{demo.url}/{place}")
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator(".bones")).to_have_count(0)
        if place == "":
            expect(page.locator(".js-plotly-plot")).to_have_count(2)
            page.locator("details.behind summary").first.click()
        found += complaints(page, place)
    page.goto(demo.url)
    expect(page.locator(".bones")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Buscar")).to_be_focused()
    found += complaints(page, "palette")
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Más").click()
    found += complaints(page, "more")
    assert found == []
