"""The server's side of Noise_XX_25519_AESGCM_SHA256, as WhatsApp Web speaks it."""

import hashlib
import struct
import time

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from whatsapp_loopback.curve import KeyPair, derive
from whatsapp_loopback.library import use_protobufs_only

use_protobufs_only()

from neonize.proto.waCert.WACert_pb2 import CertChain  # noqa: E402
from neonize.proto.waWa6.WAWebProtobufsWa6_pb2 import ClientPayload, HandshakeMessage  # noqa: E402

PROLOGUE = b"WA\x06\x03"
_NAME = b"Noise_XX_25519_AESGCM_SHA256\x00\x00\x00\x00"
_YEARS = 10 * 365 * 86400


class Handshake:
    """One handshake: `answer` the hello, `finish` with the client's keys and payload."""

    def __init__(self, static: KeyPair, certificate: bytes) -> None:
        self._static = static
        self._certificate = certificate
        self._ephemeral = KeyPair.generate()
        self._hash = self._salt = self._key = _NAME
        self._counter = 0
        self._authenticate(PROLOGUE)

    def answer(self, hello: bytes) -> bytes:
        """The server's hello for a client's."""
        client = HandshakeMessage.FromString(hello).clientHello.ephemeral
        self._authenticate(client)
        self._authenticate(self._ephemeral.public)
        self._mix(self._ephemeral.agree(client))
        static = self._encrypt(self._static.public)
        self._mix(self._static.agree(client))
        message = HandshakeMessage()
        message.serverHello.ephemeral = self._ephemeral.public
        message.serverHello.static = static
        message.serverHello.payload = self._encrypt(self._certificate)
        return message.SerializeToString()

    def finish(self, finish: bytes) -> tuple[bytes, ClientPayload, "Transport"]:
        """The client's Noise public key, its payload, and the ciphers from here on."""
        message = HandshakeMessage.FromString(finish).clientFinish
        noise_public = self._decrypt(message.static)
        self._mix(self._ephemeral.agree(noise_public))
        payload = ClientPayload.FromString(self._decrypt(message.payload))
        keys = derive(b"", 64, self._salt)
        return noise_public, payload, Transport(write=keys[32:], read=keys[:32])

    def _authenticate(self, data: bytes) -> None:
        self._hash = hashlib.sha256(self._hash + data).digest()

    def _mix(self, secret: bytes) -> None:
        keys = derive(secret, 64, self._salt)
        self._salt, self._key, self._counter = keys[:32], keys[32:], 0

    def _nonce(self) -> bytes:
        self._counter += 1
        return bytes(8) + struct.pack(">I", self._counter - 1)

    def _encrypt(self, plain: bytes) -> bytes:
        sealed = AESGCM(self._key).encrypt(self._nonce(), plain, self._hash)
        self._authenticate(sealed)
        return sealed

    def _decrypt(self, sealed: bytes) -> bytes:
        plain = AESGCM(self._key).decrypt(self._nonce(), sealed, self._hash)
        self._authenticate(sealed)
        return plain


class Transport:
    """The two ciphers of an open connection."""

    def __init__(self, write: bytes, read: bytes) -> None:
        self._write, self._read = AESGCM(write), AESGCM(read)
        self._sent = self._received = 0

    def seal(self, plain: bytes) -> bytes:
        """Encrypt the next frame to the client."""
        self._sent += 1
        return self._write.encrypt(bytes(8) + struct.pack(">I", self._sent - 1), plain, b"")

    def open(self, sealed: bytes) -> bytes:
        """Decrypt the next frame from the client."""
        self._received += 1
        return self._read.decrypt(bytes(8) + struct.pack(">I", self._received - 1), sealed, b"")


def certificate(root: KeyPair, static: KeyPair) -> bytes:
    """A certificate chain for the server's static key, signed by the root that tests trust."""
    intermediate = KeyPair.generate()
    now = int(time.time())
    chain = CertChain()
    details = CertChain.NoiseCertificate.Details(
        serial=1,
        issuerSerial=0,
        key=intermediate.public,
        notBefore=now - 86400,
        notAfter=now + _YEARS,
    ).SerializeToString()
    chain.intermediate.details, chain.intermediate.signature = details, root.sign(details)
    details = CertChain.NoiseCertificate.Details(
        serial=2, issuerSerial=1, key=static.public, notBefore=now - 86400, notAfter=now + _YEARS
    ).SerializeToString()
    chain.leaf.details, chain.leaf.signature = details, intermediate.sign(details)
    return chain.SerializeToString()
