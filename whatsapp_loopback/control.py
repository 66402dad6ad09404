"""The HTTP API with which tests and the page drive the virtual phones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web

from whatsapp_loopback.account_events import AccountEvents
from whatsapp_loopback.addresses import lid_of, normalize
from whatsapp_loopback.failures import ANY, Rule, RuleKind
from whatsapp_loopback.message_store import ReceiptPolicy
from whatsapp_loopback.pairing import PairingError
from whatsapp_loopback.qr_source import QrSource
from whatsapp_loopback.server import Server

_PAGE = Path(__file__).parent / "page"
_STREAM_INTERVAL = 0.2
_STREAM_KEEPALIVE = 15.0
_INLINE = ("image/", "audio/", "video/", "application/pdf")
Json = dict[str, Any]


class BadRequestError(Exception):
    """The request cannot be understood; the text says why."""


@web.middleware
async def _errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        response = await handler(request)
    except PairingError as error:
        return web.json_response({"error": str(error)}, status=409)
    except (BadRequestError, ValueError, TypeError, KeyError) as error:
        return web.json_response({"error": str(error)}, status=400)
    if not response.prepared:
        response.headers["Cache-Control"] = "no-store"
    return response


async def _body(request: web.Request) -> Json:
    raw = await request.read()
    body = json.loads(raw) if raw else {}
    if not isinstance(body, dict):
        raise BadRequestError("the body must be a JSON object")
    return body


def _pattern(value: str | None) -> str:
    """A number, or ``*`` for any."""
    return ANY if value in (None, "", ANY) else normalize(str(value))


class Control:
    """Handlers of the HTTP API, one for each route."""

    def __init__(self, server: Server, qr_source: QrSource) -> None:
        self._server = server
        self._qr_source = qr_source
        self._account_events = AccountEvents(server)

    def application(self) -> web.Application:
        """The API and the page."""
        application = web.Application(middlewares=[_errors])
        application.add_routes(
            [
                web.get("/api/health", self.health),
                web.get("/api/accounts", self.accounts),
                web.post("/api/accounts/{number}/scan", self.scan),
                web.post("/api/accounts/{number}/enter-code", self.enter_code),
                web.post("/api/accounts/{number}/events", self.account_event),
                web.delete("/api/accounts/{number}", self.unlink),
                web.get("/api/messages", self.messages),
                web.get("/api/messages/count", self.count),
                web.delete("/api/messages", self.delete_messages),
                web.get("/api/media/{seq}", self.media),
                web.post("/api/inbound", self.inbound),
                web.post("/api/receipts", self.receipt),
                web.get("/api/receipt-policy", self.receipt_policies),
                web.put("/api/receipt-policy", self.set_receipt_policy),
                web.get("/api/rules", self.rules),
                web.post("/api/rules", self.add_rule),
                web.delete("/api/rules", self.delete_rules),
                web.delete("/api/rules/{id}", self.delete_rule),
                web.get("/api/chats", self.chats),
                web.get("/api/chats/{account}/{recipient}", self.chat),
                web.post("/api/chats/{account}/{recipient}/seen", self.see),
                web.get("/api/stream", self.stream),
                web.get("/", self.page),
                web.static("/static", _PAGE),
            ]
        )
        return application

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The virtual phones' page."""
        return web.FileResponse(_PAGE / "index.html")

    async def health(self, request: web.Request) -> web.Response:
        """Whether the server answers, and whether it takes new connections."""
        refusing = self._server.switches.refuse_connections
        return web.json_response({"status": "ok", "refuse_connections": refusing})

    # Accounts

    async def accounts(self, request: web.Request) -> web.Response:
        """Every account that was ever linked."""
        rows = self._server.store.rows("SELECT number, paired_at FROM accounts ORDER BY paired_at")
        return web.json_response([self._account(**row) for row in rows])

    def _account(self, number: str, paired_at: float) -> Json:
        return {
            "number": number,
            "lid": lid_of(number),
            "connected": bool(self._server.connections_of(number)),
            "devices": [d.device for d in self._server.store.devices(number)],
            "paired_at": paired_at,
            "offline_pending": self._server.messages.pending(number),
            "muted": number in self._server.switches.muted,
            "unheard": self._server.switches.unheard[number],
            "logins": self._server.logins[number],
        }

    async def scan(self, request: web.Request) -> web.Response:
        """Link the client that shows a QR code to this number."""
        number = normalize(request.match_info["number"])
        qr = (await _body(request)).get("qr")
        if not qr:
            qr = await self._qr_source.newest(self._server.pairing.is_waiting)
        device = await self._server.pairing.scan(number, qr)
        return web.json_response({"number": number, "lid": lid_of(number), "device": device.device})

    async def enter_code(self, request: web.Request) -> web.Response:
        """Link the client that shows a pairing code for this number."""
        number = normalize(request.match_info["number"])
        code = str((await _body(request))["code"])
        device = await self._server.pairing.enter_code(number, code)
        return web.json_response({"number": number, "lid": lid_of(number), "device": device.device})

    async def account_event(self, request: web.Request) -> web.Response:
        """Make something happen to an account; see ``account_events``."""
        number = _pattern(request.match_info["number"])
        self._account_events.apply(number, await _body(request))
        return web.json_response({"ok": True})

    async def unlink(self, request: web.Request) -> web.Response:
        """The phone's owner removes the linked devices."""
        self._server.unlink(normalize(request.match_info["number"]))
        return web.json_response({"ok": True})

    # Messages

    async def messages(self, request: web.Request) -> web.Response:
        """Messages that phones have got (``inbound=true``: have sent), oldest first."""
        inbound = request.query.get("inbound") == "true"
        return web.json_response([_shown(row) for row in self._search(request, inbound)])

    def _search(self, request: web.Request, inbound: bool) -> list[Json]:
        query = request.query
        recipient = query.get("recipient")
        account = query.get("account")
        return self._server.messages.search(
            account=normalize(account) if account else None,
            recipient=normalize(recipient) if recipient else None,
            since=int(query.get("since", 0)),
            limit=int(query.get("limit", 1000)),
            inbound=inbound,
        )

    async def count(self, request: web.Request) -> web.Response:
        """How many messages each phone has got."""
        by_recipient = self._server.messages.count_by_recipient()
        return web.json_response(
            {"total": sum(by_recipient.values()), "by_recipient": by_recipient}
        )

    async def delete_messages(self, request: web.Request) -> web.Response:
        """Forget all messages."""
        self._server.messages.delete_all()
        self._server.events.publish("cleared")
        return web.json_response({"ok": True})

    async def media(self, request: web.Request) -> web.StreamResponse:
        """The decrypted media of a message."""
        rows = self._server.store.rows(
            "SELECT media_sha256, mimetype, filename FROM messages WHERE seq = ?",
            (int(request.match_info["seq"]),),
        )
        if not rows or not rows[0]["media_sha256"]:
            return web.json_response({"error": "this message has no media"}, status=404)
        mimetype = rows[0]["mimetype"].split(";")[0] or "application/octet-stream"
        inline = mimetype.startswith(_INLINE) and mimetype != "image/svg+xml"
        headers = {"Content-Type": mimetype, "X-Content-Type-Options": "nosniff"}
        headers["Content-Disposition"] = "inline" if inline else "attachment"
        path = self._server.media.plain_path(rows[0]["media_sha256"])
        return web.FileResponse(path, headers=headers)

    async def inbound(self, request: web.Request) -> web.Response:
        """A phone writes to an account."""
        body = await _body(request)
        account, phone = normalize(body["account"]), normalize(body["from"])
        if not self._server.store.devices(account):
            return web.json_response({"error": f"{account} has no linked device"}, status=409)
        message_id = self._server.send_inbound(
            account, phone, str(body["text"]), body.get("quoted_id"), body.get("kind", "text")
        )
        return web.json_response({"id": message_id})

    # Receipts

    async def receipt(self, request: web.Request) -> web.Response:
        """A phone sends a receipt for a message."""
        body = await _body(request)
        kind = body.get("type", "delivered")
        if kind not in ("delivered", "read"):
            raise BadRequestError("type must be delivered or read")
        account, phone = normalize(body["account"]), normalize(body["recipient"])
        self._server.send_receipt(account, phone, str(body["message_id"]), kind)
        return web.json_response({"ok": True})

    async def receipt_policies(self, request: web.Request) -> web.Response:
        """The receipt policies by recipient."""
        policies = self._server.delivery.policies()
        return web.json_response({number: vars(p) for number, p in policies.items()})

    async def set_receipt_policy(self, request: web.Request) -> web.Response:
        """Set when phones send receipts by themselves."""
        body = await _body(request)
        policy = ReceiptPolicy(body.get("delivered_ms"), body.get("read_ms"))
        self._server.delivery.set_policy(_pattern(body.get("recipient")), policy)
        return web.json_response({"ok": True})

    # Failure rules

    async def rules(self, request: web.Request) -> web.Response:
        """The failure rules, with how often each was applied."""
        return web.json_response([rule.as_dict() for rule in self._server.rules.all()])

    async def add_rule(self, request: web.Request) -> web.Response:
        """Add a failure rule; ``status`` is another name of ``code``."""
        body = await _body(request)
        body.setdefault("code", body.pop("status", None))
        names = ("count", "delay_ms", "code", "ban_code", "expire", "message", "cold_only", "after")
        rule = Rule(
            kind=RuleKind(body["kind"]),
            account=_pattern(body.get("account")),
            recipient=_pattern(body.get("recipient")),
            **{name: body[name] for name in names if body.get(name) is not None},
        )
        return web.json_response(self._server.rules.add(rule).as_dict())

    async def delete_rule(self, request: web.Request) -> web.Response:
        """Remove one rule."""
        self._server.rules.remove(int(request.match_info["id"]))
        return web.json_response({"ok": True})

    async def delete_rules(self, request: web.Request) -> web.Response:
        """All goes well again: no rules, nothing refused, nobody muted."""
        self._server.rules.clear()
        self._server.switches.reset()
        self._server.mailbox.release_withheld()
        return web.json_response({"ok": True})

    # The page

    async def chats(self, request: web.Request) -> web.Response:
        """A page of the chats, the latest first, and the totals."""
        query = request.query
        rows = self._server.messages.chats(
            search="".join(c for c in query.get("search", "") if c.isdigit()),
            limit=int(query.get("limit", 60)),
            offset=int(query.get("offset", 0)),
        )
        return web.json_response({"chats": rows, "totals": self._server.messages.totals()})

    async def chat(self, request: web.Request) -> web.Response:
        """The last messages of a chat, in both directions."""
        rows = self._server.messages.search(
            account=request.match_info["account"],
            recipient=request.match_info["recipient"],
            before=int(request.query.get("before", 1 << 62)),
            limit=int(request.query.get("limit", 50)),
            inbound=None,
        )
        return web.json_response(rows)

    async def see(self, request: web.Request) -> web.Response:
        """The contact opens the chat: what was unread is read, and receipts say so."""
        account, phone = request.match_info["account"], request.match_info["recipient"]
        unread = self._server.messages.see(account, phone)
        for message_id in unread:
            self._server.send_receipt(account, phone, message_id, "read")
        return web.json_response({"read": len(unread)})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: what changed, gathered over a fifth of a second."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.headers["Cache-Control"] = "no-store"
        await response.prepare(request)
        await response.write(b"retry: 1000\n\n")
        with self._server.events.watch() as queue, suppress(ConnectionError):
            while True:
                batch = await _gather(queue)
                line = f"data: {json.dumps(batch)}" if batch else ": still here"
                await response.write(f"{line}\n\n".encode())
        return response


async def _gather(queue: asyncio.Queue[Json]) -> list[Json]:
    """Events that came close together; nothing after a while without any."""
    try:
        batch = [await asyncio.wait_for(queue.get(), _STREAM_KEEPALIVE)]
    except TimeoutError:
        return []
    await asyncio.sleep(_STREAM_INTERVAL)
    while not queue.empty():
        batch.append(queue.get_nowait())
    return batch


def _shown(row: Json) -> Json:
    return {**row, "inbound": bool(row["inbound"])}
