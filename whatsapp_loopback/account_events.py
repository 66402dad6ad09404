"""What tests can make happen to an account at once, or at its next login."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from whatsapp_loopback.failures import Rule, RuleKind
from whatsapp_loopback.server import Server


class AccountEvents:
    """One method for each kind of event that the HTTP API accepts."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._kinds: dict[str, Callable[[str, dict[str, Any]], None]] = {
            "disconnect": lambda account, _: server.disconnect(account),
            "logged_out": lambda account, _: server.unlink(account),
            "replaced": lambda account, _: server.replace(account),
            "stream_error": lambda account, body: server.stream_error(account, int(body["code"])),
            "login_failure": self._login_failure,
            "refuse_connections": self._refuse_connections,
            "mute": self._mute,
            "receipt_server_error": self._receipt_server_error,
        }

    def apply(self, account: str, body: dict[str, Any]) -> None:
        """Apply an event; raises ValueError when its kind is unknown."""
        kind = body.get("kind")
        if kind not in self._kinds:
            raise ValueError(f"unknown kind {kind!r}; known are {', '.join(self._kinds)}")
        self._kinds[kind](account, body)

    def _login_failure(self, account: str, body: dict[str, Any]) -> None:
        """``reason``; optionally ``count`` (default 1, null: for ever), ``code``, ``expire``."""
        if not body.get("on", True):
            self._server.rules.remove_kind(RuleKind.LOGIN_FAILURE, account)
            return
        rule = Rule(
            RuleKind.LOGIN_FAILURE,
            account=account,
            count=body.get("count", 1),
            code=int(body["reason"]),
            ban_code=body.get("code"),
            expire=body.get("expire"),
            message=body.get("message"),
        )
        self._server.rules.add(rule)

    def _refuse_connections(self, account: str, body: dict[str, Any]) -> None:
        """``on``; the proxy cannot know the account, so it refuses everybody."""
        self._server.switches.refuse_connections = bool(body.get("on", True))

    def _mute(self, account: str, body: dict[str, Any]) -> None:
        """``on``; nothing that the client sends is read, and nothing is sent."""
        muted = self._server.switches.muted
        if body.get("on", True):
            muted.add(account)
        else:
            muted.discard(account)
            self._server.mailbox.release_withheld()

    def _receipt_server_error(self, account: str, body: dict[str, Any]) -> None:
        """A receipt of a type that neonize does not map; ``recipient`` and ``message_id``."""
        rows = self._server.messages.search(account=account, limit=1)
        known = rows[0] if rows else {"recipient": account, "id": "3EB0000000000000000000"}
        recipient = body.get("recipient", known["recipient"])
        message_id = body.get("message_id", known["id"])
        self._server.send_receipt(account, recipient, message_id, "server-error")
