"""Controls that answer before the server does, and take it back when it refuses."""

from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.e2e.conftest import Demo, on_desktop, on_phone
from tests.e2e.test_journey import begin, fresh, go, send, sign_in, write

FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Line:
    """The page's line to the server, on which nothing passes while it is held."""

    def __init__(self, page: Page) -> None:
        self.held = False
        self._waiting: list[tuple[WebSocketRoute, str | bytes]] = []
        page.route_web_socket("**/*", self._connect)

    def release(self) -> None:
        self.held = False
        for end, message in self._waiting:
            end.send(message)
        self._waiting.clear()

    def _connect(self, here: WebSocketRoute) -> None:
        there = here.connect_to_server()
        here.on_message(lambda message: self._pass(there, message))
        there.on_message(lambda message: self._pass(here, message))

    def _pass(self, end: WebSocketRoute, message: str | bytes) -> None:
        if self.held:
            self._waiting.append((end, message))
        else:
            end.send(message)


def at_once(page: Page, control: Locator, what: str) -> object:
    """What an attribute or property of the control is a frame after it was clicked."""
    control.evaluate("element => element.click()")
    page.evaluate(FRAMES)
    return control.evaluate(f"element => element.{what}")


@on_desktop
def test_boxes_lists_and_filters_answer_within_a_frame(page: Page, demo: Demo):
    line = Line(page)
    begin(page, demo)
    write(page, "Hola {nombre}")
    send(page)
    expect(page.locator(".progress-head")).to_be_visible()
    go(page, "Contactos")
    boxes = page.locator("tbody").get_by_role("checkbox")
    expect(boxes.nth(1)).to_be_visible()
    line.held = True
    assert at_once(page, boxes.nth(0), "checked") is True
    assert at_once(page, boxes.nth(1), "checked") is True
    assert at_once(page, boxes.nth(0), "checked") is False
    order = page.get_by_label("Orden", exact=True)
    order.select_option("phone")
    assert order.evaluate("element => element.value") == "phone"
    line.release()
    expect(page.get_by_text("1 elegido")).to_be_visible()
    # The order has changed by now, so nobody is looked for by place.
    expect(page.locator("tbody").get_by_role("checkbox", checked=True)).to_have_count(1)
    expect(order).to_have_value("phone")

    go(page, "Campañas")
    drafts = page.get_by_role("group", name="Filtrar campañas").get_by_role(
        "button", name="Borradores"
    )
    expect(drafts).to_have_attribute("aria-pressed", "false")
    line.held = True
    assert at_once(page, drafts, "ariaPressed") == "true"
    expect(page.locator(".segments [aria-pressed=true]")).to_have_count(1)
    line.release()
    expect(drafts).to_have_attribute("aria-pressed", "true")


@on_desktop
def test_an_order_is_seen_to_be_busy_until_it_is_carried_out(page: Page, demo: Demo):
    tag = fresh()
    line = Line(page)
    sign_in(page, demo)
    page.goto(f"{demo.url}/contacts/new")
    page.get_by_label("Teléfono").fill(f"0982 {tag}0")
    page.get_by_label("Nombre").fill(f"Ocupada {tag}")
    save = page.get_by_role("button", name="Guardar contacto")
    line.held = True
    assert at_once(page, save, "ariaBusy") == "true"
    line.release()
    expect(page.locator("h1")).to_have_text(f"Ocupada {tag}")
    expect(save).not_to_have_attribute("aria-busy", "true")
    page.get_by_label("Teléfono").fill("1")
    save.click()
    expect(page.locator("[data-sonner-toast][data-type=error]")).to_be_visible()
    expect(save).not_to_have_attribute("aria-busy", "true")  # a refusal frees it too

    check = page.get_by_role("button", name="Buscar en WhatsApp")
    line.held = True
    assert at_once(page, check, "ariaBusy") == "true"
    expect(check).to_be_disabled()
    line.release()
    expect(check).to_be_enabled()


@on_phone
def test_pausing_shows_at_once_and_is_taken_back_when_refused(page: Page, demo: Demo):
    line = Line(page)
    begin(page, demo)
    write(page, "Hola {nombre}")
    slowly = demo.phones.fail("ack_delayed", delay_ms=1000)  # nobody is too late to pause it
    send(page)
    state = page.locator(".progress-head")
    pause = page.get_by_role("button", name="Pausar")
    pause.focus()
    line.held = True
    page.keyboard.press("Enter")
    resume = page.get_by_role("button", name="Reanudar")
    expect(resume).to_be_focused()
    expect(state).to_contain_text("En pausa")
    line.release()
    expect(page.get_by_text("No sale ningún mensaje más")).to_be_visible()
    expect(state).to_contain_text("En pausa")
    demo.phones.remove_rule(slowly)

    line.held = True
    other = page.context.new_page()  # where somebody cancels it meanwhile
    other.goto(page.url)
    other.get_by_role("button", name="Cancelar el envío").click()
    other.get_by_role("alertdialog").get_by_role("button", name="Cancelar el envío").click()
    expect(other.locator(".progress-head")).to_contain_text("Cancelada")
    other.close()
    expect(state).to_contain_text("En pausa")
    resume.click()
    expect(state).to_contain_text("Enviando")
    line.release()
    expect(state).to_contain_text("Cancelada")
    expect(page.locator("[data-sonner-toast][data-type=error]")).to_be_visible()
    expect(page.get_by_role("button", name="Pausar")).to_have_count(0)
