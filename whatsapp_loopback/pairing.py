"""Linking a device: what the phone that scans a QR, or types a code, does."""

import base64
import hashlib
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from whatsapp_loopback.binary_xml import SERVER, Jid, Node
from whatsapp_loopback.curve import KeyPair, derive, mac
from whatsapp_loopback.library import use_protobufs_only
from whatsapp_loopback.phones import Phone, lid_of

use_protobufs_only()

from neonize.proto.waAdv.WAAdv_pb2 import (  # noqa: E402
    ADVDeviceIdentity,
    ADVSignedDeviceIdentity,
    ADVSignedDeviceIdentityHMAC,
)

_QR_PREFIX = "https://wa.me/settings/linked_devices#"


@dataclass(frozen=True, slots=True)
class ScannedQr:
    """What a QR says."""

    ref: str
    noise: bytes
    identity: bytes
    adv_secret: bytes

    @classmethod
    def parse(cls, text: str) -> "ScannedQr":
        """Raises ValueError for a text that is not a linking QR."""
        parts = text.strip().removeprefix(_QR_PREFIX).split(",")
        if len(parts) < 4:
            raise ValueError("this is not a WhatsApp linking QR")
        noise, identity, secret = (base64.b64decode(part) for part in parts[1:4])
        return cls(parts[0], noise, identity, secret)


def pair_success(
    phone: Phone, device: int, identity: bytes, adv_secret: bytes, request: str, now: int
) -> Node:
    """The server's word that a device is linked, signed by the phone."""
    details = ADVDeviceIdentity(rawID=1, timestamp=now, keyIndex=device).SerializeToString()
    signed = ADVSignedDeviceIdentity(
        details=details,
        accountSignatureKey=phone.identity.public,
        accountSignature=phone.identity.sign(b"\x06\x00" + details + identity),
    ).SerializeToString()
    sealed = ADVSignedDeviceIdentityHMAC(details=signed, HMAC=mac(adv_secret, signed))
    lid = lid_of(phone.number)
    return Node(
        "iq",
        {"from": SERVER, "type": "set", "id": request, "t": str(now)},
        [
            Node(
                "pair-success",
                {},
                [
                    Node("device-identity", {}, sealed.SerializeToString()),
                    Node(
                        "device",
                        {
                            "jid": Jid(phone.number, device=device),
                            "lid": Jid(lid.user, "lid", device),
                        },
                    ),
                    Node("platform", {"name": "loopback"}),
                    Node("biz", {"name": ""}),
                ],
            )
        ],
    )


def refs() -> list[str]:
    """Six fresh references for a round of QR codes."""
    return [f"2@{base64.b64encode(os.urandom(32)).decode()}" for _ in range(6)]


class CodePairing:
    """The phone's half of linking by code, from the companion's hello on."""

    def __init__(self, number: str, wrapped: bytes) -> None:
        self.number = number
        self.ref = os.urandom(16).hex().encode()
        self._wrapped = wrapped
        self._ephemeral = KeyPair.generate()
        self._companion = b""

    def primary_hello(self, phone: Phone, code: str) -> Node:
        """The notification to the companion once somebody typed `code` into the phone."""
        plain = code.replace("-", "").strip().upper()
        self._companion = _with_code(
            plain, self._wrapped[:32], self._wrapped[32:48], self._wrapped[48:]
        )
        salt, iv = os.urandom(32), os.urandom(16)
        wrapped = salt + iv + _with_code(plain, salt, iv, self._ephemeral.public)
        children = {
            "link_code_pairing_wrapped_primary_ephemeral_pub": wrapped,
            "primary_identity_pub": phone.identity.public,
            "link_code_pairing_ref": self.ref,
        }
        return Node(
            "notification",
            {"from": SERVER, "type": "link_code_companion_reg", "id": os.urandom(8).hex()},
            [
                Node(
                    "link_code_companion_reg",
                    {"stage": "primary_hello"},
                    [Node(tag, {}, content) for tag, content in children.items()],
                )
            ],
        )

    def finish(self, phone: Phone, bundle: bytes, identity: bytes) -> bytes:
        """The secret for pair-success, from the companion's key bundle.

        Raises ValueError when the bundle does not open: the code typed was another.
        """
        shared = self._ephemeral.agree(self._companion)
        key = derive(shared, 32, bundle[:32], b"link_code_pairing_key_bundle_encryption_key")
        try:
            opened = AESGCM(key).decrypt(bundle[32:44], bundle[44:], None)
        except Exception as error:
            raise ValueError("that is not the code on the screen") from error
        return derive(shared + phone.identity.agree(identity) + opened[64:], 32, info=b"adv_secret")


def _with_code(code: str, salt: bytes, iv: bytes, data: bytes) -> bytes:
    key = hashlib.pbkdf2_hmac("sha256", code.encode(), salt, 131072)
    cipher = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    return cipher.update(data) + cipher.finalize()
