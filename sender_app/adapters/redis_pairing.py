"""Pairing codes in Redis, under `qr:{account}`, gone by themselves when they expire."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
from redis import Redis

from sender_app.ports.pairing import PairingCodes

_CODE_LIVES = timedelta(minutes=3)  # a pairing code is good for about this long


class RedisPairingBoard:
    """See ports.pairing.PairingBoard. The value is JSON: `code`, `expires_at`, `pairing_code`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def show(self, account_id: UUID, codes: PairingCodes) -> None:
        now = datetime.now(UTC)
        expires_at = codes.qr_expires_at or now + _CODE_LIVES
        value = {
            "code": codes.qr,
            "expires_at": expires_at.isoformat(),
            "pairing_code": codes.code,
        }
        lives = max(timedelta(seconds=1), expires_at - now)
        self._redis.set(f"qr:{account_id}", orjson.dumps(value), px=lives)

    def clear(self, account_id: UUID) -> None:
        self._redis.delete(f"qr:{account_id}")

    def read(self, account_id: UUID) -> PairingCodes:
        raw = self._redis.get(f"qr:{account_id}")
        if raw is None:
            return PairingCodes()
        value = orjson.loads(raw)  # type: ignore[arg-type]
        return PairingCodes(
            value["code"], datetime.fromisoformat(value["expires_at"]), value["pairing_code"]
        )
