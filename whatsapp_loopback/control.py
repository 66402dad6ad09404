"""The HTTP side for people and tests: the virtual phone's page and the control API."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from aiohttp import web
from redis.asyncio import Redis

from whatsapp_loopback.binary_xml import SERVER, Node
from whatsapp_loopback.phones import lid_of
from whatsapp_loopback.server import ReceiptPolicy, Server, plain

_PAGE = Path(__file__).parent / "page"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (ValueError, KeyError, TypeError) as error:
        return web.json_response({"error": str(error)}, status=409)


class Control:
    """Routes under /api, and the page at /."""

    def __init__(self, server: Server, qr_redis: str | None) -> None:
        self._server = server
        self._redis = Redis.from_url(qr_redis) if qr_redis else None
        self._listeners: set[asyncio.Queue[dict[str, object]]] = set()
        server.on_change.append(self._tell)

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[_errors], client_max_size=64 * 1024 * 1024)
        app.add_routes(
            [
                web.get("/", lambda _: _file("index.html")),
                web.get("/phone.css", lambda _: _file("phone.css")),
                web.get("/phone.js", lambda _: _file("phone.js")),
                web.get("/api/health", self.health),
                web.get("/api/stream", self.stream),
                web.get("/api/accounts", self.accounts),
                web.post("/api/accounts/{number}/scan", self.scan),
                web.post("/api/accounts/{number}/enter-code", self.enter_code),
                web.post("/api/accounts/{number}/events", self.event),
                web.delete("/api/accounts/{number}", self.unlink),
                web.get("/api/messages", self.messages),
                web.get("/api/messages/count", self.count),
                web.delete("/api/messages", self.clear),
                web.get("/api/chats", self.chats),
                web.get("/api/media/{seq}", self.media),
                web.post("/api/inbound", self.inbound),
                web.post("/api/receipts", self.receipt),
                web.put("/api/receipt-policy", self.receipt_policy),
                web.get("/api/rules", self.rules),
                web.post("/api/rules", self.add_rule),
                web.delete("/api/rules", self.clear_rules),
            ]
        )
        return app

    def _tell(self, change: dict[str, object]) -> None:
        for listener in self._listeners:
            listener.put_nowait(change)

    async def health(self, _: web.Request) -> web.Response:
        """Whether the server is there, and how many pair now."""
        return web.json_response({"ok": True, "pairing": len(self._server.pairing)})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: what changed."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        queue: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while True:
                try:
                    change = await asyncio.wait_for(queue.get(), 15)
                    await response.write(f"data: {json.dumps(change)}\n\n".encode())
                except TimeoutError:
                    await response.write(b": still here\n\n")
        except ConnectionError:
            return response
        finally:
            self._listeners.discard(queue)

    async def accounts(self, _: web.Request) -> web.Response:
        """Accounts with linked devices."""
        found: dict[str, dict[str, object]] = {}
        for device in self._server.store.devices():
            online = (device.account, device.device) in self._server.online
            entry = found.setdefault(
                device.account,
                {
                    "number": device.account,
                    "lid": lid_of(device.account).user,
                    "connected": False,
                    "devices": [],
                    "paired_at": device.paired_at,
                    "offline_pending": 0,
                },
            )
            entry["connected"] = entry["connected"] or online
            entry["devices"].append(device.device)  # type: ignore[attr-defined]
            waiting = len(self._server.store.waiting(device.account, device.device))
            entry["offline_pending"] += waiting  # type: ignore[operator]
        return web.json_response(list(found.values()))

    async def scan(self, request: web.Request) -> web.Response:
        """The phone scans a QR: the one given, or one that the application shows in Redis."""
        body = await _body(request)
        number = request.match_info["number"]
        texts = [str(body["qr"])] if body.get("qr") else await self._shown()
        problem: Exception = ValueError("no QR is shown anywhere; open the WhatsApp page of Sender")
        for text in texts:
            try:
                device = await self._server.scan(number, text)
                return web.json_response({"account": number, "device": device.device})
            except ValueError as error:
                problem = error
        raise problem

    async def _shown(self) -> list[str]:
        if self._redis is None:
            return []
        values = [await self._redis.get(key) async for key in self._redis.scan_iter("qr:*")]
        codes = [json.loads(value).get("code") for value in values if value]
        return [code for code in codes if code]

    async def enter_code(self, request: web.Request) -> web.Response:
        """The phone's owner types a pairing code."""
        body = await _body(request)
        await self._server.enter_code(request.match_info["number"], str(body["code"]))
        return web.json_response({"ok": True})

    async def event(self, request: web.Request) -> web.Response:
        """Something happens to an account's connection now."""
        body = await _body(request)
        number = request.match_info["number"]
        kind = body["kind"]
        if kind == "refuse_connections":
            self._server.refusing = bool(body.get("on", True))
            return web.json_response({"ok": True})
        if kind == "logged_out":
            await self._server.unlink(number)
            return web.json_response({"ok": True})
        connections = [
            c for (account, _), c in self._server.online.items() if number in ("*", account)
        ]
        for connection in connections:
            match kind:
                case "disconnect":
                    await connection.close()
                case "replaced":
                    await connection.end_stream("", "replaced")
                    await connection.close()
                case "stream_error":
                    await connection.end_stream(str(body["code"]))
                    await connection.close()
                case "mute":
                    connection.muted = bool(body.get("on", True))
                case "receipt_server_error":
                    attrs = {"from": SERVER, "id": "0", "type": "server-error", "t": "1"}
                    await connection.send(Node("receipt", attrs))
                case _:
                    raise ValueError(f"unknown kind {kind}")
        return web.json_response({"connections": len(connections)})

    async def unlink(self, request: web.Request) -> web.Response:
        """The phone's owner removes the linked device."""
        await self._server.unlink(request.match_info["number"])
        return web.json_response({"ok": True})

    async def messages(self, request: web.Request) -> web.Response:
        """Messages, oldest first."""
        query = request.query
        inbound = query.get("inbound")
        found = self._server.store.messages(
            query.get("account"),
            query.get("recipient"),
            int(query.get("since", 0)),
            int(query.get("limit", 1000)),
            None if inbound is None else inbound == "true",
        )
        return web.json_response([plain(message) for message in found])

    async def count(self, _: web.Request) -> web.Response:
        """How many messages each phone got."""
        by_recipient = self._server.store.counts()
        total = sum(by_recipient.values())
        return web.json_response({"total": total, "by_recipient": by_recipient})

    async def clear(self, _: web.Request) -> web.Response:
        """Forget every message."""
        self._server.store.clear_messages()
        return web.json_response({"ok": True})

    async def chats(self, _: web.Request) -> web.Response:
        """One line for each phone, newest first."""
        lines = [{**plain(last), "count": count} for last, count in self._server.store.chats()]
        return web.json_response(lines)

    async def media(self, request: web.Request) -> web.Response:
        """The decrypted attachment of a message."""
        seq = int(request.match_info["seq"])
        found = self._server.store.messages(since=seq - 1, limit=1)
        if not found or found[0].seq != seq or not found[0].media:
            raise web.HTTPNotFound
        content = (self._server.store.folder / "media" / found[0].media).read_bytes()
        kind = found[0].mimetype.split(";")[0] or "application/octet-stream"
        return web.Response(body=content, content_type=kind)

    async def inbound(self, request: web.Request) -> web.Response:
        """A phone writes to an account."""
        body = await _body(request)
        kept = await self._server.reply(
            str(body["account"]),
            str(body["from"]),
            str(body["text"]),
            body.get("quoted_id"),  # type: ignore[arg-type]
        )
        return web.json_response({"id": kept.id})

    async def receipt(self, request: web.Request) -> web.Response:
        """A phone confirms a message."""
        body = await _body(request)
        await self._server.receipt(
            *(str(body[name]) for name in ("account", "recipient", "message_id", "type"))
        )
        return web.json_response({"ok": True})

    async def receipt_policy(self, request: web.Request) -> web.Response:
        """When phones confirm by themselves."""
        body = await _body(request)
        policy = ReceiptPolicy(body.get("delivered_ms"), body.get("read_ms"))  # type: ignore[arg-type]
        self._server.policies[str(body.get("recipient", "*"))] = policy
        return web.json_response({"ok": True})

    async def rules(self, _: web.Request) -> web.Response:
        """The failures now in force."""
        return web.json_response([asdict(rule) for rule in self._server.rules.all])

    async def add_rule(self, request: web.Request) -> web.Response:
        """A failure from now on."""
        rule = self._server.rules.add(**await _body(request))
        return web.json_response(asdict(rule), status=201)

    async def clear_rules(self, _: web.Request) -> web.Response:
        """All goes well again."""
        self._server.rules.all.clear()
        self._server.refusing = False
        return web.json_response({"ok": True})


async def _body(request: web.Request) -> dict[str, object]:
    return await request.json() if request.can_read_body else {}


async def _file(name: str) -> web.FileResponse:
    return web.FileResponse(_PAGE / name)
