"""A client of the control API, for tests."""

from typing import Any

import httpx


class Loopback:
    """The server at `url`. Numbers are digits without `+`. Raises httpx.HTTPStatusError."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def _call(
        self, method: str, path: str, json: dict[str, Any] | None = None, **params: Any
    ) -> Any:
        found = {name: value for name, value in params.items() if value is not None}
        response = self._http.request(method, path, json=json, params=found)
        response.raise_for_status()
        return response.json()

    def scan(self, number: str, qr: str | None = None) -> None:
        """The phone scans `qr`, or whatever QR the application shows."""
        self._call("POST", f"/api/accounts/{number}/scan", {"qr": qr})

    def enter_code(self, number: str, code: str) -> None:
        """The phone's owner types a pairing code."""
        self._call("POST", f"/api/accounts/{number}/enter-code", {"code": code})

    def accounts(self) -> list[dict[str, Any]]:
        """Accounts with linked devices."""
        return self._call("GET", "/api/accounts")

    def unlink(self, number: str) -> None:
        """The phone's owner removes the linked device."""
        self._call("DELETE", f"/api/accounts/{number}")

    def happen(self, number: str, kind: str, **details: Any) -> None:
        """Something happens to an account's connection: disconnect, replaced, mute …"""
        self._call("POST", f"/api/accounts/{number}/events", {"kind": kind, **details})

    def fail(self, kind: str, **rule: Any) -> None:
        """A failure from now on; see `failures.Rule`."""
        self._call("POST", "/api/rules", {"kind": kind, **rule})

    def heal(self) -> None:
        """No more failures."""
        self._call("DELETE", "/api/rules")

    def messages(
        self, account: str | None = None, recipient: str | None = None, **more: Any
    ) -> list[dict[str, Any]]:
        """Messages that phones got from accounts, oldest first."""
        return self._call(
            "GET", "/api/messages", account=account, recipient=recipient, inbound="false", **more
        )

    def count(self) -> dict[str, int]:
        """How many messages each phone got."""
        return self._call("GET", "/api/messages/count")["by_recipient"]

    def clear(self) -> None:
        """Forget every message."""
        self._call("DELETE", "/api/messages")

    def reply(self, account: str, sender: str, text: str, quoted_id: str | None = None) -> str:
        """A phone writes to an account; returns the message id."""
        body = {"account": account, "from": sender, "text": text, "quoted_id": quoted_id}
        return self._call("POST", "/api/inbound", body)["id"]

    def receipt(self, account: str, recipient: str, message_id: str, kind: str) -> None:
        """A phone confirms a message as delivered or read."""
        body = {"account": account, "recipient": recipient, "message_id": message_id, "type": kind}
        self._call("POST", "/api/receipts", body)

    def receipts_after(
        self, delivered_ms: int | None, read_ms: int | None = None, recipient: str = "*"
    ) -> None:
        """When phones confirm by themselves; None means never."""
        body = {"recipient": recipient, "delivered_ms": delivered_ms, "read_ms": read_ms}
        self._call("PUT", "/api/receipt-policy", body)

    def media(self, seq: int) -> bytes:
        """The decrypted attachment of a message."""
        return self._http.get(f"/api/media/{seq}").raise_for_status().content
