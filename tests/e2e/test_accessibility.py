"""Every page through axe, in both themes, with something on it to judge."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Demo, on_desktop
from tests.e2e.test_journey import csv, go, link, ready, send, sign_in, write
from tests.e2e.test_pages import PLACES

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
THEMES = ("light", "dark")
PEOPLE = [(f"0986{n:06d}", "Sr.", f"Persona {n}", f"G{n % 3}") for n in range(6)]


_AT_REST = """() => Promise.allSettled(
  document.getAnimations().filter(one => one instanceof CSSTransition).map(one => one.finished)
)"""


def complaints(page: Page, where: str) -> list[str]:
    """What axe has to say, in the light and in the dark, once the colours have arrived there."""
    found = []
    for theme in THEMES:
        page.evaluate(
            f"document.documentElement.classList.remove(...{list(THEMES)});"
            f"document.documentElement.classList.add('{theme}')"
        )
        page.evaluate(_AT_REST)
        options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}}
        for one in Axe().run(page, options=options).response["violations"]:
            nodes = [f"{node['html'][:160]} ({node['failureSummary']})" for node in one["nodes"]]
            found.append(f"/{where} {theme}: {one['id']}: {nodes[:3]}")
    return found


@on_desktop
def test_axe_finds_nothing_where_something_was_sent(page: Page, demo: Demo):
    page.emulate_media(reduced_motion="reduce")
    sign_in(page, demo, "whatsapp")
    link(page, demo)
    go(page, "Mensajes")
    page.set_input_files("input[type=file]", files=[csv(PEOPLE)])
    expect(page.get_by_text("6 personas listas")).to_be_visible()
    write(page, "Hola {nombre}")
    send(page)
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    sent = page.url.removeprefix(f"{demo.url}/")
    page.goto(f"{demo.url}/{sent}")
    ready(page)
    found = complaints(page, sent)
    page.goto(demo.url)
    ready(page)
    page.locator("#groups").scroll_into_view_if_needed()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    page.locator("details.behind summary").first.click()
    found += complaints(page, "")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Buscar")).to_be_focused()
    found += complaints(page, "palette")
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Más").click()
    found += complaints(page, "more")
    assert found == []


@on_desktop
@pytest.mark.parametrize("place", [place for place in PLACES if place])
def test_axe_finds_nothing_on_any_page(page: Page, demo: Demo, place: str):
    page.emulate_media(reduced_motion="reduce")
    sign_in(page, demo, place)
    assert complaints(page, place) == []
