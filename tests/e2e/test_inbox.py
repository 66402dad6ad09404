"""Conversations in a browser: a reply comes while one looks, and is answered."""

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Demo
from tests.e2e.test_journey import csv, go, link, send, sign_in, write
from tests.stack import NUMBER, eventually


def test_a_reply_comes_by_itself_and_is_answered(page: Page, demo: Demo):
    own = "2" if page.viewport_size and page.viewport_size["width"] < 800 else "1"
    phone, name = f"59598444400{own}", f"Eva {own}"
    sign_in(page, demo, "whatsapp")
    link(page, demo)
    go(page, "Mensajes")
    page.set_input_files("input[type=file]", files=[csv([(f"0{phone[3:]}", "Sra.", name, "G1")])])
    expect(page.get_by_text("1 persona lista")).to_be_visible()
    write(page, "Hola {nombre}")
    send(page)
    expect(page.locator(".funnel")).to_be_visible()
    demo.phones.wait_for_messages(1, recipient=phone)
    go(page, "Respuestas")
    expect(page.locator("h1")).to_have_text("Respuestas")

    demo.phones.reply(NUMBER, phone, "¿Hay *turno* hoy?")
    thread = page.locator(".thread", has_text=name)
    expect(thread).to_contain_text("turno")
    expect(page.locator(".place .badge")).to_be_visible()
    thread.click()
    talk = page.get_by_role("log")
    expect(talk.locator(".bubble")).to_have_text([f"Hola {name}", "¿Hay turno hoy?"])
    expect(page.locator(".place .badge")).to_have_count(0)
    page.get_by_label("Escriba una respuesta").fill("Sí, a las 10")
    page.get_by_label("Escriba una respuesta").press("Enter")
    expect(talk.locator(".bubble").last).to_have_text("Sí, a las 10")
    expect(page.get_by_label("Escriba una respuesta")).to_have_value("")
    expect(talk.locator(".talk-status").last).to_contain_text("Entregada")
    got = [m["text"] for m in demo.phones.messages(recipient=phone)]
    assert got == [f"Hola {name}", "Sí, a las 10"]

    demo.phones.reply(NUMBER, phone, "BAJA")
    expect(page.get_by_text("Esta persona pidió no recibir más mensajes")).to_be_visible()
    expect(page.get_by_label("Escriba una respuesta")).to_have_count(0)
    eventually(lambda: len(demo.phones.messages(recipient=phone)) == 3, what="the confirmation")
    confirmation = talk.locator(".talk-line").last
    expect(confirmation.locator(".bubble")).to_have_text("Listo: no volveremos a escribirle.")
    expect(confirmation).to_contain_text("Respuesta automática")
    expect(confirmation.locator(".talk-status")).to_contain_text("Entregada")
    expect(page.locator(".place .badge")).to_have_count(0)  # it was looked at
