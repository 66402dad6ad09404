"""Writing to people of the book in a browser: groups and single contacts, without a file."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Demo
from tests.e2e.test_journey import fresh, go, link, send, sign_in, step, write


def test_a_group_and_somebody_chosen_are_written_to(page: Page, demo: Demo):
    tag = fresh()
    group, numbers = f"Coro {tag}", [f"0982{tag}{n}" for n in (1, 2, 3)]
    demo.phones.clear()
    sign_in(page, demo, "whatsapp")
    link(page, demo)
    for n, number in enumerate(numbers):
        page.goto(f"{demo.url}/contacts/new")
        page.get_by_label("Teléfono").fill(number)
        page.get_by_label("Nombre").fill(f"Cantante {n} {tag}")
        page.get_by_label("Grupos").fill(group if n < 2 else "")
        page.get_by_role("button", name="Guardar contacto").click()
        expect(page.locator("h1")).to_have_text(f"Cantante {n} {tag}")

    go(page, "Contactos")
    page.get_by_label("Grupo", exact=True).select_option(label=group)
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Escribir a 2").click()
    total = page.locator(".sum")
    expect(total).to_contain_text("Lo recibirán2")

    # The same people from another source count once; somebody else makes one more.
    page.locator("[data-source=groups] summary").click()
    page.get_by_role("checkbox", name=group).click()
    expect(total).to_contain_text("Repetidas entre fuentes2")
    page.locator("[data-source=contacts] summary").click()
    page.get_by_label("Buscar contactos para elegir").fill(f"cantante 2 {tag}")
    page.get_by_role("checkbox", name=f"Cantante 2 {tag}").first.click()
    expect(total).to_contain_text("Lo recibirán3")
    expect(total).to_contain_text("Personas, sin repetir3")

    write(page, "Hola {nombre}")
    step(page, 3)
    send(page)
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    sent = {message["recipient"]: message["text"] for message in demo.phones.messages()}
    assert sent == {
        f"595{number[1:]}": f"Hola Cantante {n} {tag}" for n, number in enumerate(numbers)
    }
    go(page, "Campañas")
    page.get_by_label("Fecha").select_option(label="Últimas 24 horas")
    row = page.locator(".campaign-line").filter(has_text=group).first
    row.get_by_role("button", name="Duplicar").click()
    expect(page.locator("#campaign-name")).to_have_value(re.compile(f"{group}.*copia"))
    expect(total).to_contain_text("Lo recibirán3")
