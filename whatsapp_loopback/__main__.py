"""`python -m whatsapp_loopback --data DIR --port P --proxy-port Q`: run until SIGTERM or SIGINT."""

import argparse
import asyncio
import json
import signal
from pathlib import Path

from aiohttp import web

from whatsapp_loopback.certificates import ensure
from whatsapp_loopback.control import Control
from whatsapp_loopback.library import trust_root_address
from whatsapp_loopback.proxy import Proxy
from whatsapp_loopback.server import Server
from whatsapp_loopback.store import Store

HOST = "127.0.0.1"  # never anything else: the server trusts whoever reaches it


async def _listen(app: web.Application, port: int, **options: object) -> tuple[web.AppRunner, int]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, HOST, port, **options)  # type: ignore[arg-type]
    await site.start()
    return runner, runner.addresses[0][1]


async def run(data: Path, port: int, proxy_port: int, qr_redis: str | None) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = Server(Store(data))
    context = ensure(data)
    whatsapp = web.Application(client_max_size=128 * 1024 * 1024)
    whatsapp.add_routes(
        [
            web.get("/ws/chat", server.serve),
            web.post("/mms/{type}/{token}", server.upload),
        ]
    )
    tls, tls_port = await _listen(whatsapp, 0, ssl_context=context)
    control, port = await _listen(Control(server, qr_redis).application(), port)
    proxy = await asyncio.start_server(Proxy(server, tls_port).handle, HOST, proxy_port)
    ready = {
        "url": f"http://{HOST}:{port}",
        "proxy_url": f"http://{HOST}:{proxy.sockets[0].getsockname()[1]}",
        "trust_root": server.root.public.hex(),
        "trust_address": hex(trust_root_address()),
    }
    (data / "ready.json").write_text(json.dumps(ready))
    print(json.dumps(ready), flush=True)
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    await stop.wait()
    proxy.close()
    for connection in list(server.every):
        await connection.close()
    await tls.cleanup()
    await control.cleanup()
    server.store.close()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="whatsapp_loopback", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder to keep accounts in")
    parser.add_argument("--port", type=int, default=0, help="of the page and the control API")
    parser.add_argument("--proxy-port", type=int, default=0, help="of the CONNECT proxy")
    parser.add_argument("--qr-redis", help="Redis in which Sender shows its QR codes (qr:*)")
    args = parser.parse_args()
    asyncio.run(run(args.data, args.port, args.proxy_port, args.qr_redis))


if __name__ == "__main__":
    main()
