"""Two web replicas behind nginx are replaced one after the other while people use them."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.proxy import Nginx
from tests.stack import Web, eventually, free_ports

PAGES = ("/sign-in/", "/", "/health", "/sender.css")


class Visitors:
    """People who ask for pages and sign out all the time; they count what they get."""

    def __init__(self, url: str, count: int) -> None:
        self.url = url
        self.answers: Counter[str] = Counter()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=(n,)) for n in range(count)]

    def __enter__(self) -> "Visitors":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(100)

    def _visit(self, n: int) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self._stop.wait(0.01):  # and leave some of the machine to the replicas
                n += 1
                try:
                    if n % 5:
                        answer = client.get(PAGES[n % len(PAGES)])
                    else:
                        answer = client.post("/auth/sign-out")
                    self.answers[str(answer.status_code)] += 1
                except httpx.TransportError as error:
                    self.answers[type(error).__name__] += 1


@pytest.fixture
def replicas(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[list[Web]]:
    first = free_ports(2)
    env = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "LOG_LEVEL": "WARNING"}
    webs = [Web(env, tmp_path / f"web-{n}.log", first + n) for n in range(2)]
    yield webs
    for web in webs:
        if web.process.poll() is None:
            web.stop()


@pytest.fixture
def url(replicas: list[Web], tmp_path: Path) -> Iterator[str]:
    """Where people come in."""
    nginx = Nginx(tmp_path / "nginx", free_ports(1), [web.port for web in replicas])
    yield nginx.url
    nginx.stop()


def test_no_request_fails_while_replicas_are_replaced(replicas: list[Web], url: str):
    with Visitors(url, 8) as visitors:
        eventually(lambda: sum(visitors.answers.values()) > 200, what="visitors")
        for web in replicas:
            assert web.stop() == 0
            web.start()
            eventually(lambda web=web: web.get("/ready").status_code == 200, what="ready")
        eventually(lambda: sum(visitors.answers.values()) > 500, what="enough of them")
    print(f"answers during two restarts: {dict(visitors.answers)}")
    assert set(visitors.answers) == {"200", "303"}, visitors.answers
