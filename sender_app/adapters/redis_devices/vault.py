"""Devices in Redis: `wa:session:{account}:creds` and `:keys:*`, sealed with the settings' key.

Names of fields are keyed hashes, since what tells rows apart are people's addresses. Message
secrets are `keys:sent`, a stream of the newest ones' keyed hashes and message ids: the library
needs none of them again, and what recovery asks has to outlive the device.
"""

import base64
import hashlib
import hmac
import secrets as random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from redis import Redis

from sender_app.adapters.redis_devices.device_file import Cells, Table
from sender_app.domain.errors import LeaseLost, Unavailable

MOST_SECRETS = 20_000  # far more than can be claimed at once and not recorded
_EPOCH, _TABLES = b"epoch", b"tables"  # of `creds`, unsealed
_CREDENTIALS = ("whatsmeow_device", "whatsmeow_version")
_NONCE = 12  # bytes
_AT_ONCE = 500  # fields of a hash in one answer
# Nothing is written under a lease whose account has been opened under a newer one.
_OPEN = """
local before = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
if before > tonumber(ARGV[1]) then return 0 end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
  for n = 2, #KEYS do redis.call('DEL', KEYS[n]) end
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1])
return 1
"""
_WRITE = """
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
local n = 2
while n < #ARGV do
  local what, key = ARGV[n], ARGV[n + 1]
  if what == 'put' then
    redis.call('HSET', key, ARGV[n + 2], ARGV[n + 3]); n = n + 4
  elseif what == 'gone' then
    redis.call('HDEL', key, ARGV[n + 2]); n = n + 3
  elseif what == 'drop' then
    redis.call('DEL', key); n = n + 2
  else
    redis.call('XADD', key, 'MAXLEN', '~', what, '*', ARGV[n + 2], ARGV[n + 3]); n = n + 4
  end
end
return 1
"""


class Vault:
    """One account's devices under one lease. Raises redis' errors, and LeaseLost where another
    process has opened the account since."""

    def __init__(self, redis: Redis, secret_key: str, account_id: UUID, epoch: int) -> None:
        self._redis = redis
        self._epoch = epoch
        self._root = f"wa:session:{account_id}"
        self._creds = f"{self._root}:creds"
        self._secrets = f"{self._root}:keys:sent"
        derived = HKDF(SHA256(), 64, str(account_id).encode(), b"sender linked devices")
        both = derived.derive(secret_key.encode())
        self._cipher, self._key = AESGCM(both[:32]), both[32:]
        self._tables: dict[str, Table] = {}

    def open(self, *, linked: bool) -> list[Table]:
        """Nobody with an older lease writes any more; returns what tables there are, perhaps none.

        Without a `linked` device, what is left of old ones is deleted.
        """
        tables = self._listed()
        old = [] if linked else [self._place(table.name) for table in tables]
        keys = [self._creds, *(key for key in old if key != self._creds)]
        if not self._redis.eval(_OPEN, len(keys), *keys, self._epoch, int(linked)):
            raise self._lost()
        tables = self._listed()
        self._tables = {table.name: table for table in tables}
        return tables

    def rows(self, table: str) -> Iterator[Cells]:
        """The rows of a table. Raises Unavailable where they were sealed with another key."""
        key = self._place(table)
        prefix = f"{table}:".encode() if key == self._creds else b""
        for field, sealed in self._redis.hscan_iter(key, count=_AT_ONCE):
            if field.startswith(prefix):
                yield _unpacked(self._opened(f"{table}:{field.decode()}", sealed))

    def replace(self, tables: Sequence[Table], rows: Mapping[tuple[str, str], Cells]) -> None:
        """These tables with these rows take the place of all there was."""
        old = {self._place(name) for name in self._tables} - {self._creds}
        change: list[Any] = [part for key in old for part in ("drop", key)]
        fields: Any = self._redis.hkeys(self._creds)
        for field in fields:
            if field not in (_EPOCH, _TABLES):
                change += ["gone", self._creds, field]
        listed = orjson.dumps([asdict(table) for table in tables])
        change += ["put", self._creds, _TABLES, listed]
        self._write(change + self._puts(rows))
        self._tables = {table.name: table for table in tables}

    def save(
        self,
        rows: Mapping[tuple[str, str], Cells],
        gone: Iterable[tuple[str, str]],
        secrets: Mapping[bytes, str],
    ) -> None:
        """Changed rows, rows that are gone, and message ids by their secrets; all or nothing."""
        change = self._puts(rows)
        for table, name in gone:
            change += ["gone", self._place(table), self._field(table, name)]
        for secret, message_id in secrets.items():
            change += [MOST_SECRETS, self._secrets, self._hash(secret), message_id]
        self._write(change)

    def check(self) -> None:
        """Redis is there, and the lease is still the newest one's."""
        if self._redis.hget(self._creds, _EPOCH) != str(self._epoch).encode():
            raise self._lost()

    def find_message_ids(self, secrets: Sequence[bytes]) -> dict[bytes, str]:
        """The ids of messages with `secrets` that were saved."""
        wanted = {self._hash(secret).encode(): secret for secret in secrets}
        found: dict[bytes, str] = {}
        last = "+"
        while len(found) < len(wanted):
            entries: Any = self._redis.xrevrange(self._secrets, max=last, count=_AT_ONCE)
            if not entries:
                break
            for _, fields in entries:
                for name, message_id in fields.items():
                    if name in wanted:
                        found[wanted[name]] = message_id.decode()
            last = f"({entries[-1][0].decode()}"
        return found

    def _listed(self) -> list[Table]:
        listed: Any = self._redis.hget(self._creds, _TABLES)
        return [
            Table(one["name"], tuple(one["sql"]), tuple(one["columns"]), tuple(one["key"]))
            for one in orjson.loads(listed or b"[]")
        ]

    def _write(self, change: Sequence[Any]) -> None:
        if change and not self._redis.eval(_WRITE, 1, self._creds, self._epoch, *change):
            raise self._lost()

    def _lost(self) -> LeaseLost:
        return LeaseLost(f"{self._root} has been opened since epoch {self._epoch}")

    def _puts(self, rows: Mapping[tuple[str, str], Cells]) -> list[Any]:
        change: list[Any] = []
        for (table, name), cells in rows.items():
            field = self._field(table, name)
            sealed = self._sealed(f"{table}:{field}", _packed(cells))
            change += ["put", self._place(table), field, sealed]
        return change

    def _place(self, table: str) -> str:
        if table in _CREDENTIALS:
            return self._creds
        return f"{self._root}:keys:{table.removeprefix('whatsmeow_')}"

    def _field(self, table: str, name: str) -> str:
        hashed = self._hash(f"{table}:{name}".encode())
        return f"{table}:{hashed}" if table in _CREDENTIALS else hashed

    def _hash(self, content: bytes) -> str:
        hashed = hmac.new(self._key, content, hashlib.sha256).digest()[:18]
        return base64.urlsafe_b64encode(hashed).decode()

    def _sealed(self, what: str, content: bytes) -> bytes:
        nonce = random.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, content, what.encode())

    def _opened(self, what: str, sealed: bytes) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], what.encode())
        except InvalidTag as error:
            raise Unavailable("SECRET_KEY is not the one that devices were sealed with") from error


def _packed(cells: Cells) -> bytes:
    return orjson.dumps(
        [[base64.b64encode(c).decode()] if isinstance(c, bytes) else c for c in cells]
    )


def _unpacked(content: bytes) -> Cells:
    cells = orjson.loads(content)
    return tuple(base64.b64decode(c[0]) if isinstance(c, list) else c for c in cells)
