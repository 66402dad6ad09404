"""The server's memory in SQLite: everything that has to outlive a restart."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (number TEXT PRIMARY KEY, paired_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS devices (
    account TEXT NOT NULL, device INTEGER NOT NULL, noise_key BLOB NOT NULL,
    identity BLOB NOT NULL, registration_id INTEGER NOT NULL,
    signed_prekey_id INTEGER NOT NULL, signed_prekey BLOB NOT NULL,
    paired_at REAL NOT NULL, removed_at REAL, PRIMARY KEY (account, device));
CREATE TABLE IF NOT EXISTS prekeys (
    account TEXT NOT NULL, device INTEGER NOT NULL, id INTEGER NOT NULL, public BLOB NOT NULL,
    PRIMARY KEY (account, device, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
    phone TEXT NOT NULL, account TEXT NOT NULL, device INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (phone, account, device)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, account TEXT NOT NULL,
    recipient TEXT NOT NULL, device INTEGER, inbound INTEGER NOT NULL, kind TEXT NOT NULL,
    text TEXT NOT NULL, caption TEXT NOT NULL, filename TEXT NOT NULL, mimetype TEXT NOT NULL,
    media_sha256 TEXT NOT NULL, secret_hex TEXT NOT NULL, quoted_id TEXT NOT NULL,
    received_at REAL NOT NULL, frames INTEGER NOT NULL DEFAULT 1,
    delivered_at REAL, read_at REAL, shown TEXT NOT NULL DEFAULT '{}');
CREATE UNIQUE INDEX IF NOT EXISTS message_identity ON messages (account, recipient, id, inbound);
CREATE INDEX IF NOT EXISTS message_chat ON messages (recipient, account, seq);
CREATE TABLE IF NOT EXISTS chats_seen (
    account TEXT NOT NULL, recipient TEXT NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (account, recipient)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mailbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, device INTEGER NOT NULL,
    class TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, phone TEXT NOT NULL,
    plaintext BLOB, enc_type TEXT, ciphertext BLOB, due_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS mailbox_item ON mailbox (account, device, id);
CREATE TABLE IF NOT EXISTS receipt_policies (
    recipient TEXT PRIMARY KEY, delivered_ms INTEGER, read_ms INTEGER);
"""

MESSAGE_COLUMNS = (
    "seq, id, account, recipient, inbound, kind, text, caption, filename, mimetype,"
    " media_sha256, secret_hex, quoted_id, received_at, frames, delivered_at, read_at, shown"
)


@dataclass(frozen=True)
class Device:
    """A linked device: what the client told us about itself when it was paired."""

    account: str
    device: int
    noise_key: bytes
    identity: bytes
    registration_id: int
    signed_prekey_id: int
    signed_prekey: bytes


@dataclass(frozen=True)
class MailItem:
    """A stanza that a linked device has not acknowledged."""

    seq: int
    account: str
    device: int
    stanza_class: str
    id: str
    type: str
    phone: str
    plaintext: bytes | None
    enc_type: str | None
    ciphertext: bytes | None
    due_at: float


class Store:
    """Typed queries over one SQLite file; used from the event loop's thread only."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=OFF")
        self.db.executescript(_SCHEMA)
        columns = {column["name"] for column in self.rows("PRAGMA table_info(messages)")}
        if "shown" not in columns:  # the file is of an older version
            self.db.execute("ALTER TABLE messages ADD COLUMN shown TEXT NOT NULL DEFAULT '{}'")
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Group statements into one commit; nested uses join the outer one."""
        self._depth += 1
        try:
            if self._depth == 1:
                self.db.execute("BEGIN")
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self.db.execute("COMMIT")

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rows as dicts, for queries that only one place needs."""
        return [dict(row) for row in self.db.execute(sql, values)]

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    # Accounts and devices

    def add_device(self, device: Device) -> None:
        """Record a newly linked device, and its account if it is the first."""
        now = time.time()
        with self.transaction():
            self.db.execute(
                "INSERT INTO accounts VALUES (?, ?) ON CONFLICT (number)"
                " DO UPDATE SET paired_at = excluded.paired_at",
                (device.account, now),
            )
            self.db.execute(
                "INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    device.account,
                    device.device,
                    device.noise_key,
                    device.identity,
                    device.registration_id,
                    device.signed_prekey_id,
                    device.signed_prekey,
                    now,
                ),
            )

    def next_device(self, account: str) -> int:
        """The next free device number; numbers of removed devices are not used again."""
        row = self.db.execute("SELECT max(device) FROM devices WHERE account = ?", (account,))
        return (row.fetchone()[0] or 0) + 1

    def find_device(self, account: str, device: int) -> Device | None:
        """A device that is still linked."""
        return next((d for d in self.devices(account) if d.device == device), None)

    def devices(self, account: str) -> list[Device]:
        """The devices still linked to an account."""
        rows = self.db.execute(
            "SELECT account, device, noise_key, identity, registration_id, signed_prekey_id,"
            " signed_prekey FROM devices WHERE account = ? AND removed_at IS NULL",
            (account,),
        )
        return [Device(*row) for row in rows]

    def remove_device(self, account: str, device: int) -> None:
        """Unlink a device and forget what waits for it."""
        key = (account, device)
        with self.transaction():
            self.db.execute(
                "UPDATE devices SET removed_at = ? WHERE account = ? AND device = ?",
                (time.time(), *key),
            )
            self.db.execute("DELETE FROM prekeys WHERE account = ? AND device = ?", key)
            self.db.execute("DELETE FROM mailbox WHERE account = ? AND device = ?", key)
            self.db.execute("DELETE FROM sessions WHERE account = ? AND device = ?", key)

    # Prekeys

    def set_prekeys(
        self,
        account: str,
        device: int,
        signed: tuple[int, bytes],
        prekeys: Iterable[tuple[int, bytes]],
    ) -> None:
        """Keep the keys that a device uploaded."""
        with self.transaction():
            self.db.execute(
                "UPDATE devices SET signed_prekey_id = ?, signed_prekey = ?"
                " WHERE account = ? AND device = ?",
                (*signed, account, device),
            )
            self.db.executemany(
                "INSERT OR REPLACE INTO prekeys VALUES (?, ?, ?, ?)",
                [(account, device, key_id, public) for key_id, public in prekeys],
            )

    def prekey_count(self, account: str, device: int) -> int:
        """How many one-time prekeys are left."""
        sql = "SELECT count(*) FROM prekeys WHERE account = ? AND device = ?"
        return self.db.execute(sql, (account, device)).fetchone()[0]

    def take_prekey(self, account: str, device: int) -> tuple[int, bytes] | None:
        """Hand out one one-time prekey; it is gone afterwards."""
        row = self.db.execute(
            "DELETE FROM prekeys WHERE (account, device, id) IN (SELECT account, device, id"
            " FROM prekeys WHERE account = ? AND device = ? LIMIT 1) RETURNING id, public",
            (account, device),
        ).fetchone()
        return (row[0], row[1]) if row else None

    # Signal sessions of the phones

    def find_sessions(self, phone: str, account: str, device: int) -> str | None:
        """The record of a phone's sessions with a device."""
        row = self.db.execute(
            "SELECT state FROM sessions WHERE phone = ? AND account = ? AND device = ?",
            (phone, account, device),
        ).fetchone()
        return row[0] if row else None

    def save_sessions(self, phone: str, account: str, device: int, state: str) -> None:
        """Replace that record."""
        self.db.execute(
            "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)", (phone, account, device, state)
        )

    def forget_sessions(self, phone: str, account: str, device: int) -> None:
        """Drop that record, so that the next message begins a new session."""
        self.db.execute(
            "DELETE FROM sessions WHERE phone = ? AND account = ? AND device = ?",
            (phone, account, device),
        )
