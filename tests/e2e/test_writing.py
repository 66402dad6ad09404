"""Writing a campaign in a browser: the editor, drafts, templates, the start, and the results."""

import re
from datetime import datetime, timedelta

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Demo
from tests.e2e.test_journey import GOOD, csv, go, link, send, sign_in, step, write
from tests.stack import eventually


def begin(page: Page, demo: Demo, rows: list[tuple[str, ...]] | None = None) -> None:
    """A new campaign for some people, at its message."""
    sign_in(page, demo)
    link(page, demo)
    go(page, "Mensajes")
    people = rows or GOOD[:4]
    page.set_input_files("input[type=file]", files=[csv(people)])
    expect(page.get_by_text(f"{len(people)} personas listas")).to_be_visible()
    step(page, 2)


def field(page: Page) -> Locator:
    return page.get_by_label("Texto", exact=True)


def rename(page: Page, name: str) -> None:
    step(page, 1)
    page.locator("#campaign-name").fill(name)
    page.locator("#campaign-name").blur()


def test_the_bubble_shows_the_formatting_of_whatsapp(page: Page, demo: Demo):
    begin(page, demo)
    field(page).fill(
        "*Hola* {nombre}, _ya_ ~no~ hoy: 2*3*4 y snake_case_x\n> cita\n- uno\n```ancho```"
    )
    bubble = page.locator(".bubble")
    expect(bubble.locator("strong")).to_have_text("Hola")
    expect(bubble.locator("em")).to_have_text("ya")
    expect(bubble.locator("s")).to_have_text("no")
    expect(bubble.locator("q")).to_have_text("cita")
    expect(bubble.locator("code")).to_have_text("ancho")
    expect(bubble).to_contain_text("Persona 0, ya no hoy: 2*3*4 y snake_case_x")
    expect(bubble).to_contain_text("• uno")


def test_buttons_format_what_is_chosen_and_put_emoji_at_the_cursor(page: Page, demo: Demo):
    begin(page, demo)
    field(page).fill("Hola mundo")
    field(page).select_text()
    page.get_by_role("button", name="Negrita").click()
    expect(field(page)).to_have_value("*Hola mundo*")
    page.get_by_role("button", name="Negrita").click()
    expect(field(page)).to_have_value("Hola mundo")
    field(page).press("End")
    page.locator("summary[title='Emojis']").click()
    page.get_by_role("button", name="🎉").click()
    expect(field(page)).to_have_value("Hola mundo🎉")
    page.keyboard.press("Escape")
    expect(page.locator(".emoji")).not_to_be_visible()
    expect(page.locator(".editor-foot")).to_contain_text("11 / 4096")


def test_a_mistake_is_named_with_its_place(page: Page, demo: Demo):
    begin(page, demo)
    field(page).fill("Hola\n{nombre")
    expect(page.get_by_text("Línea 2, columna 1: falta cerrar la llave.")).to_be_visible()
    step(page, 4)
    expect(page.locator("#send")).to_be_disabled()
    write(page, "Hola {nombre}")
    expect(page.get_by_text("falta cerrar la llave")).to_have_count(0)


def test_what_the_preview_shows_is_what_each_person_gets(page: Page, demo: Demo):
    demo.phones.clear()
    rows = GOOD[:12]
    begin(page, demo, rows)
    field(page).fill("{Estimado/a} {nombre}: {{uno|dos|tres}}")
    page.get_by_role("button", name="Añadir variante").click()
    field(page).fill("{{a|b}} para {nombre}")
    step(page, 3)
    expect(page.get_by_text("la que recibe esta persona")).to_be_visible()
    shown = {}
    for n in range(len(rows)):
        name = f"Persona {n}"
        expect(page.locator(".pager .person strong")).to_have_text(name)
        expect(page.locator(".bubble")).to_contain_text(name)
        shown[f"595{rows[n][0][1:]}"] = page.locator(".bubble").inner_text()
        page.get_by_role("button", name="Siguiente").click()
    assert len({re.sub(r"Persona \d+", "", text) for text in shown.values()}) > 2
    send(page)
    expect(page.locator(".progress-head")).to_contain_text("Terminada", timeout=30_000)
    assert {m["recipient"]: m["text"] for m in demo.phones.messages()} == shown
    expect(page.locator("tbody tr").first).to_contain_text(re.compile("Variante [12]"))


def test_anybody_of_the_file_can_be_looked_up(page: Page, demo: Demo):
    begin(page, demo, GOOD)
    field(page).fill("Hola {nombre}")
    page.get_by_label("Ver el mensaje de").fill("sona 17")
    page.get_by_role("button", name="Persona 17").click()
    expect(page.locator(".bubble")).to_have_text("Hola Persona 17")
    expect(page.get_by_label("Ver el mensaje de")).to_have_value("")


def test_people_who_lack_something_are_named_and_nothing_starts(page: Page, demo: Demo):
    begin(page, demo, [*GOOD[:2], ("0984000777", "", "Sin Trato", "G1")])
    field(page).fill("Hola {sustantivo} {nombre}")
    step(page, 4)
    gap = page.locator("tbody tr")
    expect(gap).to_have_count(1)
    expect(gap).to_contain_text("Sin Trato")
    expect(gap).to_contain_text("sustantivo")
    expect(page.locator("#send")).to_be_disabled()
    write(page, "Hola {sustantivo|} {nombre}")
    step(page, 4)
    expect(page.locator("#send")).to_be_enabled()


def test_a_draft_is_kept_as_one_types_and_resumed_from_the_list(page: Page, demo: Demo):
    begin(page, demo)
    field(page).fill("Hola {nombre}, a medio escr")
    page.get_by_role("button", name="Añadir variante").click()
    rename(page, "Medio escrita")
    expect(page.get_by_text("Borrador guardado a las")).to_be_visible()
    expect(page.locator("#campaign-name")).to_have_value("Medio escrita")
    page.get_by_role("button", name="Empezar otro").click()
    expect(page.locator(".drop")).to_be_visible()
    expect(page.locator("#campaign-name")).to_have_value("")
    go(page, "Campañas")
    page.get_by_role("button", name="Borradores").click()
    page.get_by_role("searchbox").fill("medio")
    rows = page.locator(".campaign-row")
    expect(rows).to_have_count(1)
    rows.click()
    expect(page.locator("#campaign-name")).to_have_value("Medio escrita")
    expect(page.get_by_text("4 personas listas")).to_be_visible()
    step(page, 2)
    expect(field(page)).to_have_value("Hola {nombre}, a medio escr")
    expect(page.get_by_role("button", name="Variante 2")).to_be_visible()
    go(page, "Campañas")
    expect(page.get_by_text("Medio escrita")).to_be_visible()
    page.get_by_role("searchbox").fill("medio")
    expect(rows).to_have_count(1)
    draft = page.locator(".campaign-line", has_text="Medio escrita")
    draft.get_by_role("button", name="Eliminar").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Eliminar").click()
    expect(page.get_by_text("Ninguna campaña coincide.")).to_be_visible()


def test_a_campaign_is_scheduled_in_the_workspaces_zone_and_can_start_before(
    page: Page, demo: Demo
):
    demo.phones.clear()
    begin(page, demo)
    field(page).fill("Hola {nombre}")
    rename(page, "Programada")
    step(page, 3)
    at = datetime.now() + timedelta(days=3)
    page.get_by_label("En una fecha y hora").click()
    page.locator("#starts-at").fill(f"{at:%Y-%m-%d}T09:30")
    expect(page.get_by_text("Hora de America/Asuncion")).to_be_visible()
    step(page, 4)
    expect(page.locator(".facts")).to_contain_text(f"{at:%Y-%m-%d} 09:30")
    page.locator("#send").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("¿Programar el envío a 4 personas?")
    dialog.get_by_role("button", name="Programar para 4 personas").click()
    expect(page.locator(".progress-head")).to_contain_text("Programada")
    iso = page.locator(".starts time").get_attribute("datetime")
    assert iso is not None
    assert (
        datetime.fromisoformat(iso).timestamp()
        == datetime.fromisoformat(f"{at:%Y-%m-%d}T09:30-03:00").timestamp()
    )
    page.get_by_role("button", name="Empezar ahora").click()
    expect(page.locator(".progress-head")).to_contain_text("Terminada", timeout=30_000)
    assert len(demo.phones.messages()) == 4


def test_results_are_filtered_cloned_downloaded_and_deleted(page: Page, demo: Demo):
    begin(page, demo)
    field(page).fill("Hola {nombre}")
    rename(page, "Para borrar")
    send(page)
    expect(page.locator(".progress-head")).to_contain_text("Terminada", timeout=30_000)
    expect(page.locator("[data-stage=delivered]")).to_contain_text("4100 %", timeout=15_000)
    expect(page.locator("[data-stage=read]")).to_contain_text("0")
    page.get_by_label("Filtrar por estado").select_option("read")
    expect(page.get_by_text("Nadie en este estado.")).to_be_visible()
    page.get_by_label("Filtrar por estado").select_option("delivered")
    page.get_by_label("Buscar persona").fill("persona 2")
    expect(page.locator("tbody tr")).to_have_count(1)

    more = page.locator("summary[title='Más acciones']")
    for kind, mark in (("CSV", b"\xef\xbb\xbf"), ("Excel", b"PK")):
        more.click()
        with page.expect_download() as download:
            page.get_by_role("link", name=f"Resultados en {kind}").click()
        content = download.value.path().read_bytes()
        assert content.startswith(mark)
        assert download.value.suggested_filename.startswith("Para borrar.")
        if kind == "CSV":
            lines = content.decode("utf-8-sig").splitlines()
            assert len(lines) == 5
            assert lines[1].startswith("+595984000000,Persona 0,G0,Enviado,")

    more.click()
    page.get_by_role("button", name="Duplicar").click()
    expect(page.locator("#campaign-name")).to_have_value("Para borrar (copia)")
    expect(page.get_by_text("4 personas listas")).to_be_visible()
    page.go_back()
    page.locator("summary[title='Más acciones']").click()
    page.get_by_role("button", name="Eliminar").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Eliminar").click()
    expect(page.locator("h1")).to_have_text("Campañas")
    expect(page.get_by_text("Para borrar", exact=True)).to_have_count(0)


def test_nobody_downloads_results_without_signing_in(page: Page, demo: Demo):
    page.goto(f"{demo.url}/results/00000000-0000-7000-8000-000000000000.csv")
    expect(page).to_have_url(re.compile(r"/sign-in/?$"))


def test_a_template_is_kept_used_changed_and_deleted(page: Page, demo: Demo):
    name = f"Bienvenida {page.viewport_size}"
    sign_in(page, demo)
    go(page, "Mensajes")
    page.get_by_role("link", name="Plantillas").click()
    page.get_by_role("button", name="Nueva plantilla").first.click()
    page.get_by_label("Nombre de la plantilla").fill(name)
    field(page).fill("{Estimado/a} {nombre}, {{hola|hola}}")
    expect(page.locator(".bubble")).to_have_text("Estimada Ana, hola")
    page.get_by_role("button", name="Guardar", exact=True).click()
    card = page.locator(".template").filter(has_text=name)
    card.get_by_role("button", name="Usar").click()
    expect(page.locator("#campaign-name")).to_have_value(name)
    step(page, 2)
    expect(field(page)).to_have_value("{Estimado/a} {nombre}, {{hola|hola}}")
    field(page).fill("otra cosa")
    page.get_by_label("Usar una plantilla").select_option(label=name)
    expect(field(page)).to_have_value("{Estimado/a} {nombre}, {{hola|hola}}")
    page.get_by_role("link", name="Plantillas").click()
    card.get_by_role("button", name="Editar").click()
    field(page).fill("Hola {nombre")
    page.get_by_role("button", name="Guardar", exact=True).click()
    expect(page.locator(".notice-danger")).to_contain_text("Línea 1, columna 6")
    page.get_by_role("button", name="Eliminar").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Eliminar").click()
    expect(card).to_have_count(0)


def test_a_test_to_oneself_arrives_and_is_no_campaign(page: Page, demo: Demo):
    demo.phones.clear()
    begin(page, demo)
    field(page).fill("Hola {nombre} \\{así\\}")
    rename(page, "Con prueba")
    page.get_by_text("Enviarme una prueba").click()
    page.get_by_label("Su número").fill("0985 123 456")
    page.locator("#try-out").click()
    expect(page.locator(".trial-status")).to_contain_text("Entregado", timeout=20_000)
    texts = {m["recipient"]: m["text"] for m in demo.phones.messages()}
    assert texts == {"595985123456": "Hola Persona 0 {así}"}
    go(page, "Campañas")
    expect(page.get_by_text("Con prueba").first).to_be_visible()
    page.get_by_role("searchbox").fill("Test")
    expect(page.get_by_text("Ninguna campaña coincide.")).to_be_visible()
    eventually(lambda: len(demo.phones.messages()) == 1, what="one message only")
