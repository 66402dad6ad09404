"""Virtual phones: every number is one. Keys derive from the number, so nothing has to be set up."""

import hashlib
from collections import OrderedDict

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from whatsapp_loopback.binary_xml import Jid
from whatsapp_loopback.curve import KeyPair, derive, mac
from whatsapp_loopback.library import use_protobufs_only
from whatsapp_loopback.signal_protocol import (
    Bundle,
    Session,
    accept,
    greeting_of,
    initiate,
    pad,
    unpad,
)
from whatsapp_loopback.store import Device, Store

use_protobufs_only()

from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message  # noqa: E402

REGISTRATION = 4711
ONE_TIME_ID = 1
SIGNED_ID = 1
MEDIA = {
    "imageMessage": ("image", b"WhatsApp Image Keys"),
    "videoMessage": ("video", b"WhatsApp Video Keys"),
    "audioMessage": ("audio", b"WhatsApp Audio Keys"),
    "documentMessage": ("document", b"WhatsApp Document Keys"),
    "stickerMessage": ("sticker", b"WhatsApp Image Keys"),
}


def lid_of(number: str) -> Jid:
    """A number's LID: the address that WhatsApp uses instead of it."""
    return Jid(f"9{number}0", "lid")


def number_of(jid: Jid) -> str:
    """The number behind a LID or a phone address."""
    return jid.user[1:-1] if jid.server == "lid" else jid.user


class Phone:
    """The keys of one number."""

    def __init__(self, number: str, seed: bytes) -> None:
        self.number = number
        self.identity = self._pair(seed, "identity")
        self.signed = self._pair(seed, "signed")
        self.one_time = self._pair(seed, "one-time")
        self._signature: bytes | None = None

    def _pair(self, seed: bytes, use: str) -> KeyPair:
        return KeyPair.from_private(mac(seed, self.number.encode(), use.encode()))

    @property
    def signature(self) -> bytes:
        """The identity key's signature over the signed prekey."""
        if self._signature is None:
            self._signature = self.identity.sign(b"\x05" + self.signed.public)
        return self._signature


class Phones:
    """All virtual phones, and their Signal sessions with linked devices."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seed = store.secret("phones")
        self._phones: dict[str, Phone] = {}
        self._sessions: OrderedDict[tuple[str, str, int], Session] = OrderedDict()

    def get(self, number: str) -> Phone:
        """The phone of a number."""
        phone = self._phones.get(number)
        if phone is None:
            phone = self._phones[number] = Phone(number, self._seed)
        return phone

    def decrypt(self, number: str, sender: Device, kind: str, raw: bytes) -> Message:
        """The message in an `enc` of `kind` pkmsg or msg. Raises ValueError when it cannot be."""
        phone = self.get(number)
        session = self._session(number, sender.account, sender.device)
        if kind == "pkmsg":
            base, inner = greeting_of(raw)
            if session is None or session.base != base:
                session, inner = accept(raw, phone.identity, phone.signed, phone.one_time)
            raw = inner
        if session is None:
            raise ValueError("no session")
        plain = session.decrypt(raw)
        self._save(number, sender.account, sender.device, session)
        return Message.FromString(unpad(plain))

    def encrypt(self, number: str, to: Device, message: Message) -> tuple[str, bytes]:
        """`(kind, ciphertext)` of a message for a linked device."""
        session = self._session(number, to.account, to.device)
        if session is None or session.sending is None:
            one_time = self._store.take_prekey(to.account, to.device)
            bundle = Bundle(
                to.registration, to.identity, to.signed_id, to.signed, *(one_time or (None, None))
            )
            session = initiate(self.get(number).identity, REGISTRATION, bundle)
        sealed = session.encrypt(pad(message.SerializeToString()))
        self._save(number, to.account, to.device, session)
        return sealed

    def forget(self, number: str, to: Device) -> None:
        """Start a new session with a device that could not read the last message."""
        self._sessions.pop((number, to.account, to.device), None)
        self._store.save_session(number, to.account, to.device, None)

    def _session(self, number: str, account: str, device: int) -> Session | None:
        key = (number, account, device)
        if key not in self._sessions:
            raw = self._store.session(*key)
            if raw is None:
                return None
            self._sessions[key] = Session.load(raw)
        return self._sessions[key]

    def _save(self, number: str, account: str, device: int, session: Session) -> None:
        key = (number, account, device)
        self._sessions[key] = session
        self._sessions.move_to_end(key)
        self._store.save_session(*key, session.dump())
        if len(self._sessions) > 20_000:
            self._sessions.popitem(last=False)


def describe(message: Message) -> tuple[str, str, str, str]:
    """`(kind, text or caption, filename, mimetype)` of a message."""
    for field, (kind, _) in MEDIA.items():
        if message.HasField(field):
            part = getattr(message, field)
            caption = getattr(part, "caption", "")
            return kind, caption, getattr(part, "fileName", ""), part.mimetype
    if message.HasField("extendedTextMessage"):
        return "text", message.extendedTextMessage.text, "", ""
    return ("text" if message.conversation else "other"), message.conversation, "", ""


def open_media(message: Message, uploads: dict[str, bytes]) -> bytes:
    """The decrypted attachment of a message; empty when it has none, or it was never uploaded."""
    for field, (_, info) in MEDIA.items():
        if not message.HasField(field):
            continue
        part = getattr(message, field)
        sealed = uploads.get(part.directPath)
        if sealed is None:
            return b""
        keys = derive(part.mediaKey, 112, info=info)
        body = sealed[:-10]
        if mac(keys[48:80], keys[:16], body)[:10] != sealed[-10:]:
            raise ValueError("the attachment's MAC is wrong")
        opener = Cipher(algorithms.AES(keys[16:48]), modes.CBC(keys[:16])).decryptor()
        unpadder = padding.PKCS7(128).unpadder()
        plain = unpadder.update(opener.update(body) + opener.finalize()) + unpadder.finalize()
        if hashlib.sha256(plain).digest() != part.fileSHA256:
            raise ValueError("the attachment's hash is wrong")
        return plain
    return b""
