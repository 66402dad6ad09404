"""The server's side of Noise_XX_25519_AESGCM_SHA256, and the framing around it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from whatsapp_loopback import xeddsa
from whatsapp_loopback.crypto import KeyPair, dh, hkdf, sha256
from whatsapp_loopback.protobufs import CertChain, HandshakeMessage

PATTERN = b"Noise_XX_25519_AESGCM_SHA256\0\0\0\0"
CONNECTION_HEADER = b"WA\x06\x03"
_YEAR = 365 * 24 * 3600


class NoiseError(Exception):
    """The peer's handshake or frame cannot be authenticated."""


class Frames:
    """Cuts the byte stream of websocket messages into frames (24-bit length, payload)."""

    def __init__(self) -> None:
        self._buffer = b""
        self._header_pending = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add received bytes and yield each frame that is now whole."""
        self._buffer += data
        if self._header_pending and len(self._buffer) >= len(CONNECTION_HEADER):
            if not self._buffer.startswith(CONNECTION_HEADER):
                raise NoiseError("the connection header is not WhatsApp's")
            self._buffer = self._buffer[len(CONNECTION_HEADER) :]
            self._header_pending = False
        while not self._header_pending and len(self._buffer) >= 3:
            end = 3 + int.from_bytes(self._buffer[:3], "big")
            if len(self._buffer) < end:
                return
            frame, self._buffer = self._buffer[3:end], self._buffer[end:]
            yield frame


def frame(payload: bytes) -> bytes:
    """Prefix a payload with its length."""
    return len(payload).to_bytes(3, "big") + payload


class _SymmetricState:
    """Hash, salt and key of a handshake under way."""

    def __init__(self) -> None:
        self.hash = self.salt = PATTERN
        self.cipher = AESGCM(PATTERN)
        self.counter = 0
        self.authenticate(CONNECTION_HEADER)

    def authenticate(self, data: bytes) -> None:
        self.hash = sha256(self.hash + data)

    def mix(self, secret: bytes) -> None:
        keys = hkdf(secret, 64, salt=self.salt)
        self.salt, self.cipher, self.counter = keys[:32], AESGCM(keys[32:]), 0

    def encrypt(self, plaintext: bytes) -> bytes:
        ciphertext = self.cipher.encrypt(_nonce(self.counter), plaintext, self.hash)
        self.counter += 1
        self.authenticate(ciphertext)
        return ciphertext

    def decrypt(self, ciphertext: bytes) -> bytes:
        try:
            plaintext = self.cipher.decrypt(_nonce(self.counter), ciphertext, self.hash)
        except InvalidTag as error:
            raise NoiseError("the handshake does not authenticate") from error
        self.counter += 1
        self.authenticate(ciphertext)
        return plaintext


def _nonce(counter: int) -> bytes:
    return bytes(8) + counter.to_bytes(4, "big")


class Transport:
    """The two ciphers of an established connection; a counter for each direction."""

    def __init__(self, read_key: bytes, write_key: bytes) -> None:
        self._reader, self._writer = AESGCM(read_key), AESGCM(write_key)
        self._read_counter = self._write_counter = 0

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Open the client's next frame."""
        try:
            plaintext = self._reader.decrypt(_nonce(self._read_counter), ciphertext, None)
        except InvalidTag as error:
            raise NoiseError("the frame does not authenticate") from error
        self._read_counter += 1
        return plaintext

    def encrypt(self, plaintext: bytes) -> bytes:
        """Seal the next frame for the client."""
        ciphertext = self._writer.encrypt(_nonce(self._write_counter), plaintext, None)
        self._write_counter += 1
        return ciphertext


class ServerHandshake:
    """The responder: ``hello`` answers ClientHello, ``finish`` takes ClientFinish."""

    def __init__(self, static: KeyPair, certificates: bytes) -> None:
        self._static = static
        self._certificates = certificates
        self._ephemeral = KeyPair.generate()
        self._state = _SymmetricState()

    def hello(self, message: bytes) -> bytes:
        """The ServerHello for a ClientHello."""
        client = HandshakeMessage.FromString(message).clientHello.ephemeral
        if len(client) != 32:
            raise NoiseError("the ClientHello has no ephemeral key")
        state, reply = self._state, HandshakeMessage()
        state.authenticate(client)
        state.authenticate(self._ephemeral.public)
        state.mix(dh(self._ephemeral.private, client))
        reply.serverHello.ephemeral = self._ephemeral.public
        reply.serverHello.static = state.encrypt(self._static.public)
        state.mix(dh(self._static.private, client))
        reply.serverHello.payload = state.encrypt(self._certificates)
        return reply.SerializeToString()

    def finish(self, message: bytes) -> tuple[bytes, bytes, Transport]:
        """The client's noise key, its raw ClientPayload, and the transport."""
        finish = HandshakeMessage.FromString(message).clientFinish
        client_static = self._state.decrypt(finish.static)
        self._state.mix(dh(self._ephemeral.private, client_static))
        payload = self._state.decrypt(finish.payload)
        keys = hkdf(b"", 64, salt=self._state.salt)
        return client_static, payload, Transport(read_key=keys[:32], write_key=keys[32:])


def certificate_chain(root: KeyPair, static: KeyPair) -> bytes:
    """The serialized chain root → intermediate → leaf that vouches for ``static``."""
    intermediate = KeyPair.generate()
    chain = CertChain()
    _certify(chain.intermediate, root, intermediate.public, serial=1, issuer=0)
    _certify(chain.leaf, intermediate, static.public, serial=2, issuer=1)
    return chain.SerializeToString()


def _certify(
    certificate: CertChain.NoiseCertificate,
    issuer_key: KeyPair,
    key: bytes,
    serial: int,
    issuer: int,
) -> None:
    now = int(time.time())
    details = CertChain.NoiseCertificate.Details(
        serial=serial, issuerSerial=issuer, key=key, notBefore=now - _YEAR, notAfter=now + _YEAR
    )
    certificate.details = details.SerializeToString()
    certificate.signature = xeddsa.sign(issuer_key.private, certificate.details)
