"""The main job, as a person does it in a browser."""

import json
import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from tests.e2e.conftest import SIZES, Demo
from tests.stack import NUMBER, eventually

STORES = ["postgres", "redis"]
in_both = pytest.mark.parametrize("kept_in", STORES)
# Each store at a width: what depends on the one does not depend on the other.
in_each = pytest.mark.parametrize(
    ("page", "kept_in"), list(zip(SIZES, STORES, strict=True)), indirect=["page"]
)
GOOD = [
    (f"0984{n:06d}", "Sra." if n % 2 else "Sr.", f"Persona {n}", f"G{n % 3}") for n in range(20)
]
BAD = [("abc", "Sr.", "Mala", "G1"), ("", "Sra.", "Vacía", "G1")]


def fresh() -> str:
    """Five digits for names and numbers that no earlier go of a test has used."""
    return f"{uuid4().int % 10**5:05d}"


def csv(rows: list[tuple[str, ...]]) -> dict[str, object]:
    text = "numero,sustantivo,nombre,grupo\n" + "\n".join(",".join(row) for row in rows)
    return {"name": "clientes.csv", "mimeType": "text/csv", "buffer": text.encode()}


def sign_in(page: Page, demo: Demo, place: str = "campaigns") -> None:
    """Go to a page as who has come by a link before: with that session, which stays open."""
    if not demo.session:
        sign_in_by_link(page, demo)
        demo.session += [one for one in page.context.cookies() if one["name"] == "sender_session"]
    page.context.add_cookies(demo.session)
    page.goto(f"{demo.url}/{place}")
    ready(page)


def sign_in_by_link(page: Page, demo: Demo) -> None:
    """With a session of the test's own."""
    page.goto(demo.link())
    expect(page.locator("h1")).to_have_text("Tablero")
    ready(page)


def ready(page: Page) -> None:
    """Wait for what a page shows; from then on it answers."""
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator(".bones")).to_have_count(0)


def go(page: Page, place: str) -> None:
    navigation = page.get_by_role("navigation", name="Principal")
    narrow = page.viewport_size is not None and page.viewport_size["width"] < 800
    if narrow and place not in ("Tablero", "Mensajes", "Campañas", "Respuestas"):
        navigation.get_by_role("button", name="Más").click()
    navigation.get_by_role("link", name=re.compile(f"^{place}")).click()


def link(page: Page, demo: Demo) -> None:
    """Link the account unless it is."""
    if "/whatsapp" not in page.url:
        go(page, "WhatsApp")
    page.locator("img.qr, .facts").first.wait_for()
    if page.locator(".facts").count():
        return
    expect(page.get_by_text("Se renueva solo en")).to_be_visible()
    demo.phones.scan(NUMBER)
    expect(page.get_by_text("+595 981 000001")).to_be_visible()


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
    sign_in(page, demo, "whatsapp")
    link(page, demo)
    go(page, "Mensajes")
    page.set_input_files("input[type=file]", files=[csv(GOOD)])
    expect(page.get_by_text("20 personas listas")).to_be_visible()


@in_both
def test_from_sign_in_to_every_message_delivered(page: Page, demo: Demo):
    demo.phones.clear()
    sign_in_by_link(page, demo)
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
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    expect(page.locator(".progress-head")).to_contain_text("100 %")
    expect(page.locator("tbody .chip-good")).to_have_count(20)
    expect(page.locator("tbody tr").first).to_contain_text("Entregado")
    texts = {m["recipient"]: m["text"] for m in demo.phones.messages()}
    assert len(texts) == 20
    assert texts["595984000001"] == "Buen día Sra. Persona 1, del G1"

    see_figures(page)
    expect(page.locator(".kpis")).to_contain_text("100 %")
    page.locator("#groups").scroll_into_view_if_needed()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)


def see_figures(page: Page) -> None:
    """Go to the dashboard, and wait for the figures of what was just sent."""
    go(page, "Tablero")
    expect(page.locator("h1")).to_have_text("Tablero")

    def are_shown() -> bool:
        page.reload()
        page.locator(".kpis, .welcome").first.wait_for()
        return page.locator(".kpis").count() == 1

    eventually(are_shown, what="the figures")


@in_each
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
    eventually(lambda: sum(demo.phones.count().values()) == 20, what="the sending")
    page.goto(address)
    expect(page.locator(".progress-head")).to_contain_text("Terminada")


@in_each
def test_pause_and_resume_are_at_hand(page: Page, demo: Demo):
    begin(page, demo)
    write(page, "Hola {sustantivo} {nombre}")
    slowly = demo.phones.fail("ack_delayed", delay_ms=1000)  # nobody is too late to pause it
    send(page)
    page.get_by_role("button", name="Pausar").click()
    expect(page.locator(".progress-head")).to_contain_text("En pausa")
    demo.phones.remove_rule(slowly)
    page.get_by_role("button", name="Reanudar").click()
    expect(page.locator(".progress-head")).to_contain_text("Terminada")


@in_each
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


@in_each
def test_every_page_is_in_the_language_that_was_chosen(page: Page, demo: Demo):
    sign_in(page, demo)
    go(page, "Ajustes")
    page.locator("main select").first.select_option("pt")
    expect(page.locator("main")).to_contain_text("Ritmo de envio")
    eventually(lambda: page.evaluate("document.cookie.includes('lang=pt')"))
    page.goto(f"{demo.url}/contacts")
    expect(page.locator("h1")).to_have_text("Contatos")


@in_each
def test_the_settings_say_which_store_is_used(page: Page, demo: Demo, kept_in: str):
    sign_in(page, demo)
    go(page, "Ajustes")
    name = {"postgres": "Postgres", "redis": "Redis"}[kept_in]
    expect(page.locator("main")).to_contain_text(f"Los datos se guardan en {name}.")
    page.get_by_role("link", name="Estado del sistema").click()
    expect(page.locator("main")).to_contain_text(f"Dónde se guardan los datos{name}")
    expect(page.locator(".facts .chip-bad")).to_have_count(0)


@in_each
def test_a_cleared_cache_leaves_the_figures_alone(page: Page, demo: Demo):
    sign_in(page, demo)
    go(page, "Contactos")
    expect(page.locator("tbody tr").first).to_be_visible()
    go(page, "Tablero")
    page.get_by_role("button", name="Limpiar caché").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Limpiar caché").click()
    expect(page.get_by_text(re.compile(r"Caché limpiada: \d"))).to_be_visible()
    expect(page.locator(".kpis")).to_contain_text("100 %")
    go(page, "Contactos")
    expect(page.locator("tbody tr").first).to_be_visible()


@in_each
def test_who_signs_out_is_out(page: Page, demo: Demo):
    sign_in_by_link(page, demo)
    go(page, "Ajustes")
    page.locator("main").get_by_role("button", name="Salir").click()
    expect(page).to_have_url(re.compile(r"/sign-in/?$"))
    page.goto(f"{demo.url}/contacts")
    expect(page).to_have_url(re.compile(r"/sign-in/?\?next="))


@pytest.mark.parametrize("kept_in", ["redis"])
def test_a_redis_alone_that_may_forget_is_told_to_administrators(page: Page, demo: Demo):
    url = json.loads((demo.data / "running.json").read_text())["REDIS_URL"]
    sign_in(page, demo, "system")
    expect(page.get_by_role("cell", name="Webhooks")).to_be_visible()  # each queue has a name
    warning = page.get_by_text("Ponga appendfsync always")
    with Redis.from_url(url) as redis:
        expect(warning).to_have_count(0)
        redis.config_set("appendfsync", "everysec")
        try:
            expect(warning).to_be_visible()
            expect(page.get_by_text("Hay que arreglarlo")).to_be_visible()
            assert page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
        finally:
            redis.config_set("appendfsync", "always")
        expect(warning).to_have_count(0)
