"""What the loopback server keeps on disk: devices, sessions, messages, what waits."""

import os
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BLOB);
CREATE TABLE IF NOT EXISTS devices (
  account TEXT, device INTEGER, noise BLOB, identity BLOB, registration INTEGER,
  signed_id INTEGER, signed BLOB, signature BLOB, paired_at REAL, PRIMARY KEY (account, device));
CREATE TABLE IF NOT EXISTS prekeys (
  account TEXT, device INTEGER, id INTEGER, public BLOB, PRIMARY KEY (account, device, id));
CREATE TABLE IF NOT EXISTS sessions (
  phone TEXT, account TEXT, device INTEGER, state BLOB, PRIMARY KEY (phone, account, device));
CREATE TABLE IF NOT EXISTS messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, account TEXT, phone TEXT, inbound INTEGER,
  kind TEXT, text TEXT, filename TEXT, mimetype TEXT, media TEXT, secret BLOB, at REAL,
  frames INTEGER, UNIQUE (account, phone, id));
CREATE TABLE IF NOT EXISTS waiting (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT, device INTEGER, key TEXT, stanza BLOB,
  UNIQUE (account, device, key));
"""


@dataclass(frozen=True, slots=True)
class Device:
    """A linked device of an account, with the keys that it has published."""

    account: str
    device: int
    noise: bytes
    identity: bytes
    registration: int = 0
    signed_id: int = 0
    signed: bytes = b""
    signature: bytes = b""
    paired_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Message:
    """A message between an account and a virtual phone; `inbound` ones go to the account."""

    seq: int
    id: str
    account: str
    phone: str
    inbound: bool
    kind: str
    text: str
    filename: str
    mimetype: str
    media: str
    secret: bytes
    at: float
    frames: int


class Store:
    """SQLite in the data folder. It survives an end of the process, not of the machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "loopback.db", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def secret(self, name: str, length: int = 32) -> bytes:
        """Random bytes that stay the same for as long as the folder does."""
        row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        if row:
            return row["value"]
        value = os.urandom(length)
        self._db.execute("INSERT INTO settings VALUES (?, ?)", (name, value))
        return value

    def add_device(self, account: str, noise: bytes, identity: bytes) -> Device:
        """A new linked device, with the next free number."""
        row = self._db.execute(
            "SELECT coalesce(max(device), 0) + 1 AS n FROM devices WHERE account = ?", (account,)
        ).fetchone()
        device = Device(account, row["n"], noise, identity, paired_at=time.time())
        self._db.execute(
            "INSERT INTO devices (account, device, noise, identity, paired_at) VALUES (?,?,?,?,?)",
            (account, device.device, noise, identity, device.paired_at),
        )
        return device

    def devices(self, account: str | None = None) -> list[Device]:
        """Linked devices, of one account or all."""
        rows = self._db.execute(
            "SELECT * FROM devices WHERE ?1 IS NULL OR account = ?1 ORDER BY account, device",
            (account,),
        )
        return [
            Device(**{key: row[key] for key in Device.__dataclass_fields__ if row[key] is not None})
            for row in rows
        ]

    def remove_device(self, account: str, device: int) -> None:
        """Forget a device, its keys, sessions and whatever waits for it."""
        for table in ("devices", "prekeys", "sessions", "waiting"):
            self._db.execute(
                f"DELETE FROM {table} WHERE account = ? AND device = ?",  # noqa: S608
                (account, device),
            )

    def publish(
        self,
        device: Device,
        registration: int,
        signed: tuple[int, bytes, bytes],
        prekeys: Iterable[tuple[int, bytes]],
    ) -> None:
        """Keep the keys that a device uploads."""
        self._db.execute(
            "UPDATE devices SET registration=?, signed_id=?, signed=?, signature=?"
            " WHERE account=? AND device=?",
            (registration, *signed, device.account, device.device),
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO prekeys VALUES (?, ?, ?, ?)",
            ((device.account, device.device, number, public) for number, public in prekeys),
        )

    def prekey_count(self, account: str, device: int) -> int:
        """One-time keys left."""
        return self._db.execute(
            "SELECT count(*) FROM prekeys WHERE account = ? AND device = ?", (account, device)
        ).fetchone()[0]

    def take_prekey(self, account: str, device: int) -> tuple[int, bytes] | None:
        """One one-time key, which is then gone."""
        row = self._db.execute(
            "DELETE FROM prekeys WHERE (account, device, id) IN (SELECT account, device, id FROM"
            " prekeys WHERE account = ? AND device = ? LIMIT 1) RETURNING id, public",
            (account, device),
        ).fetchone()
        return (row["id"], row["public"]) if row else None

    def session(self, phone: str, account: str, device: int) -> bytes | None:
        """A phone's Signal session with a device."""
        row = self._db.execute(
            "SELECT state FROM sessions WHERE phone = ? AND account = ? AND device = ?",
            (phone, account, device),
        ).fetchone()
        return row["state"] if row else None

    def save_session(self, phone: str, account: str, device: int, state: bytes | None) -> None:
        """Keep a session; None forgets it."""
        if state is None:
            self._db.execute(
                "DELETE FROM sessions WHERE phone = ? AND account = ? AND device = ?",
                (phone, account, device),
            )
            return
        self._db.execute(
            "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?)", (phone, account, device, state)
        )

    def add_message(self, message: Message) -> Message | None:
        """Keep a message; one that a phone has already only counts a frame more, and gives None."""
        fields = (
            message.id,
            message.account,
            message.phone,
            message.inbound,
            message.kind,
            message.text,
            message.filename,
            message.mimetype,
            message.media,
            message.secret,
            message.at,
        )
        row = self._db.execute(
            "INSERT INTO messages (id, account, phone, inbound, kind, text, filename, mimetype,"
            " media, secret, at, frames) VALUES (?,?,?,?,?,?,?,?,?,?,?,1)"
            " ON CONFLICT DO UPDATE SET frames = frames + 1 RETURNING *",
            fields,
        ).fetchone()
        return self._message(row) if row["frames"] == 1 else None

    def messages(
        self,
        account: str | None = None,
        phone: str | None = None,
        since: int = 0,
        limit: int = 1000,
        inbound: bool | None = None,
    ) -> list[Message]:
        """Messages after number `since`, oldest first."""
        rows = self._db.execute(
            "SELECT * FROM messages WHERE seq > ? AND (?2 IS NULL OR account = ?2)"
            " AND (?3 IS NULL OR phone = ?3) AND (?4 IS NULL OR inbound = ?4)"
            " ORDER BY seq LIMIT ?5",
            (since, account, phone, inbound, limit),
        )
        return [self._message(row) for row in rows]

    def chats(self) -> list[tuple[Message, int]]:
        """The last message of each phone with the number of its messages, newest first."""
        rows = self._db.execute(
            "SELECT m.*, t.n AS n FROM (SELECT max(seq) AS seq, count(*) AS n FROM messages"
            " GROUP BY account, phone) t JOIN messages m USING (seq) ORDER BY m.seq DESC"
        )
        return [(self._message(row), row["n"]) for row in rows]

    def counts(self) -> dict[str, int]:
        """Messages that each phone got."""
        rows = self._db.execute(
            "SELECT phone, count(*) AS n FROM messages WHERE inbound = 0 GROUP BY phone"
        )
        return {row["phone"]: row["n"] for row in rows}

    def clear_messages(self) -> None:
        """Forget every message."""
        self._db.execute("DELETE FROM messages")

    def wait(self, account: str, device: int, key: str, stanza: bytes) -> None:
        """Keep a stanza until the device acknowledges it."""
        self._db.execute(
            "INSERT OR REPLACE INTO waiting (account, device, key, stanza) VALUES (?, ?, ?, ?)",
            (account, device, key, stanza),
        )

    def acknowledged(self, account: str, device: int, key: str) -> None:
        """The device has it."""
        self._db.execute(
            "DELETE FROM waiting WHERE account = ? AND device = ? AND key = ?",
            (account, device, key),
        )

    def waiting(self, account: str, device: int) -> list[tuple[str, bytes]]:
        """What waits for a device, oldest first, with its keys."""
        rows = self._db.execute(
            "SELECT key, stanza FROM waiting WHERE account = ? AND device = ? ORDER BY seq",
            (account, device),
        )
        return [(row["key"], row["stanza"]) for row in rows]

    @staticmethod
    def _message(row: sqlite3.Row) -> Message:
        names = Message.__dataclass_fields__
        values = {name: row[name] for name in names}
        return Message(**values | {"inbound": bool(row["inbound"])})
