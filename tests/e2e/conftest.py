"""The demonstration as a newcomer starts it, and a real browser before it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Cookie,
    Page,
    expect,
    sync_playwright,
)

from tests.stack import ROOT, free_ports, wait_for_start
from whatsapp_loopback.client import Loopback

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARTEFACTS = ROOT / "test-artefacts"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 60_000  # milliseconds; a busy machine takes its time
expect.set_options(timeout=PATIENCE)


@dataclass
class Demo:
    """A running demonstration."""

    process: subprocess.Popen[bytes]
    output: Path
    data: Path
    url: str
    phones: Loopback
    session: list[Cookie] = field(default_factory=list)  # of whom a link has let in

    def link(self) -> str:
        """A fresh sign-in link, as `make link` gives it."""
        made = subprocess.run(
            [sys.executable, "-m", "sender_app.local", "link"],
            cwd=ROOT,
            env=os.environ | {"DATA_DIR": str(self.data)},
            check=True,
            capture_output=True,
            text=True,
        )
        return made.stdout.strip()


def start_demo(data: Path, output: Path, **env: str) -> subprocess.Popen[bytes]:
    """Start the demonstration, its output going to a file."""
    with output.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "demo.py"],
            cwd=ROOT,
            env=os.environ | {"DATA_DIR": str(data), **env},
            stdout=out,
            stderr=subprocess.STDOUT,
        )


def run_demo(folder: Path, output: Path, port: int | None = None, **env: str) -> Iterator[Demo]:
    """`make demo` on ports of its own, or on `port` and the next; afterwards nothing of it runs."""
    port = port or free_ports(2)
    process = start_demo(folder, output, PORT=str(port), WEBHOOK_NETWORKS="127.0.0.1/32", **env)
    wait_for_start(process, output)
    phones = json.loads((folder / "whatsapp" / "ready.json").read_text())["url"]
    running = Demo(process, output, folder, f"http://127.0.0.1:{port}", Loopback(phones))
    yield running
    running.phones.close()
    process.terminate()
    assert process.wait(120) == 0
    left = subprocess.run(
        ["pgrep", "-f", str(folder)], check=False, capture_output=True, text=True
    ).stdout
    assert left == "", f"processes left behind: {left}"


@pytest.fixture(scope="package")  # the tests of other packages have the machine to themselves
def demo_of(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Iterator[Callable[..., Demo]]:
    """The demonstration with a store, started when it is first asked for."""
    running: dict[str, Iterator[Demo]] = {}
    found: dict[str, Demo] = {}

    def demo_of(store: str) -> Demo:
        if store not in running:
            output = tmp_path_factory.mktemp("demo") / "output"
            running[store] = run_demo(data / f"demo-{store}", output, STORE=store)
            found[store] = next(running[store])
        return found[store]

    yield demo_of
    for one in running.values():
        next(one, None)


@pytest.fixture
def kept_in() -> str:
    """The store of the demonstration; tests that shall have the other one too name it."""
    return os.environ.get("STORE", "postgres")


@pytest.fixture
def demo(demo_of: Callable[..., Demo], kept_in: str) -> Demo:
    """A running demonstration, the same for all tests of one store."""
    return demo_of(kept_in)


@pytest.fixture(scope="package")  # its event loop must be gone before other packages' tests
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
# For what does not depend on the width; what does is looked at in both.
on_desktop = pytest.mark.parametrize("page", ["desktop"], indirect=True)
on_phone = pytest.mark.parametrize("page", ["phone"], indirect=True)
_KNOWN = "local_storage,indexeddb,service_workers"


@pytest.fixture(scope="package")
def contexts(browser: Browser) -> dict[str, BrowserContext]:
    """A browser of each width, which keeps what it has fetched, as browsers do."""
    found = {
        name: browser.new_context(viewport={"width": width, "height": height}, locale="es-PY")
        for name, (width, height) in SIZES.items()
    }
    for context in found.values():
        context.set_default_timeout(PATIENCE)
    return found


def told(message: ConsoleMessage) -> str:
    """What the browser says, and of which address."""
    return f"{message.text} ({message.location['url']})"


@pytest.fixture(params=SIZES)
def page(
    contexts: dict[str, BrowserContext], demo: Demo, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page at desktop or phone width, which knows nobody; any error in its console fails the
    test."""
    context = contexts[request.param]
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda m: problems.append(told(m)) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    ARTEFACTS.mkdir(exist_ok=True)
    name = re.sub(r"\W+", "-", request.node.name)
    page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)
    wishes = {"origin": demo.url, "storageTypes": _KNOWN}
    context.new_cdp_session(page).send("Storage.clearDataForOrigin", wishes)
    for one in context.pages:
        one.close()
    context.clear_cookies()
    assert problems == []
