"""Files in a message, as a person adds them in a browser."""

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Demo, on_phone
from tests.e2e.test_journey import GOOD, begin, go, send, sign_in, step, write
from tests.files import picture, sound
from tests.stack import NUMBER


def chosen(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def add(page: Page, button: str, *files: dict[str, object]) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=button).click()
    chooser.value.set_files(list(files))


def test_files_are_added_captioned_ordered_sent_and_seen_again(page: Page, demo: Demo):
    demo.phones.clear()
    begin(page, demo)
    write(page, "Hola {nombre}")
    photo, voice = chosen("playa.jpg", picture()), chosen("saludo.wav", sound(seconds=2))
    add(page, "Foto, video o audio", photo, voice)
    rows = page.locator(".attachments li")
    expect(rows).to_have_count(2)
    add(page, "Documento", chosen("Precios 2027.pdf", b"%PDF-1.4\n%%EOF"))
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("Lleva el texto del mensaje")
    expect(rows.nth(1)).to_contain_text("Nota de voz")
    expect(rows.nth(1)).to_contain_text("0:02")
    expect(rows.nth(2)).to_contain_text("1 kB")
    page.get_by_label("Pie de Precios 2027.pdf").fill("Para {grupo}")
    bubbles = page.locator(".chat .bubble")
    expect(bubbles).to_have_count(3)
    expect(bubbles.nth(0).locator("img")).to_have_js_property("naturalWidth", 640)
    expect(bubbles.nth(0)).to_contain_text("Hola Persona 0")
    expect(bubbles.nth(2)).to_contain_text("Para G0")

    page.get_by_role("button", name="Subir Precios 2027.pdf").click()
    expect(rows.nth(1)).to_contain_text("Precios 2027.pdf")
    page.get_by_role("button", name="Bajar playa.jpg").click()
    expect(rows.nth(0)).to_contain_text("Precios 2027.pdf")
    expect(page.get_by_text("El texto va como mensaje aparte")).to_be_visible()
    expect(bubbles).to_have_count(4)
    page.get_by_role("button", name="Quitar saludo.ogg").click()
    expect(rows).to_have_count(2)

    send(page)
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    got = [m for m in demo.phones.messages() if m["recipient"] == "595984000001"]
    assert [(m["kind"], m["text"]) for m in got] == [
        ("text", "Hola Persona 1"),
        ("document", "Para G1"),
        ("image", ""),
    ]
    assert demo.phones.media(got[1]["seq"]) == b"%PDF-1.4\n%%EOF"
    page.get_by_text("Ver el mensaje").click()
    seen = page.locator(".behind .bubble")
    expect(seen).to_have_count(3)
    expect(seen.nth(2).locator("img")).to_have_js_property("naturalWidth", 640)

    demo.phones.reply(NUMBER, "595984000001", "Gracias")
    go(page, "Respuestas")
    page.locator(".thread", has_text="Persona 1").filter(has_text="Gracias").click()
    sent = page.get_by_role("log").locator(".bubble", has_text="2 archivos")
    expect(sent.last).to_have_text("2 archivosHola Persona 1\nPara G1")
    expect(page.locator(".place .badge")).to_have_count(0)  # other tests count what is unread


def test_a_file_that_cannot_be_sent_says_why_and_the_others_stay(browser: Browser, demo: Demo):
    context = browser.new_context(locale="es-PY")  # not `page`: a refusal is told in its console
    page = context.new_page()
    sign_in(page, demo)
    go(page, "Mensajes")
    step(page, 2)
    good = chosen("bueno.png", picture("PNG"))
    bad = chosen("malo.jpg", picture() + bytes(17 * 1024 * 1024))
    add(page, "Foto, video o audio", good, bad)
    expect(page.get_by_text("malo.jpg: El archivo supera los 16 MB.")).to_be_visible()
    expect(page.locator(".attachments li")).to_have_count(1)
    expect(page.locator(".going")).to_have_count(0)
    context.close()


@on_phone
def test_a_message_may_be_files_alone(page: Page, demo: Demo):
    demo.phones.clear()
    begin(page, demo)
    step(page, 4)
    expect(page.locator("#send")).to_be_disabled()
    step(page, 2)
    add(page, "Foto, video o audio", chosen("saludo.wav", sound()))
    expect(page.locator(".chat .bubble")).to_have_count(1)
    send(page)
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    assert [m["kind"] for m in demo.phones.messages()] == ["audio"] * len(GOOD)
