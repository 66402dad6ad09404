"""The main job, as a person does it in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Demo
from tests.stack import NUMBER, eventually

pytestmark = pytest.mark.parametrize("kept_in", ["postgres", "redis"])
GOOD = [
    (f"0984{n:06d}", "Sra." if n % 2 else "Sr.", f"Persona {n}", f"G{n % 3}") for n in range(20)
]
BAD = [("abc", "Sr.", "Mala", "G1"), ("", "Sra.", "Vacía", "G1")]


def csv(rows: list[tuple[str, ...]]) -> dict[str, object]:
    text = "numero,sustantivo,nombre,grupo\n" + "\n".join(",".join(row) for row in rows)
    return {"name": "clientes.csv", "mimeType": "text/csv", "buffer": text.encode()}


def sign_in(page: Page, demo: Demo) -> None:
    page.goto(demo.link())
    expect(page.locator("h1")).to_have_text("Tablero")
    expect(page.locator(".bones")).to_have_count(0)  # from here on it answers


def go(page: Page, place: str) -> None:
    navigation = page.get_by_role("navigation", name="Principal")
    narrow = page.viewport_size is not None and page.viewport_size["width"] < 800
    if narrow and place not in ("Tablero", "Mensajes", "Campañas", "Respuestas"):
        navigation.get_by_role("button", name="Más").click()
    navigation.get_by_role("link", name=re.compile(f"^{place}")).click()


def link(page: Page, demo: Demo) -> None:
    """Link the account unless it is."""
    go(page, "WhatsApp")
    page.locator("img.qr, .facts").first.wait_for()
    if page.locator(".facts").count():
        return
    expect(page.get_by_text("Se renueva solo en")).to_be_visible()
    demo.phones.scan(NUMBER)
    expect(page.get_by_text("+595 981 000001")).to_be_visible(timeout=15_000)


def step(page: Page, n: int) -> None:
    """To a step of the campaign being written, from 1."""
    page.locator(".stepper button").nth(n - 1).click()


def write(page: Page, text: str) -> None:
    step(page, 2)
    page.get_by_label("Texto", exact=True).fill(text)
    page.get_by_label("Texto", exact=True).blur()


def send(page: Page) -> None:
    step(page, 4)
    page.locator("#send").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Enviar a").click()


def begin(page: Page, demo: Demo) -> None:
    """A campaign for twenty people, up to the choice of them."""
    sign_in(page, demo)
    link(page, demo)
    go(page, "Mensajes")
    page.set_input_files("input[type=file]", files=[csv(GOOD)])
    expect(page.get_by_text("20 personas listas")).to_be_visible()


def test_from_sign_in_to_every_message_delivered(page: Page, demo: Demo):
    demo.phones.clear()
    sign_in(page, demo)
    link(page, demo)

    go(page, "Mensajes")
    page.set_input_files("input[type=file]", files=[csv([*GOOD, *BAD])])
    expect(page.get_by_text("20 personas listas")).to_be_visible()
    expect(page.get_by_text("Filas que no se enviarán: 2")).to_be_visible()
    bad = page.locator(".bad-rows tbody tr")
    expect(bad.nth(0)).to_contain_text("22")
    expect(bad.nth(0)).to_contain_text("No es un número de teléfono")
    expect(bad.nth(1)).to_contain_text("Falta el número")
    page.get_by_role("button", name="Continuar").click()
    page.get_by_label("Texto", exact=True).fill("Buen día {sustantivo} {nombre}, del {grupo}")
    expect(page.locator(".bubble")).to_have_text("Buen día Sr. Persona 0, del G0")
    page.get_by_role("button", name="Siguiente").click()
    expect(page.locator(".bubble")).to_have_text("Buen día Sra. Persona 1, del G1")
    page.get_by_role("button", name="Continuar").click()
    course = page.locator(".stats")
    expect(course).to_contain_text("Personas20")
    page.get_by_role("button", name="Continuar").click()
    expect(page.locator(".facts")).to_contain_text("+595 981 000001")
    page.locator("#send").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("¿Enviar a 20 personas?")
    dialog.get_by_role("button", name="Enviar a 20 personas").click()

    expect(page.locator("h1")).to_have_text("clientes")
    expect(page.locator(".progress-head")).to_contain_text("Terminada", timeout=30_000)
    expect(page.locator(".progress-head")).to_contain_text("100 %")
    expect(page.locator("tbody .chip-good")).to_have_count(20)
    expect(page.locator("tbody tr").first).to_contain_text("Entregado")
    texts = {m["recipient"]: m["text"] for m in demo.phones.messages()}
    assert len(texts) == 20
    assert texts["595984000001"] == "Buen día Sra. Persona 1, del G1"

    go(page, "Tablero")
    eventually(lambda: _dashboard_shows_figures(page), 20, "the figures")
    expect(page.locator(".kpis")).to_contain_text("100 %")
    expect(page.locator(".js-plotly-plot")).to_have_count(2)


def _dashboard_shows_figures(page: Page) -> bool:
    page.reload()
    page.locator(".kpis, .welcome").first.wait_for()
    return page.locator(".kpis").count() == 1


def test_a_campaign_goes_on_while_nobody_looks_and_is_right_when_somebody_does(
    page: Page, demo: Demo
):
    demo.phones.clear()
    begin(page, demo)
    write(page, "Hola {sustantivo} {nombre}")
    send(page)
    expect(page.locator(".progress-head")).to_be_visible()
    address = page.url
    page.goto("about:blank")
    eventually(lambda: sum(demo.phones.count().values()) == 20, 40, "the sending")
    page.goto(address)
    expect(page.locator(".progress-head")).to_contain_text("Terminada", timeout=15_000)


def test_pause_and_resume_are_at_hand(page: Page, demo: Demo):
    begin(page, demo)
    write(page, "Hola {sustantivo} {nombre}")
    send(page)
    page.get_by_role("button", name="Pausar").click()
    expect(page.locator(".progress-head")).to_contain_text("En pausa")
    page.get_by_role("button", name="Reanudar").click()
    expect(page.locator(".progress-head")).to_contain_text("Terminada", timeout=30_000)


def test_nobody_gets_in_without_a_link_and_a_link_works_once(page: Page, demo: Demo):
    page.goto(f"{demo.url}/campaigns")
    expect(page).to_have_url(f"{demo.url}/sign-in?next=%2Fcampaigns")
    used = demo.link()
    page.goto(used)
    expect(page.locator("h1")).to_have_text("Tablero")
    page.context.clear_cookies()
    page.goto(used)
    expect(page).to_have_url(re.compile(r"/sign-in/?\?problem=used$"))
    expect(page.get_by_text("Ese enlace ya se usó o venció")).to_be_visible()


def test_every_page_is_in_the_language_that_was_chosen(page: Page, demo: Demo):
    sign_in(page, demo)
    go(page, "Ajustes")
    page.locator("main select").first.select_option("pt")
    expect(page.locator("main")).to_contain_text("Ritmo de envio")
    page.wait_for_function("document.cookie.includes('lang=pt')")
    page.goto(f"{demo.url}/contacts")
    expect(page.locator("h1")).to_have_text("Contatos")


def test_the_settings_say_which_store_is_used(page: Page, demo: Demo, kept_in: str):
    sign_in(page, demo)
    go(page, "Ajustes")
    name = {"postgres": "Postgres", "redis": "Redis"}[kept_in]
    expect(page.locator("main")).to_contain_text(f"Los datos se guardan en {name}.")
    page.get_by_role("link", name="Estado del sistema").click()
    expect(page.locator("main")).to_contain_text(f"Dónde se guardan los datos{name}")
    expect(page.locator(".facts .chip-bad")).to_have_count(0)


def test_a_cleared_cache_leaves_the_figures_alone(page: Page, demo: Demo):
    sign_in(page, demo)
    go(page, "Contactos")
    expect(page.locator("tbody tr").first).to_be_visible()
    go(page, "Tablero")
    page.get_by_role("button", name="Limpiar caché").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Limpiar caché").click()
    expect(page.get_by_text("Caché limpiada:")).to_be_visible()
    expect(page.locator(".kpis")).to_contain_text("100 %")
    go(page, "Contactos")
    expect(page.locator("tbody tr").first).to_be_visible()


def test_who_signs_out_is_out(page: Page, demo: Demo):
    sign_in(page, demo)
    go(page, "Ajustes")
    page.locator("main").get_by_role("button", name="Salir").click()
    expect(page).to_have_url(re.compile(r"/sign-in/?$"))
    page.goto(f"{demo.url}/contacts")
    expect(page).to_have_url(re.compile(r"/sign-in/?\?next="))
