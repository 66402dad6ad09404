"""The address book, as a person keeps it in a browser."""

import json

import psycopg
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Demo
from tests.e2e.test_journey import csv, fresh, go, link, send, sign_in, write


def test_a_person_keeps_the_book(page: Page, demo: Demo):
    width = page.viewport_size["width"] if page.viewport_size else 0
    mark, group = f"0986 {width % 1000:03d}", f"Feria {width}"  # each width has its own people
    alba, bea, again = f"Álba Núñez {width}", f"Bea Ortiz {width}", f"alba nuñez {width}"
    sign_in(page, demo)
    go(page, "Contactos")
    for number, name, groups in (
        (f"{mark} 001", alba, group),
        (f"{mark} 002", bea, f"{group}\nVIP {width}"),
        (f"{mark} 003", again, ""),
    ):
        page.get_by_role("link", name="Nuevo contacto").click()
        expect(page.locator("h1")).to_have_text("Nuevo contacto")
        expect(page.get_by_label("Teléfono")).to_have_value("")  # not the last one's any more
        page.get_by_label("Teléfono").fill(number)
        page.get_by_label("Nombre").fill(name)
        page.get_by_label("Grupos").fill(groups)
        page.get_by_role("button", name="Guardar contacto").click()
        expect(page.locator("h1")).to_have_text(name)
        page.locator(".back").click()

    rows = page.locator("tbody tr")
    search = page.get_by_role("searchbox")
    search.fill(f"nunez {width}")
    expect(rows).to_have_count(2)
    search.fill(f"{mark}002".replace(" ", ""))
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text(bea)
    search.fill("")

    page.get_by_label("Grupo", exact=True).select_option(label=group)
    expect(rows).to_have_count(2)
    page.get_by_role("checkbox", name=f"Elegir a {alba}").click()
    page.get_by_role("button", name="Dar de baja").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Dar de baja").click()
    expect(rows.first).to_contain_text("De baja")
    page.get_by_role("checkbox", name=f"Elegir a {bea}").click()
    page.get_by_role("button", name="Agregar a un grupo").click()
    dialog = page.get_by_role("alertdialog")
    dialog.get_by_label("Grupo").fill(f"Especiales {width}")
    dialog.get_by_role("button", name="Agregar a un grupo").click()
    expect(rows.nth(1)).to_contain_text(f"{group}, Especiales {width}, VIP {width}")

    with page.expect_download() as download:
        page.get_by_role("link", name="Descargar CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert bea in text
    assert again not in text  # only the group that is shown

    page.get_by_role("link", name=bea).click()
    page.get_by_label("Dato nuevo").fill("Fecha de pago")
    page.get_by_label("Su valor").fill("5 de diciembre")
    page.get_by_role("button", name="Guardar contacto").click()
    own = page.get_by_label("{fecha_de_pago}")
    expect(own).to_have_value("5 de diciembre")
    expect(page.get_by_label("Su valor")).to_have_value("")
    own.fill("")
    page.get_by_role("button", name="Guardar contacto").click()
    expect(own).to_have_count(0)

    page.goto(f"{demo.url}/duplicates")
    kept = page.get_by_role("button", name=f"Quedarse con +595 986 {width % 1000:03d}003")
    kept.click()
    dialog = page.get_by_role("alertdialog", name="¿Unir todo en +595 986")
    dialog.get_by_role("button", name="Quedarse con este número").click()
    expect(kept).to_have_count(0)
    page.goto(f"{demo.url}/opt-outs")  # the number that stays is opted out as the other was
    expect(rows.filter(has_text=f"986 {width % 1000:03d}003")).to_have_count(1)
    page.get_by_role("button", name="Agregar números").click()
    page.get_by_label("Números").fill(f"{mark} 009\nhola")
    page.get_by_role("button", name="Dar de baja").click()
    expect(page.get_by_text("No son números de teléfono: hola")).to_be_visible()
    expect(rows.filter(has_text=f"986 {width % 1000:03d}009")).to_have_count(1)


def test_whom_the_book_takes_in_later_appears_by_itself(page: Page, demo: Demo):
    name = f"Zulma {fresh()}"
    sign_in(page, demo, "contacts/new")
    database = json.loads((demo.data / "running.json").read_text())["DATABASE_URL"]
    with psycopg.connect(database) as busy:  # with a large import
        busy.execute("SELECT pg_advisory_xact_lock(1129270867, hashtext(id::text)) FROM workspaces")
        page.get_by_label("Teléfono").fill(f"09876{fresh()}")
        page.get_by_label("Nombre").fill(name)
        page.get_by_role("button", name="Guardar contacto").click()
        expect(page.locator("h1")).to_have_text(name)
        page.locator(".back").click()
        page.get_by_role("searchbox").fill(name)
        expect(page.get_by_text("Todavía se están agregando")).to_be_visible()
        expect(page.get_by_role("link", name=name)).to_have_count(0)
    expect(page.get_by_role("link", name=name)).to_be_visible()
    expect(page.get_by_text("Todavía se están agregando")).to_have_count(0)


def test_a_contact_shows_what_was_sent(page: Page, demo: Demo):
    sign_in(page, demo, "whatsapp")
    link(page, demo)
    go(page, "Mensajes")
    people = [("0987000001", "Sra.", "Carla Báez", "Feria"), ("0987000002", "Sr.", "Dino", "Feria")]
    page.set_input_files("input[type=file]", files=[csv(people)])
    write(page, "Hola {nombre}, para nuestros clientes")
    send(page)
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    go(page, "Contactos")
    page.get_by_role("searchbox").fill("baez car")
    page.get_by_role("link", name="Carla Báez").click()
    expect(page.locator("h1")).to_have_text("Carla Báez")
    expect(page.locator(".history tbody tr").first).to_contain_text("clientes")
