"""Webhooks as an admin sets them up, and what the pages' content policy forbids."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Demo
from tests.e2e.test_journey import sign_in
from tests.receiver import receiving, status
from tests.stack import eventually


def test_an_endpoint_is_added_tested_changed_and_deleted(page: Page, demo: Demo):
    with receiving() as receiver:
        receiver.answers = [status(200, b"gracias"), status(500, b"ahora no")]
        sign_in(page, demo, "webhooks/new")
        add = page.get_by_role("button", name="Agregar webhook")
        page.get_by_label("Dirección").fill("https://127.0.0.2/x")
        add.click()
        expect(page.get_by_text("Esa dirección no está en internet")).to_be_visible()
        page.get_by_label("Dirección").fill(receiver.url)
        page.get_by_label("Leído").uncheck()
        add.click()
        secret = page.get_by_label("Secreto de firma")
        expect(secret).to_have_value(re.compile(r"^whsec_[A-Za-z0-9+/=]{44}$"))
        given = secret.input_value()
        for answer in ("200 gracias", "500 ahora no"):
            page.get_by_role("button", name="Enviar prueba").click()
            expect(page.get_by_text("Prueba en camino").first).to_be_visible()
            code, told = answer.split(" ", 1)
            row = page.get_by_role("row").filter(has_text=told)
            expect(row).to_contain_text(code)
        assert [call.event["type"] for call in receiver.calls] == ["webhook.test"] * 2
        assert all(call.signed_with(given) for call in receiver.calls)
        page.reload()
        expect(page.get_by_label("Leído")).not_to_be_checked()
        expect(secret).to_be_hidden()
        expect(page.locator("#new-secret")).to_have_value("")
        page.get_by_role("button", name="Cambiar secreto").click()
        dialog = page.get_by_role("alertdialog")
        dialog.get_by_role("button", name="Cambiar secreto").click()
        expect(secret).to_be_visible()
        expect(secret).not_to_have_value(given)
        page.get_by_role("button", name="Ya lo guardé").click()
        expect(page.locator("#new-secret")).to_have_value("")
        page.get_by_role("button", name="Apagar").click()
        expect(page.get_by_text("Apagado por una persona")).to_be_visible()
        page.get_by_role("button", name="Eliminar").click()
        page.get_by_role("alertdialog").get_by_role("button", name="Eliminar").click()
        expect(page.get_by_text("Todavía no se avisa a nadie")).to_be_visible()


def test_what_gets_into_a_page_does_not_run(browser: Browser, demo: Demo):
    page = browser.new_context(locale="es-PY").new_page()
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    sign_in(page, demo, "settings")
    language = page.locator("select.select").first
    language.select_option("en")  # a script of the server's, and one that may run
    expect(page.locator("h1")).to_have_text("Settings")
    eventually(lambda: page.evaluate("document.cookie.includes('lang=en')"))
    assert problems == []
    for spoiling in (
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: 'window.ran = 1'}))",
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')",
        "setTimeout('window.ran = 1')",
        "document.body.append(Object.assign(document.createElement('script'),"
        " {src: 'https://evil.example/x.js'}))",
        "document.body.append(Object.assign(document.createElement('iframe'),"
        " {src: 'https://evil.example/'}))",
        "fetch('https://evil.example/').catch(() => 0)",
    ):
        with page.expect_console_message(lambda m: "Content Security Policy" in m.text):
            page.evaluate(f"() => {{ {spoiling}; }}")
    assert page.evaluate("window.ran") is None
    page.context.close()
