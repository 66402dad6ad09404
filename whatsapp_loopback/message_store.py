"""Queries about messages, chats, receipt policies and the mailbox, over the same file."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from whatsapp_loopback.store import MESSAGE_COLUMNS, MailItem, Store

_MAIL_COLUMNS = (
    "seq, account, device, class, id, type, phone, plaintext, enc_type, ciphertext, due_at"
)


@dataclass(frozen=True)
class Content:
    """What a message says, once it is decrypted."""

    kind: str
    text: str = ""
    caption: str = ""
    filename: str = ""
    mimetype: str = ""
    media_sha256: str = ""
    secret_hex: str = ""
    quoted_id: str = ""
    shown: str = "{}"  # JSON: what a phone shows of a file before it is loaded


@dataclass(frozen=True)
class ReceiptPolicy:
    """When a phone sends its receipts, in milliseconds after the message; None: never."""

    delivered_ms: int | None = 0
    read_ms: int | None = None


class MessageStore:
    """What phones got and sent, and how far it was seen."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.db = store.db

    def repeat(self, account: str, recipient: str, message_id: str) -> bool:
        """Count one more frame of a message that the phone has; False if it has it not."""
        cursor = self.db.execute(
            "UPDATE messages SET frames = frames + 1"
            " WHERE account = ? AND recipient = ? AND id = ? AND inbound = 0",
            (account, recipient, message_id),
        )
        return cursor.rowcount > 0

    def add(
        self,
        account: str,
        recipient: str,
        message_id: str,
        content: Content,
        device: int | None = None,
    ) -> int:
        """Record a message and return its sequence number.

        ``device`` is the linked device that sent it; None for one that the phone sent.
        """
        cursor = self.db.execute(
            "INSERT INTO messages (id, account, recipient, device, inbound, kind, text, caption,"
            " filename, mimetype, media_sha256, secret_hex, quoted_id, shown, received_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                message_id,
                account,
                recipient,
                device,
                int(device is None),
                content.kind,
                content.text,
                content.caption,
                content.filename,
                content.mimetype,
                content.media_sha256,
                content.secret_hex,
                content.quoted_id,
                content.shown,
                time.time(),
            ),
        )
        return cursor.lastrowid or 0

    def mark(self, account: str, recipient: str, message_id: str, receipt: str) -> None:
        """Note a receipt (``delivered`` or ``read``) of a message in either direction."""
        column = "read_at" if receipt == "read" else "delivered_at"
        self.db.execute(
            f"UPDATE messages SET {column} = coalesce({column}, ?)"  # noqa: S608
            " WHERE account = ? AND recipient = ? AND id = ?",
            (time.time(), account, recipient, message_id),
        )

    def sender_device(self, account: str, recipient: str, message_id: str) -> int | None:
        """The linked device that sent a message, if the phone has that message."""
        row = self.db.execute(
            "SELECT device FROM messages"
            " WHERE account = ? AND recipient = ? AND id = ? AND inbound = 0",
            (account, recipient, message_id),
        ).fetchone()
        return row[0] if row else None

    def find(self, account: str, recipient: str, message_id: str) -> dict[str, Any] | None:
        """One message of a chat, in either direction."""
        rows = self.store.rows(
            f"SELECT {MESSAGE_COLUMNS} FROM messages"  # noqa: S608
            " WHERE account = ? AND recipient = ? AND id = ?",
            (account, recipient, message_id),
        )
        return rows[0] if rows else None

    def has_written(self, phone: str, account: str) -> bool:
        """Whether a phone has ever written to an account."""
        sql = "SELECT 1 FROM messages WHERE recipient = ? AND account = ? AND inbound = 1 LIMIT 1"
        return self.db.execute(sql, (phone, account)).fetchone() is not None

    def search(
        self,
        account: str | None = None,
        recipient: str | None = None,
        since: int = 0,
        before: int | None = None,
        limit: int = 1000,
        inbound: bool | None = False,
    ) -> list[dict[str, Any]]:
        """Messages after ``since``, oldest first; with ``before``, the last ones before it."""
        where, values = ["seq > ?"], [since]
        filters = {"account = ?": account, "recipient = ?": recipient, "seq < ?": before}
        filters["inbound = ?"] = None if inbound is None else int(inbound)
        for condition, value in filters.items():
            if value is not None:
                where.append(condition)
                values.append(value)  # type: ignore[arg-type]
        order = "ASC" if before is None else "DESC"
        rows = self.store.rows(
            f"SELECT {MESSAGE_COLUMNS} FROM messages"  # noqa: S608
            f" WHERE {' AND '.join(where)} ORDER BY seq {order} LIMIT ?",
            (*values, limit),
        )
        return rows if before is None else rows[::-1]

    def count_by_recipient(self) -> dict[str, int]:
        """How many messages each phone has got."""
        rows = self.db.execute(
            "SELECT recipient, count(*) FROM messages WHERE inbound = 0 GROUP BY recipient"
        )
        return dict(rows.fetchall())

    def delete_all(self) -> None:
        """Forget every message, in both directions."""
        with self.store.transaction():
            self.db.execute("DELETE FROM messages")
            self.db.execute("DELETE FROM chats_seen")

    def chats(self, search: str = "", limit: int = 60, offset: int = 0) -> list[dict[str, Any]]:
        """Chats, the latest first, each with its last message and the number unseen."""
        return self.store.rows(
            "SELECT m.account, m.recipient, m.seq, m.kind, m.text, m.caption, m.filename,"
            " m.inbound, m.received_at, c.unread FROM ("
            "  SELECT n.account AS account, n.recipient AS recipient, max(n.seq) AS last,"
            "   sum(n.inbound = 0 AND n.seq > coalesce(s.seq, 0)) AS unread"
            "  FROM messages n LEFT JOIN chats_seen s"
            "   ON s.account = n.account AND s.recipient = n.recipient"
            "  WHERE n.recipient LIKE ? GROUP BY n.account, n.recipient"
            "  ORDER BY last DESC LIMIT ? OFFSET ?) c"
            " JOIN messages m ON m.seq = c.last ORDER BY m.seq DESC",
            (f"%{search}%", limit, offset),
        )

    def totals(self) -> dict[str, int]:
        """Messages delivered, phones reached, and chats."""
        row = self.db.execute(
            "SELECT count(*), count(DISTINCT recipient) FROM messages WHERE inbound = 0"
        ).fetchone()
        sql = "SELECT count(*) FROM (SELECT DISTINCT account, recipient FROM messages)"
        chats = self.db.execute(sql).fetchone()[0]
        return {"messages": row[0], "phones": row[1], "chats": chats}

    def see(self, account: str, recipient: str) -> list[str]:
        """Mark a chat as seen by its owner; returns the ids that were not read before."""
        key = (account, recipient)
        self.db.execute(
            "INSERT OR REPLACE INTO chats_seen SELECT ?, ?, coalesce(max(seq), 0) FROM messages"
            " WHERE account = ? AND recipient = ?",
            (*key, *key),
        )
        rows = self.db.execute(
            "SELECT id FROM messages WHERE account = ? AND recipient = ? AND inbound = 0"
            " AND read_at IS NULL ORDER BY seq",
            key,
        )
        return [row[0] for row in rows]

    # Receipt policies

    def set_policy(self, recipient: str, policy: ReceiptPolicy) -> None:
        """Set the policy of one number, or of all others with ``*``."""
        self.db.execute(
            "INSERT OR REPLACE INTO receipt_policies VALUES (?, ?, ?)",
            (recipient, policy.delivered_ms, policy.read_ms),
        )

    def policies(self) -> dict[str, ReceiptPolicy]:
        """All policies set."""
        rows = self.db.execute("SELECT recipient, delivered_ms, read_ms FROM receipt_policies")
        return {row[0]: ReceiptPolicy(row[1], row[2]) for row in rows}

    # Mailbox

    def post(self, item: MailItem) -> MailItem:
        """Keep a stanza until the device acknowledges it; returns it with its number."""
        cursor = self.db.execute(
            "INSERT INTO mailbox (account, device, class, id, type, phone, plaintext, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                item.account,
                item.device,
                item.stanza_class,
                item.id,
                item.type,
                item.phone,
                item.plaintext,
                item.due_at,
            ),
        )
        return MailItem(**{**item.__dict__, "seq": cursor.lastrowid or 0})

    def mail(self, account: str, device: int) -> list[MailItem]:
        """All that waits for a device, oldest first, whether due or not."""
        rows = self.db.execute(
            f"SELECT {_MAIL_COLUMNS} FROM mailbox WHERE account = ? AND device = ? ORDER BY seq",  # noqa: S608
            (account, device),
        )
        return [MailItem(*row) for row in rows]

    def find_mail(self, seq: int) -> MailItem | None:
        """One item, if it still waits."""
        row = self.db.execute(
            f"SELECT {_MAIL_COLUMNS} FROM mailbox WHERE seq = ?",  # noqa: S608
            (seq,),
        ).fetchone()
        return MailItem(*row) if row else None

    def seal(self, seq: int, enc_type: str, ciphertext: bytes) -> None:
        """Keep the ciphertext, so that a second delivery is the same frame."""
        self.db.execute(
            "UPDATE mailbox SET enc_type = ?, ciphertext = ? WHERE seq = ?",
            (enc_type, ciphertext, seq),
        )

    def acknowledge(
        self, account: str, device: int, stanza_class: str, stanza_id: str, kind: str
    ) -> None:
        """Remove what a device has acknowledged."""
        self.db.execute(
            "DELETE FROM mailbox WHERE account = ? AND device = ? AND id = ? AND class = ?"
            " AND (class = 'message' OR type = ?)",
            (account, device, stanza_id, stanza_class, kind),
        )

    def pending(self, account: str) -> int:
        """How many stanzas wait for an account's devices."""
        sql = "SELECT count(*) FROM mailbox WHERE account = ?"
        return self.db.execute(sql, (account,)).fetchone()[0]
