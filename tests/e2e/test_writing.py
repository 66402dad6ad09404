"""Writing a campaign in a browser: the editor, drafts, templates, the start, and the results."""

import re
from datetime import datetime, timedelta

from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.conftest import Demo, on_desktop, on_phone
from tests.e2e.test_at_once import Line
from tests.e2e.test_journey import GOOD, csv, go, link, send, sign_in, step, write
from tests.stack import eventually

_SEEN = """
window.seen = [];
(function look() {
  for (const field of document.querySelectorAll("main textarea, main input, main .bubble"))
    window.seen.push(field.value ?? field.innerText);
  requestAnimationFrame(look);
})()
"""  # what stands in any field, at every frame


def begin(page: Page, demo: Demo, rows: list[tuple[str, ...]] | None = None) -> None:
    """A new campaign for some people, at its message."""
    sign_in(page, demo, "whatsapp")
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


@on_phone
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
    expect(page.locator(".editor-foot")).to_contain_text("11 / 4.096")


def test_what_is_typed_right_after_adding_a_variant_goes_into_it(page: Page, demo: Demo):
    line = Line(page)
    begin(page, demo)
    field(page).fill("Hola {nombre}")
    expect(page.locator(".bubble")).to_have_text("Hola Persona 0")
    line.held = True
    page.get_by_role("button", name="Agregar variante").click()
    field(page).fill("Buenas {nombre}")
    line.release()
    variants = page.get_by_role("group", name="Variantes").get_by_role("button")
    expect(variants).to_have_count(2)
    expect(field(page)).to_have_value("Buenas {nombre}")
    variants.nth(0).click()
    expect(field(page)).to_have_value("Hola {nombre}")
    variants.nth(1).click()
    expect(field(page)).to_have_value("Buenas {nombre}")


@on_desktop
def test_a_mistake_is_named_with_its_place(page: Page, demo: Demo):
    begin(page, demo)
    field(page).fill("Hola\n{nombre")
    expect(page.get_by_text("Línea 2, columna 1: falta cerrar la llave.")).to_be_visible()
    step(page, 4)
    expect(page.locator("#send")).to_be_disabled()
    write(page, "Hola {nombre}")
    expect(page.get_by_text("falta cerrar la llave")).to_have_count(0)


@on_desktop
def test_what_the_preview_shows_is_what_each_person_gets(page: Page, demo: Demo):
    demo.phones.clear()
    rows = GOOD[:12]
    begin(page, demo, rows)
    field(page).fill("{Estimado/a} {nombre}: {{uno|dos|tres}}")
    page.get_by_role("button", name="Agregar variante").click()
    field(page).fill("{{a|b}} para {nombre}")
    expect(page.locator(".bubble")).to_contain_text("para Persona 0")
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
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    assert {m["recipient"]: m["text"] for m in demo.phones.messages()} == shown
    expect(page.locator("tbody tr").first).to_contain_text(re.compile("Variante [12]"))


def test_anybody_of_the_file_can_be_looked_up(page: Page, demo: Demo):
    begin(page, demo, GOOD)
    field(page).fill("Hola {nombre}")
    page.get_by_label("Ver el mensaje de").fill("sona 17")
    page.get_by_role("button", name="Persona 17").click()
    expect(page.locator(".bubble")).to_have_text("Hola Persona 17")
    expect(page.get_by_label("Ver el mensaje de")).to_have_value("")


@on_phone
def test_people_who_lack_something_are_named_and_nothing_starts(page: Page, demo: Demo):
    begin(page, demo, [*GOOD[:2], ("0984000777", "", "Sin Trato", "G1")])
    field(page).fill("Hola {sustantivo} {nombre}")
    step(page, 4)
    gap = page.locator("tbody tr")
    expect(gap).to_have_count(1)
    expect(gap).to_contain_text("Sin Trato")
    expect(gap).to_contain_text("sustantivo")
    expect(page.locator("#send")).to_be_disabled()
    write(page, "Hola {apodo|}")
    step(page, 4)
    expect(page.get_by_text("Nadie tiene este dato: apodo.")).to_be_visible()
    expect(page.locator("#send")).to_be_disabled()
    write(page, "Hola {sustantivo|} {nombre}")
    step(page, 4)
    expect(page.locator("#send")).to_be_enabled()


def test_a_draft_is_kept_as_one_types_and_resumed_from_the_list(page: Page, demo: Demo):
    begin(page, demo)
    field(page).fill("Hola {nombre}, a medio escr")
    page.get_by_role("button", name="Agregar variante").click()
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
    expect(page.get_by_text("Hora de Asunción. Empieza")).to_be_visible()
    expect(page.locator(".pace")).to_contain_text("Una pausa de 0,1 a 0,3 s entre mensajes.")
    step(page, 4)
    expect(page.locator(".facts")).to_contain_text(f"{at.year}, 9:30 hora de Asunción")
    page.locator("#send").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("¿Programar el envío a 4 personas?")
    dialog.get_by_role("button", name="Programar para 4 personas").click()
    expect(page.locator(".progress-head")).to_contain_text("Programada")
    expect(page.locator(".starts time")).to_contain_text(", 9:30")  # wherever the browser is
    iso = page.locator(".starts time").get_attribute("datetime")
    assert iso is not None
    assert (
        datetime.fromisoformat(iso).timestamp()
        == datetime.fromisoformat(f"{at:%Y-%m-%d}T09:30-03:00").timestamp()
    )
    page.get_by_role("button", name="Empezar ahora").click()
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    assert len(demo.phones.messages()) == 4


def test_results_are_filtered_cloned_downloaded_and_deleted(page: Page, demo: Demo):
    begin(page, demo)
    field(page).fill("Hola {nombre}")
    rename(page, "Para borrar")
    send(page)
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    expect(page.locator("[data-stage=delivered]")).to_contain_text("4100 %")
    expect(page.locator("[data-stage=read]")).to_contain_text("0")
    page.get_by_label("Filtrar por estado").select_option("read")
    expect(page.get_by_text("Nadie coincide.")).to_be_visible()
    page.get_by_label("Filtrar por estado").select_option("delivered")
    page.get_by_label("Buscar persona").fill("persona 2")
    expect(page.locator("tbody tr")).to_have_count(1)

    more = page.locator("summary[title='Más acciones']")
    for kind, mark in (("CSV", b"\xef\xbb\xbf"), ("Excel", b"PK")):
        more.click()
        expect(page.locator(".flap.more .flap-body")).to_be_in_viewport(ratio=1)
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


@on_desktop
def test_a_campaign_shows_also_when_its_script_comes_after_its_state(page: Page, demo: Demo):
    begin(page, demo)
    write(page, "Hola {nombre}")
    send(page)
    expect(page.locator(".progress-head")).to_be_visible()

    held: list[Route] = []
    frames: list[str] = []

    def is_told() -> bool:
        return any(re.search(r'is_hydrated_rx_state_":\s*true', frame) for frame in frames)

    def hold(route: Route) -> None:
        if is_told():
            route.continue_()
        else:
            held.append(route)

    def look() -> bool:
        page.wait_for_timeout(1)  # what came is heard in here
        return is_told()

    page.route(re.compile(r"assets/_campaigns_\.__campaign_id_"), hold)
    page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: frames.append(str(frame))))
    page.reload(wait_until="commit")
    eventually(look, what="the page's state")
    for route in held:
        route.continue_()
    expect(page.locator(".progress-head")).to_be_visible()


@on_desktop
def test_nothing_of_the_last_draft_shows_while_another_opens(page: Page, demo: Demo):
    begin(page, demo)
    field(page).fill("De la otra campaña")
    expect(page.locator(".bubble")).to_have_text("De la otra campaña")
    page.get_by_role("link", name="Plantillas").click()
    page.get_by_role("button", name="Nueva plantilla").first.click()
    page.get_by_label("Nombre de la plantilla").fill(f"Otra {page.viewport_size}")
    field(page).fill("De la plantilla")
    page.get_by_role("button", name="Guardar", exact=True).click()
    page.evaluate(_SEEN)
    card = page.locator(".template").filter(has_text=f"Otra {page.viewport_size}")
    card.get_by_role("button", name="Usar").click()
    expect(page.locator("#campaign-name")).to_have_value(f"Otra {page.viewport_size}")
    step(page, 2)
    expect(field(page)).to_have_value("De la plantilla")
    eventually(lambda: page.evaluate("window.seen.includes('De la plantilla')"))
    seen = page.evaluate("window.seen")
    assert not [text for text in seen if "De la otra campaña" in text]


@on_desktop
def test_a_template_that_was_left_open_is_closed_when_one_comes_back(page: Page, demo: Demo):
    sign_in(page, demo)
    go(page, "Mensajes")
    page.get_by_role("link", name="Plantillas").click()
    page.get_by_role("button", name="Nueva plantilla").first.click()
    field(page).fill("A medias")
    expect(page.locator(".bubble")).to_have_text("A medias")
    go(page, "Campañas")
    expect(page.locator("h1")).to_have_text("Campañas")
    page.evaluate(_SEEN)
    go(page, "Mensajes")
    page.get_by_role("link", name="Plantillas").click()
    expect(page.locator("h1")).to_have_text("Plantillas")
    expect(page.get_by_role("button", name="Nueva plantilla").first).to_be_visible()
    assert "A medias" not in page.evaluate("window.seen")


@on_phone
def test_what_is_being_typed_stays_while_the_connection_comes_back(page: Page, demo: Demo):
    begin(page, demo)
    field(page).fill("Escrito antes")
    expect(page.locator(".bubble")).to_have_text("Escrito antes")
    with page.expect_websocket():
        page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide'))")
        field(page).focus()
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.keyboard.press("End")
    page.keyboard.type(" y ahora")
    expect(page.locator(".bubble")).to_have_text("Escrito antes y ahora")
    expect(field(page)).to_be_focused()


@on_desktop
def test_nobody_downloads_results_without_signing_in(page: Page, demo: Demo):
    page.goto(f"{demo.url}/results/00000000-0000-7000-8000-000000000000.csv")
    expect(page).to_have_url(re.compile(r"/sign-in/?$"))


def test_a_template_is_kept_used_changed_and_deleted(page: Page, demo: Demo):
    name = f"Bienvenida {page.viewport_size}"
    begin(page, demo)
    write(page, "Hola")
    send(page)  # which puts the people into the book
    expect(page.locator(".progress-head")).to_contain_text("Terminada")
    go(page, "Mensajes")
    page.get_by_role("link", name="Plantillas").click()
    page.get_by_role("button", name="Nueva plantilla").first.click()
    page.get_by_label("Nombre de la plantilla").fill(name)
    field(page).fill("{Estimado/a} {nombre}, {{hola|hola}}")
    expect(page.locator(".bubble")).to_have_text("Estimada Ana, hola")
    page.get_by_label("Ver el mensaje de").fill("984000003")  # others have that name too
    page.locator(".found button").first.click()
    expect(page.locator(".bubble")).to_have_text("Estimada Persona 3, hola")
    page.get_by_text("Enviarme una prueba").click()
    page.get_by_label("Su número").fill("0985 123 457")
    page.locator("#try-out").click()
    expect(page.locator(".trial-status")).to_contain_text("Entregado")
    texts = {m["text"] for m in demo.phones.messages() if m["recipient"] == "595985123457"}
    assert texts == {"Estimada Persona 3, hola"}
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
    expect(page.locator(".trial-status")).to_contain_text("Entregado")
    texts = {m["recipient"]: m["text"] for m in demo.phones.messages()}
    assert texts == {"595985123456": "Hola Persona 0 {así}"}
    go(page, "Campañas")
    expect(page.get_by_text("Con prueba").first).to_be_visible()
    page.get_by_role("searchbox").fill("Test")
    expect(page.get_by_text("Ninguna campaña coincide.")).to_be_visible()
    eventually(lambda: len(demo.phones.messages()) == 1, what="one message only")
