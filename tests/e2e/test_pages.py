"""What every page promises, at both widths."""

import json
import os
import signal
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Demo, on_desktop, on_phone
from tests.e2e.test_journey import GOOD, csv, fresh, go, link, send, sign_in, step, write
from tests.stack import children, eventually

PLACES = (
    *("", "whatsapp", "messages", "templates", "campaigns", "inbox", "contacts", "contacts/new"),
    *("contacts/import", "duplicates", "opt-outs", "settings", "members", "audit", "system"),
    *("webhooks", "webhooks/new", "sign-in"),
)


@pytest.mark.parametrize("place", PLACES)
def test_a_page_has_one_heading_and_does_not_scroll_sideways(page: Page, demo: Demo, place: str):
    sign_in(page, demo, place)
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, a, input, select, textarea')].filter(one =>"
        " one.offsetParent && one.tabIndex >= 0 && !(one.innerText.trim() || one.ariaLabel"
        " || one.title || one.labels?.length || one.type === 'hidden')).map(one => one.outerHTML)"
    )
    assert nameless == []


@on_desktop
@pytest.mark.parametrize("kept_in", ["postgres"])
def test_a_page_whose_load_fails_says_so_and_can_be_tried_again(page: Page, demo: Demo):
    sign_in(page, demo)
    database = json.loads((demo.data / "running.json").read_text())["DATABASE_URL"]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ALTER TABLE audit_log RENAME TO audit_elsewhere")
        try:
            page.goto(f"{demo.url}/audit")
            expect(page.get_by_role("heading", name="No se pudo cargar")).to_be_visible()
            expect(page.locator(".bones")).to_have_count(0)
        finally:
            connection.execute("ALTER TABLE audit_elsewhere RENAME TO audit_log")
    page.get_by_role("button", name="Intentar de nuevo").click()
    expect(page.get_by_role("table", name="Registro")).to_be_visible()


@on_phone
def test_long_names_widen_nothing(page: Page, demo: Demo):
    sign_in(page, demo)
    page.goto(f"{demo.url}/contacts/new")
    page.get_by_label("Teléfono").fill(f"0982 {fresh()}0")
    page.get_by_label("Nombre").fill("Guadalupe de la Santísima Trinidad y Todos los Santos")
    page.get_by_label("Grupos").fill("Obras sociales, convenios corporativos y prepagas")
    page.get_by_role("button", name="Guardar contacto").click()
    expect(page.locator("h1")).to_contain_text("Santísima")
    fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(fits)
    page.goto(f"{demo.url}/contacts")
    expect(page.locator("tbody tr").first).to_be_visible()
    assert page.evaluate(fits)
    page.goto(f"{demo.url}/messages")
    for source in ("Grupos", "Un filtro de la agenda"):
        page.locator(".source > summary", has_text=source).click()
    expect(page.get_by_label("Grupo", exact=True)).to_be_visible()
    assert page.evaluate(fits)


@on_phone
def test_letters_typed_one_by_one_arrive_and_a_placeholder_goes_where_the_cursor_is(
    page: Page, demo: Demo
):
    sign_in(page, demo, "whatsapp")
    link(page, demo)
    go(page, "Mensajes")
    page.set_input_files("input[type=file]", files=[csv(GOOD)])
    expect(page.get_by_text("20 personas listas")).to_be_visible()
    step(page, 2)
    text = page.get_by_label("Texto", exact=True)
    text.fill("")
    text.press_sequentially("Hola, nos vemos mañana.", delay=20)
    for _ in range(len(", nos vemos mañana.")):
        text.press("ArrowLeft")
    text.press_sequentially(" ")
    page.locator("summary[title='Insertar un dato']").click()
    page.get_by_role("button", name="{nombre} Nombre", exact=True).click()
    expect(text).to_have_value("Hola {nombre}, nos vemos mañana.")
    expect(page.locator(".bubble")).to_have_text("Hola Persona 0, nos vemos mañana.")
    go(page, "Contactos")
    go(page, "Mensajes")
    expect(page.get_by_label("Texto", exact=True)).to_have_value("Hola {nombre}, nos vemos mañana.")


@on_desktop
def test_a_file_that_is_no_table_is_refused_in_words(page: Page, demo: Demo):
    sign_in(page, demo)
    go(page, "Mensajes")
    sheet = {
        "name": "hoja.xlsx",
        "mimeType": "application/zip",
        "buffer": b"PK\x03\x04" + bytes(99),
    }
    page.set_input_files("input[type=file]", files=[sheet])
    expect(page.get_by_text("No es una hoja de cálculo XLSX")).to_be_visible()
    expect(page.locator(".drop")).to_be_visible()


@on_desktop
def test_a_question_is_answered_by_keyboard_and_gives_the_focus_back(page: Page, demo: Demo):
    sign_in(page, demo, "whatsapp")
    link(page, demo)
    unlink = page.get_by_role("button", name="Desvincular")
    unlink.click()
    dialog = page.get_by_role("alertdialog", name="¿Desvincular esta cuenta?")
    expect(dialog.get_by_role("button", name="No, volver")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(unlink).to_be_focused()
    expect(page.get_by_text("+595 981 000001")).to_be_visible()


def test_settings_stay(page: Page, demo: Demo):
    sign_in(page, demo)
    go(page, "Ajustes")
    page.get_by_label("Máximo por día").fill("2500")
    page.get_by_role("checkbox", name="dom").uncheck()
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.get_by_text("Guardado.").first).to_be_visible()
    page.reload()
    expect(page.get_by_label("Máximo por día")).to_have_value("2500")
    expect(page.get_by_role("checkbox", name="dom")).not_to_be_checked()
    expect(page.get_by_role("checkbox", name="lun")).to_be_checked()
    page.get_by_label("Máximo por día").fill("")
    page.get_by_role("checkbox", name="dom").check()
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.get_by_text("Guardado.").first).to_be_visible()


@on_phone
def test_an_address_of_no_campaign_says_so(page: Page, demo: Demo):
    sign_in(page, demo)
    for address in ("00000000-0000-7000-8000-000000000000", "nonsense"):
        page.goto(f"{demo.url}/campaigns/{address}")
        expect(page.locator("h1")).to_have_text("Esta campaña no existe")
    page.goto(f"{demo.url}/contacts/nonsense")
    expect(page.locator("h1")).to_have_text("Este contacto no existe")
    page.goto(f"{demo.url}/webhooks/nonsense")
    expect(page.get_by_role("heading", name="Este webhook no existe")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Webhook")


@on_desktop
def test_a_reader_of_english_never_sees_spanish(page: Page, demo: Demo):
    sign_in(page, demo)
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(locale="en-GB", storage_state=page.context.storage_state())
    reader = context.new_page()
    reader.add_init_script(
        "window.seen = []; setInterval(() => { const h = document.querySelector('h1');"
        " if (h && getComputedStyle(h).visibility !== 'hidden') seen.push(h.innerText) }, 5)"
    )
    reader.goto(f"{demo.url}/contacts")
    expect(reader.locator("h1")).to_have_text("Contacts")
    expect(reader).to_have_title("Contacts · Sender")
    eventually(lambda: reader.evaluate("seen.length"))
    assert set(reader.evaluate("seen")) == {"Contacts"}
    assert reader.evaluate("document.documentElement.lang") == "en"
    context.close()


def test_a_live_page_catches_up_by_itself_after_the_web_tier_was_killed(
    browser: Browser, demo: Demo
):
    context = browser.new_context(
        locale="es-PY"
    )  # not `page`: lost sockets are told in its console
    page = context.new_page()
    demo.phones.clear()
    sign_in(page, demo, "whatsapp")
    link(page, demo)
    go(page, "Mensajes")
    rows = [(f"0985{n:06d}", "Sr.", f"Persona {n}", "G") for n in range(60)]
    page.set_input_files("input[type=file]", files=[csv(rows)])
    expect(page.get_by_text("60 personas listas")).to_be_visible()
    write(page, "Hola {nombre}")
    slowly = demo.phones.fail("ack_delayed", delay_ms=1000)  # it still goes on when the page shows
    send(page)
    expect(page.locator(".progress-head")).to_contain_text("Enviando")
    web = [
        pid
        for pid in children(demo.process.pid)
        if b"granian" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert web
    for pid in web:
        os.kill(pid, signal.SIGKILL)
    expect(page.get_by_role("alert").filter(has_text="Sin conexión con Sender")).to_be_visible()
    demo.phones.remove_rule(slowly)
    theirs = [f"595{phone[1:]}" for phone, *_ in rows]
    eventually(
        lambda: [demo.phones.count().get(phone, 0) for phone in theirs] == [1] * 60,
        what="the sending",
    )
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    expect(page.get_by_role("alert").filter(has_text="Sin conexión")).to_have_count(0)
    context.close()


@on_desktop
def test_an_administrator_sees_how_the_installation_is(page: Page, demo: Demo):
    sign_in(page, demo, "whatsapp")
    link(page, demo)
    go(page, "Ajustes")
    page.get_by_role("link", name="Estado del sistema").click()
    expect(page.locator("h1")).to_have_text("Sistema")
    expect(page.locator(".chip-good")).to_have_count(3)
    expect(page.locator("tbody tr").first).to_contain_text("Cuentas de WhatsApp")
    expect(page.locator("tbody tr").first.locator("td").last).to_have_text("4")
    expect(page.locator(".kpis")).to_contain_text("Cuentas atendidas")
