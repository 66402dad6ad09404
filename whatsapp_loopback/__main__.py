"""Runs the loopback WhatsApp: ``python -m whatsapp_loopback --data DIR --port P``."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import logging
import signal
import socket
from pathlib import Path

from aiohttp import web

from whatsapp_loopback.control import Control
from whatsapp_loopback.environment import READY_FILE
from whatsapp_loopback.proxy import Proxy
from whatsapp_loopback.qr_source import QrSource
from whatsapp_loopback.server import Server


def _loopback_host(text: str) -> str:
    addresses = {info[4][0] for info in socket.getaddrinfo(text, None)}
    if not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise argparse.ArgumentTypeError(f"{text} is not a loopback address")
    return text


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="whatsapp_loopback", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder for keys and state")
    parser.add_argument("--host", type=_loopback_host, default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="HTTP API and page; 0 = any free")
    parser.add_argument("--proxy-port", type=int, default=0, help="CONNECT proxy; 0 = any free")
    parser.add_argument("--qr-redis", metavar="URL", help="Redis whose qr:* keys hold QR codes")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    arguments.data.mkdir(parents=True, exist_ok=True)
    server = Server(arguments.data)
    proxy = Proxy(server)
    proxy_port = await proxy.start(arguments.host, arguments.proxy_port)
    control = Control(server, QrSource(arguments.qr_redis))
    runner = web.AppRunner(control.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, arguments.host, arguments.port)
    await site.start()
    port = runner.addresses[0][1]
    _announce(arguments.data, arguments.host, port, proxy_port)
    await stop.wait()
    await proxy.stop()
    await runner.cleanup()
    server.close()


def _announce(folder: Path, host: str, port: int, proxy_port: int) -> None:
    host = f"[{host}]" if ":" in host else host
    ready = {"url": f"http://{host}:{port}", "proxy_url": f"http://{host}:{proxy_port}"}
    line = json.dumps(ready)
    unfinished = folder / f".{READY_FILE}"
    unfinished.write_text(line)
    unfinished.rename(folder / READY_FILE)
    print(line, flush=True)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    arguments = _arguments()
    level = logging.DEBUG if arguments.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    asyncio.run(_run(arguments))


if __name__ == "__main__":
    main()
