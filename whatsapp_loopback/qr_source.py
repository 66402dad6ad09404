"""Where the owner's phone looks when it is told to scan without being given a QR code."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from whatsapp_loopback.pairing import PairingError

_PATTERN = "qr:*"


class QrSource:
    """The QR codes that the application shows, read from its Redis (keys ``qr:*``)."""

    def __init__(self, redis_url: str | None) -> None:
        self._redis_url = redis_url

    async def newest(self, is_waiting: Callable[[str], bool]) -> str:
        """The newest code whose client is waiting; PairingError if there is none."""
        if self._redis_url is None:
            raise PairingError("no QR code was given, and the server was started without a Redis")
        codes = await self._codes(self._redis_url)
        usable = [qr for _, qr in sorted(codes, reverse=True) if _is_usable(qr, is_waiting)]
        if not usable:
            raise PairingError("there is no QR code to scan: open the linking page first")
        return usable[0]

    async def _codes(self, url: str) -> list[tuple[int, str]]:
        """Codes with the seconds that they will still live: the longest is the newest."""
        from redis.asyncio import Redis  # only servers with --qr-redis need it

        codes = []
        async with Redis.from_url(url, decode_responses=True) as redis:
            async for key in redis.scan_iter(match=_PATTERN):
                value, life = await redis.get(key), await redis.pttl(key)
                codes.append((int(life), _code(value)))
        return codes


def _code(value: Any) -> str:
    with suppress(ValueError, TypeError, AttributeError):
        return str(json.loads(value).get("code", ""))
    return ""


def _is_usable(qr: str, is_waiting: Callable[[str], bool]) -> bool:
    with suppress(PairingError, ValueError):
        return is_waiting(qr)
    return False
