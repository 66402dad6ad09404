"""A CONNECT proxy on loopback: it leads WhatsApp's host names to our server, and nothing else."""

import asyncio
import contextlib

from whatsapp_loopback.certificates import HOSTS
from whatsapp_loopback.server import Server


class Proxy:
    """Relays the bytes of a tunnel to the local TLS server."""

    def __init__(self, server: Server, tls_port: int) -> None:
        self._server = server
        self._tls_port = tls_port

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client of the proxy."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            host = head.split(b" ")[1].split(b":")[0].decode()
            if not head.startswith(b"CONNECT ") or host not in HOSTS or self._server.refusing:
                status = b"503 Refused" if self._server.refusing else b"403 Forbidden"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
                return
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._tls_port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError):
            pass  # a client that goes away in the middle
        finally:
            with contextlib.suppress(OSError):
                writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
