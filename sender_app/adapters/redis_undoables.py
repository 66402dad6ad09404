"""Records of removals in Redis, sealed, for as long as somebody may think better of it."""

import hashlib
import secrets
import zlib

import orjson
from cryptography.exceptions import InvalidTag
from redis import Redis

from sender_app.adapters.sealing import Sealer
from sender_app.domain.actor import Actor

_LIVES = 900  # seconds; a toast waits while it is pointed at, or its tab is behind others


class RedisUndoables:
    """See ports.undoing.Undoables. Only the secret, which Redis does not have, opens a record."""

    def __init__(self, redis: Redis, secret_key: str) -> None:
        self._redis = redis
        self._sealer = Sealer(secret_key, b"sender undo")

    def keep(self, actor: Actor, kind: str, record: bytes) -> str:
        secret = secrets.token_urlsafe(24)
        about = zlib.compress(orjson.dumps([*_whose(actor, kind), record.decode()]))
        self._redis.set(_key(secret), self._sealer.seal(secret, about), ex=_LIVES)
        return secret

    def find(self, actor: Actor, kind: str, secret: str) -> bytes | None:
        raw = self._redis.get(_key(secret))
        if raw is None:
            return None
        try:
            opened = self._sealer.open(secret, raw.decode())  # type: ignore[union-attr]
        except InvalidTag:  # SECRET_KEY is another one now
            return None
        *whose, record = orjson.loads(zlib.decompress(opened))
        return record.encode() if whose == _whose(actor, kind) else None

    def drop(self, secret: str) -> None:
        self._redis.delete(_key(secret))


def _whose(actor: Actor, kind: str) -> list[str]:
    return [str(actor.workspace_id), actor.user_id, kind]


def _key(secret: str) -> str:
    return f"undo:{hashlib.sha256(secret.encode()).hexdigest()}"
