"""The palette, the phone's bar, and the dashboard's choices."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Demo, on_desktop, on_phone
from tests.e2e.test_journey import csv, fresh, go, link, send, sign_in, write


@on_desktop
def test_the_palette_finds_pages_campaigns_and_contacts_by_keyboard(page: Page, demo: Demo):
    sign_in(page, demo)
    go(page, "Contactos")
    page.goto(f"{demo.url}/contacts/new")
    page.get_by_label("Nombre").first.fill("Zunilda Palette")
    page.get_by_label("Teléfono").first.fill(f"0982 {fresh()}0")
    page.get_by_role("button", name="Guardar").click()
    expect(page).not_to_have_url(re.compile("/new"))
    asked = page.locator("main")
    asked.focus()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Buscar")
    expect(field).to_be_focused()
    page.keyboard.type("plantíllas")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Plantillas")
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.type("zunilda pal")
    expect(page.get_by_role("option")).to_contain_text(["Zunilda Palette"])
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.type("zunilda pal")
    expect(page.get_by_role("option")).to_contain_text(["Zunilda Palette"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Zunilda Palette")


# As soon as the heading is there, before anything that React puts off until later.
PRESS_AS_IT_COMES = """heading => new MutationObserver((_, observer) => {
  if (document.querySelector("h1")?.textContent !== heading) return;
  observer.disconnect();
  const key = { key: "k", ctrlKey: true, bubbles: true };
  document.body.dispatchEvent(new KeyboardEvent("keydown", key));
}).observe(document, { childList: true, subtree: true, characterData: true })"""


@on_desktop
def test_the_palette_hears_a_key_in_the_moment_a_page_comes(page: Page, demo: Demo):
    sign_in(page, demo)
    page.evaluate(PRESS_AS_IT_COMES, "Plantillas")
    page.keyboard.press("Control+k")
    page.keyboard.type("plantillas")
    expect(page.locator(".palette [role=option]")).to_have_count(1)  # a page has its own
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Plantillas")
    expect(page.get_by_role("combobox", name="Buscar")).to_be_focused()


@on_phone
def test_a_phone_has_five_places_at_most_and_the_rest_a_tap_away(page: Page, demo: Demo):
    page.set_viewport_size({"width": 360, "height": 740})
    sign_in(page, demo)
    bar = page.get_by_role("navigation", name="Principal")
    expect(bar.locator(".places > :visible")).to_have_count(5)
    more = bar.get_by_role("button", name="Más")
    more.click()
    bar.get_by_role("link", name="Integrantes").click()
    expect(page.locator("h1")).to_have_text("Integrantes")
    expect(bar.get_by_role("dialog")).to_have_count(0)
    more.click()
    expect(bar.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(more).to_be_focused()


def test_the_dashboard_follows_its_choices_and_gives_its_figures_away(page: Page, demo: Demo):
    sign_in(page, demo, "whatsapp")
    link(page, demo)
    go(page, "Mensajes")
    width = page.viewport_size["width"] if page.viewport_size else 0
    group, first = f"Choices {width}", width * 10
    people = [(f"0987{n:06d}", "Sr.", f"Persona {n}", group) for n in range(first, first + 5)]
    page.set_input_files("input[type=file]", files=[csv(people)])
    expect(page.get_by_text("5 personas listas")).to_be_visible()
    write(page, "Hola {nombre}")
    send(page)
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    go(page, "Tablero")
    page.get_by_label("Grupo", exact=True).select_option(group)
    sent = page.locator(".kpis .stat").first
    expect(sent).to_contain_text("Enviados5")
    expect(page.locator(".top li")).to_have_count(5)
    page.get_by_label("Período", exact=True).select_option("Hoy")
    expect(page.get_by_role("heading", name="Mensajes por hora")).to_be_visible()
    page.get_by_label("Período", exact=True).select_option("Últimos 12 meses")
    expect(page.get_by_role("heading", name="Mensajes por mes")).to_be_visible()
    with page.expect_download() as picture:
        page.get_by_role("button", name="Guardar «Mensajes por mes» como imagen PNG").click()
    assert picture.value.path().read_bytes()[:4] == b"\x89PNG"
    with page.expect_download() as table:
        page.get_by_role("link", name="Descargar «Por grupo» como CSV").click()
    lines = table.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0] == "Grupo,Enviados,Errores"
    assert lines[1:] == [f"{group},5,0"]
    page.get_by_label("Período", exact=True).select_option("Elegir fechas…")
    page.get_by_label("Desde").fill("2026-01-01")
    page.get_by_label("Hasta").fill("2026-01-31")
    page.get_by_role("button", name="Ver", exact=True).click()
    expect(page.get_by_text("Nadie en este período.").first).to_be_visible()


def test_an_address_that_leads_nowhere_says_so_and_leads_back(browser: Browser, demo: Demo):
    context = browser.new_context(locale="es-PY")  # not `page`: its console tells of the 404
    page = context.new_page()
    sign_in(page, demo)
    answer = page.goto(f"{demo.url}/nowhere/at/all")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("h1")).to_have_text("Esta página no existe")
    page.get_by_role("link", name="Ir al tablero").click()
    expect(page.locator("h1")).to_have_text("Tablero")
    context.close()
