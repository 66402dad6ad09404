"""Importing contacts, as a person does it in a browser."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.contact_files import workbook
from tests.e2e.conftest import Demo
from tests.e2e.test_journey import fresh, go, sign_in, step, write

COUNT = 3000


def choose(page: Page, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.set_input_files("input[type=file]", files=[file])


def test_from_a_file_to_the_address_book_and_back_with_what_was_rejected(
    page: Page, demo: Demo, tmp_path: Path
):
    sign_in(page, demo)
    go(page, "Contactos")
    page.get_by_role("link", name="Importar archivo").first.click()
    expect(page.locator("h1")).to_have_text("Importar contactos")
    another = page.get_by_role("button", name="Importar otro archivo")
    another.or_(page.locator(".drop")).wait_for()
    if another.is_visible():  # an earlier import's end is still shown
        another.click()
    first = int(fresh()) * 9
    rows = "".join(f"0983{first + n:06d};Cliente {first + n};Luque\n" for n in range(COUNT))
    text = f"Celular;Cliente;Ciudad\n{rows}abc;Mala {first};Luque\n0983{first:06d};;Asunción\n"
    choose(page, "libreta.csv", text.encode("cp1252"))

    expect(page.get_by_role("combobox", name="Celular")).to_have_value("numero")
    expect(page.get_by_role("combobox", name="Cliente")).to_have_value("nombre")
    expect(page.get_by_role("combobox", name="Ciudad")).to_have_value("ciudad")
    page.get_by_role("combobox", name="Ciudad").select_option("grupo")
    page.get_by_role("button", name="Revisar el archivo").click()
    figures = page.locator(".import-stats")
    expect(figures).to_contain_text("Nuevos3.000")
    expect(figures).to_contain_text("Rechazadas1")
    expect(figures).to_contain_text("Filas repetidas1")
    expect(page.locator("tbody tr").first).to_contain_text(f"Cliente {first}")
    page.reload()  # it is where it was
    expect(page.get_by_text("No es un número de teléfono")).to_be_visible()
    page.get_by_role("button", name=re.compile(r"Importar 3\.?000 personas")).click()
    expect(page.get_by_text("libreta.csv está importado")).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("link", name="Descargar").click()
    rejected = tmp_path / "rechazadas.csv"
    download.value.save_as(rejected)
    mended = rejected.read_text("utf-8-sig").replace("abc", f"0983{first + COUNT:06d}")
    another.click()
    choose(page, "corregida.csv", mended.encode())
    expect(page.get_by_role("combobox", name="Celular")).to_have_value("numero")
    page.get_by_role("button", name="Revisar el archivo").click()
    expect(figures).to_contain_text("Nuevos1")
    page.get_by_role("button", name="Importar 1 persona").click()
    page.get_by_role("link", name="Ver los contactos").click()
    page.get_by_role("searchbox").fill(f"Mala {first}")
    expect(page.locator("tbody")).to_contain_text(f"Mala {first}")

    page.goto(f"{demo.url}/contacts/import")
    another.click()
    expect(page.locator(".drop")).to_be_visible()


def test_a_sheet_is_read_and_its_further_columns_fill_the_message(page: Page, demo: Demo):
    sign_in(page, demo)
    go(page, "Mensajes")
    rows = [["Teléfono", "Nombre", "Fecha de pago"], [595985777001, "Ana", "5 de marzo"]]
    choose(page, "pagos.xlsx", workbook(rows))
    expect(page.get_by_text("1 persona lista")).to_be_visible()
    write(page, "Hola {nombre}, vence el {fecha_de_pago}")
    expect(page.locator(".bubble").last).to_contain_text("Hola Ana, vence el 5 de marzo")
    write(page, "Hola {sustantivo} {nombre}")
    step(page, 4)
    expect(page.get_by_text("sustantivo").first).to_be_visible()
    expect(page.locator("#send")).to_be_disabled()
