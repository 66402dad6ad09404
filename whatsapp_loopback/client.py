"""A typed, synchronous client of the loopback server's HTTP API, for tests and scripts."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Literal, Self, TypedDict

import httpx

ANY = "*"
ReceiptType = Literal["delivered", "read"]
_POLL_INTERVAL = 0.02


class LoopbackError(Exception):
    """The server refused a request; the text is its reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


class Account(TypedDict):
    """A number that has, or had, linked devices."""

    number: str
    lid: str
    connected: bool
    devices: list[int]
    paired_at: float
    offline_pending: int
    muted: bool
    unheard: int  # messages it sent while it was muted
    logins: int  # since the server began


class LoopbackMessage(TypedDict):
    """A message between an account and a phone, decrypted; times are UNIX seconds."""

    seq: int
    id: str
    account: str
    recipient: str
    inbound: bool
    kind: str
    text: str
    caption: str
    filename: str
    mimetype: str
    media_sha256: str
    secret_hex: str
    quoted_id: str
    received_at: float
    shown: str  # JSON: what a phone shows of a file before it is loaded
    frames: int
    delivered_at: float | None
    read_at: float | None


class Loopback:
    """Drives one loopback server.  Numbers are strings of digits; ``*`` means any."""

    def __init__(self, url: str) -> None:
        # trust_env=False: a test's own HTTPS_PROXY must not be asked for 127.0.0.1.
        self.url = url
        self._http = httpx.Client(base_url=f"{url}/api", trust_env=False, timeout=40)

    def close(self) -> None:
        """Close the HTTP connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        params = {name: value for name, value in query.items() if value is not None}
        response = self._http.request(method, path, json=body, params=params)
        if response.is_error:
            raise LoopbackError(response.status_code, _reason(response))
        return response.json()

    # Accounts

    def scan(self, number: str, qr: str | None = None) -> int:
        """The owner of ``number`` scans a QR text (or what Redis shows); returns the device.

        Returns when the client has confirmed; it then reconnects by itself.  Raises
        LoopbackError 409 when no waiting client shows that code.
        """
        return self._call("POST", f"/accounts/{number}/scan", {"qr": qr})["device"]

    def enter_code(self, number: str, code: str) -> int:
        """The owner of ``number`` types the pairing code that a client shows."""
        return self._call("POST", f"/accounts/{number}/enter-code", {"code": code})["device"]

    def accounts(self) -> list[Account]:
        """Every account that was ever linked."""
        return self._call("GET", "/accounts")

    def account(self, number: str) -> Account:
        """One account; raises LookupError if it was never linked."""
        for account in self.accounts():
            if account["number"] == number:
                return account
        raise LookupError(f"{number} was never linked")

    def unlink(self, number: str) -> None:
        """The phone's owner removes the linked devices: 401 now, or at the next login."""
        self._call("DELETE", f"/accounts/{number}")

    def happen(self, number: str, kind: str, **details: Any) -> None:
        """Something happens to an account: see the named methods below for the kinds."""
        self._call("POST", f"/accounts/{number}/events", {"kind": kind, **details})

    def disconnect(self, number: str) -> None:
        """Cut the line; the client reconnects."""
        self.happen(number, "disconnect")

    def log_out(self, number: str) -> None:
        """stream:error 401 with conflict device_removed; the devices are unlinked."""
        self.happen(number, "logged_out")

    def replace(self, number: str) -> None:
        """Another client took over the session."""
        self.happen(number, "replaced")

    def stream_error(self, number: str, code: int) -> None:
        """End the stream with a code."""
        self.happen(number, "stream_error", code=code)

    def fail_logins(self, number: str, reason: int, count: int | None = 1, **details: Any) -> None:
        """Refuse the next ``count`` logins (None: all) with a failure reason.

        401, 403, 406 log out; 402 is a ban of ``code`` for ``expire`` seconds; 405 is
        outdated; 500, 503 are passing.
        """
        self.happen(number, "login_failure", reason=reason, count=count, **details)

    def refuse_connections(self, on: bool = True) -> None:
        """The proxy refuses every new connection, of any account, while this is on."""
        self.happen(ANY, "refuse_connections", on=on)

    def mute(self, number: str, on: bool = True) -> None:
        """Leave the socket up, but read and answer nothing, keepalives included."""
        self.happen(number, "mute", on=on)

    def send_server_error_receipt(self, number: str, recipient: str, message_id: str) -> None:
        """A receipt of type ``server-error``, which neonize does not map: its events stop."""
        self.happen(number, "receipt_server_error", recipient=recipient, message_id=message_id)

    # Messages

    def messages(
        self,
        account: str | None = None,
        recipient: str | None = None,
        since: int = 0,
        limit: int = 1000,
        inbound: bool = False,
    ) -> list[LoopbackMessage]:
        """Messages that phones have got, each once, oldest first, after sequence ``since``.

        With ``inbound`` those that phones have sent; their ``delivered_at`` and ``read_at``
        are the client's receipts.
        """
        return self._call(
            "GET",
            "/messages",
            account=account,
            recipient=recipient,
            since=since,
            limit=limit,
            inbound=str(inbound).lower(),
        )

    def wait_for_messages(
        self, count: int, timeout: float = 60.0, **filters: Any
    ) -> list[LoopbackMessage]:
        """Messages as soon as there are ``count``; raises TimeoutError with what there is."""
        deadline = time.monotonic() + timeout
        while len(found := self.messages(**filters)) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(found)} of {count} messages: {found}")
            time.sleep(_POLL_INTERVAL)
        return found

    def count(self) -> dict[str, int]:
        """How many messages each phone has got."""
        return self._call("GET", "/messages/count")["by_recipient"]

    def total(self) -> int:
        """How many messages all phones have got."""
        return self._call("GET", "/messages/count")["total"]

    def media(self, seq: int) -> bytes:
        """The decrypted media of a message."""
        response = self._http.get(f"/media/{seq}")
        if response.is_error:
            raise LoopbackError(response.status_code, _reason(response))
        return response.content

    def clear(self) -> None:
        """Forget all messages."""
        self._call("DELETE", "/messages")

    def reply(
        self,
        account: str,
        sender: str,
        text: str,
        quoted_id: str | None = None,
        kind: str = "text",
    ) -> str:
        """A phone writes to an account (with ``quoted_id`` a reply to it); returns the id.

        Of another ``kind`` (image, audio …) it is a file with ``text`` as its caption.
        """
        body = {"account": account, "from": sender, "text": text, "quoted_id": quoted_id}
        body["kind"] = kind
        return self._call("POST", "/inbound", body)["id"]

    # Receipts

    def receipt(
        self, account: str, recipient: str, message_id: str, kind: ReceiptType = "delivered"
    ) -> None:
        """A phone confirms a message."""
        body = {"account": account, "recipient": recipient, "message_id": message_id, "type": kind}
        self._call("POST", "/receipts", body)

    def receipts_after(
        self, delivered_ms: int | None, read_ms: int | None = None, recipient: str = ANY
    ) -> None:
        """When phones confirm by themselves, in ms after the message; None: never."""
        body = {"recipient": recipient, "delivered_ms": delivered_ms, "read_ms": read_ms}
        self._call("PUT", "/receipt-policy", body)

    # Failure rules

    def fail(
        self,
        kind: str,
        account: str = ANY,
        recipient: str = ANY,
        count: int | None = None,
        code: int | None = None,
        delay_ms: int = 0,
        **details: Any,
    ) -> int:
        """Make matching stanzas fail, ``count`` times or (None) for ever; returns the rule's id.

        Kinds: ack_error (``code``), ack_withheld, ack_delayed (``delay_ms``), not_on_whatsapp,
        prekeys_refused, rate_overlimit, drop_before_delivery, drop_after_delivery,
        upload_failed (HTTP ``code``), upload_slow (``delay_ms``), login_failure (reason ``code``,
        ``ban_code``, ``expire``).  With ``after=n`` a rule lets n pass first; with
        ``cold_only=True`` one about messages spares phones that have written before.
        """
        body = {
            "kind": kind,
            "account": account,
            "recipient": recipient,
            "count": count,
            "code": code,
            "delay_ms": delay_ms,
            **details,
        }
        return self._call("POST", "/rules", body)["id"]

    def rules(self) -> list[dict[str, Any]]:
        """The rules, each with how often it was applied (``hits``)."""
        return self._call("GET", "/rules")

    def remove_rule(self, rule_id: int) -> None:
        """Remove one failure rule."""
        self._call("DELETE", f"/rules/{rule_id}")

    def heal(self) -> None:
        """All goes well again: no rules, nothing refused, nobody muted."""
        self._call("DELETE", "/rules")


def _reason(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"])
    except (ValueError, KeyError):
        return response.text
