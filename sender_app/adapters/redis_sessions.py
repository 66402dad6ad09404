"""Sessions and one-time links in Redis, under hashes of their secrets."""

import hashlib
import secrets

import orjson
from redis import Redis

from sender_app.ports.identity import User

_SESSION_LIVES = 12 * 3600  # seconds since the last look
_LINK_LIVES = 24 * 3600  # seconds; the link is on the terminal of whoever started Sender


class RedisSessions:
    """See ports.identity.Sessions."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def open(self, user: User) -> str:
        session_id = secrets.token_urlsafe(32)
        value = orjson.dumps({"id": user.id, "name": user.name})
        self._redis.set(_key("session", session_id), value, ex=_SESSION_LIVES)
        return session_id

    def find(self, session_id: str) -> User | None:
        raw = self._redis.getex(_key("session", session_id), ex=_SESSION_LIVES)
        return User(**orjson.loads(raw)) if raw else None  # type: ignore[arg-type]

    def close(self, session_id: str) -> None:
        self._redis.delete(_key("session", session_id))

    def issue_link_token(self) -> str:
        token = secrets.token_urlsafe(24)
        self._redis.set(_key("sign_in", token), b"1", ex=_LINK_LIVES)
        return token

    def redeem_link_token(self, token: str) -> bool:
        return self._redis.getdel(_key("sign_in", token)) is not None


def _key(kind: str, secret: str) -> str:
    return f"{kind}:{hashlib.sha256(secret.encode()).hexdigest()}"
