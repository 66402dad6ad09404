"""Charts: fetched and drawn as they come into sight, and there when they are saved or printed."""

import io

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Demo, on_desktop, on_phone
from tests.e2e.test_journey import begin, ready, see_figures, send, write

DRAWN = ".js-plotly-plot .main-svg"
PNG = "Guardar «Mensajes por día» como imagen PNG"


def open_dashboard(page: Page, demo: Demo) -> list[str]:
    """Come to the dashboard, with something on it; returns the addresses of plotly it asks for."""
    begin(page, demo)
    write(page, "Hola {nombre}")
    send(page)
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    see_figures(page)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "plotly" in one.url else None)
    page.goto(demo.url)
    ready(page)
    expect(page.locator(".chart")).to_have_count(2)
    return asked


@on_phone
def test_a_phone_fetches_no_chart_before_it_is_scrolled_to_saved_or_printed(page: Page, demo: Demo):
    asked = open_dashboard(page, demo)
    page.wait_for_load_state("networkidle")
    heights = page.locator(".chart").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert asked == []

    page.emulate_media(media="print")  # on paper they are tables meanwhile
    expect(page.get_by_role("table", name="Mensajes por día")).to_be_visible()
    expect(page.locator(".chart").first).to_be_hidden()
    page.emulate_media(media="screen")
    expect(page.get_by_role("table", name="Mensajes por día")).to_be_hidden()
    expect(page.locator(".chart").first).to_have_accessible_name("Mensajes por día")

    with page.expect_download() as saved:
        page.get_by_role("button", name=PNG).dispatch_event("click")  # which scrolls to nothing
    assert saved.value.suggested_filename == "mensajes.png"
    picture = Image.open(io.BytesIO(saved.value.path().read_bytes()))
    assert (picture.format, picture.size) == ("PNG", (2400, 1200))
    assert picture.getpixel((0, 0))[:3] == (255, 255, 255)
    assert asked != []
    expect(page.locator(DRAWN)).to_have_count(0)

    page.locator("#timeline").scroll_into_view_if_needed()
    expect(page.locator(f"#timeline {DRAWN}").first).to_be_visible()
    page.locator("#groups").scroll_into_view_if_needed()
    expect(page.locator(f"#groups {DRAWN}").first).to_be_visible()
    assert heights == page.locator(".chart").evaluate_all("all => all.map(one => one.offsetHeight)")


@on_desktop
def test_what_is_printed_has_the_charts_that_nobody_has_come_to_yet(page: Page, demo: Demo):
    open_dashboard(page, demo)
    expect(page.locator(f"#timeline {DRAWN}").first).to_be_visible()
    expect(page.locator(f"#groups {DRAWN}")).to_have_count(0)
    page.evaluate(
        "addEventListener('beforeprint', () =>"
        f" {{ window.printed = document.querySelectorAll('#groups {DRAWN}').length }})"
    )
    page.pdf()
    assert page.evaluate("window.printed") > 0


def test_a_chart_that_cannot_be_fetched_says_so_and_leaves_its_table(browser: Browser, demo: Demo):
    context = browser.new_context(locale="es-PY")  # not `page`: the failure is told in its console
    page = context.new_page()
    page.route("**/*plotly*", lambda route: route.abort())
    open_dashboard(page, demo)
    expect(page.locator("#timeline")).to_contain_text("El gráfico no se pudo cargar.")
    page.get_by_role("button", name=PNG).click()
    expect(page.get_by_text("No se pudo guardar la imagen")).to_be_visible()
    page.locator("details.behind summary").first.click()
    expect(page.get_by_role("table", name="Mensajes por día")).to_be_visible()
    context.close()
