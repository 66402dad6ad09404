"""The Signal protocol (X3DH and the double ratchet) as a virtual phone needs it.

A session may be begun by either side.  ``accept`` makes the one of a received
PreKeySignalMessage, ``initiate`` the one for a device whose bundle the server holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from whatsapp_loopback.crypto import KeyPair, dh, hkdf, hmac_sha256
from whatsapp_loopback.signal_wire import MAC_SIZE, VERSION, PreKeySignalMessage, SignalMessage

KEY_TYPE = b"\x05"
_MAXIMUM_SKIPPED = 2000
_MAXIMUM_CHAINS = 5


class SignalError(Exception):
    """The message cannot be decrypted with this session."""


class DuplicateMessageError(SignalError):
    """The message's key was used before."""


@dataclass
class ReceivingChain:
    """The chain of one ratchet key of the other side, with the keys of messages skipped."""

    ratchet_key: bytes
    chain_key: bytes
    index: int = 0
    skipped: dict[int, bytes] = field(default_factory=dict)


@dataclass
class PendingPreKey:
    """What the first messages must carry until the other side has answered."""

    prekey_id: int | None
    signed_prekey_id: int
    base_key: bytes


@dataclass
class Bundle:
    """A device's published keys, as the server hands them out."""

    registration_id: int
    identity: bytes
    signed_prekey_id: int
    signed_prekey: bytes
    prekey_id: int | None = None
    prekey: bytes | None = None


@dataclass
class Session:
    """One double-ratchet state between a local and a remote identity."""

    local_identity: bytes
    remote_identity: bytes
    base_key: bytes
    root_key: bytes
    ratchet: KeyPair
    sending_key: bytes | None = None
    sending_index: int = 0
    previous_counter: int = 0
    remote_ratchet: bytes = b""
    receiving: list[ReceivingChain] = field(default_factory=list)
    pending: PendingPreKey | None = None

    def decrypt(self, message: bytes) -> bytes:
        """Decrypt a SignalMessage and advance the ratchet; raises SignalError if it cannot."""
        body, mac = message[:-MAC_SIZE], message[-MAC_SIZE:]
        if body[:1] != VERSION:
            raise SignalError("not a version 3 Signal message")
        parsed = SignalMessage.FromString(body[1:])
        ratchet_key = parsed.ratchet_key[1:]
        known = next((c for c in self.receiving if c.ratchet_key == ratchet_key), None)
        root_key, chain = (self.root_key, known) if known else self._step(ratchet_key)
        seed, chain_state = _message_seed(chain, parsed.counter)
        cipher_key, mac_key, iv = _message_keys(seed)
        expected = self._mac(mac_key, self.remote_identity, self.local_identity, body)
        if expected != mac:
            raise SignalError("the message does not authenticate")
        plaintext = _unpad(_cbc(cipher_key, iv).decryptor(), parsed.ciphertext)
        chain.chain_key, chain.index = chain_state
        if known is None:
            self._adopt(chain, root_key)
        self.pending = None
        return plaintext

    def _step(self, ratchet_key: bytes) -> tuple[bytes, ReceivingChain]:
        root_key, chain_key = _next_root(self.root_key, self.ratchet.private, ratchet_key)
        return root_key, ReceivingChain(ratchet_key, chain_key)

    def _adopt(self, chain: ReceivingChain, root_key: bytes) -> None:
        """Take the other side's new ratchet key; our own next one waits until we send."""
        self.root_key = root_key
        self.remote_ratchet = chain.ratchet_key
        self.receiving = [*self.receiving, chain][-_MAXIMUM_CHAINS:]
        self.previous_counter = max(self.sending_index - 1, 0)
        self.sending_key, self.sending_index = None, 0

    def encrypt(self, plaintext: bytes, registration_id: int) -> tuple[str, bytes]:
        """Encrypt to the other side; returns the enc type (``msg`` or ``pkmsg``) and bytes."""
        if self.sending_key is None:
            self.ratchet = KeyPair.generate()
            self.root_key, self.sending_key = _next_root(
                self.root_key, self.ratchet.private, self.remote_ratchet
            )
        cipher_key, mac_key, iv = _message_keys(hmac_sha256(self.sending_key, b"\x01"))
        message = SignalMessage(
            ratchet_key=KEY_TYPE + self.ratchet.public,
            counter=self.sending_index,
            previous_counter=self.previous_counter,
            ciphertext=_pad(_cbc(cipher_key, iv).encryptor(), plaintext),
        )
        body = VERSION + message.SerializeToString()
        body += self._mac(mac_key, self.local_identity, self.remote_identity, body)
        self.sending_key = hmac_sha256(self.sending_key, b"\x02")
        self.sending_index += 1
        if self.pending is None:
            return "msg", body
        return "pkmsg", self._with_prekey(body, self.pending, registration_id)

    def _with_prekey(self, body: bytes, pending: PendingPreKey, registration_id: int) -> bytes:
        message = PreKeySignalMessage(
            registration_id=registration_id,
            signed_prekey_id=pending.signed_prekey_id,
            base_key=KEY_TYPE + pending.base_key,
            identity_key=KEY_TYPE + self.local_identity,
            message=body,
        )
        if pending.prekey_id is not None:
            message.prekey_id = pending.prekey_id
        return VERSION + message.SerializeToString()

    @staticmethod
    def _mac(key: bytes, sender: bytes, receiver: bytes, body: bytes) -> bytes:
        return hmac_sha256(key, KEY_TYPE + sender + KEY_TYPE + receiver + body)[:MAC_SIZE]


def parse_prekey_message(message: bytes) -> Any:
    """The outer part of a ``pkmsg``."""
    if message[:1] != VERSION:
        raise SignalError("not a version 3 Signal message")
    return PreKeySignalMessage.FromString(message[1:])


def accept(
    identity: KeyPair, signed_prekey: KeyPair, prekey: KeyPair | None, message: Any
) -> Session:
    """The responder's session for a received PreKeySignalMessage."""
    remote_identity, base_key = message.identity_key[1:], message.base_key[1:]
    master = bytes.fromhex("ff" * 32)
    master += dh(signed_prekey.private, remote_identity)
    master += dh(identity.private, base_key)
    master += dh(signed_prekey.private, base_key)
    if prekey is not None:
        master += dh(prekey.private, base_key)
    keys = hkdf(master, 64, b"WhisperText")
    return Session(
        local_identity=identity.public,
        remote_identity=remote_identity,
        base_key=base_key,
        root_key=keys[:32],
        ratchet=signed_prekey,
        sending_key=keys[32:],
    )


def initiate(identity: KeyPair, bundle: Bundle) -> Session:
    """The initiator's session with the device that published ``bundle``."""
    base, ratchet = KeyPair.generate(), KeyPair.generate()
    master = bytes.fromhex("ff" * 32)
    master += dh(identity.private, bundle.signed_prekey)
    master += dh(base.private, bundle.identity)
    master += dh(base.private, bundle.signed_prekey)
    if bundle.prekey is not None:
        master += dh(base.private, bundle.prekey)
    keys = hkdf(master, 64, b"WhisperText")
    root_key, sending_key = _next_root(keys[:32], ratchet.private, bundle.signed_prekey)
    return Session(
        local_identity=identity.public,
        remote_identity=bundle.identity,
        base_key=base.public,
        root_key=root_key,
        ratchet=ratchet,
        sending_key=sending_key,
        remote_ratchet=bundle.signed_prekey,
        receiving=[ReceivingChain(bundle.signed_prekey, keys[32:])],
        pending=PendingPreKey(bundle.prekey_id, bundle.signed_prekey_id, base.public),
    )


def _next_root(root_key: bytes, private: bytes, public: bytes) -> tuple[bytes, bytes]:
    keys = hkdf(dh(private, public), 64, b"WhisperRatchet", salt=root_key)
    return keys[:32], keys[32:]


def _message_seed(chain: ReceivingChain, counter: int) -> tuple[bytes, tuple[bytes, int]]:
    """The key seed of message ``counter`` and the chain's state after it."""
    if counter < chain.index:
        seed = chain.skipped.pop(counter, None)
        if seed is None:
            raise DuplicateMessageError(f"message {counter} was decrypted before")
        return seed, (chain.chain_key, chain.index)
    if counter - chain.index > _MAXIMUM_SKIPPED:
        raise SignalError("the message is too far in the future")
    key = chain.chain_key
    for index in range(chain.index, counter):
        chain.skipped[index] = hmac_sha256(key, b"\x01")
        key = hmac_sha256(key, b"\x02")
    return hmac_sha256(key, b"\x01"), (hmac_sha256(key, b"\x02"), counter + 1)


def _message_keys(seed: bytes) -> tuple[bytes, bytes, bytes]:
    keys = hkdf(seed, 80, b"WhisperMessageKeys")
    return keys[:32], keys[32:64], keys[64:]


def _cbc(key: bytes, iv: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(iv))


def _unpad(decryptor: CipherContext, ciphertext: bytes) -> bytes:
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    return padded[: -padded[-1]]


def _pad(encryptor: CipherContext, plaintext: bytes) -> bytes:
    size = 16 - len(plaintext) % 16
    return encryptor.update(plaintext + bytes([size]) * size) + encryptor.finalize()
