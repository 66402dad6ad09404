"""Webhooks' rules: addresses, signatures, when to try again, and where no request goes."""

import ipaddress
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from sender_app.adapters.sealing import WebhookSecrets
from sender_app.adapters.webhook_client import GuardedClient, is_public
from sender_app.domain.errors import RuleViolation
from sender_app.domain.webhook import (
    ATTEMPTS,
    issue_secret,
    read_events,
    read_url,
    retry_at,
    signature,
)
from sender_app.ports.webhooks import AddressRefused, SecretUnreadable
from tests.receiver import Receiver, receiving, status

HERE = [ipaddress.ip_network("127.0.0.1/32")]
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def test_it_signs_like_the_example_of_standard_webhooks():
    at = datetime.fromtimestamp(1614265330, UTC)
    given = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        at,
        b'{"test": 2432232314}',
    )
    assert given == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_it_tries_for_about_a_day_and_then_gives_up():
    waits = [retry_at(n, NOW) for n in range(1, ATTEMPTS)]
    spans = [at - NOW for at in waits if at is not None]
    assert len(spans) == ATTEMPTS - 1
    assert all(late > early * 2 for early, late in pairwise(spans))
    assert timedelta(hours=20) < sum(spans, timedelta()) < timedelta(hours=26)
    assert retry_at(ATTEMPTS, NOW) is None


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.org", "ftp://example.org/", "https://", "https:///x", "file:///etc/passwd"),
        *("https://a.example/#x", "https://me:pass@a.example/", "https://a.example:0/"),
        *("https://a.example:99999/", "https://exa mple.org/", "https://ñ.example/"),
        *("https://a.example/\r\nX: y", "https://a.example\\@b.example/", "https://[::1/"),
        "https://a.example/" + "x" * 2000,
    ],
)
def test_it_refuses_what_is_no_address(url: str):
    with pytest.raises(RuleViolation):
        read_url(url)


def test_it_reads_addresses_and_events():
    assert read_url("  https://a.example:8443/x?y=z ") == "https://a.example:8443/x?y=z"
    assert read_events(["recipient.sent", "campaign.started", "recipient.sent"]) == (
        "campaign.started",
        "recipient.sent",
    )
    for names in ([], ["recipient.sent", "other"]):
        with pytest.raises(RuleViolation):
            read_events(names)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        *[(one, True) for one in ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8")],
        *[("64:ff9b::808:808", True), ("0.0.0.0", False), ("0.1.2.3", False)],  # noqa: S104
        *[(one, False) for one in ("127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1")],
        *[(one, False) for one in ("192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.8")],
        *[(one, False) for one in ("192.88.99.1", "3fff::1")],
        *[(one, False) for one in ("198.18.0.1", "203.0.113.5", "224.0.0.1", "240.0.0.1")],
        *[(one, False) for one in ("255.255.255.255", "::", "::1", "::7f00:1", "fe80::1")],
        *[(one, False) for one in ("fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1")],
        *[(one, False) for one in ("::ffff:127.0.0.1", "::ffff:169.254.169.254")],
        *[(one, False) for one in ("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1")],
        *[(one, False) for one in ("2002:7f00:1::", "2002:808:808::", "2001:0:4136:e378::1")],
    ],
)
def test_it_knows_which_addresses_are_on_the_internet(address: str, public: bool):
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize(
    ("url", "code"),
    [
        *[(f"https://{host}/", "private_address") for host in ("localhost", "127.0.0.1", "[::1]")],
        *[(f"https://{host}/", "private_address") for host in ("2130706433", "0x7f.1", "0177.1")],
        ("https://[::ffff:7f00:1]/", "private_address"),
        ("https://169.254.169.254/latest/meta-data/", "private_address"),
        ("https://no-such-host.invalid/", "unknown_host"),
        ("http://8.8.8.8/", "plain_http"),
    ],
)
def test_no_request_goes_to_what_is_not_on_the_internet(url: str, code: str):
    client = GuardedClient()
    with pytest.raises(AddressRefused) as refused:
        client.check(url)
    assert refused.value.code == code
    assert client.post(url, {}, b"{}").error == code


def test_allowed_networks_may_be_reached_and_no_others(receiver: Receiver):
    assert GuardedClient(HERE).post(receiver.url, {"x-a": "b"}, b"{}").status == 200
    [call] = receiver.calls
    assert (call.path, call.headers["x-a"], call.body) == ("/hook?a=b", "b", b"{}")
    assert call.headers["host"] == f"127.0.0.1:{receiver.port}"
    other = GuardedClient([ipaddress.ip_network("10.0.0.0/8")])
    assert other.post(receiver.url, {}, b"{}").error == "private_address"
    assert len(receiver.calls) == 1


class Names:
    """A name server of an attacker: each question about `evil.example` gets the next answer."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self._real = socket.getaddrinfo

    def getaddrinfo(self, host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if host != "evil.example":
            return self._real(host, port, *args, **kwargs)
        return self._real(self.answers.pop(0), port, *args, **kwargs)


def test_a_name_that_changes_its_mind_gains_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    url = f"http://evil.example:{receiver.port}/"
    # It is checked anew for each request, whatever it was when somebody typed it in.
    names = Names("8.8.8.8", "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    client = GuardedClient()
    client.check(url.replace("http:", "https:"))
    assert client.post(url, {}, b"{}").error == "private_address"
    # And within a request there is one question only: the connection goes where the check was.
    names = Names("127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    assert GuardedClient(HERE).post(url, {}, b"{}").status == 200
    assert names.answers == []
    assert len(receiver.calls) == 1


def test_a_redirect_is_not_followed(receiver: Receiver):
    receiver.answers = [status(307, Location=f"http://127.0.0.1:{receiver.port}/other")]
    result = GuardedClient(HERE).post(receiver.url, {}, b"{}")
    assert (result.status, result.error, result.arrived) == (307, "redirect", False)
    assert len(receiver.calls) == 1


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x\0" * 5000)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    while True:  # until whoever asked hangs up
        handler.wfile.write(b"H")
        handler.wfile.flush()
        time.sleep(0.02)


def test_an_answer_is_bounded_in_size_and_time(receiver: Receiver):
    receiver.answers = [endless, dripping]
    large = GuardedClient(HERE, seconds=60).post(receiver.url, {}, b"{}")
    assert large.arrived
    assert len(large.excerpt) == 500
    assert "\0" not in large.excerpt
    slow = GuardedClient(HERE, seconds=0.4).post(receiver.url, {}, b"{}")
    assert slow.error == "timeout"
    assert slow.took < timedelta(seconds=10)  # each letter of the answer came at once


def test_what_cannot_be_reached_says_so(receiver: Receiver):
    client = GuardedClient(HERE)
    assert client.post("http://127.0.0.1:1/", {}, b"{}").error == "unreachable"
    assert client.post(receiver.url.replace("http", "https"), {}, b"{}").error == "tls"


def test_a_secret_opens_for_its_endpoint_and_key_only():
    secret, one, other = issue_secret(), uuid4(), uuid4()
    sealed = WebhookSecrets("a key").seal(one, secret)
    assert secret not in sealed
    assert WebhookSecrets("a key").open(one, sealed) == secret
    for box, who in ((WebhookSecrets("a key"), other), (WebhookSecrets("another"), one)):
        with pytest.raises(SecretUnreadable):
            box.open(who, sealed)
    with pytest.raises(RuleViolation):
        WebhookSecrets("").seal(one, secret)
