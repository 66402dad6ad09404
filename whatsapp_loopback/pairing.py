"""Linking a device: the server's and the phone's side, by QR and by code."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import time
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from whatsapp_loopback import xeddsa
from whatsapp_loopback.addresses import lid_jid, number_of, phone_jid
from whatsapp_loopback.binary_xml import SERVER_JID, Node
from whatsapp_loopback.connection import Connection
from whatsapp_loopback.crypto import KeyPair, dh, hkdf, hmac_sha256
from whatsapp_loopback.phones import Phones
from whatsapp_loopback.protobufs import (
    ADVDeviceIdentity,
    ADVSignedDeviceIdentity,
    ADVSignedDeviceIdentityHMAC,
    ClientPayload,
)
from whatsapp_loopback.store import Device, Store

_REFS = 6
_PBKDF2_ROUNDS = 131072
_ANSWER_DEADLINE = 15.0
_ACCOUNT_PREFIX, _DEVICE_PREFIX = b"\x06\x00", b"\x06\x01"
_BUNDLE_INFO = b"link_code_pairing_key_bundle_encryption_key"


class PairingError(Exception):
    """The device cannot be linked; the text says why."""


@dataclass
class LinkCode:
    """A client that showed a pairing code and waits for the phone to enter it."""

    number: str
    wrapped_ephemeral: bytes
    ref: bytes
    finish: asyncio.Future[Node] | None = None


@dataclass(eq=False)
class Candidate:
    """A connected client that is not linked yet."""

    connection: Connection
    noise_key: bytes
    payload: ClientPayload
    since: float = field(default_factory=time.time)
    refs: list[str] = field(default_factory=list)
    link_code: LinkCode | None = None

    @property
    def identity(self) -> bytes:
        """The client's identity key."""
        return self.payload.devicePairingData.eIdent


class Pairing:
    """The candidates, and what the phone's owner does about them."""

    def __init__(self, store: Store, phones: Phones) -> None:
        self._store = store
        self._phones = phones
        self._candidates: list[Candidate] = []

    def begin(self, connection: Connection, noise_key: bytes, payload: ClientPayload) -> Candidate:
        """Give an unlinked client the references for its QR codes."""
        candidate = Candidate(connection, noise_key, payload)
        candidate.refs = [f"2@{secrets.token_urlsafe(48)}" for _ in range(_REFS)]
        refs = [Node("ref", {}, ref.encode()) for ref in candidate.refs]
        attrs = {
            "from": SERVER_JID,
            "type": "set",
            "xmlns": "md",
            "id": connection.next_id(),
        }
        connection.send(Node("iq", attrs, [Node("pair-device", {}, refs)]))
        self._candidates.append(candidate)
        return candidate

    def end(self, candidate: Candidate) -> None:
        """The client is gone."""
        self._candidates.remove(candidate)

    def is_waiting(self, qr: str) -> bool:
        """Whether a QR text belongs to a client that is connected now."""
        return self._find_by_ref(_parse_qr(qr)[0]) is not None

    async def scan(self, number: str, qr: str) -> Device:
        """The owner of ``number`` scans a QR code."""
        ref, adv_secret = _parse_qr(qr)
        candidate = self._find_by_ref(ref)
        if candidate is None:
            raise PairingError("this QR code belongs to no client that is waiting")
        return await self._link(candidate, number, adv_secret)

    async def enter_code(self, number: str, code: str) -> Device:
        """The owner of ``number`` types the code that the client shows."""
        candidate, link = self._find_by_number(number)
        ephemeral, identity = KeyPair.generate(), self._phones.keys(number).identity
        code = code.replace("-", "").strip().upper()
        wrapped = await asyncio.to_thread(_wrap, code, ephemeral.public)
        companion = await asyncio.to_thread(_unwrap, code, link.wrapped_ephemeral)
        link.finish = asyncio.get_running_loop().create_future()
        candidate.connection.send(_primary_hello(candidate, link, wrapped, identity.public))
        finish = await _within_deadline(link.finish)
        shared = dh(ephemeral.private, companion)
        random = _open_bundle(finish, shared, candidate.identity + identity.public)
        secret = shared + dh(identity.private, candidate.identity) + random
        return await self._link(candidate, number, hkdf(secret, 32, b"adv_secret"))

    def companion_reg(self, candidate: Candidate, iq: Node, reg: Node) -> Node:
        """Answer a client's steps of linking by code."""
        attrs = {"from": SERVER_JID, "type": "result", "id": iq.text("id")}
        if reg.text("stage") == "companion_hello":
            wrapped = reg.find("link_code_pairing_wrapped_companion_ephemeral_pub")
            number = number_of(reg.jid("jid")) or ""
            link = LinkCode(number, wrapped.data() if wrapped else b"", secrets.token_bytes(16))
            candidate.link_code = link
            ref = Node("link_code_pairing_ref", {}, link.ref)
            return Node("iq", attrs, [Node("link_code_companion_reg", {}, [ref])])
        if candidate.link_code and candidate.link_code.finish:
            candidate.link_code.finish.set_result(reg)
        return Node("iq", attrs)

    def _find_by_ref(self, ref: str) -> Candidate | None:
        return next((c for c in self._candidates if ref in c.refs), None)

    def _find_by_number(self, number: str) -> tuple[Candidate, LinkCode]:
        for candidate in reversed(self._candidates):
            if candidate.link_code and candidate.link_code.number == number:
                return candidate, candidate.link_code
        raise PairingError(f"no client waits for a pairing code of {number}")

    async def _link(self, candidate: Candidate, number: str, adv_secret: bytes) -> Device:
        account_key = self._phones.keys(number).identity
        device = self._store.next_device(number)
        signed = _signed_identity(candidate, account_key, device)
        iq_id = candidate.connection.next_id()
        node = _pair_success(iq_id, number, device, _with_hmac(signed, adv_secret))
        answer = await _within_deadline(candidate.connection.request(iq_id, node))
        confirmation = answer.find("pair-device-sign", "device-identity")
        if confirmation is None:
            error = answer.find("error")
            text = error.text("text") if error else "no device identity"
            raise PairingError(f"the client refused to be linked: {text}")
        _check_device_signature(confirmation.data(), signed, candidate, account_key.public)
        linked = _device(candidate, number, device)
        self._store.add_device(linked)
        candidate.connection.send(Node("stream:error", {"code": "515"}))
        return linked


async def _within_deadline(future: asyncio.Future[Node]) -> Node:
    try:
        return await asyncio.wait_for(future, _ANSWER_DEADLINE)
    except TimeoutError as error:
        raise PairingError("the client did not answer in time") from error
    except ConnectionError as error:
        raise PairingError("the client went away while it was being linked") from error


def _parse_qr(text: str) -> tuple[str, bytes]:
    parts = text.rsplit("#", 1)[-1].split(",")
    if len(parts) < 4:
        raise PairingError("this is not the text of a linking QR code")
    return parts[0], base64.b64decode(parts[3])


def _signed_identity(
    candidate: Candidate, account_key: KeyPair, device: int
) -> ADVSignedDeviceIdentity:
    details = ADVDeviceIdentity(
        rawID=secrets.randbits(31), timestamp=int(time.time()), keyIndex=device
    ).SerializeToString()
    message = _ACCOUNT_PREFIX + details + candidate.identity
    return ADVSignedDeviceIdentity(
        details=details,
        accountSignatureKey=account_key.public,
        accountSignature=xeddsa.sign(account_key.private, message),
    )


def _with_hmac(signed: ADVSignedDeviceIdentity, adv_secret: bytes) -> bytes:
    details = signed.SerializeToString()
    container = ADVSignedDeviceIdentityHMAC(details=details, HMAC=hmac_sha256(adv_secret, details))
    return container.SerializeToString()


def _pair_success(iq_id: str, number: str, device: int, identity: bytes) -> Node:
    jids = {"jid": phone_jid(number, device), "lid": lid_jid(number, device)}
    content = [
        Node("device-identity", {}, identity),
        Node("device", jids),
        Node("platform", {"name": "android"}),
        Node("biz", {"name": "Loopback"}),
    ]
    attrs = {"from": SERVER_JID, "type": "set", "id": iq_id, "t": int(time.time())}
    return Node("iq", attrs, [Node("pair-success", {}, content)])


def _check_device_signature(
    raw: bytes, signed: ADVSignedDeviceIdentity, candidate: Candidate, account_key: bytes
) -> None:
    confirmed = ADVSignedDeviceIdentity.FromString(raw)
    message = _DEVICE_PREFIX + signed.details + candidate.identity + account_key
    if not xeddsa.verify(candidate.identity, message, confirmed.deviceSignature):
        raise PairingError("the client's device signature is wrong")


def _device(candidate: Candidate, number: str, device: int) -> Device:
    data = candidate.payload.devicePairingData
    return Device(
        account=number,
        device=device,
        noise_key=candidate.noise_key,
        identity=data.eIdent,
        registration_id=int.from_bytes(data.eRegid, "big"),
        signed_prekey_id=int.from_bytes(data.eSkeyID, "big"),
        signed_prekey=data.eSkeyVal,
    )


def _primary_hello(
    candidate: Candidate, link: LinkCode, wrapped: bytes, identity_public: bytes
) -> Node:
    content = [
        Node("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrapped),
        Node("primary_identity_pub", {}, identity_public),
        Node("link_code_pairing_ref", {}, link.ref),
    ]
    attrs = {
        "from": SERVER_JID,
        "type": "link_code_companion_reg",
        "id": candidate.connection.next_id(),
        "t": int(time.time()),
    }
    reg = Node("link_code_companion_reg", {"stage": "primary_hello"}, content)
    return Node("notification", attrs, [reg])


def _code_cipher(code: str, salt: bytes, iv: bytes) -> Cipher[modes.CTR]:
    kdf = PBKDF2HMAC(hashes.SHA256(), length=32, salt=salt, iterations=_PBKDF2_ROUNDS)
    return Cipher(algorithms.AES(kdf.derive(code.encode())), modes.CTR(iv))


def _wrap(code: str, public: bytes) -> bytes:
    salt, iv = os.urandom(32), os.urandom(16)
    return salt + iv + _code_cipher(code, salt, iv).encryptor().update(public)


def _unwrap(code: str, wrapped: bytes) -> bytes:
    salt, iv, encrypted = wrapped[:32], wrapped[32:48], wrapped[48:80]
    return _code_cipher(code, salt, iv).decryptor().update(encrypted)


def _open_bundle(finish: Node, shared: bytes, expected: bytes) -> bytes:
    """The random part of the client's key bundle; PairingError when the code was wrong."""
    node = finish.find("link_code_pairing_wrapped_key_bundle")
    wrapped = node.data() if node else b""
    key = hkdf(shared, 32, _BUNDLE_INFO, salt=wrapped[:32])
    try:
        plaintext = AESGCM(key).decrypt(wrapped[32:44], wrapped[44:], None)
    except (InvalidTag, ValueError) as error:
        raise PairingError("the code is not the one that the client shows") from error
    if plaintext[:64] != expected:
        raise PairingError("the client's key bundle names other identities")
    return plaintext[64:]
