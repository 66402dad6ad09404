"""Sessions, sign-ins on their way and one-time links in Redis, under hashes of their secrets."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from redis import Redis

from sender_app.adapters.sealing import Sealer
from sender_app.ports.identity import LoginAttempt, Session, User

_IDLE = 12 * 3600  # seconds since the last look
_LONGEST = 7 * 24 * 3600  # seconds since the sign-in
_LINK_LIVES = 24 * 3600  # seconds; the link is on the terminal of whoever started Sender
_ATTEMPT_LIVES = 900  # seconds to type a password and a second factor
_RENEWAL_LIVES = 30  # seconds until a renewal that never ended does not stop others
_SWAP = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


class RedisSessions:
    """See ports.identity.Sessions. Tokens are sealed with a key that only the cookie completes."""

    def __init__(self, redis: Redis, secret_key: str) -> None:
        self._redis = redis
        self._sealer = Sealer(secret_key)

    def open(self, session: Session) -> str:
        session_id = secrets.token_urlsafe(32)
        ends_at = datetime.now(UTC) + timedelta(seconds=_LONGEST)
        key = _key("browser", session_id)
        with self._redis.pipeline() as pipe:
            pipe.set(key, self._packed(session_id, session, ends_at), ex=_IDLE)
            for index in _indexes(session.sid, session.user.id):
                pipe.sadd(index, key)
                pipe.expire(index, _LONGEST)
            pipe.execute()
        return session_id

    def find(self, session_id: str) -> Session | None:
        found = self._read(session_id)
        return found[0] if found else None

    def change(self, session_id: str, change: Callable[[Session], Session]) -> Session | None:
        key = _key("browser", session_id)
        while (raw := self._redis.get(key)) is not None:
            found = self._opened(session_id, raw)  # type: ignore[arg-type]
            if found is None:
                return None
            session = change(found[0])
            packed = self._packed(session_id, session, found[1])
            # What a logout deleted meanwhile must not come back, nor a token that was used.
            if self._redis.eval(_SWAP, 1, key, raw, packed, _IDLE):  # type: ignore[arg-type]
                return session
        return None

    def close(self, session_id: str) -> None:
        self._redis.delete(_key("browser", session_id))

    def close_of(self, *, sid: str = "", user_id: str = "") -> int:
        closed = 0
        for index in _indexes(sid, "" if sid else user_id):
            keys = self._redis.smembers(index)
            if keys:  # type: ignore[truthy-bool]
                closed += int(self._redis.delete(*keys))  # type: ignore[arg-type, misc]
            self._redis.delete(index)
        return closed

    def begin_renewal(self, session_id: str) -> bool:
        return bool(self._redis.set(_key("renewal", session_id), b"1", ex=_RENEWAL_LIVES, nx=True))

    def end_renewal(self, session_id: str) -> None:
        self._redis.delete(_key("renewal", session_id))

    def keep_attempt(self, attempt: LoginAttempt) -> None:
        packed = orjson.dumps(asdict(attempt))
        self._redis.set(_key("login", attempt.state), packed, ex=_ATTEMPT_LIVES)

    def take_attempt(self, state: str) -> LoginAttempt | None:
        raw = self._redis.getdel(_key("login", state))
        return LoginAttempt(**orjson.loads(raw)) if raw else None  # type: ignore[arg-type]

    def first_use(self, name: str, within: timedelta) -> bool:
        return bool(self._redis.set(_key("once", name), b"1", ex=within, nx=True))

    def issue_link_token(self) -> str:
        token = secrets.token_urlsafe(24)
        self._redis.set(_key("sign_in", token), b"1", ex=_LINK_LIVES)
        return token

    def redeem_link_token(self, token: str) -> bool:
        return self._redis.getdel(_key("sign_in", token)) is not None

    def _read(self, session_id: str) -> tuple[Session, datetime] | None:
        raw = self._redis.getex(_key("browser", session_id), ex=_IDLE)
        return self._opened(session_id, raw) if raw else None  # type: ignore[arg-type]

    def _opened(self, session_id: str, raw: bytes) -> tuple[Session, datetime] | None:
        try:
            session, ends_at = self._unpacked(session_id, orjson.loads(raw))
        except InvalidTag:  # SECRET_KEY is another one now: everybody signs in again
            return None
        return (session, ends_at) if ends_at > datetime.now(UTC) else None

    def _packed(self, session_id: str, session: Session, ends_at: datetime) -> bytes:
        tokens = orjson.dumps([session.id_token, session.refresh_token])
        return orjson.dumps(
            {
                "user": session.user,
                "workspace_id": session.workspace_id,
                "workspace_ids": session.workspace_ids,
                "confirmed_at": session.confirmed_at,
                "ask_again_at": session.ask_again_at,
                "sid": session.sid,
                "tokens": self._sealer.seal(session_id, tokens),
                "ends_at": ends_at,
            }
        )

    def _unpacked(self, session_id: str, kept: dict) -> tuple[Session, datetime]:
        id_token, refresh_token = orjson.loads(self._sealer.open(session_id, kept["tokens"]))
        asked = kept["ask_again_at"]
        session = Session(
            user=User(**kept["user"]),
            workspace_id=UUID(kept["workspace_id"]),
            workspace_ids=tuple(UUID(one) for one in kept["workspace_ids"]),
            confirmed_at=datetime.fromisoformat(kept["confirmed_at"]),
            ask_again_at=datetime.fromisoformat(asked) if asked else None,
            sid=kept["sid"],
            id_token=id_token,
            refresh_token=refresh_token,
        )
        return session, datetime.fromisoformat(kept["ends_at"])


def _indexes(sid: str, user_id: str) -> list[str]:
    """The sets that name the sessions of the provider's session, and of the person."""
    named = (("sessions_of_sid", sid), ("sessions_of_user", user_id))
    return [_key(kind, value) for kind, value in named if value]


def _key(kind: str, secret: str) -> str:
    return f"{kind}:{hashlib.sha256(secret.encode()).hexdigest()}"
