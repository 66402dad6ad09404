"""The virtual phones: one for each number, made when it is first addressed.

A phone's keys are derived from the server's seed and its number, so only its Signal
sessions have to be stored.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache

from whatsapp_loopback import session_records, signal_protocol, xeddsa
from whatsapp_loopback.crypto import KeyPair, hkdf
from whatsapp_loopback.signal_protocol import KEY_TYPE, Bundle, Session, SignalError
from whatsapp_loopback.store import Store

SIGNED_PREKEY_ID = 1
_KEPT_SESSIONS = 4
_CACHED_RECORDS = 20_000
_LARGEST_PREKEY_ID = 0xFFFFFE


@dataclass(frozen=True)
class PhoneKeys:
    """A phone's long-term keys."""

    registration_id: int
    identity: KeyPair
    signed_prekey: KeyPair
    signature: bytes


@dataclass(frozen=True)
class DeviceAddress:
    """A linked device of an account, as a phone's Signal sessions know it."""

    account: str
    device: int


class Phones:
    """Encryption and decryption on behalf of every virtual phone."""

    def __init__(self, seed: bytes, store: Store) -> None:
        self._seed = seed
        self._store = store
        self._records: OrderedDict[tuple[str, str, int], list[Session]] = OrderedDict()
        self._prekeys_handed_out = 0
        self.keys = lru_cache(maxsize=20_000)(self._derive_keys)

    def _derive(self, number: str, purpose: str) -> bytes:
        return hkdf(self._seed, 32, f"{purpose}:{number}".encode())

    def _derive_keys(self, number: str) -> PhoneKeys:
        identity = KeyPair.from_private(self._derive(number, "identity"))
        signed_prekey = KeyPair.from_private(self._derive(number, "signed prekey"))
        registration = self._derive(number, "registration")
        return PhoneKeys(
            registration_id=int.from_bytes(registration[:2], "big") & 0x3FFF | 1,
            identity=identity,
            signed_prekey=signed_prekey,
            signature=xeddsa.sign(identity.private, KEY_TYPE + signed_prekey.public),
        )

    def next_prekey(self, number: str) -> tuple[int, bytes]:
        """A one-time prekey (id and public key) for a client that asks for the bundle."""
        self._prekeys_handed_out = self._prekeys_handed_out % _LARGEST_PREKEY_ID + 1
        key_id = self._prekeys_handed_out
        return key_id, self._prekey(number, key_id).public

    def _prekey(self, number: str, key_id: int) -> KeyPair:
        return KeyPair.from_private(self._derive(number, f"prekey {key_id}"))

    def decrypt(self, number: str, sender: DeviceAddress, enc_type: str, message: bytes) -> bytes:
        """Decrypt what a linked device sent to a phone; raises SignalError if it cannot."""
        sessions = self._sessions(number, sender)
        if enc_type == "pkmsg":
            plaintext = self._decrypt_prekey_message(number, sessions, message)
        elif enc_type == "msg":
            plaintext = _decrypt_with_any(sessions, message)
        else:
            raise SignalError(f"unknown enc type {enc_type!r}")
        self._save(number, sender, sessions)
        return _unpad(plaintext)

    def _decrypt_prekey_message(
        self, number: str, sessions: list[Session], message: bytes
    ) -> bytes:
        outer = signal_protocol.parse_prekey_message(message)
        base_key = outer.base_key[1:]
        known = next((s for s in sessions if s.base_key == base_key), None)
        if known is not None:
            return known.decrypt(outer.message)
        keys = self.keys(number)
        prekey = self._prekey(number, outer.prekey_id) if outer.HasField("prekey_id") else None
        session = signal_protocol.accept(keys.identity, keys.signed_prekey, prekey, outer)
        plaintext = session.decrypt(outer.message)
        sessions.insert(0, session)
        del sessions[_KEPT_SESSIONS:]
        return plaintext

    def encrypt(self, number: str, recipient: DeviceAddress, plaintext: bytes) -> tuple[str, bytes]:
        """Encrypt from a phone to a linked device; returns the enc type and the bytes.

        Raises SignalError when there is no session and the device has published no keys.
        """
        keys = self.keys(number)
        sessions = self._sessions(number, recipient)
        if not sessions:
            sessions.append(signal_protocol.initiate(keys.identity, self._bundle(recipient)))
        sealed = sessions[0].encrypt(_pad(plaintext), keys.registration_id)
        self._save(number, recipient, sessions)
        return sealed

    def forget(self, number: str, peer: DeviceAddress) -> None:
        """Drop the sessions with a device that could not decrypt."""
        self._records.pop((number, peer.account, peer.device), None)
        self._store.forget_sessions(number, peer.account, peer.device)

    def _bundle(self, address: DeviceAddress) -> Bundle:
        device = self._store.find_device(address.account, address.device)
        if device is None or not device.signed_prekey:
            raise SignalError(f"device {address} has published no keys")
        key_id, public = self._store.take_prekey(address.account, address.device) or (None, None)
        return Bundle(
            registration_id=device.registration_id,
            identity=device.identity,
            signed_prekey_id=device.signed_prekey_id,
            signed_prekey=device.signed_prekey,
            prekey_id=key_id,
            prekey=public,
        )

    def _sessions(self, number: str, peer: DeviceAddress) -> list[Session]:
        key = (number, peer.account, peer.device)
        sessions = self._records.get(key)
        if sessions is None:
            text = self._store.find_sessions(*key)
            sessions = session_records.load(text) if text else []
            self._records[key] = sessions
            if len(self._records) > _CACHED_RECORDS:
                self._records.popitem(last=False)
        return sessions

    def _save(self, number: str, peer: DeviceAddress, sessions: list[Session]) -> None:
        self._store.save_sessions(number, peer.account, peer.device, session_records.dump(sessions))


def _decrypt_with_any(sessions: list[Session], message: bytes) -> bytes:
    failure: SignalError | None = None
    for session in sessions:
        try:
            plaintext = session.decrypt(message)
        except SignalError as error:
            failure = failure or error
            continue
        sessions.remove(session)
        sessions.insert(0, session)
        return plaintext
    raise failure or SignalError("there is no session with this device")


def _pad(plaintext: bytes) -> bytes:
    size = len(plaintext) % 15 + 1
    return plaintext + bytes([size]) * size


def _unpad(padded: bytes) -> bytes:
    return padded[: -padded[-1]] if padded else padded
