"""The health of a WhatsApp account in a browser: what happened to it, and linking it again."""

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Demo
from tests.e2e.test_journey import link, sign_in
from tests.stack import NUMBER


def test_an_account_that_its_phone_let_go_says_so_until_it_is_linked_again(page: Page, demo: Demo):
    why, facts = page.get_by_text("El teléfono cerró esta sesión"), page.locator(".facts")
    sign_in(page, demo, "whatsapp")
    link(page, demo)
    expect(facts).to_contain_text("+595 981 000001")
    demo.phones.log_out(NUMBER)
    expect(page.get_by_text("Se renueva solo en")).to_be_visible()
    expect(why).to_be_visible()  # and not only for a moment
    demo.phones.scan(NUMBER)
    expect(facts).to_contain_text("En línea desde")
    expect(facts).to_contain_text("Último problemaEl teléfono cerró esta sesión")

    page.get_by_role("button", name="Desvincular").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Desvincular").click()
    expect(page.get_by_text("Se renueva solo en")).to_be_visible()
    expect(why).to_have_count(0)
