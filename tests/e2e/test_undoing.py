"""What a person takes back, in a browser."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Demo
from tests.e2e.test_accessibility import complaints
from tests.e2e.test_journey import fresh, sign_in

# What can be taken back is offered for ten seconds, which a slow machine may need to get there.
_UNHURRIED = """{ const plain = setTimeout;
window.setTimeout = (work, ms, ...more) => plain(work, ms === 10000 ? 100000 : ms, ...more) }"""


@pytest.fixture(autouse=True)
def unhurried(page: Page) -> None:
    page.add_init_script(_UNHURRIED)


def bring(page: Page, demo: Demo, tag: str) -> Locator:
    """Put three people of a group into the book, all named by `tag`; the group's rows."""
    sign_in(page, demo)
    for n in range(3):
        page.goto(f"{demo.url}/contacts/new")
        page.get_by_label("Teléfono").fill(f"0982 {tag}{n}")
        page.get_by_label("Nombre").fill(f"Vuelta {tag} {n}")
        page.get_by_label("Grupos").fill(f"Vueltas {tag}")
        page.get_by_role("button", name="Guardar contacto").click()
        expect(page).not_to_have_url(re.compile("/new"))
    page.goto(f"{demo.url}/contacts")
    page.get_by_label("Grupo", exact=True).select_option(label=f"Vueltas {tag}")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    return rows


def pick(rows: Locator) -> None:
    for row in rows.all():
        row.get_by_role("checkbox").check()


def undo(page: Page) -> Locator:
    return page.get_by_role("button", name="Deshacer")


def test_deleted_contacts_and_changed_groups_come_back(page: Page, demo: Demo):
    tag = fresh()
    rows = bring(page, demo, tag)
    pick(rows)
    page.get_by_role("button", name="Borrar").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Borrar").click()
    expect(page.get_by_text("Contactos borrados: 3")).to_be_visible()
    expect(rows).to_have_count(0)
    expect(page.get_by_role("alertdialog")).to_be_hidden()  # it has given the focus back
    page.keyboard.press("Alt+t")
    for _ in range(4):
        if undo(page).evaluate("button => button === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(undo(page)).to_be_focused()
    assert complaints(page, "contacts") == []
    page.keyboard.press("Enter")
    expect(rows).to_have_count(3)
    expect(page.get_by_text("Contactos recuperados: 3")).to_be_visible()

    pick(rows)
    page.get_by_role("button", name=f"Quitar de Vueltas {tag}").click()
    expect(rows).to_have_count(0)
    undo(page).click()
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text(f"Vueltas {tag}")

    page.get_by_role("link", name=f"Vuelta {tag} 1").click()
    expect(page.locator("h1")).to_have_text(f"Vuelta {tag} 1")
    page.get_by_role("button", name="Borrar").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Borrar").click()
    expect(page).to_have_url(re.compile(r"/contacts/?$"))
    undo(page).click()  # on the page that it led to
    expect(page.get_by_text("Contactos recuperados: 1")).to_be_visible()
    page.get_by_label("Grupo", exact=True).select_option(label=f"Vueltas {tag}")
    expect(page.get_by_role("link", name=f"Vuelta {tag} 1")).to_be_visible()


def test_a_template_and_a_draft_come_back(page: Page, demo: Demo):
    tag = fresh()
    sign_in(page, demo, "templates")
    page.get_by_role("button", name="Nueva plantilla").first.click()
    page.get_by_label("Nombre de la plantilla").fill(f"Vuelve {tag}")
    page.get_by_label("Texto", exact=True).fill("Hola {nombre}")
    page.get_by_label("Texto", exact=True).blur()
    page.locator("#save").click()
    card = page.locator(".template", has_text=f"Vuelve {tag}")
    card.get_by_role("button", name="Editar").click()
    page.get_by_role("button", name="Eliminar").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Eliminar").click()
    expect(page.get_by_text("Plantilla eliminada.")).to_be_visible()
    expect(card).to_have_count(0)
    undo(page).click()
    expect(card).to_contain_text("Hola")

    card.get_by_role("button", name="Usar").press("Enter")  # toasts are over it on a phone
    expect(page.locator("h1")).to_have_text("Nuevo envío")
    page.goto(f"{demo.url}/campaigns")
    draft = page.locator("main").get_by_role("link", name=f"Vuelve {tag}")
    expect(draft).to_have_count(1)
    row = page.locator(".campaign-line", has_text=f"Vuelve {tag}")
    row.get_by_role("button", name="Eliminar").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Eliminar").click()
    expect(page.get_by_text("Borrador eliminado.")).to_be_visible()
    expect(draft).to_have_count(0)
    undo(page).click()
    expect(draft).to_have_count(1)
