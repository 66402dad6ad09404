"""The media host's files: kept encrypted as uploaded, decrypted when a message names them."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from whatsapp_loopback.crypto import hkdf, hmac_sha256, sha256

_MAC_SIZE = 10
_KEY_INFO = {
    "image": b"WhatsApp Image Keys",
    "sticker": b"WhatsApp Image Keys",
    "video": b"WhatsApp Video Keys",
    "audio": b"WhatsApp Audio Keys",
    "document": b"WhatsApp Document Keys",
}


class MediaError(Exception):
    """The media of a message is missing or does not authenticate."""


class MediaFiles:
    """Encrypted and plain files below one folder, both named by their SHA-256."""

    def __init__(self, folder: Path) -> None:
        self._encrypted = folder / "encrypted"
        self._plain = folder / "plain"
        self._encrypted.mkdir(parents=True, exist_ok=True)
        self._plain.mkdir(exist_ok=True)
        self._known: dict[bytes, str] = {}

    def receive(self, data: bytes) -> str:
        """Keep an upload; returns the path below the media host that names it."""
        name = sha256(data).hex()
        _write(self._encrypted / name, data)
        return f"/v/{name}"

    def find_encrypted(self, name: str) -> Path | None:
        """The file of an upload, for a client that downloads it."""
        path = self._encrypted / Path(name).name
        return path if path.is_file() else None

    def plain_path(self, digest: str) -> Path:
        """Where the decrypted file with this SHA-256 is."""
        return self._plain / Path(digest).name

    def decrypt(self, kind: str, part: Any) -> str:
        """Decrypt the media of a message part; returns the plain file's SHA-256 in hex.

        Raises MediaError when the upload is missing, forged or not what the part says.
        """
        encrypted_digest = bytes(part.fileEncSHA256)
        known = self._known.get(encrypted_digest)
        if known is not None:
            return known
        path = self.find_encrypted(encrypted_digest.hex())
        if path is None:
            raise MediaError("the media was never uploaded")
        plain = _decrypt(path.read_bytes(), bytes(part.mediaKey), _KEY_INFO[kind])
        digest = sha256(plain)
        if digest != bytes(part.fileSHA256):
            raise MediaError("the media is not what the message says")
        _write(self.plain_path(digest.hex()), plain)
        self._known[encrypted_digest] = digest.hex()
        return digest.hex()


def _write(path: Path, data: bytes) -> None:
    if not path.exists():
        unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        unfinished.write_bytes(data)
        unfinished.rename(path)


def _decrypt(data: bytes, media_key: bytes, info: bytes) -> bytes:
    keys = hkdf(media_key, 112, info)
    iv, cipher_key, mac_key = keys[:16], keys[16:48], keys[48:80]
    ciphertext, mac = data[:-_MAC_SIZE], data[-_MAC_SIZE:]
    if hmac_sha256(mac_key, iv + ciphertext)[:_MAC_SIZE] != mac:
        raise MediaError("the media does not authenticate")
    decryptor = Cipher(algorithms.AES(cipher_key), modes.CBC(iv)).decryptor()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    return padded[: -padded[-1]]
